package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// dropping is a server that does something to the bare connection.
func dropping(do func(net.Conn)) func(*testing.T) place {
	return func(t *testing.T) place {
		t.Helper()
		return answering(hijacked(t, do))(t)
	}
}

// writing is a server that writes to the bare connection and closes it.
func writing(text string) func(*testing.T) place {
	return dropping(func(conn net.Conn) { _, _ = io.WriteString(conn, text) })
}

func none() int64 { return 0 }

// failing is a transport that fails to dial.
func failing(err error) func(*testing.T) place {
	return func(t *testing.T) place {
		t.Helper()
		return place{base: "http://host.test", count: none, hc: client(t, func(tr *http.Transport) {
			tr.DialContext = func(context.Context, string, string) (net.Conn, error) { return nil, err }
		})}
	}
}

// closedPort is an address where nothing listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

// failureRows are attempts without an answer.
func failureRows() []row {
	return []row{
		{
			name: "refused", place: func(t *testing.T) place {
				t.Helper()
				return place{base: "http://" + closedPort(t), hc: client(t), count: none}
			},
			attempts: again, outcome: unsent, text: "HOST could not be reached: the connection was refused",
			is: []error{syscall.ECONNREFUSED}, as: as[*net.OpError],
		},
		{
			name: "unknown host", place: failing(&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "host.test", IsNotFound: true}}),
			attempts: once, outcome: unsent, text: "HOST could not be reached: the host is unknown", as: as[*net.DNSError],
		},
		{
			name: "failed look-up", place: failing(&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "server misbehaving", Name: "host.test", IsTemporary: true}}),
			attempts: again, outcome: unsent, text: "HOST could not be reached: the host could not be looked up", as: as[*net.DNSError],
		},
		{
			name: "slow look-up", place: failing(&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "i/o timeout", Name: "host.test", IsTimeout: true}}),
			attempts: again, outcome: unsent, text: "HOST could not be reached: the host could not be looked up", as: as[*net.DNSError],
		},
		{
			name: "unreachable", place: failing(&net.OpError{Op: "dial", Net: "tcp", Err: fmt.Errorf("%s: %w", planted, syscall.ENETUNREACH)}),
			attempts: again, outcome: unsent, text: "HOST could not be reached: no connection could be made", is: []error{syscall.ENETUNREACH}, as: as[*net.OpError],
		},
		{
			name: "bad certificate", place: func(t *testing.T) place {
				t.Helper()
				srv, n := unstarted(t, answers(200, ""))
				srv.StartTLS()
				return place{base: srv.URL, hc: client(t), count: n.Load}
			},
			attempts: once, outcome: unsent, text: "the server's certificate is not trusted", as: as[*tls.CertificateVerificationError],
		},
		{
			name: "no TLS", place: func(t *testing.T) place {
				t.Helper()
				srv, n := counted(t, answers(200, ""))
				return place{base: "https" + strings.TrimPrefix(srv.URL, "http"), hc: client(t), count: n.Load}
			},
			attempts: again, outcome: unsent, text: "the TLS handshake failed", as: as[tls.RecordHeaderError],
		},
		{
			name: "refused TLS version", place: func(t *testing.T) place {
				t.Helper()
				srv, n := unstarted(t, answers(200, ""))
				srv.TLS = &tls.Config{MinVersion: tls.VersionTLS13}
				srv.StartTLS()
				return place{base: srv.URL, count: n.Load, hc: client(t, func(tr *http.Transport) {
					tr.TLSClientConfig = &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}
				})}
			},
			attempts: again, outcome: unsent, text: "the TLS handshake failed",
		},
		{
			name: "refused proxy", place: func(t *testing.T) place {
				t.Helper()
				proxy := &url.URL{Scheme: "http", User: url.UserPassword(planted, planted), Host: closedPort(t)}
				return place{base: "https://host.test", proxy: proxy.Host, count: none, hc: client(t, func(tr *http.Transport) { tr.Proxy = http.ProxyURL(proxy) })}
			},
			attempts: again, outcome: unsent, text: "PROXY could not be reached: the connection was refused", as: as[*net.OpError],
		},
		{
			name: "refused proxy, behind a RoundTripper of somebody else's", place: func(t *testing.T) place {
				t.Helper()
				proxy := &url.URL{Scheme: "http", User: url.UserPassword(planted, planted), Host: closedPort(t)}
				hc := client(t, func(tr *http.Transport) { tr.Proxy = http.ProxyURL(proxy) })
				hc.Transport = struct{ http.RoundTripper }{hc.Transport} // as instrumentation is
				return place{base: "https://host.test", proxy: proxy.Host, count: none, hc: hc}
			},
			attempts: again, outcome: unsent, text: "PROXY could not be reached: the connection was refused", as: as[*net.OpError],
		},
		{
			// The proxy's answer is a plain error without a type.
			name: "refused CONNECT", place: func(t *testing.T) place {
				t.Helper()
				var n atomic.Int64
				proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method != http.MethodConnect {
						n.Add(1)
					}
					w.WriteHeader(http.StatusForbidden)
				}))
				t.Cleanup(proxy.Close)
				at, err := url.Parse(proxy.URL)
				require.NoError(t, err)
				return place{base: "https://host.test", count: n.Load, hc: client(t, func(tr *http.Transport) { tr.Proxy = http.ProxyURL(at) })}
			},
			attempts: again, outcome: unsent, text: "the proxy refused the connection",
		},
		{
			name: "EOF", place: writing(""), sent: true,
			attempts: spare, outcome: unknown, text: "the connection was closed before an answer came", is: []error{io.EOF},
		},
		{
			name: "broken header", place: writing("HTTP/1.1 200 OK\r\nX-Test: " + planted + "\r\n"), sent: true,
			attempts: spare, outcome: unknown, text: "the connection was closed before an answer came", is: []error{io.ErrUnexpectedEOF},
		},
		{
			name: "reset", place: dropping(func(conn net.Conn) {
				if tcp, ok := conn.(*net.TCPConn); ok {
					_ = tcp.SetLinger(0) // the test's own kernel supports it
				}
			}), sent: true,
			attempts: spare, outcome: unknown, text: "the connection was reset before an answer came",
			is: []error{syscall.ECONNRESET}, as: as[*net.OpError],
		},
		{
			name: "garbage", place: writing(planted + " is not HTTP\r\n\r\n"), sent: true,
			attempts: spare, outcome: unknown, text: "the HTTP client failed before an answer came (*fmt.wrapError)",
		},
		{
			name: "other protocol", sent: true,
			place:    writing("HTTP/1.1 101 Switching Protocols\r\nUpgrade: " + planted + "\r\nConnection: Upgrade\r\n\r\n"),
			attempts: spare, outcome: unknown, text: "the HTTP client failed before an answer came (*errors.errorString)",
		},
		{
			name: "no evidence", place: func(t *testing.T) place {
				t.Helper()
				var n atomic.Int64
				cause := fmt.Errorf("Post \"https://host.test/%s\": %w", planted, io.ErrClosedPipe)
				return place{base: "https://host.test", count: n.Load, hc: fake(func(*http.Request) (*http.Response, error) {
					n.Add(1)
					return nil, &url.Error{Op: "Post", URL: planted, Err: cause}
				})}
			}, sent: true,
			attempts: spare, outcome: unknown, text: "the HTTP client failed before an answer came (*fmt.wrapError)", is: []error{io.ErrClosedPipe},
		},
		{
			// A kind of error that says "not sent" is no evidence for what must go out once.
			name: "refused without evidence", place: func(t *testing.T) place {
				t.Helper()
				var n atomic.Int64
				return place{base: "https://host.test", count: n.Load, hc: fake(func(*http.Request) (*http.Response, error) {
					n.Add(1)
					return nil, syscall.ECONNREFUSED
				})}
			}, sent: true,
			attempts: spare, outcome: [3]Outcome{NotSent, NotSent, Unknown}, text: "the connection was refused", is: []error{syscall.ECONNREFUSED},
		},
		{
			name: "httpmock", place: func(t *testing.T) place {
				t.Helper()
				mock := httpmock.NewMockTransport()
				mock.RegisterNoResponder(httpmock.NewErrorResponder(errors.New(planted)))
				return place{base: "https://host.test", hc: &http.Client{Transport: mock}, count: func() int64 { return int64(mock.GetTotalCallCount()) }}
			}, sent: true,
			attempts: spare, outcome: unknown, text: "the HTTP client failed before an answer came (*errors.errorString)",
		},
		{
			name: "nothing at all", place: func(t *testing.T) place {
				t.Helper()
				var n atomic.Int64
				return place{base: "https://host.test", count: n.Load, hc: fake(func(*http.Request) (*http.Response, error) {
					n.Add(1)
					return nil, nil //nolint:nilnil // what a broken RoundTripper does
				})}
			}, sent: true,
			attempts: spare, outcome: unknown, text: "the HTTP client returned neither an answer nor an error",
		},
	}
}

// refusing is a server whose success is refused by the decoder.
func refusing(err error) func(*testing.T) place {
	return func(t *testing.T) place {
		t.Helper()
		p := answering(answers(201, `{"name":"`+planted+`"}`))(t)
		p.into = decoder(func(status int, body []byte) error {
			assert.Equal(t, 201, status)
			assert.JSONEq(t, `{"name":"`+planted+`"}`, string(body))
			return err
		})
		return p
	}
}
