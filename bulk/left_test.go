package bulk_test

import (
	"context"
	"iter"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/bulk"
	"github.com/didit-go/didit/didittest"
)

// TestLeft leaves the loop in every way: what the body did not come back from is not recorded.
func TestLeft(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(run *bulk.Run[bulk.ShareItem, didit.SharedSession]){
		"break": func(run *bulk.Run[bulk.ShareItem, didit.SharedSession]) {
			n := 0
			for range run.All() {
				if n++; n == 4 {
					break
				}
			}
		},
		"return": func(run *bulk.Run[bulk.ShareItem, didit.SharedSession]) {
			n := 0
			for range run.All() {
				if n++; n == 4 {
					return
				}
			}
		},
		"panic": func(run *bulk.Run[bulk.ShareItem, didit.SharedSession]) {
			defer func() { _ = recover() }()
			n := 0
			for range run.All() {
				if n++; n == 4 {
					panic("the body's")
				}
			}
		},
		"goexit": func(run *bulk.Run[bulk.ShareItem, didit.SharedSession]) {
			var ended sync.WaitGroup
			ended.Go(func() {
				n := 0
				for range run.All() {
					if n++; n == 4 {
						runtime.Goexit()
					}
				}
			})
			ended.Wait()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				checkpoint := new(memory)
				items := w.shares(100)
				run := bulk.Share(t.Context(), w.client(w.a), bulk.Items(items...), bulk.Options{Checkpoint: checkpoint})
				leave(run)
				require.NoError(t, run.Err(), "the caller left")
				assert.Len(t, checkpoint.ids(bulk.Done), 3)

				rest := collect(t, bulk.Share(t.Context(), w.client(w.a), bulk.Items(items...), bulk.Options{Checkpoint: checkpoint}))
				assert.Len(t, rest, 97)
				assert.Len(t, checkpoint.ids(bulk.Done), 100)
			})
		})
	}
}

// TestLeavingWaitsForTheInput leaves while the input is in a step.
func TestLeavingWaitsForTheInput(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		shares := w.shares(3)
		ended := false
		var items iter.Seq2[bulk.ShareItem, error] = func(yield func(bulk.ShareItem, error) bool) {
			defer func() { ended = true }()
			for _, i := range shares {
				if !yield(i, nil) {
					return
				}
			}
			time.Sleep(time.Hour)
			assert.False(t, yield(bulk.ShareItem{ID: "late"}, nil))
		}
		began := time.Now()
		for range bulk.Share(t.Context(), w.client(w.a), items, bulk.Options{}).All() {
			break
		}
		assert.True(t, ended)
		assert.Equal(t, time.Hour, time.Since(began).Truncate(time.Minute))
	})
}

// TestContextEnds yields what was begun, and begins no more.
func TestContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, didittest.WithLatency(time.Second))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		checkpoint := new(memory)
		items := w.imports(100)
		run := bulk.Import(ctx, w.client(w.b), bulk.Items(items...), bulk.Options{Checkpoint: checkpoint, Workers: 4})
		done, failed := 0, 0
		for r := range run.All() {
			if r.Err == nil {
				done++
			} else {
				require.ErrorIs(t, r.Err, context.Canceled)
				failed++
			}
			if done == 10 {
				cancel()
			}
		}
		require.ErrorIs(t, run.Err(), context.Canceled)
		assert.Len(t, checkpoint.ids(bulk.Done), done, "delivered ones are recorded, though the context has ended")
		assert.LessOrEqual(t, failed, 4)

		synctest.Wait() // what was cut on its way has arrived by now
		arrived := len(w.server.Requests())
		run = bulk.Import(ctx, w.client(w.b), bulk.Items(items...), bulk.Options{Checkpoint: checkpoint})
		for range run.All() {
			t.Error("nothing is begun")
		}
		require.ErrorIs(t, run.Err(), context.Canceled)
		assert.Len(t, w.server.Requests(), arrived)

		rest := collect(t, bulk.Import(t.Context(), w.client(w.b), bulk.Items(items...), bulk.Options{Checkpoint: checkpoint}))
		assert.Len(t, rest, 100-done)
		assert.Equal(t, 100, w.copies())
		assert.Len(t, checkpoint.ids(bulk.Done), 100)
	})
}

// TestContextEndsAtTheEnd tells a run that was whole from one that was cut.
func TestContextEndsAtTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		run := bulk.Share(ctx, w.client(w.a), bulk.Items(w.shares(5)...), bulk.Options{})
		n := 0
		for range run.All() {
			if n++; n == 5 {
				synctest.Wait()
				cancel()
			}
		}
		require.NoError(t, run.Err())
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
