package transport

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
