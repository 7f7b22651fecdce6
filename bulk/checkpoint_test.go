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

// TestRecordedWhenAsked reads the checkpoint in the body.
func TestRecordedWhenAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		checkpoint := new(memory)
		run := bulk.Import(t.Context(), w.client(w.b), bulk.Items(w.imports(20)...), bulk.Options{Checkpoint: checkpoint})
		n, redone := 0, ""
		for r := range run.All() {
			time.Sleep(time.Minute) // whatever is under way comes to its end
			claims, err := r.Item.Params.Token.Claims()
			require.NoError(t, err)
			assert.Equal(t, bulk.Begun, checkpoint.get(claims.SessionID).State)
			assert.Len(t, checkpoint.ids(bulk.Done), n)
			if n == 10 && redone == "" {
				redone = claims.SessionID
				r.Redo()
				r.Redo()
			} else {
				n++
			}
			r.Err, r.Value = errors.New("the body may do what it likes with a result"), nil
		}
		require.NoError(t, run.Err())
		assert.Len(t, checkpoint.ids(bulk.Done), 19)
		assert.Equal(t, []string{redone}, checkpoint.ids(bulk.Begun))
	})
}

func TestResumeForBegunOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		items := w.imports(3)
		// The first was imported by a run that was killed before it heard of it.
		_, err := w.client(w.b).ImportSharedSession(t.Context(), items[0].Params)
		require.NoError(t, err)
		w.server.ResetRequests()
		claims, err := items[0].Params.Token.Claims()
		require.NoError(t, err)
		checkpoint := &memory{records: map[string]bulk.Record{claims.SessionID: {ID: claims.SessionID, State: bulk.Begun}}}
		results := collect(t, bulk.Import(t.Context(), w.client(w.b), bulk.Items(items...), bulk.Options{Checkpoint: checkpoint}))
		require.Len(t, results, 3)
		for _, r := range results {
			require.NoError(t, r.Err)
			assert.Equal(t, r.Item.Params.VendorData == "customer-1", r.Value.Recovered)
		}
		assert.Equal(t, 3, w.copies())
		assert.Len(t, checkpoint.log, 2+3, "begun is recorded once")
		assert.Equal(t, 1, w.arrived(didittest.OpListSessions), "one was begun")
		assert.Equal(t, 2, w.arrived(didittest.OpImportSharedSession), "the others are sent at once")
	})
}

func TestCheckpointFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is full")
	t.Run("lookup", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			items := w.shares(3)
			checkpoint := &memory{lookup: func(id string) error {
				if id == items[1].SessionID {
					return broken
				}
				return nil
			}}
			for _, r := range collect(t, bulk.Share(t.Context(), w.client(w.a), bulk.Items(items...), bulk.Options{Checkpoint: checkpoint})) {
				if r.Item.SessionID == items[1].SessionID {
					require.ErrorIs(t, r.Err, broken)
					assert.Zero(t, r.Attempts)
				} else {
					require.NoError(t, r.Err)
				}
			}
			assert.Len(t, w.server.Requests(), 2)
		})
	})
	t.Run("begun", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			tried := 0
			checkpoint := &memory{recording: func(bulk.Record) error { tried++; return broken }}
			run := bulk.Import(t.Context(), w.client(w.b), bulk.Items(w.imports(100)...), bulk.Options{Checkpoint: checkpoint, Workers: 2})
			for range run.All() {
				t.Error("nothing was called")
			}
			require.ErrorIs(t, run.Err(), broken)
			assert.LessOrEqual(t, tried, 2)
			assert.Empty(t, w.server.Requests(), "nothing is sent that is not recorded as begun")
		})
	})
	t.Run("done", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			n := 0
			checkpoint := &memory{recording: func(bulk.Record) error {
				if n++; n > 5 {
					return broken
				}
				return nil
			}}
			run := bulk.Share(t.Context(), w.client(w.a), bulk.Items(w.shares(100)...), bulk.Options{Checkpoint: checkpoint, Workers: 2})
			yielded := 0
			for r := range run.All() {
				require.NoError(t, r.Err)
				yielded++
			}
			require.ErrorIs(t, run.Err(), broken)
			assert.Equal(t, 6, yielded)
			assert.Len(t, checkpoint.ids(bulk.Done), 5)
		})
	})
	t.Run("begun, among others", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			n := 0
			checkpoint := &memory{recording: func(r bulk.Record) error {
				if r.State == bulk.Begun {
					if n++; n > 5 {
						return broken
					}
				}
				return nil
			}}
			run := bulk.Import(t.Context(), w.client(w.b), bulk.Items(w.imports(100)...), bulk.Options{Checkpoint: checkpoint})
			for range run.All() {
			}
			require.ErrorIs(t, run.Err(), broken)
			assert.LessOrEqual(t, w.arrived(didittest.OpImportSharedSession), 5)
		})
	})
}

// TestContextEndsInCheckpoint is the end of the context, and no failure of the checkpoint or of an item.
func TestContextEndsInCheckpoint(t *testing.T) {
	t.Parallel()
	for name, where := range map[string]func(m *memory, end func() error){
		"lookup": func(m *memory, end func() error) { m.lookup = func(string) error { return end() } },
		"record": func(m *memory, end func() error) { m.recording = func(bulk.Record) error { return end() } },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				checkpoint := new(memory)
				where(checkpoint, func() error { cancel(); return ctx.Err() })
				run := bulk.Import(ctx, w.client(w.b), bulk.Items(w.imports(10)...), bulk.Options{Checkpoint: checkpoint})
				for range run.All() {
					t.Error("nothing was called")
				}
				assert.Equal(t, context.Canceled, run.Err())
				assert.Empty(t, w.server.Requests())
			})
		})
	}
}

// TestCheckpointOfShares: what was shared is not taken for imported. Shares may skip what was
// imported.
func TestCheckpointOfShares(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		shares := w.shares(2)
		shares[0].ID = "the first"
		shared, imports := new(memory), []bulk.ImportItem(nil)
		for _, r := range collect(t, bulk.Share(t.Context(), w.client(w.a), bulk.Items(shares...), bulk.Options{Checkpoint: shared})) {
			require.NoError(t, r.Err)
			imports = append(imports, bulk.ImportItem{ID: r.Item.ID, Params: didit.ImportSharedSessionParams{
				Token: r.Value.Token, WorkflowID: w.b.Workflow(didit.KindUser), Review: didit.ReviewAgain, VendorData: "customer",
			}})
		}
		before := len(shared.log)
		results := collect(t, bulk.Import(t.Context(), w.client(w.b), bulk.Items(imports...), bulk.Options{Checkpoint: shared}))
		require.Len(t, results, 2)
		for _, r := range results {
			require.ErrorIs(t, r.Err, didit.ErrInvalidParams)
			require.ErrorContains(t, r.Err, "Options.Checkpoint is of a run of shares")
			assert.Zero(t, r.Attempts)
		}
		assert.Len(t, shared.log, before)
		assert.Zero(t, w.copies())

		imported := new(memory)
		for _, r := range collect(t, bulk.Import(t.Context(), w.client(w.b), bulk.Items(imports...), bulk.Options{Checkpoint: imported})) {
			require.NoError(t, r.Err)
		}
		w.server.ResetRequests()
		assert.Empty(t, collect(t, bulk.Share(t.Context(), w.client(w.a), bulk.Items(shares...), bulk.Options{Checkpoint: imported})))
		assert.Empty(t, w.server.Requests())
	})
}
