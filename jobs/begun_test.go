package jobs_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/jobs"
)

// TestResumeAgain: a second call that says that the token may have been sent is believed, on
// a Didit that imports a session as often as it is asked to.
func TestResumeAgain(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		e := w.open(w.config(w.b))
		elsewhere := func(token didit.ShareToken) {
			_, err := w.b.Client().ImportSharedSession(ctx, w.params(token, "customer-7"))
			require.NoError(w, err)
		}
		resumed := func(token didit.ShareToken) *jobs.Ticket { return w.begun(e, token) }

		source, token := w.token()
		queued, err := e.Import(ctx, w.params(token, "customer-7"))
		require.NoError(w, err)
		elsewhere(token)
		require.Equal(w, queued.ID, resumed(token).ID)

		reopenedSource, first := w.token()
		refused, err := e.Import(ctx, w.params(first, "customer-7"))
		require.NoError(w, err)
		_, err = e.Cancel(ctx, refused.ID)
		require.NoError(w, err)
		second := w.a.Share(reopenedSource, w.b, 2*time.Hour)
		elsewhere(second)
		require.Equal(w, refused.ID, resumed(second).ID)

		require.NoError(w, e.Start(ctx))
		w.ends(e, queued.ID, jobs.StateDone)
		w.ends(e, refused.ID, jobs.StateDone)
		assert.Len(w, w.copies(source), 1)
		assert.Len(w, w.copies(reopenedSource), 1)
	}, didittest.WithRepeatedImports(true))
}

// TestBegunKeepsVendorData: a ticket whose import may have been sent is not opened anew with
// other vendor data: what that made would not be found.
func TestBegunKeepsVendorData(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		e := w.open(w.config(w.b))
		source, token := w.token()
		ticket := w.begun(e, token)
		_, err := e.Cancel(ctx, ticket.ID)
		require.NoError(w, err)
		require.NoError(w, e.Start(ctx))
		w.ends(e, ticket.ID, jobs.StateStopped)
		later := w.a.Share(source, w.b, 2*time.Hour)
		_, err = e.Import(ctx, w.params(later, "customer-8"))
		require.ErrorIs(w, err, jobs.ErrConflict)
		_, err = e.Import(ctx, w.params(later, "customer-7"))
		require.NoError(w, err)
		w.ends(e, ticket.ID, jobs.StateDone)
	})
}
