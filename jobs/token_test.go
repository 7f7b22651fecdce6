package jobs_test

import (
	"bytes"
	"context"
	"database/sql"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/jobs"
)

// TestNewTokenWhileRefused: a token that comes while the run with the one before is being
// refused is worked on: a refusal is of its own token.
func TestNewTokenWhileRefused(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		cfg := w.config(w.b)
		var e *jobs.Engine
		source, first := w.token()
		second, err := w.a.Client().ShareSession(ctx, source, didit.ShareSessionParams{ForApplicationID: w.b.ID, TTL: 2 * time.Hour})
		require.NoError(w, err)
		cfg.Options = append(cfg.Options, didit.WithHTTPClient(&http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			if r.Method != http.MethodPost {
				return http.DefaultTransport.RoundTrip(r)
			}
			text, err := io.ReadAll(r.Body)
			if err != nil || !bytes.Contains(text, []byte(first.Reveal())) {
				r.Body = io.NopCloser(bytes.NewReader(text))
				return http.DefaultTransport.RoundTrip(r)
			}
			_, err = e.Import(ctx, w.params(second.Token, "customer-7"))
			if err != nil {
				return nil, err
			}
			return answer(r, http.StatusUnauthorized, "application/json", `{"detail": "Share token has expired."}`), nil
		})}))
		cfg.Refused = func(context.Context, *sql.Tx, *jobs.Ticket, error) error {
			w.Error("refused")
			return nil
		}
		e = w.open(cfg)
		ticket, err := e.Import(ctx, w.params(first, "customer-7"))
		require.NoError(w, err)
		require.NoError(w, e.Start(ctx))
		w.ends(e, ticket.ID, jobs.StateDone)
		assert.NotContains(w, w.log.String(), "had no job", "the run itself sees to it")
	})
}
