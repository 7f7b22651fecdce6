package didit_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

// A hostile server costs bounded memory and a typed error.
func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	endless := testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		resp := testkit.Answer(r, http.StatusOK, "")
		resp.ContentLength = -1
		resp.Body = io.NopCloser(endless{})
		return resp, nil
	})
	lists := `{"session_id":"` + testkit.SessionID + `","share_token":"t","results":[],"x":[` + strings.Repeat("{},", 100_000) + `{}]}`
	var seen []testkit.Seen
	for _, call := range testkit.Calls() {
		if call.Name == "SessionPDF" || call.Name == "Do" {
			continue // a PDF is unbounded, and this Do reads nothing
		}
		for name, rt := range map[string]http.RoundTripper{"endless": endless, "lists": testkit.Recorder(&seen, http.StatusOK, lists)} {
			err := call.Do(t, testkit.Client(t, rt, didit.WithMaxRetries(0)))
			var failure *didit.CallError
			require.ErrorAs(t, err, &failure, "%s %s", call.Name, name)
			want := didit.OutcomeResultLost
			if name == "endless" {
				want = didit.OutcomeUnknown // it does not begin as JSON
			}
			assert.Equal(t, want, failure.Outcome, "%s %s", call.Name, name)
			assert.Equal(t, 1, failure.Attempts)
		}
	}
	var out any
	err := testkit.Client(t, endless).Do(t.Context(), "GET", "/v3/x/", nil, &out)
	require.ErrorIs(t, err, didit.ErrOutcomeUnknown)
}

// An error body is kept up to 64 KiB, whatever its length.
func TestErrorBodyIsBounded(t *testing.T) {
	t.Parallel()
	c := testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		resp := testkit.Answer(r, http.StatusBadRequest, "")
		resp.ContentLength = -1
		resp.Body = io.NopCloser(endless{})
		return resp, nil
	}))
	_, err := c.GetSession(t.Context(), testkit.SessionID)
	var api *didit.APIError
	require.ErrorAs(t, err, &api)
	assert.Len(t, api.Body, 64<<10)
}

// Every request body, byte for byte.
func TestRequestBodies(t *testing.T) {
	t.Parallel()
	token := testkit.Token(testkit.Claims(time.Now()))
	opaque := didit.NewShareToken("opaque")
	share := func(p didit.ShareSessionParams) func(testing.TB, *didit.Client) {
		return func(t testing.TB, c *didit.Client) { _, _ = c.ShareSession(t.Context(), testkit.SourceID, p) }
	}
	imports := func(p didit.ImportSharedSessionParams) func(testing.TB, *didit.Client) {
		return func(t testing.TB, c *didit.Client) { _, _ = c.ImportSharedSession(t.Context(), p) }
	}
	create := func(p didit.CreateSessionParams) func(testing.TB, *didit.Client) {
		return func(t testing.TB, c *didit.Client) { _, _ = c.CreateSession(t.Context(), p) }
	}
	update := func(p didit.UpdateSessionStatusParams) func(testing.TB, *didit.Client) {
		return func(t testing.TB, c *didit.Client) { _ = c.UpdateSessionStatus(t.Context(), testkit.SessionID, p) }
	}
	const w = `{"workflow_id":"` + testkit.WorkflowID + `"`
	for name, test := range map[string]struct {
		do   func(testing.TB, *didit.Client)
		want string
	}{
		"share, least": {share(didit.ShareSessionParams{ForApplicationID: strings.ToUpper(testkit.ApplicationB)}), `{"for_application_id":"` + testkit.ApplicationB + `"}`},
		"share, all": {share(didit.ShareSessionParams{ForApplicationID: testkit.ApplicationB, TTL: 90 * time.Minute, Status: didit.StatusInReview}),
			`{"for_application_id":"` + testkit.ApplicationB + `","ttl_in_seconds":5400}`},
		"import, least": {imports(didit.ImportSharedSessionParams{Token: opaque, WorkflowID: testkit.WorkflowID, Review: didit.ReviewAgain}),
			`{"share_token":"opaque","workflow_id":"` + testkit.WorkflowID + `","trust_review":false}`},
		"import, all": {imports(didit.ImportSharedSessionParams{Token: didit.NewShareToken(" " + token + "\n"), WorkflowID: strings.ToUpper(testkit.WorkflowID),
			Review: didit.TrustSourceReview, VendorData: `a"b<c`, SourceSessionID: testkit.SourceID, FromApplicationIDs: []string{testkit.ApplicationA}}),
			`{"share_token":"` + token + `","workflow_id":"` + testkit.WorkflowID + `","trust_review":true,"vendor_data":"a\"b\u003cc"}`},
		"import, by kind": {imports(didit.ImportSharedSessionParams{Token: didit.NewShareToken(token), Workflows: didit.Workflows{User: testkit.WorkflowID, Business: testkit.BusinessWorkflowID}, Review: didit.ReviewAgain}),
			`{"share_token":"` + token + `","workflow_id":"` + testkit.WorkflowID + `","trust_review":false}`},
		"create, least":            {create(didit.CreateSessionParams{WorkflowID: testkit.WorkflowID}), w + `}`},
		"create, vendor data":      {create(didit.CreateSessionParams{WorkflowID: testkit.WorkflowID, VendorData: "v"}), w + `,"vendor_data":"v"}`},
		"create, callback":         {create(didit.CreateSessionParams{WorkflowID: testkit.WorkflowID, Callback: "https://shop.example/back"}), w + `,"callback":"https://shop.example/back"}`},
		"create, language":         {create(didit.CreateSessionParams{WorkflowID: testkit.WorkflowID, Language: "pt-BR"}), w + `,"language":"pt-BR"}`},
		"create, metadata":         {create(didit.CreateSessionParams{WorkflowID: testkit.WorkflowID, Metadata: json.RawMessage(`{"a":[1]}`)}), w + `,"metadata":{"a":[1]}}`},
		"create, metadata as text": {create(didit.CreateSessionParams{WorkflowID: testkit.WorkflowID, Metadata: "x"}), w + `,"metadata":"x"}`},
		"create, contact": {create(didit.CreateSessionParams{WorkflowID: testkit.WorkflowID, ContactDetails: &didit.ContactDetails{Email: "o@mail.example"}}),
			w + `,"contact_details":{"email":"o@mail.example"}}`},
		"create, expected": {create(didit.CreateSessionParams{WorkflowID: testkit.WorkflowID, ExpectedDetails: &didit.ExpectedDetails{DocumentNumber: "X1"}}),
			w + `,"expected_details":{"identification_number":"X1"}}`},
		"create, all": {create(didit.CreateSessionParams{
			WorkflowID: strings.ToUpper(testkit.WorkflowID), VendorData: "v", Callback: "https://shop.example/back?x=1", Language: "es", Metadata: map[string]int{"n": 1},
			ContactDetails: &didit.ContactDetails{Email: "o@mail.example", Phone: "+34600112233", EmailLang: "es", SendNotificationEmails: true},
			ExpectedDetails: &didit.ExpectedDetails{FirstName: "Oriane", LastName: "Vasquelle", DateOfBirth: "1984-03-09", Gender: "F", Nationality: "ESP", Country: "FRA",
				Address: "Calle Mayor 1", DocumentNumber: "XQ77", IPAddress: "192.0.2.7", IDCountry: "ESP", POACountry: "FRA", ExpectedDocumentTypes: []string{"P", "ID"},
				CompanyName: "Brumelac", RegistryCountry: "ESP", RegistrationNumber: "B-99"},
		}), w + `,"vendor_data":"v","callback":"https://shop.example/back?x=1","language":"es","metadata":{"n":1},` +
			`"contact_details":{"email":"o@mail.example","phone":"+34600112233","email_lang":"es","send_notification_emails":true},` +
			`"expected_details":{"first_name":"Oriane","last_name":"Vasquelle","date_of_birth":"1984-03-09","gender":"F","nationality":"ESP","country":"FRA",` +
			`"address":"Calle Mayor 1","identification_number":"XQ77","ip_address":"192.0.2.7","id_country":"ESP","poa_country":"FRA",` +
			`"expected_document_types":["P","ID"],"company_name":"Brumelac","registry_country":"ESP","registration_number":"B-99"}}`},
		"update, least": {update(didit.UpdateSessionStatusParams{NewStatus: didit.StatusDeclined}), `{"new_status":"Declined"}`},
		"update, all":   {update(didit.UpdateSessionStatusParams{NewStatus: didit.StatusResubmitted, Comment: "again, ñ"}), `{"new_status":"Resubmitted","comment":"again, ñ"}`},
		"get":           {func(t testing.TB, c *didit.Client) { _, _ = c.GetSession(t.Context(), testkit.SessionID) }, ""},
		"delete":        {func(t testing.TB, c *didit.Client) { _ = c.DeleteSession(t.Context(), testkit.SessionID) }, ""},
		"do, nil":       {func(t testing.TB, c *didit.Client) { _ = c.Do(t.Context(), "POST", "/v3/x/", nil, nil) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen []testkit.Seen
			test.do(t, testkit.Client(t, testkit.Recorder(&seen, http.StatusBadRequest, `{"a":["b"]}`)))
			require.NotEmpty(t, seen)
			assert.Equal(t, test.want, seen[0].Body)
		})
	}
}
