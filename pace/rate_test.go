package pace_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/pace"
)

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
