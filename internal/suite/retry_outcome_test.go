package suite

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

// Evidence is of one attempt: a connection that was refused first and dropped then
// has been used.
func TestOutcomeIsTheWorst(t *testing.T) {
	t.Parallel()
	for _, call := range testkit.Calls() {
		t.Run(call.Name, func(t *testing.T) {
			t.Parallel()
			var deliveries, dials atomic.Int32
			srv, tr := testkit.Server(t, func(w http.ResponseWriter, _ *http.Request) {
				deliveries.Add(1)
				hangUp(w, false)
			})
			var d net.Dialer
			tr.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				if dials.Add(1) != 2 {
					return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
				}
				return d.DialContext(ctx, network, address)
			}
			err := call.Do(t, testkit.Client(t, tr, didit.WithBaseURL(srv.URL), didit.WithMaxRetries(2)))
			assert.Equal(t, testkit.Names("OutcomeUnknown"), testkit.Matches(err))
			assert.EqualValues(t, 1, deliveries.Load())
			var failure *didit.CallError
			require.ErrorAs(t, err, &failure)
			want := 3
			switch call.Name {
			case "ImportSharedSession", "CreateSession", "UpdateSessionStatus", "Do":
				want = 2
			}
			assert.Equal(t, want, failure.Attempts)
		})
	}
}

// Success after failures is success.
func TestRecovery(t *testing.T) {
	t.Parallel()
	for _, call := range testkit.Calls() {
		for _, fail := range []int{429, 503} {
			if fail == 503 && call.Method != http.MethodGet && call.Name != "ShareSession" && call.Name != "DeleteSession" {
				continue
			}
			n := 0
			err := call.Do(t, testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
				if r.Body != nil { // each attempt has the whole body
					data, err := io.ReadAll(r.Body)
					if !assert.NoError(t, err) { //nolint:testifylint // in a RoundTripper
						return nil, err
					}
					assert.Len(t, data, int(r.ContentLength))
					assert.NotEmpty(t, data)
				}
				if n++; n < 3 {
					resp := testkit.Answer(r, fail, `{"detail":"x"}`)
					resp.Header.Set("Retry-After", "0")
					return resp, nil
				}
				return testkit.Answer(r, 200, call.Success), nil
			}), didit.WithMaxRetries(2)))
			require.NoError(t, err, call.Name)
			assert.Equal(t, 3, n)
		}
	}
}

// After a lost answer a 429 says nothing of the first attempt.
func TestRateLimitAfterALostShare(t *testing.T) {
	t.Parallel()
	n := 0
	c := testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		if n++; n == 1 {
			return nil, io.EOF
		}
		return testkit.Answer(r, 429, ""), nil
	}), didit.WithMaxRetryAfter(0))
	_, err := c.ShareSession(t.Context(), testkit.SourceID, didit.ShareSessionParams{ForApplicationID: testkit.ApplicationB})
	assert.Equal(t, testkit.Names("OutcomeUnknown RateLimited"), testkit.Matches(err))
	assert.True(t, didit.Retryable(err))
}

// One call's failure closes nobody else's connections, and those of success are kept.
func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	var conns atomic.Int32
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPatch {
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = io.WriteString(w, `{"session_id":"`+testkit.SessionID+`"}`)
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			conns.Add(1)
		}
	}
	srv.Start()
	t.Cleanup(srv.Close)
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	c := testkit.Client(t, tr, didit.WithBaseURL(srv.URL))
	for range 5 {
		_, err := c.GetSession(t.Context(), testkit.SessionID)
		require.NoError(t, err)
		err = c.UpdateSessionStatus(t.Context(), testkit.SessionID, didit.UpdateSessionStatusParams{NewStatus: didit.StatusApproved})
		require.ErrorIs(t, err, didit.ErrServer)
	}
	assert.EqualValues(t, 1, conns.Load())
}
