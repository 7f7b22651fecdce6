package jobs_test

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/handoff"
	"github.com/didit-go/didit/jobs"
)

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

// TestNoAnswerToShare: an answer that says nothing is no refusal, and nobody is given a
// share that was refused.
func TestNoAnswerToShare(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		cfg := w.config(w.a)
		cfg.Deliver = func(_ context.Context, _ *jobs.Ticket, s *didit.SharedSession) error {
			assert.NotNil(w, s)
			return nil
		}
		e := w.start(cfg)
		for _, kind := range []didittest.FaultKind{didittest.FaultHugeBody, didittest.FaultHTMLAfter, didittest.FaultRedirect, didittest.FaultTruncated} {
			w.didit.Inject(didittest.Fault{Operation: didittest.OpShareSession, Kind: kind})
			ticket, err := e.Share(ctx, w.a.AddSession(didittest.SessionFixture{}), didit.ShareSessionParams{ForApplicationID: w.b.ID})
			require.NoError(w, err)
			w.retry(e, ticket.ID)
			w.ends(e, ticket.ID, jobs.StateDone)
		}
		unfinished := w.a.AddSession(didittest.SessionFixture{Status: didit.StatusInProgress})
		refused, err := e.Share(ctx, unfinished, didit.ShareSessionParams{ForApplicationID: w.b.ID})
		require.NoError(w, err)
		w.ends(e, refused.ID, jobs.StateRefused)
		require.NoError(w, e.Stop(ctx))
		assert.NotContains(w, w.log.String(), "callback failed")
	})
}

// TestCancelWhileMinted: a share that is cancelled while its token is minted is not delivered.
func TestCancelWhileMinted(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		cfg := w.config(w.a)
		cfg.Deliver = func(context.Context, *jobs.Ticket, *didit.SharedSession) error {
			w.Error("delivered")
			return nil
		}
		var e *jobs.Engine
		var id atomic.Pointer[string]
		answering(&cfg, func(*http.Request) *http.Response {
			_, err := e.Cancel(ctx, *id.Load())
			assert.NoError(w, err)
			return nil
		})
		e = w.open(cfg)
		ticket, err := e.Share(ctx, w.a.AddSession(didittest.SessionFixture{}), didit.ShareSessionParams{ForApplicationID: w.b.ID})
		require.NoError(w, err)
		id.Store(&ticket.ID)
		require.NoError(w, e.Start(ctx))
		w.ends(e, ticket.ID, jobs.StateStopped)
	})
}

// TestTokenNotStored: a token that could not be sealed is not delivered: each further try
// would deliver another one.
func TestTokenNotStored(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqlite(t))
	ctx := w.Context()
	cfg := w.config(w.a)
	delivered := atomic.Int32{}
	cfg.Deliver = func(context.Context, *jobs.Ticket, *didit.SharedSession) error {
		delivered.Add(1)
		return nil
	}
	e := w.open(cfg)
	_, err := e.DB().ExecContext(ctx, `CREATE TRIGGER full BEFORE UPDATE OF token ON didit_tickets WHEN NEW.token IS NOT NULL BEGIN SELECT RAISE(ABORT, 'the disk is full'); END`)
	require.NoError(w, err)
	ticket, err := e.Share(ctx, w.a.AddSession(didittest.SessionFixture{}), didit.ShareSessionParams{ForApplicationID: w.b.ID})
	require.NoError(w, err)
	require.NoError(w, e.Start(ctx))
	assert.Equal(w, "the database failed, see the log", w.ends(e, ticket.ID, jobs.StateWaiting).Reason)
	assert.Zero(w, delivered.Load())
	_, err = e.DB().ExecContext(ctx, `DROP TRIGGER full`)
	require.NoError(w, err)
	w.retry(e, ticket.ID)
	w.ends(e, ticket.ID, jobs.StateDone)
	assert.Equal(w, int32(1), delivered.Load())
}
