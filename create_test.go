package didit_test

import (
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

func TestCreateSession(t *testing.T) {
	t.Parallel()
	body := string(fixture(t, "created.json"))
	m := testkit.Mock(t)
	m.RegisterResponder("POST", didit.DefaultBaseURL+"/v3/session/", httpmock.NewStringResponder(201, body))
	s, err := testkit.Client(t, m).CreateSession(t.Context(), didit.CreateSessionParams{WorkflowID: testkit.WorkflowID})
	require.NoError(t, err)
	assert.Equal(t, &didit.CreatedSession{
		SessionID: testkit.SessionID, SessionURL: "https://verify.didit.me/session/3FaJ9wLqX2Mz", SessionToken: "3FaJ9wLqX2Mz", VendorData: "customer-oriane-4711",
		WorkflowID: testkit.WorkflowID, SessionNumber: 1203, Status: didit.StatusNotStarted, Raw: []byte(body),
	}, s)
	// The sample with a kind; fields of another type are no reason to lose the id.
	var seen []testkit.Seen
	s, err = testkit.Client(t, testkit.Recorder(&seen, 200, `{"session_number":"x","status":{},"session_id":"`+testkit.SessionID+`","session_kind":"business"}`)).
		CreateSession(t.Context(), didit.CreateSessionParams{WorkflowID: testkit.WorkflowID})
	require.NoError(t, err)
	assert.Equal(t, didit.KindBusiness, s.SessionKind)
	for _, bad := range []string{``, `{}`, `[]`, `{"session_id":7}`, `{"session_id":"x"}`, `{"session_id":"` + testkit.SessionID + `"`} {
		s, err = testkit.Client(t, testkit.Recorder(&seen, 201, bad)).CreateSession(t.Context(), didit.CreateSessionParams{WorkflowID: testkit.WorkflowID})
		assert.Nil(t, s)
		assert.Equal(t, unusable(bad), testkit.Matches(err), bad)
		assert.False(t, didit.Retryable(err), "read what it did first")
	}
}

// Didit trims vendor data: what is sent is what will be found again.
func TestCreateTrimsVendorData(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{" customer-1\n": `,"vendor_data":"customer-1"`, " \t\n": ``} {
		var seen []testkit.Seen
		_, err := testkit.Client(t, testkit.Recorder(&seen, 201, string(fixture(t, "created.json")))).
			CreateSession(t.Context(), didit.CreateSessionParams{WorkflowID: testkit.WorkflowID, VendorData: given})
		require.NoError(t, err)
		assert.Equal(t, `{"workflow_id":"`+testkit.WorkflowID+`"`+want+`}`, seen[0].Body)
	}
}

func TestCreateIsRefusedLocally(t *testing.T) {
	t.Parallel()
	_, err := testkit.Client(t, testkit.Mock(t)).CreateSession(t.Context(), didit.CreateSessionParams{
		VendorData: "a\xff", Callback: "shop.example/back", Metadata: func() {}, ExpectedDetails: &didit.ExpectedDetails{DateOfBirth: "09/03/1984"},
	})
	assert.Equal(t, []string{"WorkflowID", "VendorData", "Callback", "ExpectedDetails.DateOfBirth", "Metadata"}, testkit.Fields(t, err))
	assert.NotContains(t, err.Error(), "1984")
	assert.NotContains(t, err.Error(), "shop")
	for _, p := range []didit.CreateSessionParams{{Callback: "http://[::1"}, {Callback: "/back"}, {ExpectedDetails: &didit.ExpectedDetails{DateOfBirth: "1984-02-30"}}} {
		p.WorkflowID = testkit.WorkflowID
		_, err := testkit.Client(t, testkit.Mock(t)).CreateSession(t.Context(), p)
		assert.Len(t, testkit.Fields(t, err), 1)
	}
}
