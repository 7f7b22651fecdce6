package didit_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

// Other calls have no event, and the hook is given the call's own context, on its own
// goroutine: its panic is the caller's.
func TestAuditHook(t *testing.T) {
	t.Parallel()
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "mine")
	calls := 0
	var seen []testkit.Seen
	c := testkit.Client(t, testkit.Recorder(&seen, 404, `{}`), didit.WithAuditHook(func(ctx context.Context, _ didit.AuditEvent) error {
		calls++
		assert.Equal(t, "mine", ctx.Value(key{}))
		panic("the hook's own")
	}))
	for _, call := range testkit.Calls() {
		if call.Name != "ShareSession" && call.Name != "ImportSharedSession" {
			_ = call.Do(t, c)
		}
	}
	assert.Zero(t, calls)
	assert.PanicsWithValue(t, "the hook's own", func() { _, _ = c.ShareSession(ctx, testkit.SourceID, didit.ShareSessionParams{}) })
	assert.Equal(t, 1, calls)
}

// TestAuditHookFails: nobody gets data without a record.
func TestAuditHookFails(t *testing.T) {
	t.Parallel()
	failure := errors.New("disk full: hunter22")
	hook := func(ctx context.Context, e didit.AuditEvent) error {
		require.NoError(t, ctx.Err(), "the record is made after the call's context has ended, too")
		end, bounded := ctx.Deadline()
		assert.True(t, bounded)
		assert.LessOrEqual(t, time.Until(end), 10*time.Second)
		return failure
	}
	token := testkit.Token(testkit.Claims(time.Now()))
	var seen []testkit.Seen
	c := testkit.Client(t, testkit.Recorder(&seen, 200, `{"share_token":"`+token+`","session_id":"`+testkit.SessionID+`"}`), didit.WithAuditHook(hook))
	withheld := func(result bool, err error) {
		t.Helper()
		assert.False(t, result)
		var call *didit.CallError
		require.ErrorAs(t, err, &call)
		assert.Equal(t, didit.OutcomeResultLost, call.Outcome)
		require.ErrorIs(t, err, failure)
		assert.True(t, didit.Retryable(err))
		assert.Contains(t, err.Error(), "withheld")
		assert.NotContains(t, err.Error(), "hunter22")
		assert.NotContains(t, err.Error(), token)
	}
	shared, err := c.ShareSession(t.Context(), testkit.SourceID, didit.ShareSessionParams{ForApplicationID: testkit.ApplicationB})
	withheld(shared != nil, err)
	imported, err := c.ImportSharedSession(t.Context(), didit.ImportSharedSessionParams{
		Token: didit.NewShareToken(token), WorkflowID: testkit.WorkflowID, Review: didit.ReviewAgain, VendorData: "customer-4711"})
	withheld(imported != nil, err)
	row := fmt.Sprintf(`{"session_id":%q,"vendor_data":"customer-4711","shared_from_session":%q}`, testkit.CopyID, testkit.SourceID)
	finding := testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		if r.URL.Path == "/v3/sessions/" {
			return testkit.Answer(r, 200, `{"next":null,"results":[`+row+`]}`), nil
		}
		return testkit.Answer(r, 200, row), nil
	}), didit.WithAuditHook(hook))
	found, err := finding.FindImportedSession(t.Context(), didit.FindImportedSessionParams{SourceSessionID: testkit.SourceID, SessionKind: didit.KindUser, VendorData: "customer-4711"})
	withheld(found != nil, err)

	// A call that failed keeps its own error.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.ShareSession(ctx, testkit.SourceID, didit.ShareSessionParams{ForApplicationID: testkit.ApplicationB})
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, didit.ErrNotSent)
	require.ErrorIs(t, err, failure)
	assert.NotContains(t, err.Error(), "hunter22")
	_, err = c.ShareSession(t.Context(), "7", didit.ShareSessionParams{})
	require.ErrorIs(t, err, didit.ErrInvalidParams)
	require.ErrorIs(t, err, failure)
}
