package suite

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

// The context ends a call in flight: nothing goes out again, and what went out is unknown.
func TestContextEndsInFlight(t *testing.T) {
	t.Parallel()
	for _, call := range testkit.Calls() {
		t.Run(call.Name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			var deliveries atomic.Int32
			srv, tr := testkit.Server(t, func(_ http.ResponseWriter, r *http.Request) {
				deliveries.Add(1)
				_, _ = io.Copy(io.Discard, r.Body)
				cancel()
				<-r.Context().Done()
			})
			err := call.Do(tbWithContext{t, ctx}, testkit.Client(t, tr, didit.WithBaseURL(srv.URL)))
			require.ErrorIs(t, err, context.Canceled)
			assert.Equal(t, testkit.Names("OutcomeUnknown"), testkit.Matches(err))
			assert.EqualValues(t, 1, deliveries.Load())
		})
	}
}

// tbWithContext has another context.
type tbWithContext struct {
	testing.TB
	ctx context.Context //nolint:containedctx // stands for the test's own
}

func (t tbWithContext) Context() context.Context { return t.ctx }

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
			c := testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
				n++
				time.AfterFunc(time.Nanosecond, cancel)
				if test.cause != nil {
					return nil, test.cause
				}
				resp := testkit.Answer(r, test.status, `{"detail":"slow down"}`)
				resp.Header.Set("Retry-After", "30")
				return resp, nil
			}), didit.WithRetryWait(time.Hour, time.Hour))
			began := time.Now()
			_, err := c.GetSession(ctx, testkit.SessionID)
			require.ErrorIs(t, err, context.Canceled)
			if test.cause != nil {
				require.ErrorIs(t, err, test.cause)
			}
			assert.Equal(t, testkit.Names(test.matches), testkit.Matches(err))
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
				c := testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
					n++
					resp := testkit.Answer(r, 429, "")
					if test.header != "" {
						resp.Header.Set("Retry-After", test.header)
					}
					return resp, nil
				}), test.opts...)
				_, err := c.GetSession(ctx, testkit.SessionID)
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
				c := testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
					at = append(at, time.Now())
					if len(at) == 3 {
						return testkit.Answer(r, 200, `{"session_id":"`+testkit.SessionID+`"}`), nil
					}
					resp := testkit.Answer(r, 429, "")
					switch {
					case header == "":
					case strings.HasSuffix(header, "GMT"):
						resp.Header.Set("Retry-After", time.Now().Add(base[0]).UTC().Truncate(time.Second).Format(http.TimeFormat))
					default:
						resp.Header.Set("Retry-After", header)
					}
					return resp, nil
				}))
				_, err := c.GetSession(t.Context(), testkit.SessionID)
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
			c := testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
				at = append(at, time.Now())
				return testkit.Answer(r, 502, ""), nil
			}), didit.WithRetryWait(time.Second, 6*time.Second), didit.WithMaxRetries(6))
			_, err := c.GetSession(t.Context(), testkit.SessionID)
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
		var seen []testkit.Seen
		began := time.Now()
		_, err := testkit.Client(t, testkit.Recorder(&seen, 502, ""), didit.WithMaxRetries(50)).GetSession(t.Context(), testkit.SessionID)
		require.ErrorIs(t, err, didit.ErrServer)
		assert.Len(t, seen, 51)
		assert.Zero(t, time.Since(began))
	})
}
