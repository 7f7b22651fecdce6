package jobs_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/internal/dbtest"
	"github.com/didit-go/didit/jobs"
)

// posts counts the imports that arrived.
func (w *world) posts() (n int) {
	for _, r := range w.didit.Requests() {
		if r.Operation == didittest.OpImportSharedSession {
			n++
		}
	}
	return n
}

// underWay starts an engine whose import Didit has made, and answers to later.
func (w *world) underWay(e *jobs.Engine) (source string, ticket *jobs.Ticket) {
	w.Helper()
	w.didit.Inject(didittest.Fault{Operation: didittest.OpImportSharedSession, Kind: didittest.FaultSlow})
	source, token := w.token()
	ticket, err := e.Import(w.Context(), w.params(token, "customer-7"))
	require.NoError(w, err)
	require.NoError(w, e.Start(context.WithoutCancel(w.Context())))
	for len(w.copies(source)) == 0 {
		time.Sleep(time.Millisecond)
	}
	return source, ticket
}

// retry has a ticket tried again as soon as it waits.
func (w *world) retry(e *jobs.Engine, id string) {
	w.Helper()
	w.ends(e, id, jobs.StateWaiting)
	_, err := e.Retry(w.Context(), id)
	require.NoError(w, err)
}

// TestKeyRefused: a key that is refused, or lacks a right, is the queue's matter and no
// ticket's: with fifty of them waiting, a few requests are made and none is refused.
func TestKeyRefused(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		cfg := w.config(w.b)
		cfg.Options = append(cfg.Options, didit.WithAPIKey(w.b.AddKey(didittest.KeyScope{Sessions: didittest.AccessRead})))
		cfg.Refused = func(context.Context, *sql.Tx, *jobs.Ticket, error) error {
			w.Error("refused")
			return nil
		}
		e := w.open(cfg)
		const people = 50
		for range people {
			_, token := w.token()
			_, err := e.Import(ctx, w.params(token, "customer"))
			require.NoError(w, err)
		}
		require.NoError(w, e.Start(ctx))
		for {
			queue, err := e.River().QueueGet(ctx, "didit-"+w.b.ID)
			if err == nil && queue.PausedAt != nil {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		require.NoError(w, e.Stop(ctx))
		counts, err := e.Count(ctx)
		require.NoError(w, err)
		assert.Equal(w, people, counts[jobs.StateQueued]+counts[jobs.StateWaiting], "%v", counts)
		assert.LessOrEqual(w, w.posts(), people/2)
		for ticket, err := range e.Tickets(ctx, jobs.StateWaiting) {
			require.NoError(w, err)
			assert.Equal(w, "not allowed with this key", ticket.Reason)
		}

		// The key is mended: a new engine goes on by itself.
		cfg = w.config(w.b)
		e = w.open(cfg)
		require.NoError(w, e.Start(ctx))
		for ticket, err := range e.Tickets(ctx, "") {
			require.NoError(w, err)
			if ticket.State == jobs.StateWaiting {
				_, err := e.Retry(ctx, ticket.ID)
				require.NoError(w, err)
			}
			w.ends(e, ticket.ID, jobs.StateDone) //nolint:contextcheck // the test's
		}
	})
}

// TestKeyRefusedAfterImport: nor does it end a ticket whose copy is there and has to be read
// for Imported.
func TestKeyRefusedAfterImport(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		cfg := w.config(w.b)
		cfg.Imported = func(context.Context, *sql.Tx, *jobs.Ticket, *didit.ImportedSession) error {
			return errors.New("not now")
		}
		e := w.start(cfg)
		_, token := w.token()
		ticket, err := e.Import(ctx, w.params(token, "customer-7"))
		require.NoError(w, err)
		w.ends(e, ticket.ID, jobs.StateWaiting)
		require.NoError(w, e.Stop(ctx))

		cfg.Options = append(cfg.Options, didit.WithAPIKey("sk_test_of_nobody"))
		cfg.Imported = func(context.Context, *sql.Tx, *jobs.Ticket, *didit.ImportedSession) error {
			w.Error("called without the copy")
			return nil
		}
		e = w.start(cfg)
		w.retry(e, ticket.ID)
		for w.ends(e, ticket.ID, jobs.StateWaiting, jobs.StateDone).Reason != "the API key was refused" {
			time.Sleep(time.Millisecond)
		}
		queue, err := e.River().QueueGet(ctx, "didit-"+w.b.ID)
		require.NoError(w, err)
		assert.NotNil(w, queue.PausedAt)
	})
}

// TestCutOff: a run that is cut off while its import is under way leaves a mark, by which
// the next one searches before it sends, whatever River counts as an attempt. Here Didit
// imports a session as often as it is asked.
func TestCutOff(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		e := w.open(w.config(w.b))
		source, ticket := w.underWay(e)
		require.ErrorIs(w, e.Stop(ended()), context.Canceled)
		<-e.River().Stopped()
		assert.Equal(w, jobs.StateQueued, w.ends(e, ticket.ID, jobs.StateQueued).State)

		e = w.start(w.config(w.b))
		done := w.ends(e, ticket.ID, jobs.StateDone)
		assert.Equal(w, []string{done.SessionID}, w.copies(source))
		assert.Equal(w, 1, w.posts())
	}, didittest.WithRepeatedImports(true))
}

// ended is a context that has.
func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// TestNothingToSearchFor: a run that was told "not now" leaves no mark, so that the next
// one does not search for what cannot be there.
func TestNothingToSearchFor(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		w.didit.Inject(didittest.Fault{Operation: didittest.OpImportSharedSession, Kind: didittest.FaultRateLimited})
		e := w.start(w.config(w.b))
		_, token := w.token()
		ticket, err := e.Import(w.Context(), w.params(token, "customer-7"))
		require.NoError(w, err)
		assert.Equal(w, "rate limited", w.ends(e, ticket.ID, jobs.StateWaiting).Reason)
		w.retry(e, ticket.ID)
		w.ends(e, ticket.ID, jobs.StateDone)
		for _, r := range w.didit.Requests() {
			assert.NotEqual(w, didittest.OpListSessions, r.Operation)
		}
	})
}

// TestTwoRuns: a ticket that two jobs work on ends once.
func TestTwoRuns(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		cfg := w.config(w.b)
		cfg.Imported = imported
		e := w.open(cfg)
		people(w, e)
		source, token := w.token()
		ticket := w.enqueue(e, token)
		river := w.table("river_job")
		for range 3 {
			_, err := e.DB().ExecContext(ctx, `INSERT INTO `+river+` (args, kind, max_attempts, queue, priority, state)
SELECT args, kind, max_attempts, queue, priority, state FROM `+river+` WHERE id = (SELECT MIN(id) FROM `+river+`)`)
			require.NoError(w, err)
		}
		require.NoError(w, e.Start(ctx))
		done := w.ends(e, ticket.ID, jobs.StateDone)
		for count(w, e.DB(), river+` WHERE state <> 'completed'`) > 0 {
			time.Sleep(5 * time.Millisecond)
		}
		assert.Equal(w, 1, count(w, e.DB(), `people WHERE imports = 1 AND session = $1`, done.SessionID))
		assert.Equal(w, []string{done.SessionID}, w.copies(source))
	})
}

// TestDatabaseGoesAway: with its connections cut again and again, every import is made and
// told once.
func TestDatabaseGoesAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, postgres(t))
	ctx := t.Context()
	cfg := w.config(w.b)
	cfg.Imported = imported
	e := w.open(cfg)
	people(w, e)
	const all = 20
	for range all {
		_, token := w.token()
		w.enqueue(e, token)
	}
	cut := dbtest.Open(t, w.url)
	require.NoError(t, e.Start(ctx))
	for cuts := 0; ; {
		var done int
		if cut.QueryRowContext(ctx, `SELECT COUNT(*) FROM didit.didit_tickets WHERE state = 'done'`).Scan(&done) == nil && done == all {
			break
		}
		if cuts < 5 && done > cuts*3 {
			cuts++
			_, err := cut.ExecContext(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
			require.NoError(t, err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	assert.Equal(t, all, count(w, cut, `people WHERE imports = 1`))
	assert.LessOrEqual(t, w.posts(), all)
}
