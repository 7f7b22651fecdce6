package bulk_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/bulk"
	"github.com/didit-go/didit/didittest"
)

// TestTriedAgain lets a third of the calls fail in every way that may pass.
func TestTriedAgain(t *testing.T) {
	t.Parallel()
	for _, kind := range []didittest.FaultKind{
		didittest.FaultAnswerLost, didittest.FaultDropped, didittest.FaultErrorBefore, didittest.FaultErrorAfter,
		didittest.FaultTruncated, didittest.FaultRateLimited,
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.server.Inject(didittest.Fault{Operation: didittest.OpImportSharedSession, Kind: kind, Times: -1, Probability: 0.33})
				checkpoint := new(memory)
				items := w.imports(60)
				run := bulk.Import(t.Context(), w.client(w.b), bulk.Items(items...), bulk.Options{Checkpoint: checkpoint, GiveUp: time.Hour})
				for _, r := range collect(t, run) {
					require.NoError(t, r.Err)
				}
				assert.Equal(t, 60, w.copies())
				assert.Len(t, checkpoint.ids(bulk.Done), 60)
				assert.Len(t, checkpoint.log, 120, "begun is recorded once")
			})
		})
	}
}

// TestWaitsAfterAnError measures the waits between the calls for one item.
func TestWaitsAfterAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.server.Inject(didittest.Fault{Operation: didittest.OpShareSession, Kind: didittest.FaultRateLimited, RetryAfter: 40 * time.Second})
		w.server.Inject(didittest.Fault{Operation: didittest.OpShareSession, Kind: didittest.FaultErrorBefore, Times: 8})
		results := collect(t, bulk.Share(t.Context(), w.client(w.a), bulk.Items(w.shares(1)...), bulk.Options{Workers: 1}))
		require.NoError(t, results[0].Err)
		assert.Equal(t, 10, results[0].Attempts)
		requests := w.server.Requests()
		require.Len(t, requests, 10)
		for i, bounds := range [][2]float64{
			{40, 40},                                                                // Retry-After
			{5, 5}, {5, 5}, {5, 8}, {8, 16}, {16, 32}, {30, 60}, {30, 60}, {30, 60}, // RetryAfter says 5 s; a second that doubles
		} {
			wait := requests[i+1].Time.Sub(requests[i].Time).Truncate(time.Second).Seconds()
			assert.GreaterOrEqual(t, wait, bounds[0], i)
			assert.LessOrEqual(t, wait, bounds[1], i)
		}
	})
}

// TestGivesUp does not begin a wait that would end too late.
func TestGivesUp(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		giveUp     time.Duration
		retryAfter time.Duration
		attempts   int
		took       time.Duration
	}{
		"default":        {0, 5 * time.Minute, 4, 15 * time.Minute},
		"told":           {20 * time.Minute, 5 * time.Minute, 5, 20 * time.Minute},
		"beyond at once": {0, 16 * time.Minute, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.server.Inject(didittest.Fault{
					Operation: didittest.OpShareSession, Kind: didittest.FaultRateLimited, RetryAfter: test.retryAfter, Times: -1,
				})
				began := time.Now()
				checkpoint := new(memory)
				results := collect(t, bulk.Share(t.Context(), w.client(w.a), bulk.Items(w.shares(1)...),
					bulk.Options{GiveUp: test.giveUp, Checkpoint: checkpoint}))
				require.ErrorIs(t, results[0].Err, didit.ErrRateLimited)
				assert.Equal(t, test.attempts, results[0].Attempts)
				assert.Equal(t, test.took, time.Since(began).Truncate(time.Second))
				assert.Empty(t, checkpoint.records, "the next run tries it again")
			})
		})
	}
}

// TestWaitingHoldsNoWorker has one worker, and an item that waits.
func TestWaitingHoldsNoWorker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.server.Inject(didittest.Fault{Operation: didittest.OpShareSession, Kind: didittest.FaultRateLimited, RetryAfter: time.Minute})
		items := w.shares(10)
		began := time.Now()
		results := collect(t, bulk.Share(t.Context(), w.client(w.a), bulk.Items(items...), bulk.Options{Workers: 1}))
		assert.Equal(t, items[0].SessionID, results[9].Item.SessionID)
		assert.Equal(t, time.Minute, time.Since(began).Truncate(time.Second))
	})
}

// TestAThousandWait also covers that nothing new is begun then.
func TestAThousandWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		fault := w.server.Inject(didittest.Fault{
			Operation: didittest.OpShareSession, Kind: didittest.FaultRateLimited, RetryAfter: 10 * time.Minute, Times: -1,
		})
		most := 0
		options := bulk.Options{Workers: 64, Progress: func(p bulk.Progress) { most = max(most, p.Waiting) }}
		run := bulk.Share(t.Context(), w.client(w.a), bulk.Items(w.shares(1500)...), options)
		go func() {
			time.Sleep(5 * time.Minute)
			assert.Equal(t, 1000, w.arrived(didittest.OpShareSession))
			fault.Stop()
		}()
		for _, r := range collect(t, run) {
			require.NoError(t, r.Err)
		}
		assert.Equal(t, 1000, most)
		assert.Equal(t, 2500, w.arrived(didittest.OpShareSession))
	})
}

// TestWaitingIsCut ends the context, or the loop, while items wait.
func TestWaitingIsCut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.server.Inject(didittest.Fault{
			Operation: didittest.OpShareSession, Kind: didittest.FaultRateLimited, RetryAfter: 10 * time.Minute, Times: 20,
		})
		items := w.shares(21)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began, waited := time.Now(), 0
		run := bulk.Share(ctx, w.client(w.a), bulk.Items(items...), bulk.Options{})
		for r := range run.All() {
			if r.Err != nil {
				require.ErrorIs(t, r.Err, didit.ErrRateLimited, "its last error")
				assert.Equal(t, 1, r.Attempts)
				waited++
			}
		}
		require.ErrorIs(t, run.Err(), context.DeadlineExceeded)
		assert.Equal(t, 20, waited)

		w.server.Inject(didittest.Fault{
			Operation: didittest.OpShareSession, Kind: didittest.FaultRateLimited, RetryAfter: 10 * time.Minute, Times: 20,
		})
		for range bulk.Share(t.Context(), w.client(w.a), bulk.Items(items...), bulk.Options{}).All() {
			break
		}
		assert.Equal(t, time.Minute, time.Since(began).Truncate(time.Second))
	})
}

// TestLastWord is not tried again.
func TestLastWord(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		items := w.shares(2)
		w.a.SetStatus(items[0].SessionID, didit.StatusInProgress)
		for _, r := range collect(t, bulk.Share(t.Context(), w.client(w.a), bulk.Items(items...), bulk.Options{})) {
			assert.Equal(t, r.Item.SessionID == items[0].SessionID, errors.Is(r.Err, didit.ErrSessionNotShareable))
			assert.Equal(t, 1, r.Attempts)
		}
	})
}

func TestProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, didittest.WithLatency(2*time.Second))
		items := w.shares(120)
		checkpoint := &memory{records: map[string]bulk.Record{}}
		for _, i := range items[:20] {
			checkpoint.records[i.SessionID] = bulk.Record{ID: i.SessionID, State: bulk.Done}
		}
		items[50].SessionID = "no session"
		var seen []bulk.Progress
		inside := false
		began := time.Now()
		run := bulk.Share(t.Context(), w.client(w.a), bulk.Items(items...), bulk.Options{
			Workers: 1, Total: 120, Checkpoint: checkpoint,
			Progress: func(p bulk.Progress) {
				assert.False(t, inside, "one at a time")
				inside = true
				synctest.Wait() // on a goroutine of its own: nobody waits for it
				inside = false
				seen = append(seen, p)
			},
		})
		collect(t, run) // 99 calls of 2 s
		took := time.Since(began)
		assert.InDelta(t, took.Seconds()*10, len(seen), 2)
		first, middle, last := seen[0], seen[1000], seen[len(seen)-1]
		assert.Equal(t, 20, first.Skipped)
		assert.Equal(t, time.Duration(-1), first.Left, "not known yet")
		assert.InDelta(t, 30, middle.PerMinute, 1)
		assert.InDelta(t, (took - middle.Elapsed).Seconds(), middle.Left.Seconds(), 10)
		assert.Equal(t, []int{120, 99, 20, 1, 0}, []int{last.Total, last.Done, last.Skipped, last.Failed, last.Waiting})
		assert.Zero(t, last.Left)
		assert.Equal(t, took, last.Elapsed)
	})
}

// TestProgressWithoutTotal also covers a Progress that is slow: the run does not wait for it, but at its end.
func TestProgressWithoutTotal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, didittest.WithLatency(time.Second))
		var seen []bulk.Progress
		run := bulk.Share(t.Context(), w.client(w.a), bulk.Items(w.shares(60)...), bulk.Options{
			Workers: 1, Progress: func(p bulk.Progress) { seen = append(seen, p); time.Sleep(20 * time.Second) },
		})
		var delivered time.Time
		began := time.Now()
		for range run.All() {
			delivered = time.Now()
		}
		assert.Equal(t, time.Minute, delivered.Sub(began))
		for _, p := range seen {
			assert.Equal(t, time.Duration(-1), p.Left)
		}
		last := seen[len(seen)-1]
		assert.Equal(t, 60, last.Done)
		assert.Zero(t, last.Total)
	})
}
