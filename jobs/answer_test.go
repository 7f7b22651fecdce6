package jobs_test

import (
	"context"
	"database/sql"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/jobs"
)

// answering has what answer returns take the place of what Didit says; nil: Didit says it.
func answering(cfg *jobs.Config, answer func(*http.Request) *http.Response) {
	cfg.Options = append(cfg.Options, didit.WithHTTPClient(&http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
		if resp := answer(r); resp != nil {
			if r.Body != nil {
				_ = r.Body.Close()
			}
			return resp, nil
		}
		return http.DefaultTransport.RoundTrip(r)
	})}))
}

func answer(r *http.Request, status int, contentType, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {contentType}}, Request: r, Body: io.NopCloser(strings.NewReader(body)),
	}
}

// TestKeyRefusedOfBegun: a key that is refused, or may not search, after an import whose
// answer was lost pauses the queue. Another key finds the copy.
func TestKeyRefusedOfBegun(t *testing.T) {
	t.Parallel()
	denied := `{"detail": "You do not have permission to perform this action."}`
	for name, deny := range map[string]func(*http.Request) *http.Response{
		"revoked": func(r *http.Request) *http.Response {
			return answer(r, http.StatusUnauthorized, "application/json", `{"detail": "Invalid key"}`)
		},
		"without rights": func(r *http.Request) *http.Response {
			return answer(r, http.StatusForbidden, "application/json", denied)
		},
		"may not search": func(r *http.Request) *http.Response {
			if r.Method == http.MethodPost {
				return nil
			}
			return answer(r, http.StatusForbidden, "application/json", denied)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(w *world) {
				ctx := w.Context()
				w.didit.Inject(didittest.Fault{Operation: didittest.OpImportSharedSession, Kind: didittest.FaultAnswerLost})
				away := w.didit.Inject(didittest.Fault{Operation: didittest.OpListSessions, Kind: didittest.FaultErrorBefore, Times: -1})
				cfg := w.config(w.b)
				var refused atomic.Bool
				answering(&cfg, func(r *http.Request) *http.Response {
					if refused.Load() {
						return deny(r)
					}
					return nil
				})
				cfg.Refused = func(context.Context, *sql.Tx, *jobs.Ticket, error) error {
					w.Error("refused")
					return nil
				}
				e := w.start(cfg)
				source, token := w.token()
				ticket, err := e.Import(ctx, w.params(token, "customer-7"))
				require.NoError(w, err)
				w.ends(e, ticket.ID, jobs.StateWaiting)
				refused.Store(true)
				w.retry(e, ticket.ID)
				for {
					q, err := e.River().QueueGet(ctx, "didit-"+w.b.ID)
					require.NoError(w, err)
					if q.PausedAt != nil {
						break
					}
					time.Sleep(5 * time.Millisecond)
				}
				w.ends(e, ticket.ID, jobs.StateWaiting)
				require.NoError(w, e.Stop(ctx))
				e = w.start(w.config(w.b)) // another process, whose key and way are good
				away.Stop()
				w.retry(e, ticket.ID)
				assert.Equal(w, []string{w.patiently(e, ticket.ID, jobs.StateDone).SessionID}, w.copies(source))
				assert.LessOrEqual(w, w.posts(), 2)
			})
		})
	}
}

// TestProxyPages: what something between here and Didit answers ends no ticket.
func TestProxyPages(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		statuses := []int{
			http.StatusBadRequest, http.StatusNotFound, http.StatusConflict, http.StatusGone, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity,
		}
		var n atomic.Int32
		page := func(r *http.Request) *http.Response {
			i := int(n.Add(1)) - 1
			if i < len(statuses) {
				return answer(r, statuses[i], "text/html", "<html>No such page</html>")
			}
			if i == len(statuses) {
				return answer(r, http.StatusNotFound, "application/json", `{"detail": "Not fo`)
			}
			return nil
		}
		imports, shares := w.config(w.b), w.config(w.a)
		answering(&imports, page)
		answering(&shares, page)
		shares.Deliver = func(context.Context, *jobs.Ticket, *didit.SharedSession) error { return nil }
		b := w.start(imports)
		source, token := w.token()
		ticket, err := b.Import(ctx, w.params(token, "customer-7"))
		require.NoError(w, err)
		assert.Equal(w, []string{w.patiently(b, ticket.ID, jobs.StateDone).SessionID}, w.copies(source))
		n.Store(0)
		a := w.start(shares)
		ticket, err = a.Share(ctx, source, didit.ShareSessionParams{ForApplicationID: w.b.ID})
		require.NoError(w, err)
		w.patiently(a, ticket.ID, jobs.StateDone)
	})
}

// TestCandidates: where a copy may not be returned, the ticket and its callback name it.
func TestCandidates(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		w.didit.Inject(didittest.Fault{Operation: didittest.OpImportSharedSession, Kind: didittest.FaultAnswerLost})
		cfg := w.config(w.b)
		told := make(chan error, 1)
		cfg.Refused = func(_ context.Context, _ *sql.Tx, _ *jobs.Ticket, err error) error {
			told <- err
			return nil
		}
		e := w.start(cfg)
		source, token := w.token()
		ticket, err := e.Import(ctx, w.params(token, "")) // nothing tells its copy from another's
		require.NoError(w, err)
		assert.Contains(w, w.patiently(e, ticket.ID, jobs.StateRefused).Reason, "; sessions that may be the copy: "+w.copies(source)[0])
		err = <-told
		require.ErrorIs(w, err, didit.ErrAlreadyImported)
		assert.Contains(w, err.Error(), w.copies(source)[0])
	})
}

// TestRateLimitHoldsNoWorker: while Didit wants nothing for a while, tickets wait and
// workers do not.
func TestRateLimitHoldsNoWorker(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		w.didit.Inject(didittest.Fault{Operation: didittest.OpImportSharedSession, Kind: didittest.FaultRateLimited, RetryAfter: time.Hour})
		e := w.start(w.config(w.b))
		for range 3 {
			_, token := w.token()
			ticket, err := e.Import(ctx, w.params(token, "customer-7"))
			require.NoError(w, err)
			waits := w.ends(e, ticket.ID, jobs.StateWaiting)
			assert.Equal(w, "rate limited", waits.Reason)
			assert.Greater(w, time.Until(waits.WaitUntil), 59*time.Minute)
		}
		assert.Equal(w, 1, w.posts())
	})
}
