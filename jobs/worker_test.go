package jobs_test

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/handoff"
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

// retry has a ticket tried again as soon as it waits.
func (w *world) retry(e *jobs.Engine, id string) {
	w.Helper()
	w.ends(e, id, jobs.StateWaiting)
	_, err := e.Retry(w.Context(), id)
	require.NoError(w, err)
}

// TestCallbackFails: where Imported fails, panics or runs out of time, it alone is tried
// again, and the caller's row changes once.
func TestCallbackFails(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		cfg := w.config(w.b)
		var calls atomic.Int32
		cfg.Imported = func(ctx context.Context, tx *sql.Tx, t *jobs.Ticket, s *didit.ImportedSession) error {
			if err := imported(ctx, tx, t, s); err != nil {
				return err
			}
			assert.Equal(w, didit.StatusApproved, s.Status)
			assert.Equal(w, "customer-7", s.VendorData)
			assert.NotEmpty(w, s.SharedFromSession)
			switch calls.Add(1) {
			case 1:
				return errors.New("the disk of the caller is full")
			case 2:
				panic("a caller's bug")
			}
			return nil
		}
		e := w.start(cfg)
		people(w, e)
		source, token := w.token()
		tx, err := e.DB().BeginTx(ctx, nil)
		require.NoError(w, err)
		ticket, err := e.ImportTx(ctx, tx, w.params(token, "customer-7"))
		require.NoError(w, err)
		require.NoError(w, addPerson(ctx, tx, ticket))
		require.NoError(w, tx.Commit())

		waits := w.ends(e, ticket.ID, jobs.StateWaiting)
		assert.Equal(w, "the callback failed, see the log", waits.Reason)
		assert.NotEmpty(w, waits.SessionID, "the verdict is kept")
		assert.False(w, waits.WaitUntil.IsZero())
		w.retry(e, ticket.ID)
		for calls.Load() < 2 {
			time.Sleep(time.Millisecond)
		}
		w.retry(e, ticket.ID)
		done := w.ends(e, ticket.ID, jobs.StateDone)
		assert.Equal(w, 1, w.posts())
		assert.Equal(w, []string{done.SessionID}, w.copies(source))
		assert.Equal(w, 1, count(w, e.DB(), `people WHERE imports = 1 AND session = $1`, done.SessionID))
	})
}

// TestRefused: the refusal is kept, and its callback gets the same error until it has taken
// it, in the transaction that ends the ticket.
func TestRefused(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		cfg := w.config(w.b)
		var texts []string
		failed := false
		cfg.Refused = func(ctx context.Context, tx *sql.Tx, t *jobs.Ticket, err error) error {
			assert.ErrorIs(w, err, didit.ErrSourceSessionGone)
			assert.ErrorIs(w, err, didit.ErrShareTokenInvalid)
			texts = append(texts, err.Error())
			if !failed {
				failed = true
				return errors.New("not now")
			}
			_, err = tx.ExecContext(ctx, `DELETE FROM people WHERE ticket = $1`, t.ID)
			return err
		}
		e := w.open(cfg)
		people(w, e)
		source, token := w.token()
		w.a.DeleteSession(source)
		tx, err := e.DB().BeginTx(ctx, nil)
		require.NoError(w, err)
		ticket, err := e.ImportTx(ctx, tx, w.params(token, "customer-7"))
		require.NoError(w, err)
		require.NoError(w, addPerson(ctx, tx, ticket))
		require.NoError(w, tx.Commit())
		require.NoError(w, e.Start(ctx))
		w.retry(e, ticket.ID)
		refused := w.ends(e, ticket.ID, jobs.StateRefused)
		assert.Equal(w, "the shared session is gone", refused.Reason)
		assert.Equal(w, []string{"jobs: refused: the shared session is gone", "jobs: refused: the shared session is gone"}, texts)
		assert.Equal(w, 1, w.posts())
		assert.Zero(w, count(w, e.DB(), `people`))
		_, err = e.Retry(ctx, ticket.ID)
		require.ErrorContains(w, err, "import the session again")
	})
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
			queue, err := e.River().QueueGet(ctx, "didit")
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
			w.ends(e, ticket.ID, jobs.StateDone)
		}
	})
}

// TestCutOff: a run that is cut off while its import is under way leaves a mark, by which
// the next one searches before it sends, whatever River counts as an attempt. Here Didit
// imports a session as often as it is asked.
func TestCutOff(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		w.didit.Inject(didittest.Fault{Operation: didittest.OpImportSharedSession, Kind: didittest.FaultSlow})
		e := w.open(w.config(w.b))
		source, token := w.token()
		ticket, err := e.Import(ctx, w.params(token, "customer-7"))
		require.NoError(w, err)
		require.NoError(w, e.Start(ctx))
		for len(w.copies(source)) == 0 {
			time.Sleep(time.Millisecond)
		}
		ended, cancel := context.WithCancel(ctx)
		cancel()
		require.ErrorIs(w, e.Stop(ended), context.Canceled)
		<-e.River().Stopped()
		assert.Equal(w, jobs.StateQueued, w.ends(e, ticket.ID, jobs.StateQueued).State)

		e = w.start(w.config(w.b))
		done := w.ends(e, ticket.ID, jobs.StateDone)
		assert.Equal(w, []string{done.SessionID}, w.copies(source))
		assert.Equal(w, 1, w.posts())
	}, didittest.WithRepeatedImports(true))
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
		tx, err := e.DB().BeginTx(ctx, nil)
		require.NoError(w, err)
		ticket, err := e.ImportTx(ctx, tx, w.params(token, "customer-7"))
		require.NoError(w, err)
		require.NoError(w, addPerson(ctx, tx, ticket))
		require.NoError(w, tx.Commit())
		river := w.table("river_job")
		for range 3 {
			_, err = e.DB().ExecContext(ctx, `INSERT INTO `+river+` (args, kind, max_attempts, queue, priority, state)
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

// TestDeliver: one token per need: where Deliver fails it gets the same token again, and
// what the partner rejects is refused.
func TestDeliver(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		cfg := w.config(w.a)
		var prints []string
		reject := atomic.Bool{}
		cfg.Deliver = func(_ context.Context, t *jobs.Ticket, s *didit.SharedSession) error {
			if reject.Load() {
				return &handoff.RefusedError{ID: t.ID, Code: "rejected", StatusCode: http.StatusUnprocessableEntity}
			}
			assert.Equal(w, w.b.ID, s.ForApplicationID)
			assert.Equal(w, didit.KindUser, s.SessionKind)
			prints = append(prints, s.Token.Fingerprint())
			if len(prints) == 1 {
				return errors.New("the partner does not answer")
			}
			return nil
		}
		e := w.start(cfg)
		ticket, err := e.Share(ctx, w.a.AddSession(didittest.SessionFixture{}), didit.ShareSessionParams{ForApplicationID: w.b.ID})
		require.NoError(w, err)
		w.retry(e, ticket.ID)
		w.ends(e, ticket.ID, jobs.StateDone)
		require.Len(w, prints, 2)
		assert.Equal(w, prints[0], prints[1])

		reject.Store(true)
		refused, err := e.Share(ctx, w.a.AddSession(didittest.SessionFixture{}), didit.ShareSessionParams{ForApplicationID: w.b.ID})
		require.NoError(w, err)
		assert.Equal(w, "rejected", w.ends(e, refused.ID, jobs.StateRefused).Reason)
		reject.Store(false)
		_, err = e.Retry(ctx, refused.ID)
		require.NoError(w, err)
		w.ends(e, refused.ID, jobs.StateDone)

		unfinished := w.a.AddSession(didittest.SessionFixture{Status: didit.StatusInProgress})
		refused, err = e.Share(ctx, unfinished, didit.ShareSessionParams{ForApplicationID: w.b.ID})
		require.NoError(w, err)
		assert.Equal(w, "only finished sessions can be shared", w.ends(e, refused.ID, jobs.StateRefused).Reason)
	})
}

// TestCallbackOnSQLite: inside a callback, reading beside it waits for nothing, and
// enqueueing without its transaction, which would wait for itself, is refused.
func TestCallbackOnSQLite(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqlite(t))
	cfg := w.config(w.b)
	var e *jobs.Engine
	_, second := w.token()
	cfg.Imported = func(ctx context.Context, tx *sql.Tx, ticket *jobs.Ticket, _ *didit.ImportedSession) error {
		if _, err := e.Ticket(ctx, ticket.ID); !assert.NoError(t, err) {
			return err
		}
		if ticket.SessionID == "" {
			t.Error("no session")
		}
		_, err := e.Import(ctx, w.params(second, "customer-8"))
		assert.ErrorContains(t, err, "ImportTx")
		_, err = e.ImportTx(ctx, tx, w.params(second, "customer-8"))
		return err
	}
	e = w.start(cfg)
	_, first := w.token()
	ticket, err := e.Import(t.Context(), w.params(first, "customer-7"))
	require.NoError(t, err)
	w.ends(e, ticket.ID, jobs.StateDone)
	next, err := e.Import(t.Context(), w.params(second, "customer-8"))
	require.NoError(t, err)
	w.ends(e, next.ID, jobs.StateDone)
}
