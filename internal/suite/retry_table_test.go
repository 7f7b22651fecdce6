package suite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

var noLog = log.New(io.Discard, "", 0)

// hangUp ends a connection without an answer.
func hangUp(w http.ResponseWriter, reset bool) {
	conn, _, err := w.(http.Hijacker).Hijack() //nolint:errcheck // net/http's own server hijacks
	if err != nil {
		panic(err)
	}
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// The table "When a request is sent again" of the design, by what arrives at a
// server. There are 2 retries: "again" is 3 deliveries, "stop" is 1.
func TestRetryTable(t *testing.T) {
	t.Parallel()
	status := func(code int) func(http.ResponseWriter, *http.Request, string) {
		return func(w http.ResponseWriter, _ *http.Request, _ string) { w.WriteHeader(code) }
	}
	const again, stop = 3, 1
	for _, row := range []struct {
		name               string
		does               func(w http.ResponseWriter, r *http.Request, success string)
		read, share, once  int    // deliveries
		matches, onceMatch string // what is told: of reads and shares, of writes that go out once
	}{
		{"dropped", func(w http.ResponseWriter, _ *http.Request, _ string) { hangUp(w, false) }, again, again, stop, "OutcomeUnknown", "OutcomeUnknown"},
		{"reset", func(w http.ResponseWriter, _ *http.Request, _ string) { hangUp(w, true) }, again, again, stop, "OutcomeUnknown", "OutcomeUnknown"},
		{"400", status(400), stop, stop, stop, "", ""},
		{"401", status(401), stop, stop, stop, "Unauthorized", "Unauthorized"},
		{"402", status(402), stop, stop, stop, "", ""},
		{"403", status(403), stop, stop, stop, "Forbidden", "Forbidden"},
		{"404", status(404), stop, stop, stop, "NotFound", "NotFound"},
		{"408", status(408), stop, stop, stop, "", ""},
		{"409", status(409), stop, stop, stop, "", ""},
		{"425", status(425), stop, stop, stop, "", ""},
		{"302", status(302), stop, stop, stop, "", ""},
		{"429", func(w http.ResponseWriter, _ *http.Request, _ string) {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
		}, again, again, again, "RateLimited", "RateLimited"},
		{"500", status(500), again, stop, stop, "Server", "Server OutcomeUnknown"},
		{"502", status(502), again, again, stop, "Server", "Server OutcomeUnknown"},
		{"503", status(503), again, again, stop, "Server", "Server OutcomeUnknown"},
		{"504", status(504), again, again, stop, "Server", "Server OutcomeUnknown"},
		{"200 with garbage", func(w http.ResponseWriter, _ *http.Request, _ string) { _, _ = io.WriteString(w, "<html>") },
			again, again, stop, "OutcomeUnknown", "OutcomeUnknown"},
		{"200 cut short", func(w http.ResponseWriter, _ *http.Request, success string) {
			w.Header().Set("Content-Length", fmt.Sprint(len(success)+10))
			_, _ = io.WriteString(w, success)
		}, again, again, stop, "ResultLost", "ResultLost"},
		{"200 empty", func(w http.ResponseWriter, _ *http.Request, _ string) {}, again, again, stop, "OutcomeUnknown", "OutcomeUnknown"},
		{"101", func(w http.ResponseWriter, _ *http.Request, _ string) { w.WriteHeader(http.StatusSwitchingProtocols) },
			again, again, stop, "OutcomeUnknown", "OutcomeUnknown"},
	} {
		for _, call := range testkit.Calls() {
			want, matches := row.read, row.matches
			switch call.Name {
			case "ShareSession":
				want = row.share
			case "ImportSharedSession", "CreateSession", "UpdateSessionStatus", "Do":
				want, matches = row.once, row.onceMatch
			}
			switch {
			case call.Name == "Do" && row.name == "200 empty":
				continue // is success
			case call.Name == "DeleteSession" && row.name == "200 empty":
				continue // is success
			case call.Name == "SessionPDF" && row.name == "200 cut short":
				want = stop // a byte was written
			case call.Name == "SessionPDF" && row.name == "200 empty":
				matches = "ResultLost"
			}
			t.Run(row.name+" "+call.Name, func(t *testing.T) {
				t.Parallel()
				var deliveries, others atomic.Int32
				path, _, _ := strings.Cut(call.Path, "?")
				srv, tr := testkit.Server(t, func(w http.ResponseWriter, r *http.Request) {
					if r.Method != call.Method || r.URL.Path != path {
						others.Add(1)
						return
					}
					deliveries.Add(1)
					row.does(w, r, call.Success)
				})
				err := call.Do(t, testkit.Client(t, tr, didit.WithBaseURL(srv.URL), didit.WithMaxRetries(2)))
				require.Error(t, err)
				assert.EqualValues(t, want, deliveries.Load(), "deliveries")
				if call.Name != "ImportSharedSession" { // which searches
					assert.Zero(t, others.Load())
				}
				assert.Equal(t, testkit.Names(matches), testkit.Matches(err))
				var api *didit.APIError
				var failure *didit.CallError
				switch {
				case errors.As(err, &failure):
					assert.Equal(t, want, failure.Attempts)
				case errors.As(err, &api):
					assert.Equal(t, want, api.Attempts)
				default:
					assert.Fail(t, "neither", "%v", err)
				}
			})
		}
	}
}

// What was not sent, by positive evidence, goes out again whatever it is; where that
// is pointless it stops.
func TestNotSent(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(nil)
	closed.Close()
	deliveries := new(atomic.Int32)
	secure := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { deliveries.Add(1) }))
	secure.Config.ErrorLog = noLog
	secure.StartTLS()
	t.Cleanup(secure.Close)
	plain, _ := testkit.Server(t, func(http.ResponseWriter, *http.Request) { deliveries.Add(1) })
	t.Cleanup(func() { assert.Zero(t, deliveries.Load()) })
	proxy, err := url.Parse(closed.URL)
	require.NoError(t, err)
	dns := func(notFound bool) func(context.Context, string, string) (net.Conn, error) {
		return func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "h.example", IsNotFound: notFound, IsTemporary: !notFound}}
		}
	}
	for _, row := range []struct {
		name, base string
		tr         *http.Transport
		attempts   int
	}{
		{"refused", closed.URL, &http.Transport{}, 3},
		{"proxy refused", plain.URL, &http.Transport{Proxy: http.ProxyURL(proxy)}, 3},
		{"DNS fails", "https://h.example", &http.Transport{DialContext: dns(false)}, 3},
		{"unknown host", "https://h.example", &http.Transport{DialContext: dns(true)}, 1},
		{"bad certificate", secure.URL, &http.Transport{}, 1},
		{"not TLS", strings.Replace(plain.URL, "http:", "https:", 1), &http.Transport{}, 3},
	} {
		for _, call := range testkit.Calls() {
			t.Run(row.name+" "+call.Name, func(t *testing.T) {
				t.Parallel()
				tr := row.tr.Clone()
				t.Cleanup(tr.CloseIdleConnections)
				err := call.Do(t, testkit.Client(t, tr, didit.WithBaseURL(row.base), didit.WithMaxRetries(2)))
				var failure *didit.CallError
				require.ErrorAs(t, err, &failure)
				assert.Equal(t, didit.OutcomeNotSent, failure.Outcome)
				assert.Equal(t, row.attempts, failure.Attempts)
				assert.Equal(t, testkit.Names("NotSent"), testkit.Matches(err))
				assert.Equal(t, row.name != "bad certificate", didit.Retryable(err))
				assert.Contains(t, err.Error(), "not sent")
				if row.name == "refused" {
					require.ErrorIs(t, err, syscall.ECONNREFUSED)
					var op *net.OpError
					require.ErrorAs(t, err, &op)
				}
			})
		}
	}
}

// A RoundTripper that shows no evidence may have sent, even if it says otherwise.
func TestNoEvidence(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	for _, call := range testkit.Calls() {
		for _, cause := range []error{io.EOF, refused, errors.New("anything")} {
			n := 0
			err := call.Do(t, testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
				if r.Method == call.Method {
					n++ // an import searches with GET
				}
				return nil, cause
			}), didit.WithMaxRetries(2)))
			require.ErrorIs(t, err, cause)
			want := 3
			switch call.Name {
			case "ImportSharedSession", "CreateSession", "UpdateSessionStatus", "Do":
				want = 1
				assert.Equal(t, testkit.Names("OutcomeUnknown"), testkit.Matches(err), call.Name)
			}
			assert.Equal(t, want, n, call.Name)
		}
	}
}
