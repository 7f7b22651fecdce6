package jobs_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/jobs"
)

// begun enqueues an import that may have been made outside of the engine.
func (w *world) begun(e *jobs.Engine, token didit.ShareToken) *jobs.Ticket {
	w.Helper()
	p := w.params(token, "customer-7")
	p.Resume = true
	ticket, err := e.Import(w.Context(), p)
	require.NoError(w, err)
	return ticket
}

// TestCancelRunning: where an operator cancels the job while its import is under way, the
// copy that Didit made is found before the ticket ends, and is the caller's.
func TestCancelRunning(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		e := w.open(w.config(w.b))
		source, ticket := w.underWay(e)
		var job int64
		require.NoError(w, e.DB().QueryRowContext(ctx, `SELECT job_id FROM `+w.table("didit_tickets")).Scan(&job))
		_, err := e.River().JobCancel(ctx, job)
		require.NoError(w, err)
		assert.Equal(w, "an operator stops it", w.ends(e, ticket.ID, jobs.StateWaiting).Reason)
		require.NoError(w, e.Stop(ctx))
		e = w.start(w.config(w.b)) // its reconciler finds the ticket without a job
		done := w.ends(e, ticket.ID, jobs.StateDone)
		assert.Equal(w, []string{done.SessionID}, w.copies(source))
		assert.Equal(w, 1, w.posts())
	})
}

// TestCopyIsReadAgain: a callback that is tried again gets the copy as it is then. While it
// cannot be read, the ticket waits; one that was deleted is told by what is known of it.
func TestCopyIsReadAgain(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		cfg := w.config(w.b)
		var got []*didit.ImportedSession
		cfg.Imported = func(_ context.Context, _ *sql.Tx, _ *jobs.Ticket, s *didit.ImportedSession) error {
			got = append(got, s)
			if len(got) == 1 {
				return errors.New("not now")
			}
			return nil
		}
		e := w.start(cfg)
		source, token := w.token()
		ticket, err := e.Import(ctx, w.params(token, "customer-7"))
		require.NoError(w, err)
		w.ends(e, ticket.ID, jobs.StateWaiting)
		w.didit.Inject(didittest.Fault{Operation: didittest.OpGetSession, Kind: didittest.FaultErrorBefore})
		w.retry(e, ticket.ID)
		for {
			waits := w.ends(e, ticket.ID, jobs.StateWaiting)
			if waits.Attempts == 2 {
				assert.Equal(w, "the copy could not be read: server error", waits.Reason)
				break
			}
			time.Sleep(time.Millisecond)
		}
		id := w.copies(source)[0]
		w.b.DeleteSession(id)
		w.retry(e, ticket.ID)
		assert.Equal(w, id, w.ends(e, ticket.ID, jobs.StateDone).SessionID)
		require.Len(w, got, 2)
		assert.Equal(w, id, got[1].SessionID)
		assert.Equal(w, source, got[1].SharedFromSession)
		assert.Equal(w, "customer-7", got[1].VendorData)
		assert.Equal(w, 1, w.posts())
	})
}

// TestBrokenToken: of a begun import whose sealed token somebody has overwritten, the copy
// is searched for before the ticket is refused.
func TestBrokenToken(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		e := w.open(w.config(w.b))
		made, token := w.token()
		_, err := w.b.Client().ImportSharedSession(ctx, w.params(token, "customer-7"))
		require.NoError(w, err)
		first := w.begun(e, token)
		_, token = w.token()
		second := w.begun(e, token)
		for _, ticket := range []*jobs.Ticket{first, second} {
			_, err = e.DB().ExecContext(ctx, `UPDATE `+w.table("didit_tickets")+` SET token = $1 WHERE id = $2`, []byte("overwritten"), ticket.ID)
			require.NoError(w, err)
		}
		w.didit.Inject(didittest.Fault{Operation: didittest.OpListSessions, Kind: didittest.FaultErrorBefore})
		require.NoError(w, e.Start(ctx))
		done := w.patiently(e, first.ID, jobs.StateDone)
		assert.Equal(w, []string{done.SessionID}, w.copies(made))
		assert.Contains(w, w.patiently(e, second.ID, jobs.StateRefused).Reason, "cannot be opened")
		assert.Equal(w, 1, w.posts())
	})
}

// patiently waits for a ticket's end, and lets it be tried again as soon as it waits.
func (w *world) patiently(e *jobs.Engine, id string, end jobs.State) *jobs.Ticket {
	w.Helper()
	for {
		ticket := w.ends(e, id, jobs.StateWaiting, end)
		if ticket.State == end {
			return ticket
		}
		_, err := e.Retry(w.Context(), id)
		require.NoError(w, err)
	}
}

// TestCancelWithoutClaims: of a token that only Didit can read there is nothing to search
// by, and the ticket says so.
func TestCancelWithoutClaims(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		e := w.open(w.config(w.b))
		ticket := w.begun(e, didit.NewShareToken("a-token-of-a-later-format"))
		assert.Empty(w, ticket.SourceSessionID)
		_, err := e.Cancel(w.Context(), ticket.ID)
		require.NoError(w, err)
		require.NoError(w, e.Start(w.Context()))
		assert.Contains(w, w.ends(e, ticket.ID, jobs.StateStopped).Reason, "cannot be searched for")
		assert.Zero(w, w.posts())
	})
}

// TestUntrustedCertificate: what is wrong with the machine is no ticket's end.
func TestUntrustedCertificate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqlite(t))
	server := didittest.NewTLSServer()
	defer server.Close()
	cfg := w.config(w.b)
	cfg.Options = append(cfg.Options, didit.WithBaseURL(server.URL()))
	cfg.Refused = func(context.Context, *sql.Tx, *jobs.Ticket, error) error {
		t.Error("refused")
		return nil
	}
	e := w.start(cfg)
	_, token := w.token()
	ticket, err := e.Import(t.Context(), w.params(token, "customer-7"))
	require.NoError(t, err)
	assert.Equal(t, "not sent", w.ends(e, ticket.ID, jobs.StateWaiting).Reason)
}

// TestShareRetried: a token that ended before it was delivered is followed by another; a
// refused share is not opened beside one that is open.
func TestShareRetried(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		cfg := w.config(w.a)
		delivered := 0
		fails := make(chan bool, 10)
		cfg.Deliver = func(_ context.Context, _ *jobs.Ticket, s *didit.SharedSession) error {
			delivered++
			assert.False(w, s.Token.IsZero())
			if <-fails {
				return errors.New("the partner does not answer")
			}
			return nil
		}
		e := w.start(cfg)
		source := w.a.AddSession(didittest.SessionFixture{})
		p := didit.ShareSessionParams{ForApplicationID: w.b.ID}
		fails <- true
		ticket, err := e.Share(ctx, source, p)
		require.NoError(w, err)
		w.ends(e, ticket.ID, jobs.StateWaiting)
		_, err = e.DB().ExecContext(ctx, `UPDATE `+w.table("didit_tickets")+` SET token_ends_ms = 1`)
		require.NoError(w, err)
		fails <- false
		w.patiently(e, ticket.ID, jobs.StateDone)
		assert.Equal(w, 2, delivered)
		shares := 0
		for _, r := range w.didit.Requests() {
			if r.Operation == didittest.OpShareSession {
				shares++
			}
		}
		assert.Equal(w, 2, shares)
		_, err = e.Retry(ctx, ticket.ID)
		require.ErrorContains(w, err, "done")

		w.a.SetStatus(source, didit.StatusInProgress)
		refused, err := e.Share(ctx, source, p)
		require.NoError(w, err)
		w.ends(e, refused.ID, jobs.StateRefused)
		w.a.SetStatus(source, didit.StatusApproved)
		fails <- true
		open, err := e.Share(ctx, source, p)
		require.NoError(w, err)
		w.ends(e, open.ID, jobs.StateWaiting)
		_, err = e.Retry(ctx, refused.ID)
		require.ErrorContains(w, err, "another ticket")
		fails <- false
		w.patiently(e, open.ID, jobs.StateDone)
	})
}

// TestClosed: an engine that was closed says so.
func TestClosed(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		e, err := jobs.Open(ctx, w.url, w.config(w.b))
		require.NoError(w, err)
		require.NoError(w, e.Stop(ctx), "it was never started")
		require.NoError(w, e.Close())
		require.NoError(w, e.Close(), "twice")
		_, token := w.token()
		_, err = e.Import(ctx, w.params(token, "customer-7"))
		require.ErrorContains(w, err, "closed")
		_, err = e.Count(ctx)
		require.ErrorContains(w, err, "closed")
		_, err = e.Ticket(ctx, "any")
		require.ErrorContains(w, err, "closed")
		_, err = e.Cancel(ctx, "any")
		require.ErrorContains(w, err, "closed")
		for _, err := range e.Tickets(ctx, "") {
			require.ErrorContains(w, err, "closed")
		}
		_, err = e.Retry(ctx, "any")
		require.ErrorContains(w, err, "closed")
		require.ErrorContains(w, e.Resume(ctx), "closed")
		require.ErrorContains(w, e.Start(ctx), "closed")
		_, err = jobs.Open(ended(), w.url, w.config(w.b))
		require.ErrorIs(w, err, context.Canceled)
		_, err = jobs.OpenAdmin(ended(), w.url)
		require.ErrorIs(w, err, context.Canceled)
	})
}

// TestChangedRow: a row that somebody has changed so that it cannot be read is named, whether
// it has a job or not, and the other tickets go on.
func TestChangedRow(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		e := w.open(w.config(w.b))
		_, token := w.token()
		lost := w.begun(e, token)
		_, err := e.DB().ExecContext(ctx, `DELETE FROM `+w.table("river_job"))
		require.NoError(w, err)
		_, token = w.token()
		broken := w.begun(e, token)
		_, err = e.DB().ExecContext(ctx, `UPDATE `+w.table("didit_tickets")+` SET params = '{'`)
		require.NoError(w, err)
		_, token = w.token()
		good := w.begun(e, token)
		require.NoError(w, e.Start(ctx))
		w.ends(e, good.ID, jobs.StateDone)
		for _, id := range []string{"ticket=" + lost.ID, broken.ID + " was changed"} {
			for !strings.Contains(w.log.String(), id) {
				time.Sleep(time.Millisecond)
			}
		}
		_, err = e.Cancel(ctx, broken.ID)
		require.ErrorContains(w, err, "was changed")
		assert.Equal(w, "its row was changed and cannot be read", w.ends(e, broken.ID, jobs.StateWaiting).Reason)
		var ids []string
		for ticket, err := range e.Tickets(ctx, "") {
			require.NoError(w, err)
			ids = append(ids, ticket.ID)
		}
		assert.Equal(w, []string{lost.ID, broken.ID, good.ID}, ids, "it hides no other")
	})
}
