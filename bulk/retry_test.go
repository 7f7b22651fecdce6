package bulk_test

import (
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

// TestImportsResume looks at what the second call for an item does first.
func TestImportsResume(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.server.Inject(didittest.Fault{Operation: didittest.OpImportSharedSession, Kind: didittest.FaultRateLimited})
		results := collect(t, bulk.Import(t.Context(), w.client(w.b), bulk.Items(w.imports(1)...), bulk.Options{}))
		require.NoError(t, results[0].Err)
		var operations []didittest.Operation
		for _, r := range w.server.Requests() {
			operations = append(operations, r.Operation)
		}
		assert.Equal(t, []didittest.Operation{
			didittest.OpImportSharedSession, didittest.OpListSessions, didittest.OpImportSharedSession,
		}, operations)
	})
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
