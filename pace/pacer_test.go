package pace_test

import (
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/pace"
)

var (
	_ didit.Limiter        = (*pace.Pacer)(nil)
	_ didit.AnswerObserver = (*pace.Pacer)(nil)
)

// denied is a 429 for a call that began just now.
func denied(operation string, retryAfter time.Duration) didit.Answer {
	now := time.Now()
	return didit.Answer{
		Operation: operation, Write: operation == "ShareSession", Sent: now, At: now,
		StatusCode: http.StatusTooManyRequests, RetryAfter: retryAfter,
	}
}

// through is an answer to a call that began just now.
func through() didit.Answer {
	now := time.Now()
	return didit.Answer{Operation: "ShareSession", Write: true, Sent: now, At: now, StatusCode: http.StatusOK}
}

func TestToldSpread(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name                 string
		pacer                func() *pace.Pacer
		writes, reads, pdfs  float64
		firstSlots, lastSlot time.Duration // of 61 writes
	}{
		{"Didit's", func() *pace.Pacer { return pace.New(0, 0) }, 300, 600, 50, 200 * time.Millisecond, 12 * time.Second},
		{"told", func() *pace.Pacer { return pace.New(60, 1200) }, 60, 1200, 50, time.Second, time.Minute},
		{"one of five", func() *pace.Pacer { return pace.New(300, 600, pace.OneOf(5)) }, 60, 120, 10, time.Second, time.Minute},
		{"learning, one of five", func() *pace.Pacer { return pace.Adaptive(pace.OneOf(5)) }, 60, 120, 10, time.Second, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := test.pacer()
				s := p.State()
				assert.InDelta(t, test.writes, s.Writes.PerMinute, 1e-9)
				assert.InDelta(t, test.reads, s.Reads.PerMinute, 1e-9)
				assert.InDelta(t, test.pdfs, s.PDFs.PerMinute, 1e-9)
				begun := time.Now()
				var at []time.Duration
				for range 61 {
					require.NoError(t, p.Wait(t.Context()))
					at = append(at, time.Since(begun))
				}
				assert.Zero(t, at[0])
				assert.InDelta(t, test.firstSlots, at[1], float64(test.firstSlots/500))
				if test.lastSlot > 0 {
					assert.GreaterOrEqual(t, at[60], test.lastSlot, "never denser than told")
					assert.InDelta(t, test.lastSlot, at[60], float64(test.lastSlot/500))
				} else {
					assert.Less(t, at[60], time.Minute, "it tries more")
				}
			})
		})
	}
}

// TestUnlimited: without a 429 a learning pacer holds nothing back.
func TestUnlimited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := pace.Adaptive()
		begun := time.Now()
		for range 5000 {
			require.NoError(t, p.Wait(t.Context()))
			p.ObserveAnswer(t.Context(), through())
		}
		assert.Zero(t, time.Since(begun))
		assert.Equal(t, pace.Lane{PerMinute: math.Inf(1)}, p.State().Writes)
	})
}

// TestPause: a 429 stops everybody, those that wait already as well, until it is over,
// and then they come one after another.
func TestPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := pace.New(60, 0)
		begun := time.Now()
		require.NoError(t, p.Wait(t.Context()))
		var at [5]time.Duration
		var wg sync.WaitGroup
		for i := range at {
			wg.Go(func() {
				if assert.NoError(t, p.Wait(t.Context())) {
					at[i] = time.Since(begun)
				}
			})
			synctest.Wait()
		}
		time.Sleep(500 * time.Millisecond)
		p.ObserveAnswer(t.Context(), denied("ShareSession", 30*time.Second))
		p.ObserveAnswer(t.Context(), denied("ShareSession", 10*time.Second)) // the longest counts
		s := p.State().Writes
		assert.Equal(t, begun.Add(30500*time.Millisecond), s.OpensAt)
		assert.Equal(t, 5, s.Waiting)
		assert.Equal(t, 2, s.Denied)
		wg.Wait()
		s = p.State().Writes
		assert.Zero(t, s.OpensAt)
		assert.Zero(t, s.Waiting)
		assert.Equal(t, 30500*time.Millisecond, at[0])
		assert.True(t, slices.IsSorted(at[:]), "in the order in which they came")
		for i := range at[1:] {
			assert.GreaterOrEqual(t, at[i+1]-at[i], time.Second)
		}
	})
}

// TestCut: by how much a pause lowers the pace.
func TestCut(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		pacer   func() *pace.Pacer
		through int // in the minute before
		want    float64
	}{
		{"nothing known before", func() *pace.Pacer { return pace.Adaptive() }, 200, 1.2 * 200},
		{"much more than gets through", func() *pace.Pacer { return pace.New(10_000, 0) }, 100, 1.2 * 100},
		{"little more", func() *pace.Pacer { return pace.New(110, 0) }, 100, 0.95 * 110},
		{"less than gets through", func() *pace.Pacer { return pace.New(100, 0) }, 110, 0.9 * 110},
		{"nothing gets through", func() *pace.Pacer { return pace.New(100, 0) }, 0, 10},
		{"told less than the least", func() *pace.Pacer { return pace.New(3, 0) }, 3, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := test.pacer()
				require.NoError(t, p.Wait(t.Context()))
				time.Sleep(50 * time.Second)
				for range test.through {
					p.ObserveAnswer(t.Context(), through())
				}
				p.ObserveAnswer(t.Context(), denied("ShareSession", 20*time.Second))
				time.Sleep(time.Hour) // nobody comes to see the end of the pause
				assert.InDelta(t, test.want, p.State().Writes.PerMinute, 1e-9)
			})
		})
	}
}

// TestOnePause: answers to calls that were sent before a pause do not lower the pace
// once more.
func TestOnePause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := pace.New(100, 0)
		require.NoError(t, p.Wait(t.Context()))
		for range 100 {
			p.ObserveAnswer(t.Context(), through())
			time.Sleep(600 * time.Millisecond)
		}
		late := denied("ShareSession", time.Second)
		for range 64 {
			p.ObserveAnswer(t.Context(), denied("ShareSession", time.Second))
		}
		time.Sleep(2 * time.Second)
		p.ObserveAnswer(t.Context(), late)
		s := p.State().Writes
		assert.InDelta(t, 95, s.PerMinute, 1e-9)
		assert.Zero(t, s.OpensAt)
		assert.Equal(t, 65, s.Denied)
	})
}

// TestNamedLimit: what X-RateLimit-Limit says counts where it cannot do harm.
func TestNamedLimit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name      string
		pacer     func() *pace.Pacer
		operation string
		named     int
		most      float64
	}{
		{"lower than told", func() *pace.Pacer { return pace.New(300, 0) }, "ShareSession", 100, 100},
		{"lower than told, a part", func() *pace.Pacer { return pace.New(300, 0, pace.OneOf(4)) }, "ShareSession", 100, 25},
		{"higher than told", func() *pace.Pacer { return pace.New(300, 0) }, "ShareSession", 9000, 300},
		{"alone", func() *pace.Pacer { return pace.Adaptive(pace.Alone()) }, "ShareSession", 100, 100},
		{"not alone", func() *pace.Pacer { return pace.Adaptive() }, "ShareSession", 100, math.Inf(1)},
		{"a route with a limit of its own", func() *pace.Pacer { return pace.New(300, 0) }, "Do", 10, 300},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := test.pacer()
				a := denied("ShareSession", time.Second)
				a.Operation, a.Limit = test.operation, test.named
				p.ObserveAnswer(t.Context(), a)
				for range 10_000 { // long enough to grow
					require.NoError(t, p.Wait(t.Context()))
				}
				got := p.State().Writes.PerMinute
				if math.IsInf(test.most, 1) {
					assert.Greater(t, got, 10*float64(test.named))
					return
				}
				assert.InDelta(t, test.most, got, 1e-9)
			})
		})
	}
}

// TestCancel: who gives up frees his slot, at any place of the queue.
func TestCancel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := pace.New(60, 0)
		require.NoError(t, p.Wait(t.Context()))
		begun := time.Now()
		var wg sync.WaitGroup
		var cancels []context.CancelFunc
		for range 10 {
			ctx, cancel := context.WithCancel(t.Context())
			cancels = append(cancels, cancel)
			wg.Go(func() { assert.ErrorIs(t, p.Wait(ctx), context.Canceled) })
			synctest.Wait()
		}
		var took time.Duration
		wg.Go(func() {
			if assert.NoError(t, p.Wait(t.Context())) {
				took = time.Since(begun)
			}
		})
		synctest.Wait()
		assert.Equal(t, 11, p.State().Writes.Waiting)
		for _, cancel := range cancels {
			cancel()
		}
		synctest.Wait()
		assert.Equal(t, 1, p.State().Writes.Waiting)
		wg.Wait()
		assert.InDelta(t, time.Second, took, float64(2*time.Millisecond))

		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, p.Wait(ctx), context.Canceled)
	})
}

// TestDeadline: a wait that could not end in time is not begun, and one that cannot end
// in time any longer is given up.
func TestDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := pace.New(60, 0)
		begun := time.Now()
		within := func(d time.Duration) error {
			ctx, cancel := context.WithTimeout(t.Context(), d)
			defer cancel()
			return p.Wait(ctx)
		}
		require.NoError(t, within(time.Millisecond))
		err := within(900 * time.Millisecond)
		require.ErrorIs(t, err, pace.ErrDeadline)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Zero(t, time.Since(begun), "at once")
		assert.Zero(t, p.State().Writes.Waiting)

		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() { assert.NoError(t, p.Wait(t.Context())) })
		}
		synctest.Wait()
		begun = time.Now()
		require.ErrorIs(t, within(5500*time.Millisecond), pace.ErrDeadline, "five stand before")
		assert.Zero(t, time.Since(begun), "at once")
		wg.Go(func() { assert.NoError(t, within(6500*time.Millisecond)) })
		wg.Wait()

		wg.Go(func() { assert.ErrorIs(t, within(20*time.Second), pace.ErrDeadline) })
		wg.Go(func() { assert.ErrorIs(t, within(20*time.Second), pace.ErrDeadline) })
		synctest.Wait()
		begun = time.Now()
		p.ObserveAnswer(t.Context(), denied("ShareSession", time.Hour))
		wg.Wait()
		assert.Less(t, time.Since(begun), 2*time.Second)
		require.ErrorIs(t, within(59*time.Minute), pace.ErrDeadline)
		require.NoError(t, within(61*time.Minute))
	})
}

// TestLongRetryAfter: a Retry-After that the client does not wait for closes the lane
// all the same, and the next call fails without having been sent.
func TestLongRetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := &server{rule: &fixedWindow{limit: 1, length: time.Hour}, named: 1, way: steady(time.Millisecond)}
		p := pace.Adaptive()
		c := client(t, srv, didit.WithLimiter(p))
		require.NoError(t, c.DeleteSession(t.Context(), sessionID))
		begun := time.Now()
		require.ErrorIs(t, c.DeleteSession(t.Context(), sessionID), didit.ErrRateLimited)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		err := c.DeleteSession(ctx, sessionID)
		require.ErrorIs(t, err, pace.ErrDeadline)
		failed, ok := errors.AsType[*didit.CallError](err)
		require.True(t, ok)
		assert.Equal(t, didit.OutcomeNotSent, failed.Outcome)
		assert.Zero(t, failed.Attempts)
		assert.True(t, didit.Retryable(err))
		assert.Less(t, time.Since(begun), time.Second)
		require.NoError(t, c.DeleteSession(t.Context(), sessionID), "once the hour is over")
		assert.Equal(t, 1, srv.off)
	})
}

// TestRetryAfterBounds: without Retry-After pauses grow, and an absurd one ends too.
func TestRetryAfterBounds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := pace.Adaptive()
		pause := func(asked time.Duration) time.Duration {
			require.NoError(t, p.Wait(t.Context()))
			p.ObserveAnswer(t.Context(), denied("ShareSession", asked))
			return time.Until(p.State().Writes.OpensAt)
		}
		var pauses []time.Duration
		for range 6 {
			pauses = append(pauses, pause(0)/time.Second)
		}
		assert.Equal(t, []time.Duration{5, 10, 20, 40, 40, 40}, pauses)
		p.ObserveAnswer(t.Context(), through())
		time.Sleep(time.Minute)
		assert.Equal(t, 5*time.Second, pause(0))
		assert.Equal(t, 24*time.Hour, pause(math.MaxInt64))
	})
}

// TestLanes: writes, reads and PDFs stop apart; a PDF takes a read's slot as well.
func TestLanes(t *testing.T) {
	t.Parallel()
	soon := func(t *testing.T, call func(context.Context) error) error {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		return call(ctx)
	}
	for _, test := range []struct {
		denied             string
		writes, reads, pdf bool // that go on
	}{
		{"ShareSession", false, true, true},
		{"GetSession", true, false, false},
		{"SessionPDF", true, true, false},
	} {
		t.Run(test.denied, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := pace.New(0, 0)
				c := client(t, &server{rule: unlimited{}, way: steady(time.Millisecond)}, didit.WithLimiter(p))
				p.ObserveAnswer(t.Context(), denied(test.denied, time.Minute))
				for _, call := range []struct {
					name string
					do   func(context.Context) error
					on   bool
				}{
					{"write", func(ctx context.Context) error { return c.DeleteSession(ctx, sessionID) }, test.writes},
					{"read", func(ctx context.Context) error { return c.Do(ctx, http.MethodGet, "/v3/sessions/", nil, nil) }, test.reads},
					{"PDF", func(ctx context.Context) error { _, err := c.SessionPDF(ctx, sessionID, io.Discard); return err }, test.pdf},
					{"PDF by Do", func(ctx context.Context) error {
						return c.Do(ctx, http.MethodGet, "/v3/session/"+sessionID+"/generate-pdf/", nil, nil)
					}, test.pdf},
				} {
					err := soon(t, call.do)
					if call.on {
						require.NoError(t, err, call.name)
					} else {
						require.ErrorIs(t, err, pace.ErrDeadline, call.name)
					}
				}
			})
		})
	}
}

// TestPDFs: 50 a minute and no more, each of them a read too.
func TestPDFs(t *testing.T) {
	t.Parallel()
	for _, reads := range []int{0, 60} {
		t.Run(strconv.Itoa(reads), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := client(t, &server{rule: unlimited{}, way: steady(time.Millisecond)}, didit.WithLimiter(pace.New(0, reads)))
				begun := time.Now()
				var wg sync.WaitGroup
				for range 51 {
					wg.Go(func() {
						_, err := c.SessionPDF(t.Context(), sessionID, io.Discard)
						assert.NoError(t, err)
					})
				}
				if reads == 0 {
					wg.Wait()
					assert.GreaterOrEqual(t, time.Since(begun), time.Minute)
					assert.Less(t, time.Since(begun), 61*time.Second)
					return
				}
				for range 70 {
					require.NoError(t, c.Do(t.Context(), http.MethodGet, "/v3/sessions/", nil, nil))
				}
				wg.Wait()
				assert.GreaterOrEqual(t, time.Since(begun), 2*time.Minute, "121 reads, 60 a minute")
				assert.Less(t, time.Since(begun), 125*time.Second)
			})
		})
	}
}

// TestPDFGivesUp: one that waits for a read's slot keeps none of the PDFs' when it goes.
func TestPDFGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := pace.New(0, 0)
		c := client(t, &server{rule: unlimited{}, way: steady(time.Millisecond)}, didit.WithLimiter(p))
		p.ObserveAnswer(t.Context(), denied("GetSession", 10*time.Minute))
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				_, err := c.SessionPDF(ctx, sessionID, io.Discard)
				assert.ErrorIs(t, err, context.Canceled)
			})
		}
		synctest.Wait()
		assert.Equal(t, 50, p.State().PDFs.Waiting)
		assert.Equal(t, 1, p.State().Reads.Waiting)
		begun := time.Now()
		short, stop := context.WithTimeout(t.Context(), 2*time.Minute)
		defer stop()
		_, err := c.SessionPDF(short, sessionID, io.Discard)
		require.ErrorIs(t, err, pace.ErrDeadline)
		assert.Zero(t, time.Since(begun), "at once, though it is reads that stand still")
		cancel()
		wg.Wait()
		assert.Equal(t, [2]int{}, [2]int{p.State().PDFs.Waiting, p.State().Reads.Waiting})
		_, err = c.SessionPDF(t.Context(), sessionID, io.Discard)
		require.NoError(t, err)
		assert.Less(t, time.Since(begun), 10*time.Minute+10*time.Millisecond)
	})
}

// TestGrowth: a pace grows by use, not by the clock, ever faster, and never above what
// it was told.
func TestGrowth(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := pace.Adaptive()
		require.NoError(t, p.Wait(t.Context()))
		for range 100 {
			p.ObserveAnswer(t.Context(), through())
		}
		p.ObserveAnswer(t.Context(), denied("ShareSession", time.Second))
		time.Sleep(24 * time.Hour)
		before := p.State().Writes.PerMinute
		assert.InDelta(t, 120*60, before, 1e-9, "120 % of 100 in the first second")
		gained := 0.0
		for range 5 {
			for end := time.Now().Add(time.Minute); time.Now().Before(end); {
				require.NoError(t, p.Wait(t.Context()))
			}
			now := p.State().Writes.PerMinute
			assert.Greater(t, now-before, gained)
			gained, before = now-before, now
		}
	})
}

// TestSmallGrowsSooner: what is left of a process that found the budget spent grows by
// more than its share.
func TestSmallGrowsSooner(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := pace.Adaptive()
		require.NoError(t, p.Wait(t.Context()))
		p.ObserveAnswer(t.Context(), denied("ShareSession", time.Hour))
		for range 11 {
			require.NoError(t, p.Wait(t.Context()))
		}
		assert.InDelta(t, 10/0.95+2, p.State().Writes.PerMinute, 0.2, "after a minute's use")
	})
}

// TestUnused: what cannot pace lets nothing out, and says why.
func TestUnused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		pacer  *pace.Pacer
		fields []string
	}{
		{nil, []string{"Pacer"}},
		{new(pace.Pacer), []string{"Pacer"}},
		{pace.New(-1, -2), []string{"writesPerMinute", "readsPerMinute"}},
		{pace.New(0, 0, nil), []string{"Option"}},
		{pace.New(0, 0, pace.OneOf(0)), []string{"OneOf"}},
		{pace.New(0, 0, pace.Alone()), []string{"Alone"}},
		{pace.Adaptive(pace.OneOf(-1), nil), []string{"OneOf", "Option"}},
		{pace.Adaptive(pace.Alone(), pace.OneOf(2)), []string{"Alone"}},
	} {
		err := test.pacer.Wait(t.Context())
		invalid, ok := errors.AsType[*didit.ValidationError](err)
		require.True(t, ok, "%v", err)
		var fields []string
		for _, p := range invalid.Problems {
			fields = append(fields, p.Field)
		}
		assert.Equal(t, test.fields, fields)
		test.pacer.ObserveAnswer(t.Context(), denied("ShareSession", time.Second))
		assert.Zero(t, test.pacer.State())
	}
	var none context.Context
	require.ErrorIs(t, pace.New(0, 0).Wait(none), didit.ErrInvalidParams)
	pace.New(0, 0).ObserveAnswer(none, through())
}

// TestIgnored: what says nothing about a limit changes nothing.
func TestIgnored(t *testing.T) {
	t.Parallel()
	p := pace.New(0, 0)
	before := p.State()
	for _, status := range []int{0, 200, 401, 500, 503} {
		a := through()
		a.StatusCode, a.RetryAfter = status, time.Hour
		p.ObserveAnswer(t.Context(), a)
	}
	assert.Equal(t, before, p.State())
}

// TestParallel is for the race detector: everything at once.
func TestParallel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := pace.Adaptive()
		var wg sync.WaitGroup
		for i := range 32 {
			wg.Go(func() {
				for n := range 200 {
					ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
					if n%7 == i%7 {
						time.AfterFunc(10*time.Millisecond, cancel)
					}
					if p.Wait(ctx) == nil {
						p.ObserveAnswer(ctx, through())
					}
					if i == 0 && n%50 == 0 {
						p.ObserveAnswer(ctx, denied("ShareSession", time.Millisecond))
					}
					_ = p.State()
					cancel()
				}
			})
		}
		wg.Wait()
		assert.Zero(t, p.State().Writes.Waiting)
	})
}
