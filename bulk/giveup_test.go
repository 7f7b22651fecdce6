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
	"github.com/didit-go/didit/pace"
)

// TestGivesUpInThePacersQueue: where Didit says to wait for an hour, no item waits for it
// in the pacer, those behind the refused ones neither. Another run imports them all.
func TestGivesUpInThePacersQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.server.Inject(didittest.Fault{
			Operation: didittest.OpImportSharedSession, Kind: didittest.FaultRateLimited, RetryAfter: time.Hour,
		})
		began := time.Now()
		checkpoint, client := new(memory), w.client(w.b, didit.WithLimiter(pace.Adaptive()))
		items := w.imports(100)
		for i := range items {
			items[i].Params.Token = w.a.Share(w.a.AddSession(didittest.SessionFixture{}), w.b, 3*time.Hour)
		}
		options := bulk.Options{Workers: 1, Checkpoint: checkpoint}
		limited, refused := 0, 0
		for _, r := range collect(t, bulk.Import(t.Context(), client, bulk.Items(items...), options)) {
			require.True(t, didit.Retryable(r.Err))
			assert.Equal(t, 1, r.Attempts)
			switch {
			case errors.Is(r.Err, didit.ErrRateLimited):
				limited++
			case errors.Is(r.Err, pace.ErrDeadline) && errors.Is(r.Err, didit.ErrNotSent):
				refused++
			}
		}
		assert.Equal(t, []int{1, 99}, []int{limited, refused})
		assert.Less(t, time.Since(began), time.Minute)

		time.Sleep(time.Hour)
		collect(t, bulk.Import(t.Context(), client, bulk.Items(items...), options))
		assert.Len(t, checkpoint.ids(bulk.Done), len(items))
		assert.Equal(t, len(items), w.copies())
	})
}

// TestGivesUpOnACall: a call is cut a minute after its item's time, which is the end of
// that item alone.
func TestGivesUpOnACall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.server.Inject(didittest.Fault{Operation: didittest.OpShareSession, Kind: didittest.FaultSlow, Delay: 5 * time.Minute})
		began := time.Now()
		client := w.client(w.a, didit.WithAttemptTimeout(10*time.Minute))
		options := bulk.Options{Workers: 1, GiveUp: 20 * time.Second}
		results := collect(t, bulk.Share(t.Context(), client, bulk.Items(w.shares(3)...), options))
		require.Len(t, results, 3)
		require.ErrorIs(t, results[0].Err, context.DeadlineExceeded)
		assert.Equal(t, 1, results[0].Attempts)
		assert.NoError(t, results[1].Err)
		assert.NoError(t, results[2].Err)
		assert.Equal(t, 80*time.Second, time.Since(began).Truncate(time.Second))
	})
}
