package transport

import (
	"context"
	"io"
	"math"
	"net/http"
	"strings"
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
