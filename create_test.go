package didit_test

import (
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
)

func TestCreateSession(t *testing.T) {
	t.Parallel()
	body := rootFixture(t, "created.json")
	m := rootMock(t)
	m.RegisterResponder("POST", didit.DefaultBaseURL+"/v3/session/", httpmock.NewStringResponder(201, body))
	s, err := rootClient(t, m).CreateSession(t.Context(), didit.CreateSessionParams{WorkflowID: rootWorkflow})
	require.NoError(t, err)
	assert.Equal(t, &didit.CreatedSession{
		SessionID: rootSession, SessionURL: "https://verify.didit.me/session/3FaJ9wLqX2Mz", SessionToken: "3FaJ9wLqX2Mz", VendorData: "customer-oriane-4711",
		WorkflowID: rootWorkflow, SessionNumber: 1203, Status: didit.StatusNotStarted, Raw: []byte(body),
	}, s)
	// The sample with a kind; fields of another type are no reason to lose the id.
	var seen []rootSeen
	s, err = rootClient(t, rootRecorder(&seen, 200, `{"session_number":"x","status":{},"session_id":"`+rootSession+`","session_kind":"business"}`)).
		CreateSession(t.Context(), didit.CreateSessionParams{WorkflowID: rootWorkflow})
	require.NoError(t, err)
	assert.Equal(t, didit.KindBusiness, s.SessionKind)
	for _, bad := range []string{``, `{}`, `[]`, `{"session_id":7}`, `{"session_id":"x"}`, `{"session_id":"` + rootSession + `"`} {
		s, err = rootClient(t, rootRecorder(&seen, 201, bad)).CreateSession(t.Context(), didit.CreateSessionParams{WorkflowID: rootWorkflow})
		assert.Nil(t, s)
		assert.Equal(t, unusable(bad), rootMatches(err), bad)
		assert.False(t, didit.Retryable(err), "look first")
	}
}

// Didit trims vendor data: what is sent is what will be found again.
func TestCreateTrimsVendorData(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{" customer-1\n": `,"vendor_data":"customer-1"`, " \t\n": ``} {
		var seen []rootSeen
		_, err := rootClient(t, rootRecorder(&seen, 201, rootFixture(t, "created.json"))).
			CreateSession(t.Context(), didit.CreateSessionParams{WorkflowID: rootWorkflow, VendorData: given})
		require.NoError(t, err)
		assert.Equal(t, `{"workflow_id":"`+rootWorkflow+`"`+want+`}`, seen[0].body)
	}
}

func TestCreateIsRefusedLocally(t *testing.T) {
	t.Parallel()
	_, err := rootClient(t, rootMock(t)).CreateSession(t.Context(), didit.CreateSessionParams{
		VendorData: "a\xff", Callback: "shop.example/back", Metadata: func() {}, ExpectedDetails: &didit.ExpectedDetails{DateOfBirth: "09/03/1984"},
	})
	assert.Equal(t, []string{"WorkflowID", "VendorData", "Callback", "ExpectedDetails.DateOfBirth", "Metadata"}, rootFields(t, err))
	assert.NotContains(t, err.Error(), "1984")
	assert.NotContains(t, err.Error(), "shop")
	for _, p := range []didit.CreateSessionParams{{Callback: "http://[::1"}, {Callback: "/back"}, {ExpectedDetails: &didit.ExpectedDetails{DateOfBirth: "1984-02-30"}}} {
		p.WorkflowID = rootWorkflow
		_, err := rootClient(t, rootMock(t)).CreateSession(t.Context(), p)
		assert.Len(t, rootFields(t, err), 1)
	}
}
