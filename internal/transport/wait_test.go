package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// timed makes a call in a bubble's time. It returns the pauses between its attempts
// and the time of the whole.
func timed(ctx context.Context, t *testing.T, cfg Config, req Request, answer roundTrip) (res *Result, pauses []time.Duration, whole time.Duration) {
	t.Helper()
	start := time.Now()
	var last time.Time
	cfg.HTTPClient = fake(func(req *http.Request) (*http.Response, error) {
		if !last.IsZero() {
			pauses = append(pauses, time.Since(last))
		}
		resp, err := answer(req)
		last = time.Now()
		return resp, err
	})
	res = New(cfg).Do(ctx, req)
	return res, pauses, time.Since(start)
}

// always answers every attempt in the same way.
func always(status int, header ...string) roundTrip {
	return func(*http.Request) (*http.Response, error) {
		return response(status, strings.NewReader(""), header...), nil
	}
}

// waiting has the defaults of the root package.
func waiting() Config {
	return Config{MaxRetries: 6, WaitMin: 500 * time.Millisecond, WaitMax: 8 * time.Second, MaxRetryAfter: time.Minute, MaxBody: 1 << 20, Now: time.Now}
}

// TestWaits makes each call many times: every wait is between its bounds, and the
// random part of it is really used.
func TestWaits(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	const sec = time.Second
	type bounds struct{ from, to time.Duration }
	doubling := []bounds{{0, 500 * ms}, {0, sec}, {0, 2 * sec}, {0, 4 * sec}, {0, 8 * sec}, {0, 8 * sec}}
	// Didit's advice where a 429 says nothing: 5, 10, 20, 40 s, and a quarter more at most.
	advice := []bounds{{5 * sec, 6250 * ms}, {10 * sec, 12500 * ms}, {20 * sec, 25 * sec}, {40 * sec, 50 * sec}, {40 * sec, 50 * sec}, {40 * sec, 50 * sec}}
	long := func(from, to time.Duration) []bounds {
		return []bounds{{from, to}, {from, to}, {from, to}, {from, to}, {from, max(to, 8*sec)}, {from, max(to, 8*sec)}}
	}
	for _, test := range []struct {
		name   string
		answer roundTrip
		change func(*Config)
		want   []bounds
	}{
		{"503", always(503), nil, doubling},
		{"no answer", func(*http.Request) (*http.Response, error) { return nil, io.EOF }, nil, doubling},
		{"503, not understood", always(503, "Retry-After", "soon"), nil, doubling},
		{"503, negative", always(503, "Retry-After", "-5"), nil, doubling},
		{"503, no 429s are waited for", always(503), func(c *Config) { c.MaxRetryAfter = 0 }, doubling},
		{"429, at once", always(429, "Retry-After", "0"), nil, doubling},
		{"429, date in the past", always(429, "Retry-After", "Fri, 31 Dec 1999 23:59:59 GMT"), nil, doubling},
		{"503, seconds", always(503, "Retry-After", "20"), nil, long(20*sec, 25*sec)},
		{"429, seconds", always(429, "Retry-After", "12"), nil, long(12*sec, 15*sec)},
		{"429, padded fraction", always(429, "Retry-After", " 8.5 "), nil, long(8500*ms, 10625*ms)},
		{"429, the cap itself", always(429, "Retry-After", "60"), nil, long(60*sec, 75*sec)},
		{"429, date", func(*http.Request) (*http.Response, error) {
			at := time.Now().Truncate(sec).Add(31 * sec).UTC().Format(http.TimeFormat)
			return response(429, strings.NewReader(""), "Retry-After", at), nil
		}, nil, long(30*sec, 38750*ms)},
		{"429, silent", always(429), nil, advice},
		{"429, negative", always(429, "Retry-After", "-1"), nil, advice},
		{"429, no number", always(429, "Retry-After", "NaN"), nil, advice},
		{"429, not understood", always(429, "Retry-After", "2 minutes"), nil, advice},
		{"no waits", always(503), func(c *Config) { c.WaitMin, c.WaitMax = 0, 0 }, make([]bounds, 6)},
		{"constant", always(503), func(c *Config) { c.WaitMin, c.WaitMax = sec, sec }, []bounds{{0, sec}, {0, sec}, {0, sec}, {0, sec}, {0, sec}, {0, sec}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				least := make([]time.Duration, len(test.want))
				most := make([]time.Duration, len(test.want))
				for i := range least {
					least[i] = math.MaxInt64
				}
				for range 200 {
					cfg := waiting()
					if test.change != nil {
						test.change(&cfg)
					}
					res, pauses, _ := timed(t.Context(), t, cfg, request(t, "https://host.test", Read), test.answer)
					require.Equal(t, 7, res.Attempts)
					for i, pause := range pauses {
						least[i], most[i] = min(least[i], pause), max(most[i], pause)
					}
				}
				for i, want := range test.want {
					assert.GreaterOrEqual(t, least[i], want.from, "wait %d", i+1)
					assert.LessOrEqual(t, most[i], want.to, "wait %d", i+1)
					if spread := want.to - want.from; spread > 0 {
						assert.Less(t, least[i], want.from+spread/2, "wait %d is never short", i+1)
						assert.Greater(t, most[i], want.from+spread/2, "wait %d is never long", i+1)
					}
				}
			})
		})
	}
}

// TestNotWaited are waits that are not begun: the answer is returned at once.
func TestNotWaited(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		answer     roundTrip
		cap        time.Duration
		deadline   time.Duration
		attempts   int
		whole      time.Duration // at most
		retryAfter time.Duration
	}{
		{"above the cap", always(429, "Retry-After", "61"), time.Minute, 0, 1, 0, 61 * time.Second},
		{"503 above the cap", always(503, "Retry-After", "61"), time.Minute, 0, 1, 0, 61 * time.Second},
		{"absurd", always(429, "Retry-After", "9223372037"), time.Minute, 0, 1, 0, absurd},
		{"beyond all numbers", always(429, "Retry-After", "1e300"), time.Hour, 0, 1, 0, absurd},
		{"infinite", always(429, "Retry-After", "Inf"), time.Hour, 0, 1, 0, absurd},
		{"date far away", always(429, "Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT"), time.Hour, 0, 1, 0, absurd},
		{"no 429 is waited for", always(429, "Retry-After", "0"), 0, 0, 1, 0, 0},
		{"no 429 is waited for, silent", always(429), 0, 0, 1, 0, 0},
		{"the advice above the cap", always(429), 15 * time.Second, 0, 3, 19 * time.Second, 0},
		{"past the deadline", always(429, "Retry-After", "5"), time.Minute, 5 * time.Second, 1, 0, 5 * time.Second},
		{"past the deadline, later", always(429, "Retry-After", "5"), time.Minute, 10 * time.Second, 2, 7 * time.Second, 5 * time.Second},
	} {
		for _, c := range classes {
			t.Run(test.name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					ctx := t.Context()
					if test.deadline > 0 {
						var cancel context.CancelFunc
						ctx, cancel = context.WithTimeout(ctx, test.deadline)
						defer cancel()
					}
					cfg := waiting()
					cfg.MaxRetryAfter = test.cap
					req := request(t, "https://host.test", c.class)
					res, _, whole := timed(ctx, t, cfg, req, test.answer)
					assert.Equal(t, test.attempts, res.Attempts)
					assert.LessOrEqual(t, whole, test.whole)
					require.NoError(t, res.CtxErr)
					require.NoError(t, res.Err)
					assert.NotZero(t, res.Status)
					assert.Equal(t, test.retryAfter, res.RetryAfter)
				})
			})
		}
	}
}

// TestLargestWait has nothing that could overflow into a wait of none.
func TestLargestWait(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"1e300", "3153600000", "Fri, 31 Dec 9999 23:59:59 GMT"} {
		c := &call{t: &Client{cfg: Config{MaxRetryAfter: math.MaxInt64, WaitMin: math.MaxInt64 / 2, WaitMax: math.MaxInt64}}}
		c.res.Status, c.res.Attempts = 429, 5
		c.ra = parseRetryAfter(text, time.Now)
		base, wait := c.nextWait()
		assert.Positive(t, base)
		assert.GreaterOrEqual(t, wait, base)
		assert.Equal(t, time.Duration(math.MaxInt64), c.exponential())
	}
}

// TestCancelledWait: a wait ends the moment the context does, and the failure
// before it is kept.
func TestCancelledWait(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		answer roundTrip
		status int
	}{
		{"429", always(429, "Retry-After", "30"), 429},
		{"no answer", func(*http.Request) (*http.Response, error) { return nil, io.EOF }, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cfg := waiting()
				cfg.WaitMin, cfg.WaitMax = 1<<62, 1<<62 // longer than the test, but for one in a billion
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(7*time.Second, cancel)
				res, _, whole := timed(ctx, t, cfg, request(t, "https://host.test", Read), test.answer)
				assert.Equal(t, 7*time.Second, whole)
				assert.Equal(t, 1, res.Attempts)
				assert.Equal(t, context.Canceled, res.CtxErr)
				assert.Equal(t, test.status, res.Status)
				if test.status == 0 {
					require.ErrorIs(t, res.Err, io.EOF)
				}
			})
		})
	}
}

func TestEndedContext(t *testing.T) {
	t.Parallel()
	hc := fake(func(*http.Request) (*http.Response, error) { panic("sent") })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cfg := quick(hc)
	cfg.Limiter = limiter(func(context.Context) error { panic("limited") })
	assert.Equal(t, Result{CtxErr: context.Canceled}, *New(cfg).Do(ctx, request(t, "https://host.test", Read)))
}

// TestCancelledAttempt ends the context at each stage of an attempt.
func TestCancelledAttempt(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		second  func(cancel func()) (*http.Response, error) // after a 429
		outcome Outcome
		after   int // attempts
	}{
		{"no answer", func(cancel func()) (*http.Response, error) { cancel(); return nil, io.EOF }, Unknown, 2},
		{"not sent", func(cancel func()) (*http.Response, error) { cancel(); return nil, dialError() }, NotSent, 2},
		{"reading", func(cancel func()) (*http.Response, error) {
			return response(200, io.MultiReader(strings.NewReader("{"), readFunc(func([]byte) (int, error) { cancel(); return 0, context.Canceled }))), nil
		}, ResultLost, 2},
		{"before a wait", func(cancel func()) (*http.Response, error) {
			cancel()
			return response(503, strings.NewReader("")), nil
		}, Unknown, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			n := 0
			hc := fake(func(*http.Request) (*http.Response, error) {
				if n++; n == 1 {
					return response(429, strings.NewReader("first"), "Retry-After", "0"), nil
				}
				return test.second(cancel)
			})
			res := New(quick(hc)).Do(ctx, request(t, "https://host.test", Read))
			assert.Equal(t, context.Canceled, res.CtxErr)
			assert.Equal(t, test.after, n)
			assert.Equal(t, test.after, res.Attempts)
			assert.Equal(t, test.outcome, res.Outcome)
			assert.NotZero(t, res.Status, "the last answer is kept")
			require.NoError(t, res.Err)
			assert.False(t, res.OK)
		})
	}
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// asleep waits until the request's context ends.
func asleep(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}

// TestAttemptTimeout: each attempt has the time of its own, and its error is never
// the context's.
func TestAttemptTimeout(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name            string
		attempt, client time.Duration
		want            time.Duration
	}{
		{"its own", 3 * time.Second, 0, 3 * time.Second},
		{"the client's", 0, 2 * time.Second, 2 * time.Second},
		{"the shorter one", 3 * time.Second, 2 * time.Second, 2 * time.Second},
		{"the other shorter one", 3 * time.Second, 5 * time.Second, 3 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				hc := fake(asleep)
				hc.Timeout = test.client
				cfg := quick(hc)
				cfg.AttemptTimeout = test.attempt
				start := time.Now()
				res := New(cfg).Do(t.Context(), request(t, "https://host.test", Read))
				assert.Equal(t, 3*test.want, time.Since(start))
				assert.Equal(t, 3, res.Attempts)
				require.EqualError(t, res.Err, "no answer in time")
				require.ErrorIs(t, res.Err, os.ErrDeadlineExceeded)
				clean(t, res.Err)
				require.NoError(t, res.CtxErr)
				assert.Equal(t, test.client, hc.Timeout)
			})
		})
	}
}

func TestNoAttemptTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hc := fake(func(req *http.Request) (*http.Response, error) {
			_, bounded := req.Context().Deadline()
			assert.False(t, bounded)
			time.Sleep(time.Hour)
			return response(200, strings.NewReader("")), nil
		})
		assert.True(t, New(quick(hc)).Do(t.Context(), request(t, "https://host.test", Once)).OK)
	})
}

// TestOwnDeadline: where the caller's own deadline ends an attempt, it is told as such.
func TestOwnDeadline(t *testing.T) {
	t.Parallel()
	for _, timeout := range []time.Duration{0, 2 * time.Second, time.Minute} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			cfg := quick(fake(asleep))
			cfg.AttemptTimeout, cfg.MaxRetries = timeout, 100
			start := time.Now()
			res := New(cfg).Do(ctx, request(t, "https://host.test", Read))
			assert.Equal(t, 5*time.Second, time.Since(start))
			assert.Equal(t, context.DeadlineExceeded, res.CtxErr)
			assert.Equal(t, Unknown, res.Outcome)
			if timeout == 2*time.Second {
				assert.Equal(t, 3, res.Attempts)
				require.ErrorIs(t, res.Err, os.ErrDeadlineExceeded, "the attempt before")
			} else {
				assert.Equal(t, 1, res.Attempts)
				require.NoError(t, res.Err)
			}
		})
	}
}

// drip writes a text byte by byte, with a pause after each.
func drip(text string, pause time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, b := range []byte(text) {
			w.Write([]byte{b})
			_ = http.NewResponseController(w).Flush() // fails where the client is gone
			select {
			case <-time.After(pause):
			case <-r.Context().Done():
				return
			}
		}
	}
}

// TestSlowServer is the retry table's row of timeouts, with a real server and in
// time that does not pass.
func TestSlowServer(t *testing.T) {
	t.Parallel()
	rest := func(w http.ResponseWriter, r *http.Request) {
		if err := http.NewResponseController(w).Flush(); err == nil {
			<-r.Context().Done()
		}
	}
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
		stream  bool
		outcome Outcome
		text    string
	}{
		{"silent", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, false, Unknown, "no answer in time"},
		{"silent stream", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, true, Unknown, "no answer in time"},
		{"stalled", rest, false, Unknown, "the answer (status 200) did not end in time"},
		{"stalled stream", rest, true, ResultLost, "the answer (status 200) did not end in time"},
		{"dripping", drip("["+strings.Repeat("x", 100), time.Second), false, ResultLost, "the answer (status 200) did not end in time"},
	} {
		for i, c := range classes {
			t.Run(test.name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					hc, n := piped(t, test.handler)
					cfg := quick(hc)
					cfg.AttemptTimeout = 10 * time.Second
					req := request(t, "http://host.test", c.class)
					if test.stream {
						req.Stream = io.Discard
					}
					start := time.Now()
					res := New(cfg).Do(t.Context(), req)
					want := []int{3, 3, 1}[i]
					assert.Equal(t, want, res.Attempts)
					assert.EqualValues(t, want, n.Load(), "deliveries")
					assert.Equal(t, time.Duration(want)*cfg.AttemptTimeout, time.Since(start))
					assert.Equal(t, test.outcome, res.Outcome)
					assert.True(t, res.Lost)
					require.EqualError(t, res.Err, test.text)
					require.ErrorIs(t, res.Err, os.ErrDeadlineExceeded)
					clean(t, res.Err)
				})
			})
		}
	}
}

// TestSlowRefusal: what a refusal says is cut off with the attempt, its status is not.
func TestSlowRefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hc, n := piped(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(403)
			io.WriteString(w, "said")
			assert.NoError(t, http.NewResponseController(w).Flush())
			<-r.Context().Done()
		})
		cfg := quick(hc)
		cfg.AttemptTimeout = time.Second
		res := New(cfg).Do(t.Context(), request(t, "http://host.test", Read))
		assert.Equal(t, 403, res.Status)
		assert.Equal(t, "said", string(res.Body))
		assert.EqualValues(t, 1, n.Load())
		assert.Equal(t, NotSent, res.Outcome)
	})
}

// TestStreamPause: a stream may take as long as it likes, but not between two reads.
func TestStreamPause(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		pause    time.Duration
		ok       bool
		whole    time.Duration
		written  string
		attempts int
	}{
		{"steady", 9 * time.Second, true, 99 * time.Second, "0123456789!", 1},
		{"pause", 11 * time.Second, false, 10 * time.Second, "0", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				hc, _ := piped(t, drip("0123456789!", test.pause))
				cfg := quick(hc)
				cfg.AttemptTimeout = 10 * time.Second
				req := request(t, "http://host.test", Read)
				var got bytes.Buffer
				req.Stream = &got
				start := time.Now()
				res := New(cfg).Do(t.Context(), req)
				assert.Equal(t, test.ok, res.OK)
				assert.Equal(t, test.whole, time.Since(start))
				assert.Equal(t, test.written, got.String())
				assert.EqualValues(t, len(test.written), res.Written)
				assert.Equal(t, test.attempts, res.Attempts, "not again after the first byte")
				if !test.ok {
					require.ErrorIs(t, res.Err, os.ErrDeadlineExceeded)
					assert.Equal(t, ResultLost, res.Outcome)
					clean(t, res.Err)
				}
			})
		})
	}
}

type limiter func(context.Context) error

func (f limiter) Wait(ctx context.Context) error { return f(ctx) }

// TestLimiter: it is asked before every attempt, and what it takes is not the attempt's.
func TestLimiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var order []string
		cfg := quick(fake(func(req *http.Request) (*http.Response, error) {
			order = append(order, "sent")
			end, ok := req.Context().Deadline()
			assert.True(t, ok)
			assert.Equal(t, time.Second, time.Until(end))
			return response(429, strings.NewReader(""), "Retry-After", "0"), nil
		}))
		cfg.AttemptTimeout = time.Second
		cfg.Limiter = limiter(func(ctx context.Context) error {
			order = append(order, "limiter")
			_, bounded := ctx.Deadline()
			assert.False(t, bounded)
			time.Sleep(time.Minute)
			return nil
		})
		start := time.Now()
		New(cfg).Do(t.Context(), request(t, "https://host.test", Once))
		assert.Equal(t, []string{"limiter", "sent", "limiter", "sent", "limiter", "sent"}, order)
		assert.Equal(t, 3*time.Minute, time.Since(start))
	})
}

// TestLimiterRefuses: what the limiter does not let go out was not sent.
func TestLimiterRefuses(t *testing.T) {
	t.Parallel()
	refusal := errors.New(planted)
	for _, c := range classes {
		var waits, sent atomic.Int64
		cfg := quick(fake(func(*http.Request) (*http.Response, error) {
			sent.Add(1)
			return response(429, strings.NewReader("body"), "Retry-After", "0"), nil
		}))
		cfg.Limiter = limiter(func(context.Context) error {
			if waits.Add(1) == 2 {
				return refusal
			}
			return nil
		})
		res := New(cfg).Do(t.Context(), request(t, "https://host.test", c.class))
		assert.EqualValues(t, 2, waits.Load(), "it is not asked again")
		assert.EqualValues(t, 1, sent.Load())
		assert.Equal(t, 1, res.Attempts)
		assert.Equal(t, NotSent, res.Outcome)
		assert.False(t, res.Lost)
		require.ErrorIs(t, res.Err, refusal)
		require.EqualError(t, res.Err, "the limiter did not let the request go out (*errors.errorString)")
		clean(t, res.Err)
		assert.Zero(t, res.Status)
	}
}

func TestLimiterCancelled(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{"says so": context.Canceled, "keeps quiet": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			cfg := quick(fake(func(*http.Request) (*http.Response, error) { panic("sent") }))
			cfg.Limiter = limiter(func(context.Context) error { cancel(); return err })
			assert.Equal(t, Result{CtxErr: context.Canceled}, *New(cfg).Do(ctx, request(t, "https://host.test", Read)))
		})
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{
		"", " ", "0", "5", " 5", "1.5", "-1", "-0", "NaN", "Inf", "-Inf", "+Inf", "1e300", "1e-300", "1e400", "0x10", "9223372037",
		"99999999999999999999", "Fri, 31 Dec 1999 23:59:59 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
		"Fri, 31 Dec 9999 23:59:59 GMT", "Sat, 01 Jan 0000 00:00:00 GMT", "soon", "5 s", "１",
	} {
		f.Add(seed)
	}
	now := func() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC) }
	f.Fuzz(func(t *testing.T, text string) {
		got := parseRetryAfter(text, now)
		if got < -1 || got > absurd {
			t.Fatalf("%q: %v", text, got)
		}
		if strings.HasPrefix(strings.TrimSpace(text), "-") && got > 0 {
			t.Fatalf("%q: %v", text, got)
		}
		c := &call{t: &Client{cfg: Config{MaxRetryAfter: math.MaxInt64}}, ra: got, many: 1}
		c.res.Status = 429
		if base, wait := c.nextWait(); base < 0 || wait < base || got > 0 && base != got {
			t.Fatalf("%q: a wait of %v for %v", text, wait, base)
		}
	})
}
