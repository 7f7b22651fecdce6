package transport

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// slow is a timeout with a text of its own, as net/http's are.
type slow struct{}

func (slow) Error() string   { return "net/http: " + planted }
func (slow) Timeout() bool   { return true }
func (slow) Temporary() bool { return true }

// TestDiagnose names the failures that the retry table does not bring about.
func TestDiagnose(t *testing.T) {
	t.Parallel()
	foreign := errors.New(planted)
	for _, test := range []struct {
		name    string
		err     error
		text    string
		notSent bool
		final   bool
		is      error
	}{
		{"timeout of dialing", &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}, "no answer in time", true, false, os.ErrDeadlineExceeded},
		{"timeout of a proxy", &net.OpError{Op: "proxyconnect", Err: slow{}}, "no answer in time", true, false, os.ErrDeadlineExceeded},
		{"timeout of reading", &net.OpError{Op: "read", Err: slow{}}, "no answer in time", false, false, os.ErrDeadlineExceeded},
		{"timeout of net/http", slow{}, "no answer in time", false, false, os.ErrDeadlineExceeded},
		{"another's deadline", fmt.Errorf("%s: %w", planted, context.DeadlineExceeded), "no answer in time", false, false, os.ErrDeadlineExceeded},
		{"a look-up's context", &net.DNSError{Err: planted, UnwrapErr: context.DeadlineExceeded, IsTimeout: true}, "no answer in time", false, false, os.ErrDeadlineExceeded},
		{"another's cancellation", fmt.Errorf("%s: %w", planted, context.Canceled), "the HTTP client failed before an answer came (*fmt.wrapError)", false, false, nil},
		{"URLs within URLs", &url.Error{URL: planted, Err: fmt.Errorf("%s: %w", planted, &url.Error{URL: planted, Err: io.EOF})},
			"the connection was closed before an answer came", false, false, io.EOF},
		{"unknown authority", fmt.Errorf("x: %w", x509.UnknownAuthorityError{}), "the server's certificate is not trusted", true, true, nil},
		{"another's certificate", x509.HostnameError{Certificate: new(x509.Certificate), Host: planted}, "the server's certificate is not trusted", true, true, nil},
		{"expired certificate", x509.CertificateInvalidError{Detail: planted}, "the server's certificate is not trusted", true, true, nil},
		{"bad certificate", &tls.CertificateVerificationError{Err: foreign}, "the server's certificate is not trusted", true, true, foreign},
		{"QUIC alert", tls.AlertError(40), "the TLS handshake failed", true, false, tls.AlertError(40)},
		{"SOCKS", &net.OpError{Op: "socks connect", Err: foreign}, "no connection could be made", true, false, foreign},
		{"broken pipe", &net.OpError{Op: "write", Err: os.NewSyscallError("write", syscall.EPIPE)}, "the connection was reset before an answer came", false, false, syscall.EPIPE},
		{"closed", fmt.Errorf("%s: %w", planted, net.ErrClosed), "the connection was closed before an answer came", false, false, net.ErrClosed},
		{"reading", &net.OpError{Op: "read", Err: foreign}, "the HTTP client failed before an answer came (*net.OpError)", false, false, foreign},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f := diagnose(t.Context(), t.Context(), test.err)
			clean(t, f)
			require.EqualError(t, f, test.text)
			assert.Equal(t, test.notSent, f.notSent)
			assert.Equal(t, test.final, f.final)
			if test.is != nil {
				require.ErrorIs(t, f, test.is)
			}
		})
	}
}

// TestClosedCause: what may not be printed can be asked for, and nothing else.
func TestClosedCause(t *testing.T) {
	t.Parallel()
	cause := &net.AddrError{Err: planted, Addr: planted}
	f := &Failure{text: "ours", err: fmt.Errorf("%s: %w", planted, cause)}
	require.ErrorIs(t, f, cause)
	var addr *net.AddrError
	require.ErrorAs(t, f, &addr)
	assert.Same(t, cause, addr)
	require.NoError(t, errors.Unwrap(f))
	require.NotErrorIs(t, f, io.EOF)
	require.NotErrorIs(t, &Failure{text: "none"}, io.EOF)
	assert.NotErrorAs(t, &Failure{text: "none"}, &addr)
	assert.Equal(t, "ours", fmt.Sprintf("%v", f))
	assert.Equal(t, "ours", fmt.Sprintf("%+v", f))
}

// TestClientRefuses: an error of http.Client itself ends the call, with nothing
// known about it.
func TestClientRefuses(t *testing.T) {
	t.Parallel()
	c := &call{Context: t.Context(), t: New(quick(fake(nil)))}
	again, err := checkRetry(c, nil, &url.Error{Op: "Get", URL: planted, Err: errors.New(planted)})
	require.NoError(t, err)
	assert.False(t, again)
	assert.Equal(t, Unknown, c.res.Outcome)
	clean(t, c.res.Err)
}

// TestForeignRequest: what does not come from Do is not sent, nor waited for.
func TestForeignRequest(t *testing.T) {
	t.Parallel()
	a := &attempts{next: roundTrip(func(*http.Request) (*http.Response, error) { panic("sent") })}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://host.test", nil)
	require.NoError(t, err)
	resp, err := a.RoundTrip(req)
	require.Error(t, err)
	if !assert.Nil(t, resp) {
		require.NoError(t, resp.Body.Close())
	}
	assert.Zero(t, backoff(time.Hour, time.Hour, 1, nil))
	assert.Zero(t, backoff(time.Hour, time.Hour, 1, &http.Response{}))
	assert.Zero(t, backoff(time.Hour, time.Hour, 1, &http.Response{Request: req}))
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string]string{
		"":                       "",
		"req_123-a.b":            "req_123-a.b",
		"two words\tand\x7f\x1b": "twowordsand",
		"ünïcode":                "ncode",
		strings.Repeat("i", 500): strings.Repeat("i", 128),
	} {
		for _, status := range []int{200, 404} {
			hc := fake(always(status, "X-Request-Id", sent))
			res := New(quick(hc)).Do(t.Context(), request(t, "https://host.test", Once))
			assert.Equal(t, want, res.RequestID)
		}
	}
}

// TestLogs looks at everything that is logged: what happened, never what was sent
// or answered.
func TestLogs(t *testing.T) {
	t.Parallel()
	foreign := errors.New(planted)
	for _, test := range []struct {
		name   string
		answer roundTrip
		class  Class
		want   []string
	}{
		{"done", always(200, "X-Request-Id", "req-1"), Once, nil},
		{"refused", always(400), Once, nil},
		{"tried again", func(*http.Request) (*http.Response, error) {
			return nil, &url.Error{Op: "Get", URL: planted, Err: foreign}
		}, Read, []string{
			`level=DEBUG msg="didit: attempt failed, trying again" operation=Op attempt=1 status=0 failure="the HTTP client failed before an answer came (*errors.errorString)" wait=0s`,
			`level=DEBUG msg="didit: attempt failed, trying again" operation=Op attempt=2 status=0 failure="the HTTP client failed before an answer came (*errors.errorString)" wait=0s`,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			options := &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey {
					return slog.Attr{}
				}
				return a
			}}
			cfg := quick(fake(test.answer))
			cfg.Logger = slog.New(slog.NewTextHandler(&out, options))
			New(cfg).Do(t.Context(), request(t, "https://host.test", test.class))
			assert.Equal(t, test.want, lines(out.String()))

			out.Reset()
			options.Level = slog.LevelInfo
			cfg.Logger = slog.New(slog.NewTextHandler(&out, options))
			New(cfg).Do(t.Context(), request(t, "https://host.test", test.class))
			assert.Empty(t, out.String())
		})
	}
}

// lines are those of a text, without an end.
func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}
