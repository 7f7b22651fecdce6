package jobs_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/jobs"
)

// TestLostJobs: an open ticket whose job is gone, discarded, completed by somebody or
// changed gets another when an engine starts, and is done once.
func TestLostJobs(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		cfg := w.config(w.b)
		cfg.Imported = imported
		e := w.open(cfg)
		people(w, e)
		river := w.table("river_job")
		ended := `finalized_at = '2026-01-01 00:00:00', `
		var tickets []*jobs.Ticket
		for _, change := range []string{
			`DELETE FROM ` + river + ` WHERE id = $1`,
			`UPDATE ` + river + ` SET ` + ended + `state = 'discarded', attempt = max_attempts WHERE id = $1`,
			`UPDATE ` + river + ` SET ` + ended + `state = 'completed' WHERE id = $1`,
		} {
			_, token := w.token()
			ticket := w.enqueue(e, token)
			tickets = append(tickets, ticket)
			var job int64
			require.NoError(w, e.DB().QueryRowContext(ctx, `SELECT job_id FROM `+w.table("didit_tickets")+` WHERE id = $1`, ticket.ID).Scan(&job))
			_, err := e.DB().ExecContext(ctx, change, job)
			require.NoError(w, err)
		}
		require.NoError(w, e.Start(ctx))
		for _, ticket := range tickets {
			w.ends(e, ticket.ID, jobs.StateDone)
		}
		assert.Equal(w, len(tickets), count(w, e.DB(), `people WHERE imports = 1`))
		assert.Equal(w, len(tickets), w.posts())
	})
}

// TestChangedArguments: a job that names no ticket is dropped, and its ticket gets another.
func TestChangedArguments(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		e := w.open(w.config(w.b))
		_, token := w.token()
		done, err := e.Import(ctx, w.params(token, "customer-7"))
		require.NoError(w, err)
		require.NoError(w, e.Start(ctx))
		w.ends(e, done.ID, jobs.StateDone)
		for _, args := range []string{`{"ticket": "another"}`, `{"ticket": "` + done.ID + `"}`, `{}`, `{"ticket": 7}`, `[]`, `7`} {
			require.NoError(w, e.Stop(ctx))
			_, token = w.token()
			ticket, err := e.Import(ctx, w.params(token, "customer-7"))
			require.NoError(w, err)
			_, err = e.DB().ExecContext(ctx, `UPDATE `+w.table("river_job")+` SET args = '`+args+`' WHERE state = 'available'`)
			require.NoError(w, err)
			require.NoError(w, e.Start(ctx))
			w.ends(e, ticket.ID, jobs.StateDone)
		}
		assert.Contains(w, w.log.String(), "a job names a ticket that is not there")
		assert.NotContains(w, w.log.String(), "had no job", "none waits for the reconciler")
	})
}

// TestChangedJob: a job whose kind nobody knows, or whose queue nobody works on, is replaced.
func TestChangedJob(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		e := w.open(w.config(w.b))
		for _, change := range []string{`kind = 'of_nobody'`, `queue = 'of_nobody'`} {
			_, token := w.token()
			ticket, err := e.Import(ctx, w.params(token, "customer-7"))
			require.NoError(w, err)
			_, err = e.DB().ExecContext(ctx, `UPDATE `+w.table("river_job")+` SET `+change+` WHERE state = 'available'`)
			require.NoError(w, err)
			require.NoError(w, e.Start(ctx))
			w.ends(e, ticket.ID, jobs.StateDone)
			require.NoError(w, e.Stop(ctx))
		}
		assert.Equal(w, 2, count(w, e.DB(), w.table("river_job")+` WHERE state = 'cancelled'`), "the old ones")
	})
}

// TestCancel: a ticket that was never begun is stopped at once. Of one that was begun it is
// found out first whether a copy was made: then it is done, and else stopped.
func TestCancel(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		cfg := w.config(w.b)
		cfg.Imported = imported
		e := w.open(cfg)
		people(w, e)
		_, token := w.token()
		never, err := e.Import(ctx, w.params(token, "customer-1"))
		require.NoError(w, err)
		stopped, err := e.Cancel(ctx, never.ID)
		require.NoError(w, err)
		assert.Equal(w, jobs.StateStopped, stopped.State)

		for _, kind := range []didittest.FaultKind{didittest.FaultSlow, didittest.FaultErrorBefore} {
			source, token := w.token()
			p := w.params(token, "customer-2")
			p.Resume = true // it was begun outside
			ticket, err := e.Import(ctx, p)
			require.NoError(w, err)
			if kind == didittest.FaultSlow {
				_, err = w.b.Client().ImportSharedSession(ctx, w.params(token, "customer-2"))
				require.NoError(w, err)
			}
			open, err := e.Cancel(ctx, ticket.ID)
			require.NoError(w, err)
			assert.True(w, open.State.Open())
			require.NoError(w, e.Start(ctx))
			if kind == didittest.FaultSlow {
				done := w.ends(e, ticket.ID, jobs.StateDone)
				assert.Equal(w, []string{done.SessionID}, w.copies(source))
			} else {
				assert.Equal(w, "stopped by an operator; no copy was found", w.ends(e, ticket.ID, jobs.StateStopped).Reason)
				assert.Empty(w, w.copies(source))
			}
			require.NoError(w, e.Stop(ctx))
		}
		same, err := e.Cancel(ctx, never.ID)
		require.NoError(w, err)
		assert.Equal(w, stopped, same)
	})
}

// TestRetryAtOnce: River stores that a job is to come later a moment after the ticket says so.
// Whoever retries the ticket in between need not wait for that, and it has one run.
func TestRetryAtOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		e := w.open(w.config(w.b))
		_, token := w.token()
		ticket, err := e.Import(ctx, w.params(token, "customer-7"))
		require.NoError(w, err)
		river := w.table("river_job")
		for _, statement := range []string{
			`UPDATE ` + river + ` SET state = 'running', attempt = 1, attempted_at = CURRENT_TIMESTAMP`,
			`UPDATE ` + w.table("didit_tickets") + ` SET state = 'waiting'`,
		} {
			_, err = e.DB().ExecContext(ctx, statement)
			require.NoError(w, err)
		}
		_, err = e.Retry(ctx, ticket.ID)
		require.NoError(w, err)
		_, err = e.DB().ExecContext(ctx, `UPDATE `+river+` SET state = 'available' WHERE state = 'running'`)
		require.NoError(w, err)
		assert.Equal(w, 2, count(w, e.DB(), river+` WHERE state = 'available'`))
		require.NoError(w, e.Start(ctx))
		assert.Equal(w, 1, w.ends(e, ticket.ID, jobs.StateDone).Attempts)
		assert.Equal(w, 1, w.posts())
	})
}

// TestCancelInRiver: so it is where an operator cancels River's job, as riverui does.
func TestCancelInRiver(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		e := w.open(w.config(w.b))
		_, token := w.token()
		p := w.params(token, "customer-7")
		p.Resume = true
		ticket, err := e.Import(ctx, p)
		require.NoError(w, err)
		var job int64
		require.NoError(w, e.DB().QueryRowContext(ctx, `SELECT job_id FROM `+w.table("didit_tickets")).Scan(&job))
		_, err = e.River().JobCancel(ctx, job)
		require.NoError(w, err)
		require.NoError(w, e.Start(ctx))
		assert.Equal(w, "stopped by an operator; no copy was found", w.ends(e, ticket.ID, jobs.StateStopped).Reason)
		assert.Zero(w, w.posts())
	})
}

// TestStop: what is under way is finished, and what is not begun stays.
func TestStop(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		cfg := w.config(w.b)
		cfg.Workers = 1
		entered, leave := make(chan struct{}), make(chan struct{})
		cfg.Imported = func(context.Context, *sql.Tx, *jobs.Ticket, *didit.ImportedSession) error {
			entered <- struct{}{}
			<-leave
			return nil
		}
		e := w.open(cfg)
		_, token := w.token()
		first, err := e.Import(ctx, w.params(token, "customer-1"))
		require.NoError(w, err)
		_, token = w.token()
		second, err := e.Import(ctx, w.params(token, "customer-2"))
		require.NoError(w, err)
		require.NoError(w, e.Start(ctx))
		<-entered
		stopped := make(chan error)
		go func() { stopped <- e.Stop(ctx) }()
		close(leave)
		for {
			select {
			case <-entered: // the second had been fetched
				continue
			case err := <-stopped:
				require.NoError(w, err)
			}
			break
		}
		w.ends(e, first.ID, jobs.StateDone)
		w.ends(e, second.ID, jobs.StateQueued, jobs.StateDone)
		require.NoError(w, e.Stop(ctx), "twice")
	})
}
