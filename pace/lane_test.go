package pace_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/pace"
)

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
