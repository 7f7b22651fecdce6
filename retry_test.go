package didit_test

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
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
)

var rootNoLog = log.New(io.Discard, "", 0)

// rootHangUp ends a connection without an answer.
func rootHangUp(w http.ResponseWriter, reset bool) {
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
		{"dropped", func(w http.ResponseWriter, _ *http.Request, _ string) { rootHangUp(w, false) }, again, again, stop, "OutcomeUnknown", "OutcomeUnknown"},
		{"reset", func(w http.ResponseWriter, _ *http.Request, _ string) { rootHangUp(w, true) }, again, again, stop, "OutcomeUnknown", "OutcomeUnknown"},
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
		for _, call := range rootCalls() {
			want, matches := row.read, row.matches
			switch call.name {
			case "ShareSession":
				want = row.share
			case "ImportSharedSession", "CreateSession", "UpdateSessionStatus", "Do":
				want, matches = row.once, row.onceMatch
			}
			switch {
			case call.name == "Do" && row.name == "200 empty":
				continue // is success
			case call.name == "DeleteSession" && row.name == "200 empty":
				continue // is success
			case call.name == "SessionPDF" && row.name == "200 cut short":
				want = stop // a byte was written
			case call.name == "SessionPDF" && row.name == "200 empty":
				matches = "ResultLost"
			}
			t.Run(row.name+" "+call.name, func(t *testing.T) {
				t.Parallel()
				var deliveries, others atomic.Int32
				path, _, _ := strings.Cut(call.path, "?")
				srv, tr := rootServer(t, func(w http.ResponseWriter, r *http.Request) {
					if r.Method != call.method || r.URL.Path != path {
						others.Add(1)
						return
					}
					deliveries.Add(1)
					row.does(w, r, call.success)
				})
				err := call.do(t, rootClient(t, tr, didit.WithBaseURL(srv.URL), didit.WithMaxRetries(2)))
				require.Error(t, err)
				assert.EqualValues(t, want, deliveries.Load(), "deliveries")
				if call.name != "ImportSharedSession" { // which searches
					assert.Zero(t, others.Load())
				}
				assert.Equal(t, rootNames(matches), rootMatches(err))
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
	secure.Config.ErrorLog = rootNoLog
	secure.StartTLS()
	t.Cleanup(secure.Close)
	plain, _ := rootServer(t, func(http.ResponseWriter, *http.Request) { deliveries.Add(1) })
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
		for _, call := range rootCalls() {
			t.Run(row.name+" "+call.name, func(t *testing.T) {
				t.Parallel()
				tr := row.tr.Clone()
				t.Cleanup(tr.CloseIdleConnections)
				err := call.do(t, rootClient(t, tr, didit.WithBaseURL(row.base), didit.WithMaxRetries(2)))
				var failure *didit.CallError
				require.ErrorAs(t, err, &failure)
				assert.Equal(t, didit.OutcomeNotSent, failure.Outcome)
				assert.Equal(t, row.attempts, failure.Attempts)
				assert.Equal(t, rootNames("NotSent"), rootMatches(err))
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
	for _, call := range rootCalls() {
		for _, cause := range []error{io.EOF, refused, errors.New("anything")} {
			n := 0
			err := call.do(t, rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
				if r.Method == call.method {
					n++ // an import searches with GET
				}
				return nil, cause
			}), didit.WithMaxRetries(2)))
			require.ErrorIs(t, err, cause)
			want := 3
			switch call.name {
			case "ImportSharedSession", "CreateSession", "UpdateSessionStatus", "Do":
				want = 1
				assert.Equal(t, rootNames("OutcomeUnknown"), rootMatches(err), call.name)
			}
			assert.Equal(t, want, n, call.name)
		}
	}
}

// Evidence is of one attempt: a connection that was refused first and dropped then
// has been used.
func TestOutcomeIsTheWorst(t *testing.T) {
	t.Parallel()
	for _, call := range rootCalls() {
		t.Run(call.name, func(t *testing.T) {
			t.Parallel()
			var deliveries, dials atomic.Int32
			srv, tr := rootServer(t, func(w http.ResponseWriter, _ *http.Request) {
				deliveries.Add(1)
				rootHangUp(w, false)
			})
			var d net.Dialer
			tr.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				if dials.Add(1) != 2 {
					return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
				}
				return d.DialContext(ctx, network, address)
			}
			err := call.do(t, rootClient(t, tr, didit.WithBaseURL(srv.URL), didit.WithMaxRetries(2)))
			assert.Equal(t, rootNames("OutcomeUnknown"), rootMatches(err))
			assert.EqualValues(t, 1, deliveries.Load())
			var failure *didit.CallError
			require.ErrorAs(t, err, &failure)
			want := 3
			switch call.name {
			case "ImportSharedSession", "CreateSession", "UpdateSessionStatus", "Do":
				want = 2
			}
			assert.Equal(t, want, failure.Attempts)
		})
	}
}

// Success after failures is success.
func TestRecovery(t *testing.T) {
	t.Parallel()
	for _, call := range rootCalls() {
		for _, fail := range []int{429, 503} {
			if fail == 503 && call.method != http.MethodGet && call.name != "ShareSession" && call.name != "DeleteSession" {
				continue
			}
			n := 0
			err := call.do(t, rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
				if r.Body != nil { // each attempt has the whole body
					data, err := io.ReadAll(r.Body)
					if !assert.NoError(t, err) { //nolint:testifylint // in a RoundTripper
						return nil, err
					}
					assert.Len(t, data, int(r.ContentLength))
					assert.NotEmpty(t, data)
				}
				if n++; n < 3 {
					resp := rootAnswer(r, fail, `{"detail":"x"}`)
					resp.Header.Set("Retry-After", "0")
					return resp, nil
				}
				return rootAnswer(r, 200, call.success), nil
			}), didit.WithMaxRetries(2)))
			require.NoError(t, err, call.name)
			assert.Equal(t, 3, n)
		}
	}
}

// After a lost answer a 429 says nothing of the first attempt.
func TestRateLimitAfterALostShare(t *testing.T) {
	t.Parallel()
	n := 0
	c := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
		if n++; n == 1 {
			return nil, io.EOF
		}
		return rootAnswer(r, 429, ""), nil
	}), didit.WithMaxRetryAfter(0))
	_, err := c.ShareSession(t.Context(), rootSession, didit.ShareSessionParams{ForApplicationID: rootPartner})
	assert.Equal(t, rootNames("OutcomeUnknown RateLimited"), rootMatches(err))
	assert.True(t, didit.Retryable(err))
}

// The context ends a call in flight: nothing goes out again, and what went out is unknown.
func TestContextEndsInFlight(t *testing.T) {
	t.Parallel()
	for _, call := range rootCalls() {
		t.Run(call.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			var deliveries atomic.Int32
			srv, tr := rootServer(t, func(_ http.ResponseWriter, r *http.Request) {
				deliveries.Add(1)
				_, _ = io.Copy(io.Discard, r.Body)
				cancel()
				<-r.Context().Done()
			})
			err := call.do(rootTB{t, ctx}, rootClient(t, tr, didit.WithBaseURL(srv.URL)))
			require.ErrorIs(t, err, context.Canceled)
			assert.Equal(t, rootNames("OutcomeUnknown"), rootMatches(err))
			assert.EqualValues(t, 1, deliveries.Load())
		})
	}
}

// rootTB has another context.
type rootTB struct {
	testing.TB
	ctx context.Context //nolint:containedctx // stands for the test's own
}

func (t rootTB) Context() context.Context { return t.ctx }

// The context ends a wait: its error and the last failure, both, at once.
func TestContextEndsAWait(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status  int
		cause   error
		matches string
	}{
		{status: 503, matches: "Server OutcomeUnknown"}, {status: 429, matches: "RateLimited NotSent"}, {cause: io.EOF, matches: "OutcomeUnknown"},
	} {
		synctest.Test(t, func(t *testing.T) {
			n := 0
			ctx, cancel := context.WithCancel(t.Context())
			c := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
				n++
				time.AfterFunc(time.Nanosecond, cancel)
				if test.cause != nil {
					return nil, test.cause
				}
				resp := rootAnswer(r, test.status, `{"detail":"slow down"}`)
				resp.Header.Set("Retry-After", "30")
				return resp, nil
			}), didit.WithRetryWait(time.Hour, time.Hour))
			began := time.Now()
			_, err := c.GetSession(ctx, rootSession)
			require.ErrorIs(t, err, context.Canceled)
			if test.cause != nil {
				require.ErrorIs(t, err, test.cause)
			}
			assert.Equal(t, rootNames(test.matches), rootMatches(err))
			assert.Equal(t, 1, n)
			assert.Equal(t, time.Nanosecond, time.Since(began), "on the bubble's clock")
			assert.Contains(t, err.Error(), "context canceled")
			var failure *didit.CallError
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, test.status != 0, failure.Answer != nil)
		})
	}
}

// A wait that ends past the context's deadline, or is longer than the cap, is not begun.
func TestWaitsThatAreNotBegun(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		header   string
		deadline time.Duration
		opts     []didit.Option
		want     time.Duration // RetryAfter
	}{
		"past the deadline":      {header: "30", deadline: 20 * time.Second, want: 30 * time.Second},
		"longer than the cap":    {header: "61", want: 61 * time.Second},
		"a date beyond the cap":  {header: "Sat, 01 Jan 2000 00:02:00 GMT", want: 2 * time.Minute}, // the bubble begins there
		"absurd":                 {header: "86400", want: 24 * time.Hour},
		"a cap of their own":     {header: "3", opts: []didit.Option{didit.WithMaxRetryAfter(2 * time.Second)}, want: 3 * time.Second},
		"no waiting at all":      {header: "0", opts: []didit.Option{didit.WithMaxRetryAfter(0)}},
		"no header, small cap":   {opts: []didit.Option{didit.WithMaxRetryAfter(4 * time.Second)}},
		"no retries":             {header: "1", opts: []didit.Option{didit.WithMaxRetries(0)}, want: time.Second},
		"no header, no deadline": {deadline: 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, n, began := t.Context(), 0, time.Now()
				if test.deadline > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, test.deadline)
					defer cancel()
				}
				c := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
					n++
					resp := rootAnswer(r, 429, "")
					if test.header != "" {
						resp.Header.Set("Retry-After", test.header)
					}
					return resp, nil
				}), test.opts...)
				_, err := c.GetSession(ctx, rootSession)
				var api *didit.APIError
				require.ErrorAs(t, err, &api)
				assert.Equal(t, err, error(api))
				assert.Equal(t, test.want, api.RetryAfter)
				assert.Equal(t, 1, n)
				assert.Zero(t, time.Since(began), "on the bubble's clock")
			})
		})
	}
}

// After a 429: at least Retry-After, and at most a quarter more.
func TestRetryAfterIsWaitedFor(t *testing.T) {
	t.Parallel()
	for header, base := range map[string][2]time.Duration{
		"40":                            {40 * time.Second, 40 * time.Second},
		"60":                            {60 * time.Second, 60 * time.Second}, // jitter does not count against the cap
		"Sat, 01 Jan 2000 00:00:20 GMT": {20 * time.Second, 20 * time.Second},
		"":                              {5 * time.Second, 10 * time.Second}, // without one: 5, 10, 20, 40 s
	} {
		for range 5 {
			synctest.Test(t, func(t *testing.T) {
				var at []time.Time
				c := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
					at = append(at, time.Now())
					if len(at) == 3 {
						return rootAnswer(r, 200, `{"session_id":"`+rootSession+`"}`), nil
					}
					resp := rootAnswer(r, 429, "")
					switch {
					case header == "":
					case strings.HasSuffix(header, "GMT"):
						resp.Header.Set("Retry-After", time.Now().Add(base[0]).UTC().Truncate(time.Second).Format(http.TimeFormat))
					default:
						resp.Header.Set("Retry-After", header)
					}
					return resp, nil
				}))
				_, err := c.GetSession(t.Context(), rootSession)
				require.NoError(t, err)
				for i, want := range base {
					if strings.HasSuffix(header, "GMT") {
						want -= time.Second // a date has whole seconds
					}
					waited := at[i+1].Sub(at[i])
					assert.GreaterOrEqual(t, waited, want, "%q, on the bubble's clock", header)
					assert.LessOrEqual(t, waited, base[i]+base[i]/4)
				}
			})
		}
	}
}

// The retry waits grow from min to max, with full jitter.
func TestBackoff(t *testing.T) {
	t.Parallel()
	var longest [6]time.Duration
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			var at []time.Time
			c := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
				at = append(at, time.Now())
				return rootAnswer(r, 502, ""), nil
			}), didit.WithRetryWait(time.Second, 6*time.Second), didit.WithMaxRetries(6))
			_, err := c.GetSession(t.Context(), rootSession)
			require.ErrorIs(t, err, didit.ErrServer)
			require.Len(t, at, 7)
			for i := range longest {
				longest[i] = max(longest[i], at[i+1].Sub(at[i]))
			}
		})
	}
	for i, seconds := range []int{1, 2, 4, 6, 6, 6} {
		bound := time.Duration(seconds) * time.Second
		assert.LessOrEqual(t, longest[i], bound, "wait %d, on the bubble's clock", i)
		assert.Greater(t, longest[i], bound/2, "wait %d: 50 times in the lower half", i)
	}
}

// WithRetryWait(0, 0) does not wait between tries.
func TestNoRetryWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen []rootSeen
		began := time.Now()
		_, err := rootClient(t, rootRecorder(&seen, 502, ""), didit.WithMaxRetries(50)).GetSession(t.Context(), rootSession)
		require.ErrorIs(t, err, didit.ErrServer)
		assert.Len(t, seen, 51)
		assert.Zero(t, time.Since(began))
	})
}

// One call's failure closes nobody else's connections, and those of success are kept.
func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	var conns atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch {
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = io.WriteString(w, `{"session_id":"`+rootSession+`"}`)
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	srv.Start()
	t.Cleanup(srv.Close)
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	c := rootClient(t, tr, didit.WithBaseURL(srv.URL))
	for range 5 {
		_, err := c.GetSession(t.Context(), rootSession)
		require.NoError(t, err)
		err = c.UpdateSessionStatus(t.Context(), rootSession, didit.UpdateSessionStatusParams{NewStatus: didit.StatusApproved})
		require.ErrorIs(t, err, didit.ErrServer)
	}
	assert.EqualValues(t, 1, conns.Load())
}
