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
