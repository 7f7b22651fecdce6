package webhook_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/webhook"
)

// TestEvents reads every documented kind of event.
func TestEvents(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		changes map[string]any
		check   func(t *testing.T, e *webhook.Event)
	}{
		{"a company", map[string]any{"session_kind": "business", "business_session_id": sessionID, "decision": map[string]any{
			"session_id": sessionID, "registry_checks": []any{map[string]any{"status": "Approved"}}}}, func(t *testing.T, e *webhook.Event) {
			assert.Equal(t, didit.KindBusiness, e.SessionKind)
			assert.Equal(t, didit.KindBusiness, e.Session.SessionKind)
			assert.Len(t, e.Session.RegistryChecks, 1)
		}},
		{"a company that only its id tells", map[string]any{"session_id": nil, "business_session_id": sessionID, "decision": nil}, func(t *testing.T, e *webhook.Event) {
			assert.Equal(t, didit.KindBusiness, e.SessionKind)
			assert.Equal(t, sessionID, e.SessionID)
			assert.Nil(t, e.Session)
		}},
		{"the kind of its decision", map[string]any{"decision": map[string]any{"session_id": sessionID, "session_kind": "business"}}, func(t *testing.T, e *webhook.Event) {
			assert.Equal(t, didit.KindBusiness, e.SessionKind)
		}},
		{"resubmitted", map[string]any{"status": "Resubmitted", "decision": nil, "resubmit_info": map[string]any{"nodes_to_resubmit": []any{}}}, func(t *testing.T, e *webhook.Event) {
			assert.Equal(t, didit.StatusResubmitted, e.Status)
			assert.JSONEq(t, `{"nodes_to_resubmit":[]}`, string(e.ResubmitInfo))
		}},
		{"the test button", map[string]any{"event_id": nil, "decision": nil, "metadata": map[string]any{"test_webhook": true}}, func(t *testing.T, e *webhook.Event) {
			assert.True(t, e.Test)
			assert.Empty(t, e.ID)
		}},
		{"an id and the button's mark", map[string]any{"metadata": map[string]any{"test_webhook": true}}, func(t *testing.T, e *webhook.Event) {
			assert.False(t, e.Test, "the metadata of a live event is whatever the integration put there")
		}},
		{"no id and no mark", map[string]any{"event_id": nil}, func(t *testing.T, e *webhook.Event) {
			assert.False(t, e.Test)
		}},
		{"a mark that is not true", map[string]any{"event_id": nil, "metadata": map[string]any{"test_webhook": "true"}}, func(t *testing.T, e *webhook.Event) {
			assert.False(t, e.Test)
		}},
		{"a mark in capitals", map[string]any{"event_id": nil, "metadata": map[string]any{"Test_Webhook": true}}, func(t *testing.T, e *webhook.Event) {
			assert.False(t, e.Test)
		}},
		{"a scenario of the sandbox", map[string]any{"sandbox_scenario": "approved"}, func(t *testing.T, e *webhook.Event) {
			assert.Equal(t, "approved", e.SandboxScenario)
			assert.Equal(t, 3, e.WorkflowVersion)
		}},
		{"a version of another type", map[string]any{"workflow_version": "three"}, func(t *testing.T, e *webhook.Event) {
			assert.Zero(t, e.WorkflowVersion)
			assert.Equal(t, didit.StatusApproved, e.Status)
		}},
		{"no environment", map[string]any{"environment": nil}, func(t *testing.T, e *webhook.Event) {
			assert.Empty(t, e.Environment)
		}},
		{"other keys in capitals", map[string]any{"STATUS": "Declined", "\u017ftatu\u017f": "Declined", "Event_ID": "evt-2", "decision": map[string]any{
			"session_id": sessionID, "Session_ID": "other", "STATUS": "Declined", "status": "Approved", "IDVerifications": []any{}, "Id_Verifications": []any{map[string]any{}}}}, func(t *testing.T, e *webhook.Event) {
			assert.Equal(t, didit.StatusApproved, e.Status)
			assert.Equal(t, "evt-1", e.ID)
			assert.Equal(t, didit.StatusApproved, e.Session.Status)
			assert.Equal(t, sessionID, e.Session.SessionID)
			assert.Empty(t, e.Session.IDVerifications)
			assert.Contains(t, string(e.Session.Raw), `"STATUS":"Declined"`, "Raw is what was signed")
			assert.Contains(t, string(e.Raw), `"STATUS":"Declined"`)
		}},
		{"keys in capitals alone", map[string]any{"status": nil, "STATUS": "Approved", "vendor_data": nil, "Vendor_Data": "x", "decision": map[string]any{"Session_Id": "other", "STATUS": "Approved"}}, func(t *testing.T, e *webhook.Event) {
			assert.Empty(t, e.Status)
			assert.Empty(t, e.VendorData)
			assert.Empty(t, e.Session.Status)
			assert.Equal(t, sessionID, e.Session.SessionID, "the envelope's, since the decision has none")
		}},
		{"singular keys, no id", map[string]any{"decision": map[string]any{"status": "Approved", "id_verification": map[string]any{"status": "Approved", "first_name": "Ada"}}}, func(t *testing.T, e *webhook.Event) {
			assert.Equal(t, sessionID, e.Session.SessionID)
			assert.Equal(t, "Ada", e.Session.IDVerifications[0].FirstName)
			assert.NotContains(t, string(e.Session.Raw), sessionID)
		}},
		{"an empty decision", map[string]any{"decision": map[string]any{}}, func(t *testing.T, e *webhook.Event) {
			assert.Equal(t, sessionID, e.Session.SessionID)
		}},
		{"an entity", map[string]any{"webhook_type": "user.status.updated", "session_id": nil, "decision": nil, "status": "ACTIVE"}, func(t *testing.T, e *webhook.Event) {
			assert.Equal(t, webhook.EventUserStatusUpdated, e.Type)
			assert.Empty(t, e.SessionKind)
		}},
		{"a type of tomorrow, odd fields", map[string]any{"webhook_type": "tomorrow", "vendor_data": 7, "metadata": []any{1}, "decision": nil}, func(t *testing.T, e *webhook.Event) {
			assert.Equal(t, webhook.EventType("tomorrow"), e.Type)
			assert.Empty(t, e.VendorData)
			assert.JSONEq(t, "[1]", string(e.Metadata))
			assert.NotContains(t, e.String(), "tomorrow")
		}},
		{"a float for a timestamp", map[string]any{"timestamp": json.RawMessage("1795521600.0")}, func(t *testing.T, e *webhook.Event) {
			assert.Equal(t, now, e.Timestamp)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			body := event(test.changes)
			e, err := verifier(t).Verify(sign(t, body), body)
			require.NoError(t, err)
			test.check(t, e)
		})
	}
}

// TestEscapedKeys: a key that was signed with escapes is still itself.
func TestEscapedKeys(t *testing.T) {
	t.Parallel()
	body := []byte(strings.NewReplacer(`"status":`, `"\u0073tatus":`, `"vendor_data":`, `"\u0056endor_data":`).Replace(string(event(map[string]any{"decision": nil}))))
	for _, keep := range []string{"X-Signature", "X-Signature-V2"} {
		e, err := verifier(t).Verify(sign(t, body, keep), body)
		require.NoError(t, err)
		assert.Equal(t, didit.StatusApproved, e.Status)
		assert.Empty(t, e.VendorData, "it was Vendor_data")
	}
}

// TestEventTypes: a listed one is known, another is passed on.
func TestEventTypes(t *testing.T) {
	t.Parallel()
	for _, known := range []webhook.EventType{
		webhook.EventStatusUpdated, webhook.EventDataUpdated, webhook.EventUserStatusUpdated, webhook.EventUserDataUpdated,
		webhook.EventBusinessStatusUpdated, webhook.EventBusinessDataUpdated, webhook.EventActivityCreated, webhook.EventTransactionCreated,
		webhook.EventTransactionStatusUpdated, webhook.EventTransactionRuleSuggestionsCreated, webhook.EventTravelRuleStatusUpdated,
		webhook.EventWorkflowComplianceChanged,
	} {
		assert.True(t, known.Known(), known)
	}
	assert.False(t, webhook.EventType("").Known())
	assert.False(t, webhook.EventType("Status.Updated").Known())
}

// TestTestHeader: the header of the console's tests is not signed, and says nothing.
func TestTestHeader(t *testing.T) {
	t.Parallel()
	body := event(nil)
	header := sign(t, body)
	header.Set("X-Didit-Test-Webhook", "true")
	e, err := verifier(t).Verify(header, body)
	require.NoError(t, err)
	assert.False(t, e.Test)
}
