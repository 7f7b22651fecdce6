package jobs_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/jobs"
)

// TestOperatorsPause: an engine that starts does not lift it.
func TestOperatorsPause(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		e := w.start(w.config(w.b))
		require.NoError(w, e.River().QueuePause(ctx, "didit-"+w.b.ID, nil))
		require.NoError(w, e.Stop(ctx))
		e = w.start(w.config(w.b))
		q, err := e.River().QueueGet(ctx, "didit-"+w.b.ID)
		require.NoError(w, err)
		assert.NotNil(w, q.PausedAt)
		_, token := w.token()
		ticket, err := e.Import(ctx, w.params(token, "customer-7"))
		require.NoError(w, err)
		assert.Equal(w, jobs.StateQueued, w.ends(e, ticket.ID, jobs.StateQueued).State)
		require.NoError(w, e.Resume(ctx))
		w.ends(e, ticket.ID, jobs.StateDone)
	})
}

// TestOperatorsPauseStays: nor does one that starts after a key was refused while the queue
// was paused already.
func TestOperatorsPauseStays(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		entered, leave := make(chan bool, 10), make(chan bool)
		cfg := w.config(w.b)
		cfg.Options = append(cfg.Options, didit.WithAPIKey("sk_test_of_nobody"), didit.WithHTTPClient(&http.Client{
			Transport: transport(func(r *http.Request) (*http.Response, error) {
				entered <- true
				<-leave
				return http.DefaultTransport.RoundTrip(r)
			}),
		}))
		e := w.start(cfg)
		_, token := w.token()
		ticket, err := e.Import(ctx, w.params(token, "customer-7"))
		require.NoError(w, err)
		<-entered
		require.NoError(w, e.River().QueuePause(ctx, "didit-"+w.b.ID, nil))
		close(leave)
		assert.Equal(w, "the API key was refused", w.ends(e, ticket.ID, jobs.StateWaiting).Reason)
		require.NoError(w, e.Stop(ctx))
		e = w.start(w.config(w.b))
		q, err := e.River().QueueGet(ctx, "didit-"+w.b.ID)
		require.NoError(w, err)
		assert.NotNil(w, q.PausedAt)
	})
}
