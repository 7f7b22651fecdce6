package didit_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

// TestImportContextEnds comes back at once, with both errors, wherever the context ends.
func TestImportContextEnds(t *testing.T) {
	t.Parallel()
	t.Run("before", func(t *testing.T) {
		t.Parallel()
		a := &account{}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := a.client(t).ImportSharedSession(ctx, importParams(tokenOf(nil)))
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, didit.ErrNotSent)
		assert.Zero(t, a.posts)
	})
	t.Run("in flight", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		a := &account{post: posts(func() (*http.Response, error) {
			cancel()
			return nil, ctx.Err()
		})}
		_, err := a.client(t).ImportSharedSession(ctx, importParams(tokenOf(nil)))
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, didit.ErrOutcomeUnknown)
		assert.Equal(t, 1, strings.Count(err.Error(), "context canceled"), "%v", err)
		assert.Equal(t, 1, a.posts)
		assert.Zero(t, a.lists)
	})
	t.Run("between searches", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			a := &account{post: posts(lost)}
			began := time.Now()
			_, err := a.client(t).ImportSharedSession(ctx, importParams(tokenOf(nil)))
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			require.ErrorIs(t, err, didit.ErrOutcomeUnknown)
			assert.Equal(t, 2*time.Second, time.Since(began))
			assert.Equal(t, 2, a.lists)
		})
	})
	t.Run("in the search after a refusal", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		a := &account{post: posts(answer(400, badToken400)), list: func() (*http.Response, error) {
			cancel()
			return nil, ctx.Err()
		}}
		_, err := a.client(t).ImportSharedSession(ctx, importParams(tokenOf(nil)))
		require.ErrorIs(t, err, didit.ErrShareTokenInvalid)
		require.NotErrorIs(t, err, didit.ErrOutcomeUnknown, "a refusal speaks for itself")
	})
	t.Run("in the search after a refusal, resume", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		lists := 0
		a := &account{post: posts(answer(400, badToken400))}
		a.list = func() (*http.Response, error) {
			if lists++; lists == 1 {
				return answer(200, `{"next":null,"results":[]}`)()
			}
			cancel()
			return nil, ctx.Err()
		}
		params := importParams(tokenOf(nil))
		params.Resume = true
		_, err := a.client(t).ImportSharedSession(ctx, params)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, didit.ErrOutcomeUnknown)
		require.ErrorIs(t, err, didit.ErrShareTokenInvalid)
	})
}

// TestCancelledAnywhere: whenever an import is cancelled, one that is said not to be
// sent never arrived, and none arrived twice. The caller's own trace still works.
func TestCancelledAnywhere(t *testing.T) {
	t.Parallel()
	for _, h2 := range []bool{false, true} {
		var seen [400]atomic.Int64
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				var i int
				_, _ = fmt.Sscanf(r.UserAgent(), "i/%d", &i)
				seen[i].Add(1)
				_, _ = io.Copy(io.Discard, r.Body)
			}
			w.WriteHeader(201)
			io.WriteString(w, created201)
		}))
		srv.Config.ErrorLog = log.New(io.Discard, "", 0)
		srv.EnableHTTP2 = h2
		srv.StartTLS()
		hc := srv.Client()
		var notSent []int
		counts := map[string]int{}
		for i := range 400 {
			n := &seen[i]
			if i%3 == 0 {
				hc.CloseIdleConnections()
			}
			c, err := didit.NewClient(didit.WithAPIKey("sk_test_x"), didit.WithUserAgent(fmt.Sprintf("i/%d", i)), didit.WithBaseURL(srv.URL), didit.WithHTTPClient(hc), didit.WithRetryWait(0, 0), didit.WithAttemptTimeout(time.Duration(i%2)*time.Minute))
			require.NoError(t, err)
			ctx, cancel := context.WithCancel(t.Context())
			traced := 0
			ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { traced++ }})
			stop := time.AfterFunc(time.Duration(rand.N(1500))*time.Microsecond, cancel)
			_, err = c.ImportSharedSession(ctx, importParams(tokenOf(nil)))
			stop.Stop()
			cancel()
			switch {
			case err == nil:
				counts["ok"]++
				assert.EqualValues(t, 1, n.Load())
				assert.Equal(t, 1, traced)
			case errors.Is(err, didit.ErrNotSent):
				counts["not sent"]++
				notSent = append(notSent, i)
				require.ErrorIs(t, err, context.Canceled)
			default:
				counts["other"]++
				require.ErrorIs(t, err, context.Canceled)
				assert.True(t, didit.Retryable(err))
			}
		}
		hc.CloseIdleConnections()
		srv.Close()
		for _, i := range notSent {
			assert.Zero(t, seen[i].Load(), "%v %d", h2, i)
		}
		for i := range seen {
			assert.LessOrEqual(t, seen[i].Load(), int64(1))
		}
	}
}

// TestRefusedWhileCancelled: a refusal that breaks off because the context ends says so.
func TestRefusedWhileCancelled(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 403, 401, 404, 429, 500, 200, 201, 302} {
		ctx, cancel := context.WithCancel(t.Context())
		posts := 0
		c := testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
			posts++
			resp := testkit.Answer(r, status, "")
			resp.ContentLength = 200
			resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"detail":"This`), cancelling{cancel}))
			return resp, nil
		}))
		_, err := c.ImportSharedSession(ctx, importParams(tokenOf(nil)))
		require.ErrorIs(t, err, context.Canceled, "%d %v", status, err)
		assert.Equal(t, 1, posts)
		cancel()
	}
}

type cancelling struct{ cancel context.CancelFunc }

func (c cancelling) Read([]byte) (int, error) { c.cancel(); return 0, context.Canceled }
