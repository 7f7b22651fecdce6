package pace_test

import (
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

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/didit-go/didit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const sessionID = "6f1b0c52-7a53-4c2f-9d0e-2f1f4a1f0a01"

// rule decides about a call that arrives so long after the server began: 0 lets it
// through, anything else is when to come back.
type rule interface {
	allow(at time.Duration) time.Duration
}

// fixedWindow counts from one multiple of its length to the next. Its first window is
// shorter by phase.
type fixedWindow struct {
	limit         int
	length, phase time.Duration
	begun         time.Duration // its present window
	n             int
}

func (f *fixedWindow) allow(at time.Duration) time.Duration {
	at += f.phase
	into := at % f.length
	if begun := at - into; begun != f.begun {
		f.begun, f.n = begun, 0
	}
	if f.n++; f.n <= f.limit {
		return 0
	}
	return f.length - into
}

// slidingWindow counts what got through in the time just past.
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

// tokenBucket fills evenly, up to burst. It is full at first.
type tokenBucket struct {
	perMinute, burst float64
	spent            float64
	last             time.Duration
}

func (b *tokenBucket) allow(at time.Duration) time.Duration {
	each := float64(time.Minute) / b.perMinute
	b.spent = max(b.spent-float64(at-b.last)/each, 0)
	b.last = at
	if b.spent+1 <= b.burst {
		b.spent++
		return 0
	}
	return time.Duration((b.spent + 1 - b.burst) * each)
}

// unlimited lets everything through.
type unlimited struct{}

func (unlimited) allow(time.Duration) time.Duration { return 0 }

// server answers by a rule, in virtual time, as Didit does: Retry-After in whole
// seconds, and the limit with a 429 only.
type server struct {
	rule  rule
	named int                  // X-RateLimit-Limit
	way   func() time.Duration // how long a call takes to arrive, and its answer to come back

	mu           sync.Mutex
	begun        time.Time
	through, off int
}

func (s *server) RoundTrip(req *http.Request) (*http.Response, error) {
	time.Sleep(s.delay())
	resp := &http.Response{StatusCode: http.StatusNoContent, Header: http.Header{}, Body: http.NoBody}
	if wait := s.decide(); wait > 0 {
		resp.StatusCode = http.StatusTooManyRequests
		resp.Header.Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		resp.Header.Set("X-Ratelimit-Limit", strconv.Itoa(s.named))
	} else if req.Method == http.MethodGet {
		resp.StatusCode, resp.Body = http.StatusOK, io.NopCloser(strings.NewReader("%PDF-1.7"))
	}
	time.Sleep(s.delay())
	return resp, nil
}

func (s *server) delay() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.way()
}

func (s *server) decide() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begun.IsZero() {
		s.begun = time.Now()
	}
	wait := s.rule.allow(time.Since(s.begun))
	if wait > 0 {
		s.off++
	} else {
		s.through++
	}
	return wait
}

// fleet is who calls: so many processes, each with a pacer, a client and goroutines.
type fleet struct {
	processes, goroutines, calls int
	retries                      int
	pacer                        func() didit.Limiter // nil: none
}

// outcome is what came of it.
type outcome struct {
	took   time.Duration
	lost   int
	denied float64 // of 100 calls
	least  float64 // the smallest part of a process, of 100 calls
}

// ofLimit is how much of a limit was used, in percent.
func (o outcome) ofLimit(calls int, perMinute float64) float64 {
	return 100 * float64(calls) / (o.took.Minutes() * perMinute)
}

// run makes all calls, as a queue that the processes take from.
func (f fleet) run(t *testing.T, srv *server) (o outcome) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		var taken, lost atomic.Int64
		done := make([]atomic.Int64, f.processes)
		var wg sync.WaitGroup
		for i := range done {
			opts := []didit.Option{didit.WithMaxRetries(f.retries)}
			if f.pacer != nil {
				opts = append(opts, didit.WithLimiter(f.pacer()))
			}
			c := client(t, srv, opts...)
			for range f.goroutines {
				wg.Go(func() {
					for taken.Add(1) <= int64(f.calls) {
						if c.DeleteSession(t.Context(), sessionID) != nil {
							lost.Add(1)
							continue
						}
						done[i].Add(1)
					}
				})
			}
		}
		wg.Wait()
		o = outcome{took: time.Since(begun), lost: int(lost.Load()), least: 100}
		for i := range done {
			o.least = min(o.least, 100*float64(done[i].Load())/float64(f.calls))
		}
		o.denied = 100 * float64(srv.off) / float64(f.calls)
		assert.Equal(t, f.calls-o.lost, srv.through)
	})
	return o
}

func client(t *testing.T, rt http.RoundTripper, opts ...didit.Option) *didit.Client {
	t.Helper()
	c, err := didit.NewClient(append([]didit.Option{
		didit.WithAPIKey("not a key"), didit.WithHTTPClient(&http.Client{Transport: rt}),
	}, opts...)...)
	require.NoError(t, err)
	return c
}

// steady is a way that takes always the same.
func steady(d time.Duration) func() time.Duration { return func() time.Duration { return d } }
