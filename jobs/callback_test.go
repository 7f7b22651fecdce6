package jobs_test

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/jobs"
)

// TestCallbackFails: where Imported fails, panics or runs out of time, it alone is tried
// again, and the caller's row changes once.
func TestCallbackFails(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
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
		ticket := w.enqueue(e, token)

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
		var attempts []int
		cfg.Refused = func(ctx context.Context, tx *sql.Tx, t *jobs.Ticket, err error) error {
			assert.True(w, errors.Is(err, didit.ErrSourceSessionGone) && errors.Is(err, didit.ErrShareTokenInvalid))
			texts, attempts = append(texts, err.Error()), append(attempts, t.Attempts)
			assert.Zero(w, t.WaitUntil)
			if len(texts) == 1 {
				return errors.New("not now")
			}
			_, err = tx.ExecContext(ctx, `DELETE FROM people WHERE ticket = $1`, t.ID)
			return err
		}
		e := w.open(cfg)
		people(w, e)
		source, token := w.token()
		w.a.DeleteSession(source)
		ticket := w.enqueue(e, token)
		require.NoError(w, e.Start(ctx))
		w.retry(e, ticket.ID)
		refused := w.ends(e, ticket.ID, jobs.StateRefused)
		assert.Equal(w, "the shared session is gone", refused.Reason)
		assert.Equal(w, []string{"jobs: refused: the shared session is gone", "jobs: refused: the shared session is gone"}, texts)
		assert.Equal(w, []int{1, 2}, attempts, "each is a run, so that the waits grow")
		assert.Equal(w, 1, w.posts())
		assert.Zero(w, count(w, e.DB(), `people`))
		_, err := e.Retry(ctx, ticket.ID)
		require.ErrorContains(w, err, "import the session again")
	})
}

// TestCallbackOnSQLite: inside a callback, reading beside it waits for nothing, and what
// writes without its transaction, and would wait for itself, is refused.
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
		assert.ErrorContains(t, err, "ImportTx") //nolint:testifylint // not the test's goroutine
		_, err = e.Cancel(ctx, ticket.ID)
		assert.ErrorContains(t, err, "leave the rest until it is over") //nolint:testifylint // likewise
		_, err = e.Retry(ctx, ticket.ID)
		assert.ErrorContains(t, err, "leave the rest until it is over")           //nolint:testifylint // likewise
		assert.ErrorContains(t, e.Resume(ctx), "leave the rest until it is over") //nolint:testifylint // likewise
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
