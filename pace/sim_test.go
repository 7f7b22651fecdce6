package pace_test

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/pace"
)

// rule decides about a call that arrives. Its argument is the time since the server
// began. It returns 0 for a call that gets through, else when to come back.
type rule interface {
	allow(at time.Duration) (wait time.Duration)
}

// fixedWindow counts from one multiple of its length to the next.
type fixedWindow struct {
	limit         int
	length, phase time.Duration
	window        time.Duration
	n             int
}

func (f *fixedWindow) allow(at time.Duration) time.Duration {
	at += f.phase
	if w := at / f.length; w != f.window {
		f.window, f.n = w, 0
	}
	if f.n++; f.n <= f.limit {
		return 0
	}
	return (f.window+1)*f.length - at
}

// slidingWindow counts the calls of the time just past. What is refused is not counted.
type slidingWindow struct {
	limit  int
	length time.Duration
	seen   []time.Duration
}

func (s *slidingWindow) allow(at time.Duration) time.Duration {
	for len(s.seen) > 0 && s.seen[0]+s.length <= at {
		s.seen = s.seen[1:]
	}
	if len(s.seen) < s.limit {
		s.seen = append(s.seen, at)
		return 0
	}
	return s.seen[0] + s.length - at
}

// tokenBucket fills evenly, up to burst.
type tokenBucket struct {
	perMinute, burst float64
	tokens           float64
	begun            bool
	last             time.Duration
}

func (b *tokenBucket) allow(at time.Duration) time.Duration {
	each := float64(time.Minute) / b.perMinute
	if !b.begun {
		b.tokens, b.begun = b.burst, true
	}
	b.tokens = min(b.tokens+float64(at-b.last)/each, b.burst)
	b.last = at
	if b.tokens >= 1 {
		b.tokens--
		return 0
	}
	return time.Duration((1 - b.tokens) * each)
}

type noRule struct{}

func (noRule) allow(time.Duration) time.Duration { return 0 }

// server is a RoundTripper that answers by a rule, in virtual time.
type server struct {
	mu          sync.Mutex
	begun       time.Time
	rule        rule
	limit       int
	service     func() time.Duration // how long an answer takes
	got, denied int
}

func (s *server) RoundTrip(req *http.Request) (*http.Response, error) {
	resp := &http.Response{StatusCode: http.StatusNoContent, Header: http.Header{}, Body: http.NoBody}
	if req.Method == http.MethodGet {
		resp.StatusCode, resp.Body = http.StatusOK, io.NopCloser(strings.NewReader("%PDF"))
	}
	s.mu.Lock()
	wait := s.rule.allow(time.Since(s.begun))
	if wait > 0 {
		s.denied++
		resp.StatusCode = http.StatusTooManyRequests
		resp.Header.Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		resp.Header.Set("X-RateLimit-Limit", strconv.Itoa(s.limit))
	} else {
		s.got++
	}
	service := s.service()
	s.mu.Unlock()
	time.Sleep(service)
	return resp, nil
}

// outcome is what a run came to.
type outcome struct {
	percent float64 // of the limit, or of what is possible without one
	denied  float64 // per 100 calls
	lost    int
	least   float64 // the smallest part of a process, in percent
	took    time.Duration
}

const sessionID = "6f1b0c52-7a53-4c2f-9d0e-2f1f4a1f0a01"

// run makes calls with one client per pacer, from a number of goroutines each.
func runMk(t *testing.T, srv *server, calls, goroutines, retries, n int, pacer func() didit.Limiter) (o outcome) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		srv.begun = time.Now()
		var left, lost atomic.Int64
		left.Store(int64(calls))
		done := make([]int64, n)
		var wg sync.WaitGroup
		for i := range n {
			mk := pacer()
			opts := []didit.Option{didit.WithAPIKey("key"), didit.WithHTTPClient(&http.Client{Transport: srv}), didit.WithMaxRetries(retries)}
			if mk != nil {
				opts = append(opts, didit.WithLimiter(mk))
			}
			client, err := didit.NewClient(opts...)
			require.NoError(t, err)
			for range goroutines {
				wg.Go(func() {
					for left.Add(-1) >= 0 {
						err := client.DeleteSession(t.Context(), sessionID)
						if err == nil {
							atomic.AddInt64(&done[i], 1)
						} else {
							lost.Add(1)
						}
					}
				})
			}
		}
		wg.Wait()
		o.took = time.Since(srv.begun)
		o.lost = int(lost.Load())
		o.denied = 100 * float64(srv.denied) / float64(calls)
		o.percent = 100 * float64(srv.got) / (o.took.Minutes() * float64(srv.limit))
		o.least = 100
		for _, n := range done {
			o.least = min(o.least, 100*float64(n)/float64(calls))
		}
	})
	return o
}

var _ = errors.New

func TestTune(t *testing.T) {
	constant := func() time.Duration { return 20 * time.Millisecond }
	rules := []struct {
		name string
		mk   func() rule
	}{
		{"fixed", func() rule { return &fixedWindow{limit: 300, length: time.Minute} }},
		{"fixed+40", func() rule { return &fixedWindow{limit: 300, length: time.Minute, phase: 40 * time.Second} }},
		{"sliding", func() rule { return &slidingWindow{limit: 300, length: time.Minute} }},
		{"bucket300", func() rule { return &tokenBucket{perMinute: 300, burst: 300} }},
		{"bucket10", func() rule { return &tokenBucket{perMinute: 300, burst: 10} }},
	}
	configs := []struct {
		name    string
		n       int
		retries int
		mk      func() didit.Limiter
	}{
		{"one adaptive", 1, 4, func() didit.Limiter { return pace.Adaptive() }},
		{"one alone", 1, 4, func() didit.Limiter { return pace.Adaptive(pace.Alone()) }},
		{"one told", 1, 4, func() didit.Limiter { return pace.New(300, 600) }},
		{"three adaptive 20", 3, 20, func() didit.Limiter { return pace.Adaptive() }},
		{"three adaptive 4", 3, 4, func() didit.Limiter { return pace.Adaptive() }},
		{"three adaptive OneOf", 3, 20, func() didit.Limiter { return pace.Adaptive(pace.OneOf(3)) }},
		{"three told", 3, 4, func() didit.Limiter { return pace.New(300, 600, pace.OneOf(3)) }},
		{"eight adaptive 20", 8, 20, func() didit.Limiter { return pace.Adaptive() }},
	}
	for _, c := range configs {
		for _, r := range rules {
			w := time.Now()
			srv := &server{rule: r.mk(), limit: 300, service: constant}
			o := runMk(t, srv, 10000, 64, c.retries, c.n, c.mk)
			fmt.Printf("%-22s %-10s %6.1f%% denied %5.2f lost %d least %.1f%%  wall %v\n", c.name, r.name, o.percent, o.denied, o.lost, o.least, time.Since(w).Round(time.Millisecond))
		}
	}
}
