package jobs_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/internal/dbtest"
	"github.com/didit-go/didit/jobs"
)

// TestAdmin sees and moves tickets without a key or a Sealer.
func TestAdmin(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		_, err := jobs.OpenAdmin(ctx, w.url)
		require.Error(w, err, "there are no tables yet")
		e := w.open(w.config(w.b))
		var ids []string
		for range 5 {
			_, token := w.token()
			ticket, err := e.Import(ctx, w.params(token, "customer"))
			require.NoError(w, err)
			ids = append(ids, ticket.ID)
		}
		a, err := jobs.OpenAdmin(ctx, w.url)
		require.NoError(w, err)
		w.Cleanup(func() { require.NoError(w, a.Close()) })
		var seen []string
		for ticket, err := range a.Tickets(ctx, jobs.StateQueued) {
			require.NoError(w, err)
			seen = append(seen, ticket.ID)
		}
		assert.Equal(w, ids, seen, "oldest first")
		counts, err := a.Count(ctx)
		require.NoError(w, err)
		assert.Equal(w, map[jobs.State]int{jobs.StateQueued: 5}, counts)
		_, err = a.Cancel(ctx, ids[0])
		require.NoError(w, err)
		_, err = a.Retry(ctx, ids[1])
		require.NoError(w, err)
		_, err = a.Cancel(ctx, "nobody's")
		require.ErrorIs(w, err, jobs.ErrNoTicket)
		require.NoError(w, a.Resume(ctx))
		require.NoError(w, e.Start(ctx))
		for _, id := range ids[1:] {
			w.ends(a, id, jobs.StateDone)
		}
	})
}

// TestAdminChangesNothing: a file that was named by mistake stays as it is.
func TestAdminChangesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "other.db")
	db := dbtest.Open(t, "file:"+path)
	_, err := db.ExecContext(t.Context(), `CREATE TABLE mine (a TEXT)`)
	require.NoError(t, err)
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	_, err = jobs.OpenAdmin(t.Context(), "sqlite:"+path)
	require.ErrorContains(t, err, "is it the database of an engine?")
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, before, after)
}

// TestManyTickets are listed over several pages, each once.
func TestManyTickets(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		e := w.open(w.config(w.b))
		_, token := w.token()
		first, err := e.Import(ctx, w.params(token, "customer-7"))
		require.NoError(w, err)
		const others = `, kind, application_id, params, session_id, source_session_id, state, reason, token_id, token_ends_ms, begun, stop,
			verdict, run, attempts, job_id, wait_ms, created_ms, done_ms`
		_, err = e.DB().ExecContext(ctx, `INSERT INTO `+w.table("didit_tickets")+` (id, subject`+others+`)
			WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 400)
			SELECT id || '-' || n, subject || n`+others+` FROM `+w.table("didit_tickets")+`, numbers`)
		require.NoError(w, err)
		for _, state := range []jobs.State{"", jobs.StateQueued} {
			seen := map[string]bool{}
			for ticket, err := range e.Tickets(ctx, state) {
				require.NoError(w, err)
				assert.False(w, seen[ticket.ID], "twice")
				seen[ticket.ID] = true
			}
			assert.Len(w, seen, 401, first.ID)
		}
	})
}
