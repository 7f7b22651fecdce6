package jobs_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/jobs"
)

// TestBothPartners shares and imports through the database, with a row of each partner's
// that changes with the ticket.
func TestBothPartners(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		delivered := make(chan *didit.SharedSession, 1)
		cfgA := w.config(w.a)
		cfgA.Deliver = func(_ context.Context, t *jobs.Ticket, s *didit.SharedSession) error {
			assert.Equal(w, jobs.KindShare, t.Kind)
			delivered <- s
			return nil
		}
		a := w.start(cfgA)
		source := w.a.AddSession(didittest.SessionFixture{})
		shared, err := a.Share(ctx, source, didit.ShareSessionParams{ForApplicationID: w.b.ID})
		require.NoError(w, err)
		s := <-delivered
		assert.Equal(w, source, s.SessionID)
		done := w.ends(a, shared.ID, jobs.StateDone)
		assert.Equal(w, source, done.SessionID)
		assert.False(w, done.DoneAt.IsZero())
		require.NoError(w, a.Stop(ctx))

		cfgB := w.config(w.b)
		cfgB.Imported = imported
		b := w.start(cfgB)
		people(w, b)
		tx, err := b.DB().BeginTx(ctx, nil)
		require.NoError(w, err)
		ticket, err := b.ImportTx(ctx, tx, w.params(s.Token, "customer-7"))
		require.NoError(w, err)
		assert.Equal(w, jobs.StateQueued, ticket.State)
		require.NoError(w, addPerson(ctx, tx, ticket))
		require.NoError(w, tx.Commit())

		ended := w.ends(b, ticket.ID, jobs.StateDone)
		assert.Equal(w, []string{ended.SessionID}, w.copies(source))
		assert.Equal(w, source, ended.SourceSessionID)
		assert.Equal(w, 1, ended.Attempts)
		assert.Empty(w, ended.Reason)
		var session string
		var imports int
		require.NoError(w, b.DB().QueryRowContext(ctx, `SELECT session, imports FROM people WHERE ticket = $1`, ticket.ID).Scan(&session, &imports))
		assert.Equal(w, ended.SessionID, session)
		assert.Equal(w, 1, imports)

		again, err := b.Import(ctx, w.params(s.Token, "customer-7"))
		require.NoError(w, err)
		assert.Equal(w, ended, again)
		require.NoError(w, b.Stop(ctx))
	})
}

// TestStartTwice: a second Start changes nothing, and a stopped engine can be started again.
func TestStartTwice(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		e := w.start(w.config(w.b))
		require.NoError(w, e.Start(ctx))
		require.NoError(w, e.Stop(ctx))
		require.NoError(w, e.Stop(ctx))

		source, token := w.token()
		ticket, err := e.Import(ctx, w.params(token, "customer-7"))
		require.NoError(w, err)
		require.NoError(w, e.Start(ctx))
		w.ends(e, ticket.ID, jobs.StateDone)
		assert.Len(w, w.copies(source), 1)
		require.NoError(w, e.Stop(ctx))
	})
}

// TestStartAfterEnd: an engine whose context has ended, or whose Stop was cut off, works
// after a Start at once.
func TestStartAfterEnd(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		e := w.open(w.config(w.b))
		works := func() {
			w.Helper()
			_, token := w.token()
			ticket, err := e.Import(w.Context(), w.params(token, "customer-7"))
			require.NoError(w, err)
			w.ends(e, ticket.ID, jobs.StateDone)
		}
		ctx, cancel := context.WithCancel(w.Context())
		require.NoError(w, e.Start(ctx))
		works()
		cancel()
		require.NoError(w, e.Start(w.Context()))
		works()
		require.Error(w, e.Stop(ended()))
		require.ErrorContains(w, e.Start(ended()), "jobs: Start: ")
		require.NoError(w, e.Start(w.Context()))
		works()
		require.NoError(w, e.Stop(w.Context()))
	})
}

// TestTwoApplications: engines of two applications on one database leave each other's
// tickets alone, and the refused key of one does not stop the other.
func TestTwoApplications(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		cfgA := w.config(w.a)
		cfgA.Sealer = sealer(w.T, 9)
		a := w.start(cfgA)
		b := w.open(w.config(w.b)) // works on nothing yet
		_, token := w.token()
		ofB, err := b.Import(ctx, w.params(token, "customer-7"))
		require.NoError(w, err)
		_, err = b.DB().ExecContext(ctx, `DELETE FROM `+w.table("river_job"))
		require.NoError(w, err)
		require.NoError(w, a.Stop(ctx))
		a = w.start(cfgA) // its reconciler gives B's ticket a job
		require.Equal(w, 1, count(w, b.DB(), w.table("river_job")))

		session := w.b.AddSession(didittest.SessionFixture{})
		shared, err := w.b.Client().ShareSession(ctx, session, didit.ShareSessionParams{ForApplicationID: w.a.ID})
		require.NoError(w, err)
		p := w.params(shared.Token, "customer-8")
		p.WorkflowID = w.a.Workflow(didit.KindUser)
		ofA, err := a.Import(ctx, p)
		require.NoError(w, err)
		w.ends(a, ofA.ID, jobs.StateDone)
		assert.Equal(w, jobs.StateQueued, w.ends(b, ofB.ID, jobs.StateQueued).State)
		require.NoError(w, a.River().QueuePause(ctx, "didit-"+w.a.ID, nil))
		require.NoError(w, b.Start(context.WithoutCancel(ctx)))
		w.ends(b, ofB.ID, jobs.StateDone)
	})
}
