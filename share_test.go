package didit_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
)

// Every request body, byte for byte.
func TestRequestBodies(t *testing.T) {
	t.Parallel()
	token := rootToken(rootClaims(time.Now()))
	opaque := didit.NewShareToken("opaque")
	share := func(p didit.ShareSessionParams) func(testing.TB, *didit.Client) {
		return func(t testing.TB, c *didit.Client) { _, _ = c.ShareSession(t.Context(), rootSession, p) }
	}
	imports := func(p didit.ImportSharedSessionParams) func(testing.TB, *didit.Client) {
		return func(t testing.TB, c *didit.Client) { _, _ = c.ImportSharedSession(t.Context(), p) }
	}
	create := func(p didit.CreateSessionParams) func(testing.TB, *didit.Client) {
		return func(t testing.TB, c *didit.Client) { _, _ = c.CreateSession(t.Context(), p) }
	}
	update := func(p didit.UpdateSessionStatusParams) func(testing.TB, *didit.Client) {
		return func(t testing.TB, c *didit.Client) { _ = c.UpdateSessionStatus(t.Context(), rootSession, p) }
	}
	const w = `{"workflow_id":"` + rootWorkflow + `"`
	for name, test := range map[string]struct {
		do   func(testing.TB, *didit.Client)
		want string
	}{
		"share, least": {share(didit.ShareSessionParams{ForApplicationID: strings.ToUpper(rootPartner)}), `{"for_application_id":"` + rootPartner + `"}`},
		"share, all": {share(didit.ShareSessionParams{ForApplicationID: rootPartner, TTL: 90 * time.Minute, Status: didit.StatusInReview}),
			`{"for_application_id":"` + rootPartner + `","ttl_in_seconds":5400}`},
		"import, least": {imports(didit.ImportSharedSessionParams{Token: opaque, WorkflowID: rootWorkflow, Review: didit.ReviewAgain}),
			`{"share_token":"opaque","workflow_id":"` + rootWorkflow + `","trust_review":false}`},
		"import, all": {imports(didit.ImportSharedSessionParams{Token: didit.NewShareToken(" " + token + "\n"), WorkflowID: strings.ToUpper(rootWorkflow),
			Review: didit.TrustSourceReview, VendorData: `a"b<c`, SourceSessionID: rootSource, FromApplicationIDs: []string{rootOwn}}),
			`{"share_token":"` + token + `","workflow_id":"` + rootWorkflow + `","trust_review":true,"vendor_data":"a\"b\u003cc"}`},
		"import, by kind": {imports(didit.ImportSharedSessionParams{Token: didit.NewShareToken(token), Workflows: didit.Workflows{User: rootWorkflow, Business: rootOwn}, Review: didit.ReviewAgain}),
			`{"share_token":"` + token + `","workflow_id":"` + rootWorkflow + `","trust_review":false}`},
		"create, least":            {create(didit.CreateSessionParams{WorkflowID: rootWorkflow}), w + `}`},
		"create, vendor data":      {create(didit.CreateSessionParams{WorkflowID: rootWorkflow, VendorData: "v"}), w + `,"vendor_data":"v"}`},
		"create, callback":         {create(didit.CreateSessionParams{WorkflowID: rootWorkflow, Callback: "https://shop.example/back"}), w + `,"callback":"https://shop.example/back"}`},
		"create, language":         {create(didit.CreateSessionParams{WorkflowID: rootWorkflow, Language: "pt-BR"}), w + `,"language":"pt-BR"}`},
		"create, metadata":         {create(didit.CreateSessionParams{WorkflowID: rootWorkflow, Metadata: json.RawMessage(`{"a":[1]}`)}), w + `,"metadata":{"a":[1]}}`},
		"create, metadata as text": {create(didit.CreateSessionParams{WorkflowID: rootWorkflow, Metadata: "x"}), w + `,"metadata":"x"}`},
		"create, contact": {create(didit.CreateSessionParams{WorkflowID: rootWorkflow, ContactDetails: &didit.ContactDetails{Email: "o@mail.example"}}),
			w + `,"contact_details":{"email":"o@mail.example"}}`},
		"create, expected": {create(didit.CreateSessionParams{WorkflowID: rootWorkflow, ExpectedDetails: &didit.ExpectedDetails{DocumentNumber: "X1"}}),
			w + `,"expected_details":{"identification_number":"X1"}}`},
		"create, all": {create(didit.CreateSessionParams{
			WorkflowID: strings.ToUpper(rootWorkflow), VendorData: "v", Callback: "https://shop.example/back?x=1", Language: "es", Metadata: map[string]int{"n": 1},
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
		"get":           {func(t testing.TB, c *didit.Client) { _, _ = c.GetSession(t.Context(), rootSession) }, ""},
		"delete":        {func(t testing.TB, c *didit.Client) { _ = c.DeleteSession(t.Context(), rootSession) }, ""},
		"do, nil":       {func(t testing.TB, c *didit.Client) { _ = c.Do(t.Context(), "POST", "/v3/x/", nil, nil) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen []rootSeen
			test.do(t, rootClient(t, rootRecorder(&seen, http.StatusBadRequest, `{"a":["b"]}`)))
			require.NotEmpty(t, seen)
			assert.Equal(t, test.want, seen[0].body)
		})
	}
}

func TestShareAnswers(t *testing.T) {
	t.Parallel()
	now := time.Now().Truncate(time.Second)
	user := rootToken(rootClaims(now))
	business := rootToken(strings.Replace(rootClaims(now), `"user"`, `"business"`, 1))
	old := rootToken(strings.Replace(rootClaims(now), `"session_kind":"user",`, ``, 1))
	for name, test := range map[string]struct {
		status  int
		body    string
		kind    didit.SessionKind
		expires time.Time
	}{
		"newest":                       {200, `{"share_token":"` + user + `","for_application_id":"` + rootPartner + `","session_kind":"user"}`, didit.KindUser, now.Add(time.Hour)},
		"created":                      {201, `{"share_token":"` + business + `","for_application_id":"` + strings.ToUpper(rootPartner) + `","session_kind":"business"}`, didit.KindBusiness, now.Add(time.Hour)},
		"without kind":                 {200, `{"share_token":"` + business + `"}`, didit.KindBusiness, now.Add(time.Hour)},
		"kind null":                    {200, `{"share_token":"` + business + `","session_kind":null}`, didit.KindBusiness, now.Add(time.Hour)},
		"token without kind":           {200, `{"share_token":"` + old + `"}`, didit.KindUser, now.Add(time.Hour)},
		"token that cannot be read":    {200, `{"share_token":"opaque"}`, didit.KindUser, time.Time{}},
		"the answer's kind goes first": {200, `{"share_token":"` + user + `","session_kind":"vessel"}`, "vessel", now.Add(time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := rootMock(t)
			m.RegisterResponder("POST", didit.DefaultBaseURL+"/v3/session/"+rootSession+"/share/", httpmock.NewStringResponder(test.status, test.body))
			s, err := rootClient(t, m).ShareSession(t.Context(), strings.ToUpper(rootSession), didit.ShareSessionParams{ForApplicationID: rootPartner})
			require.NoError(t, err)
			assert.Equal(t, test.kind, s.SessionKind)
			assert.Equal(t, rootSession, s.SessionID)
			assert.Equal(t, rootPartner, s.ForApplicationID)
			assert.True(t, test.expires.Equal(s.ExpiresAt()), s.ExpiresAt())
			assert.Contains(t, test.body, `"`+s.Token.Reveal()+`"`)
		})
	}
	for name, body := range map[string]string{
		"no token": `{}`, "empty token": `{"share_token":" "}`, "another type": `{"share_token":7}`, "null": `null`, "a list": `[]`,
		"not a token": `{"share_token":"a b"}`, "HTML in it": `{"share_token":"<html>"}`, "endless": `{"share_token":"` + strings.Repeat("a", 8<<10+1) + `"}`,
		"for another application": `{"share_token":"opaque","for_application_id":"` + rootOwn + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen []rootSeen
			s, err := rootClient(t, rootRecorder(&seen, 200, body), didit.WithMaxRetries(1)).ShareSession(t.Context(), rootSession, didit.ShareSessionParams{ForApplicationID: rootPartner})
			assert.Nil(t, s)
			assert.Equal(t, unusable(body), rootMatches(err))
			assert.Len(t, seen, 2, "a spare token harms nobody")
			assert.True(t, didit.Retryable(err))
		})
	}
}

// A token of an attempt before is not left over.
func TestShareAfterAnUnusableAnswer(t *testing.T) {
	t.Parallel()
	n := 0
	c := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
		if n++; n == 1 {
			return rootAnswer(r, 200, `{"share_token":"first","for_application_id":"`+rootOwn+`","session_kind":"business"}`), nil
		}
		return rootAnswer(r, 200, `{"share_token":"second"}`), nil
	}))
	s, err := c.ShareSession(t.Context(), rootSession, didit.ShareSessionParams{ForApplicationID: rootPartner})
	require.NoError(t, err)
	assert.Equal(t, "second", s.Token.Reveal())
	assert.Equal(t, didit.KindUser, s.SessionKind)
}

func TestShareIsRefusedLocally(t *testing.T) {
	t.Parallel()
	ok := didit.ShareSessionParams{ForApplicationID: rootPartner}
	for name, test := range map[string]struct {
		params  didit.ShareSessionParams
		fields  []string
		matches string
	}{
		"no application":     {didit.ShareSessionParams{}, []string{"ForApplicationID"}, "InvalidParams"},
		"own application":    {didit.ShareSessionParams{ForApplicationID: strings.ToUpper(rootOwn)}, []string{"ForApplicationID"}, "InvalidParams SelfShare"},
		"TTL too short":      {didit.ShareSessionParams{ForApplicationID: rootPartner, TTL: 59 * time.Second}, []string{"TTL"}, "InvalidParams InvalidTTL"},
		"TTL too long":       {didit.ShareSessionParams{ForApplicationID: rootPartner, TTL: 24*time.Hour + time.Second}, []string{"TTL"}, "InvalidParams InvalidTTL"},
		"TTL not whole":      {didit.ShareSessionParams{ForApplicationID: rootPartner, TTL: 60*time.Second + 1}, []string{"TTL"}, "InvalidParams InvalidTTL"},
		"TTL negative":       {didit.ShareSessionParams{ForApplicationID: rootPartner, TTL: -time.Hour}, []string{"TTL"}, "InvalidParams InvalidTTL"},
		"TTL as a number":    {didit.ShareSessionParams{ForApplicationID: rootPartner, TTL: 3600}, []string{"TTL"}, "InvalidParams InvalidTTL"},
		"unshareable status": {didit.ShareSessionParams{ForApplicationID: rootPartner, Status: didit.StatusKYCExpired}, []string{"Status"}, "InvalidParams SessionNotShareable"},
		"unknown status":     {didit.ShareSessionParams{ForApplicationID: rootPartner, Status: "APPROVED"}, []string{"Status"}, "InvalidParams SessionNotShareable"},
		"all at once": {didit.ShareSessionParams{ForApplicationID: rootOwn, TTL: 1, Status: didit.StatusInProgress},
			[]string{"ForApplicationID", "TTL", "Status"}, "InvalidParams SelfShare InvalidTTL SessionNotShareable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := rootClient(t, rootMock(t), didit.WithApplicationID(rootOwn)).ShareSession(t.Context(), rootSession, test.params)
			assert.Nil(t, s)
			assert.Equal(t, test.fields, rootFields(t, err))
			assert.Equal(t, rootNames(test.matches), rootMatches(err))
		})
	}
	for _, ttl := range []time.Duration{0, 60 * time.Second, 61 * time.Second, 24 * time.Hour} {
		for _, status := range []didit.SessionStatus{"", didit.StatusApproved, didit.StatusDeclined, didit.StatusInReview} {
			var seen []rootSeen
			p := ok
			p.TTL, p.Status = ttl, status
			_, err := rootClient(t, rootRecorder(&seen, 200, `{"share_token":"t"}`), didit.WithApplicationID(rootOwn)).ShareSession(t.Context(), rootSession, p)
			require.NoError(t, err)
			assert.Equal(t, ttl != 0, strings.Contains(seen[0].body, fmt.Sprintf(`"ttl_in_seconds":%d}`, int(ttl.Seconds()))))
			assert.Equal(t, ttl != 0, strings.Contains(seen[0].body, "ttl"))
		}
	}
	// Without an application id of its own the client cannot tell.
	var seen []rootSeen
	_, err := rootClient(t, rootRecorder(&seen, 200, `{"share_token":"t"}`)).ShareSession(t.Context(), rootSession, didit.ShareSessionParams{ForApplicationID: rootOwn})
	require.NoError(t, err)
}

func TestStatuses(t *testing.T) {
	t.Parallel()
	shareable := map[didit.SessionStatus]bool{"Approved": true, "Declined": true, "In Review": true}
	for _, s := range []didit.SessionStatus{"Not Started", "In Progress", "Awaiting User", "In Review", "Approved", "Declined", "Resubmitted", "Expired", "Kyc Expired", "Abandoned"} {
		assert.True(t, s.Known(), s)
		assert.Equal(t, shareable[s], s.Shareable(), s)
	}
	for _, s := range []didit.SessionStatus{"", "approved", "APPROVED", "IN_REVIEW", "Something New"} {
		assert.False(t, s.Known(), s)
		assert.False(t, s.Shareable(), s)
	}
}

func TestShareToken(t *testing.T) {
	t.Parallel()
	var zero didit.ShareToken
	assert.True(t, zero.IsZero())
	assert.Empty(t, zero.Reveal())
	assert.Empty(t, zero.Fingerprint())
	for _, empty := range []string{"", " ", "\r\n"} {
		assert.True(t, didit.NewShareToken(empty).IsZero())
	}
	token := didit.NewShareToken(" abc\n")
	assert.False(t, token.IsZero())
	assert.Equal(t, "abc", token.Reveal())
	assert.Equal(t, "ba7816bf8f01cfea", token.Fingerprint(), "of SHA-256(abc)")
	assert.Equal(t, "didit.ShareToken(ba7816bf8f01cfea)", fmt.Sprintf("%#v", token))

	for _, v := range []any{token, &token, zero, didit.SharedSession{Token: token}, map[string]didit.ShareToken{"t": token}, []didit.ShareToken{token}, struct{ T didit.ShareToken }{token}} {
		data, err := json.Marshal(v)
		assert.Empty(t, data)
		require.ErrorIs(t, err, didit.ErrTokenNotSerializable)
	}
	_, err := token.MarshalText()
	require.ErrorIs(t, err, didit.ErrTokenNotSerializable)

	var got struct {
		T didit.ShareToken `json:"T"`
		N didit.ShareToken `json:"N"`
	}
	require.NoError(t, json.Unmarshal([]byte(`{"T":" a\u0062c\n","N":null}`), &got))
	assert.Equal(t, "abc", got.T.Reveal())
	assert.True(t, got.N.IsZero())
	for _, bad := range []string{`{"T":7}`, `{"T":{}}`, `{"T":["hunter22"]}`, `{"T":true}`} {
		err := json.Unmarshal([]byte(bad), &got)
		require.ErrorIs(t, err, didit.ErrShareTokenInvalid)
		assert.NotContains(t, err.Error(), "hunter")
	}
	require.NoError(t, token.UnmarshalText([]byte(" xyz ")))
	assert.Equal(t, "xyz", token.Reveal())

	var shared didit.SharedSession
	require.NoError(t, json.Unmarshal([]byte(`{"share_token":"abc","session_id":"`+rootSession+`","for_application_id":"`+rootPartner+`","session_kind":"business"}`), &shared))
	assert.Equal(t, "abc", shared.Token.Reveal())
	assert.Equal(t, didit.KindBusiness, shared.SessionKind)
	assert.True(t, (*didit.SharedSession)(nil).ExpiresAt().IsZero())
	assert.True(t, shared.ExpiresAt().IsZero())
}

func TestShareClaims(t *testing.T) {
	t.Parallel()
	claims, err := didit.NewShareToken(rootToken(fmt.Sprintf(
		`{"session_id":%q,"session_kind":"business","from_application_id":%q,"for_application_id":%q,"iat":1753630666,"exp":1753634266}`,
		strings.ToUpper(rootSource), strings.ToUpper(rootOwn), strings.ToUpper(rootPartner)))).Claims()
	require.NoError(t, err)
	assert.Equal(t, didit.ShareClaims{SessionID: rootSource, SessionKind: didit.KindBusiness, FromApplicationID: rootOwn, ForApplicationID: rootPartner,
		IssuedAt: time.Unix(1753630666, 0).UTC(), ExpiresAt: time.Unix(1753634266, 0).UTC()}, claims)

	// The oldest token has no kind; padding and fractions are read; a new kind stays.
	for payload, want := range map[string]didit.ShareClaims{
		`{"session_id":"s"}`:                                 {SessionID: "s", SessionKind: didit.KindUser},
		`{"session_id":"s","session_kind":"vessel"}`:         {SessionID: "s", SessionKind: "vessel"},
		`{"session_id":"s","exp":1753634266.9,"jti":"more"}`: {SessionID: "s", SessionKind: didit.KindUser, ExpiresAt: time.Unix(1753634266, 0).UTC()},
	} {
		claims, err := didit.NewShareToken(rootToken(payload)).Claims()
		require.NoError(t, err, payload)
		assert.Equal(t, want, claims)
	}
	good := rootToken(`{"session_id":"s"}`)
	for _, raw := range []string{
		"", "opaque", "a.b", "a.b.c", good + ".x", strings.Replace(good, ".", "..", 1), "a." + "eyJzZXNzaW9uX2lkIjoicyJ9", good + "!", good + " x", good + "é",
		rootToken(``), rootToken(`[]`), rootToken(`null`), rootToken(`{}`), rootToken(`{"session_id":7}`), rootToken(`{"session_id":""}`), rootToken(`{"session_id":"s"`),
		rootToken(`{"session_id":"s","exp":"1753634266"}`), rootToken(`{"session_id":"s","exp":-1}`), rootToken(`{"session_id":"s","iat":1e18}`),
		rootToken(`{"session_id":"` + strings.Repeat("s", 8<<10) + `"}`),
	} {
		claims, err := didit.NewShareToken(raw).Claims()
		assert.Zero(t, claims)
		assert.Equal(t, rootNames("InvalidParams ShareTokenInvalid"), rootMatches(err), raw)
		assert.Equal(t, []string{"Token"}, rootFields(t, err))
	}
}
