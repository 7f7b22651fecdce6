package bulk_test

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/bulk"
	"github.com/didit-go/didit/didittest"
)

func TestShare(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		items := w.shares(50)
		items[7].ID = "the seventh"
		items[9].SessionID = "not-a-session"
		checkpoint := new(memory)
		results := collect(t, bulk.Share(t.Context(), w.client(w.a), bulk.Items(items...), bulk.Options{Checkpoint: checkpoint}))
		require.Len(t, results, 50)
		seen := map[string]bool{}
		for _, r := range results {
			seen[r.Item.SessionID] = true
			assert.Equal(t, 1, r.Attempts)
			if r.Item.SessionID == "not-a-session" {
				require.ErrorIs(t, r.Err, didit.ErrInvalidParams)
				assert.Nil(t, r.Value)
				continue
			}
			require.NoError(t, r.Err)
			assert.Equal(t, r.Item.SessionID, r.Value.SessionID)
			assert.False(t, r.Value.Token.IsZero())
		}
		assert.Len(t, seen, 50, "one result for each item")
		assert.Len(t, checkpoint.ids(bulk.Done), 49)
		assert.Empty(t, checkpoint.ids(bulk.Begun), "a share is not begun")
		assert.Equal(t, items[7].SessionID, checkpoint.records["the seventh"].SessionID)
		assert.Equal(t, time.Now().UTC(), checkpoint.records["the seventh"].At)
	})
}

func TestImport(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		items := w.imports(50)
		checkpoint := new(memory)
		run := bulk.Import(t.Context(), w.client(w.b), bulk.Items(items...), bulk.Options{Checkpoint: checkpoint})
		for _, r := range collect(t, run) {
			require.NoError(t, r.Err)
			claims, err := r.Item.Params.Token.Claims()
			require.NoError(t, err)
			record := checkpoint.records[claims.SessionID]
			assert.Equal(t, bulk.Record{
				ID: claims.SessionID, SessionID: r.Value.SessionID, SourceSessionID: claims.SessionID,
				State: bulk.Done, At: time.Now().UTC(),
			}, record)
		}
		assert.Equal(t, 50, w.copies())
		require.Len(t, checkpoint.log, 100)
		assert.Zero(t, w.arrived(didittest.OpListSessions), "nothing was begun, so nothing is searched for")
	})
}

// TestNothingRunsBefore also covers that a run is good for one loop.
func TestNothingRunsBefore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		run := bulk.Share(t.Context(), w.client(w.a), bulk.Items(w.shares(3)...), bulk.Options{})
		all := run.All()
		time.Sleep(time.Hour)
		assert.Empty(t, w.server.Requests())
		n := 0
		for range all {
			n++
		}
		require.NoError(t, run.Err())
		for range run.All() {
			n++
		}
		require.ErrorContains(t, run.Err(), "ranged over once")
		assert.Equal(t, 3, n)
	})
}

func TestBadOptions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		run := bulk.Share(nil, nil, nil, bulk.Options{Workers: -1, Total: -1, GiveUp: -1}) //nolint:staticcheck // the refusal of it
		for range run.All() {
			t.Error("nothing can come")
		}
		for _, field := range []string{"ctx", "items", "Options.Workers", "Options.Total", "Options.GiveUp"} {
			require.ErrorContains(t, run.Err(), field+" must")
		}
		require.ErrorIs(t, run.Err(), didit.ErrInvalidParams)

		results := collect(t, bulk.Share(t.Context(), nil, bulk.Items(bulk.ShareItem{SessionID: "x"}), bulk.Options{}))
		assert.ErrorContains(t, results[0].Err, "NewClient")
	})
}

// TestRefusedItems are refused without a request, and stop nothing.
func TestRefusedItems(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		good := w.imports(2)
		good[1].ID = "AAAAAAAA-0000-4000-8000-00000000000A"
		twice, noVendor, noToken, control := good[0], w.imports(1)[0], bulk.ImportItem{}, good[0]
		twice.ID = strings.ToLower(good[1].ID)
		noVendor.Params.VendorData = " "
		control.ID = "a\x00b"
		long := control
		long.ID = strings.Repeat("x", 1025)
		noWorkflow := bulk.ImportItem{ID: "no workflow", Params: w.params("customer-3")}
		noWorkflow.Params.WorkflowID = ""
		input := errors.New("line 7 cannot be read")
		items := func(yield func(bulk.ImportItem, error) bool) {
			_ = yield(good[0], nil) && yield(good[1], nil) && yield(twice, nil) && yield(noVendor, nil) && yield(noToken, nil) &&
				yield(control, nil) && yield(long, nil) && yield(noWorkflow, nil) && yield(good[0], input)
		}
		checkpoint := new(memory)
		var want = map[string]string{
			twice.ID: "ID was told before", noVendor.ID: "VendorData is required with a Checkpoint", control.ID: "ID must be text",
			long.ID: "ID must be text", noWorkflow.ID: "WorkflowID",
		}
		var last bulk.Progress
		options := bulk.Options{Checkpoint: checkpoint, Total: 9, Progress: func(p bulk.Progress) { last = p }}
		done, refused, unread := 0, 0, 0
		for _, r := range collect(t, bulk.Import(t.Context(), w.client(w.b), items, options)) {
			switch {
			case r.Err == nil:
				done++
			case errors.Is(r.Err, input):
				unread++
				assert.Empty(t, r.Item.ID)
				assert.True(t, r.Item.Params.Token.IsZero(), "no item")
				assert.Equal(t, input, r.Err)
			default:
				refused++
				require.ErrorIs(t, r.Err, didit.ErrInvalidParams)
				if r.Item.Params.Token.IsZero() {
					require.ErrorIs(t, r.Err, didit.ErrShareTokenInvalid)
				} else {
					require.ErrorContains(t, r.Err, want[r.Item.ID])
				}
			}
		}
		assert.Equal(t, []int{2, 6, 1}, []int{done, refused, unread})
		assert.Len(t, checkpoint.records, 2, "nothing is recorded of what was refused")
		assert.Contains(t, checkpoint.records, twice.ID, "in lower case")
		assert.Equal(t, 2, w.copies())
		assert.Equal(t, bulk.Progress{Total: 9, Done: 2, Failed: 7, PerMinute: last.PerMinute, Elapsed: last.Elapsed}, last)

		missing := collect(t, bulk.Share(t.Context(), w.client(w.a), bulk.Items(bulk.ShareItem{}), bulk.Options{}))
		require.ErrorContains(t, missing[0].Err, "SessionID is required")
	})
}

// TestImportWithoutCheckpoint needs no vendor data, as a single call does not.
func TestImportWithoutCheckpoint(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		item := bulk.ImportItem{Params: w.params("")}
		results := collect(t, bulk.Import(t.Context(), w.client(w.b), bulk.Items(item), bulk.Options{}))
		require.NoError(t, results[0].Err)
	})
}

// TestManyWorkers asks for more than there can be.
func TestManyWorkers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, didittest.WithLatency(time.Second))
		began := time.Now()
		options := bulk.Options{Workers: math.MaxInt}
		assert.Len(t, collect(t, bulk.Share(t.Context(), w.client(w.a), bulk.Items(w.shares(1500)...), options)), 1500)
		assert.Equal(t, 2*time.Second, time.Since(began), "a thousand, and the rest")
	})
}

// TestFewTokensWait counts what a slow loop lets be minted.
func TestFewTokensWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		n := 0
		for range bulk.Share(t.Context(), w.client(w.a), bulk.Items(w.shares(100)...), bulk.Options{Workers: 4}).All() {
			time.Sleep(time.Minute)
			n++
			assert.LessOrEqual(t, w.arrived(didittest.OpShareSession)-n, 2*4)
		}
		assert.Equal(t, 100, n)
	})
}

func TestIDsOfManyItems(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		items := make([]bulk.ShareItem, 0, 2000)
		for i := range 2000 {
			items = append(items, bulk.ShareItem{ID: strconv.Itoa(i % 1000), SessionID: "x"})
		}
		client, err := didit.NewClient(didit.WithAPIKey("k"))
		require.NoError(t, err)
		twice := 0
		for _, r := range collect(t, bulk.Share(t.Context(), client, bulk.Items(items...), bulk.Options{})) {
			if strings.Contains(r.Err.Error(), "told before") {
				twice++
			}
		}
		assert.Equal(t, 1000, twice)
	})
}
