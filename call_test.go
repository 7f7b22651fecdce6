package didit_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

// A redirect is an error: followed, it would carry the key to another host and turn a
// POST into a GET.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int32
	other, _ := testkit.Server(t, func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) })
	for _, status := range []int{301, 302, 303, 307, 308, 300, 304} {
		for _, location := range []string{other.URL + "/steal", "/v3/elsewhere/", "http://[::1", "//" + strings.TrimPrefix(other.URL, "http://")} {
			for _, call := range testkit.Calls() {
				t.Run(fmt.Sprintf("%d %s", status, call.Name), func(t *testing.T) {
					t.Parallel()
					var deliveries atomic.Int32
					srv, tr := testkit.Server(t, func(w http.ResponseWriter, _ *http.Request) {
						deliveries.Add(1)
						w.Header().Set("Location", location)
						w.WriteHeader(status)
					})
					c := testkit.Client(t, tr, didit.WithBaseURL(srv.URL), didit.WithMaxRetries(2))
					err := call.Do(t, c)
					var api *didit.APIError
					require.ErrorAs(t, err, &api)
					assert.Equal(t, status, api.StatusCode)
					assert.EqualValues(t, 1, deliveries.Load())
					assert.NotContains(t, err.Error(), "steal")
				})
			}
		}
	}
	t.Cleanup(func() { assert.Zero(t, elsewhere.Load()) })
}

// A call's header map is its own: a RoundTripper may write to it.
func TestHeadersAreACallsOwn(t *testing.T) {
	t.Parallel()
	c := testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		r.Header.Set("X-Trace", "1")
		r.Header.Del("X-Api-Key")
		return testkit.Answer(r, http.StatusOK, `{"session_id":"`+testkit.SessionID+`"}`), nil
	}))
	done := make(chan error, 8)
	for range cap(done) {
		go func() { _, err := c.GetSession(t.Context(), testkit.SessionID); done <- err }()
	}
	for range cap(done) {
		require.NoError(t, <-done)
	}
	var seen []testkit.Seen
	require.NoError(t, testkit.Client(t, testkit.Recorder(&seen, 200, `{}`)).Do(t.Context(), "GET", "/v3/", nil, nil))
	assert.Equal(t, testkit.APIKey, seen[0].Header.Get("X-Api-Key"))
}

// A RoundTripper that breaks its contract is no reason to panic.
func TestRoundTripperWithoutAnything(t *testing.T) {
	t.Parallel()
	for _, call := range testkit.Calls() {
		err := call.Do(t, testkit.Client(t, testkit.RoundTripper(func(*http.Request) (*http.Response, error) { return nil, nil }), didit.WithMaxRetries(1)))
		var failure *didit.CallError
		require.ErrorAs(t, err, &failure, call.Name)
		assert.Equal(t, didit.OutcomeUnknown, failure.Outcome)
		require.NotErrorIs(t, err, didit.ErrNotSent)
		require.NotErrorIs(t, err, io.EOF)
	}
}

// TestNoFinalStatus: an answer of a fake without a final status is none.
func TestNoFinalStatus(t *testing.T) {
	t.Parallel()
	for _, status := range []int{-1, 0, 100, 102, 103, 199} {
		n := 0
		c := testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost {
				n++
			}
			return testkit.Answer(r, status, `{}`), nil
		}))
		_, err := c.CreateSession(t.Context(), didit.CreateSessionParams{WorkflowID: testkit.WorkflowID})
		require.ErrorIs(t, err, didit.ErrOutcomeUnknown, "%d: %v", status, err)
		assert.Equal(t, 1, n)
		_, err = c.GetSession(t.Context(), testkit.SessionID)
		require.ErrorIs(t, err, didit.ErrOutcomeUnknown, "%d: %v", status, err)
	}
}
