package didit_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

// The matrix of these tests is over all sentinels that there are.
func TestAllSentinelsAreInTheMatrix(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "errors.go", nil, 0)
	require.NoError(t, err)
	var declared []string
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			for _, name := range spec.Names {
				if strings.HasPrefix(name.Name, "Err") {
					declared = append(declared, name.Name)
				}
			}
		}
		return true
	})
	var known []string
	for name, err := range testkit.Sentinels {
		known = append(known, name)
		assert.True(t, strings.HasPrefix(err.Error(), "didit: "))
	}
	assert.ElementsMatch(t, declared, known)
	for name, s := range testkit.Sentinels {
		want := map[string]string{
			"ErrShareTokenExpired": "ShareTokenExpired ShareTokenInvalid", "ErrShareTokenForeign": "ShareTokenForeign ShareTokenInvalid",
			"ErrSourceSessionGone": "SourceSessionGone ShareTokenInvalid", "ErrImportNotFound": "ImportNotFound NotFound",
		}[name]
		if want == "" {
			want = strings.TrimPrefix(name, "Err")
		}
		assert.Equal(t, testkit.Names(want), testkit.Matches(s))
	}
}

// errorCases are answers and exactly what they match. Where a call is not named,
// the answer means nothing more than its status to it. An import that can have taken
// effect is in import_test.go: its errors say what the search found.
var errorCases = []struct {
	calls   string // "" for all
	status  int
	body    string
	matches string
}{
	// By status, whatever the body.
	{"", 400, ``, ""},
	{"", 402, `{"detail":"not enough credits"}`, ""},
	{"", 401, `{"detail":"This API key has expired."}`, "Unauthorized"},
	{"", 401, `{"detail":"Invalid or missing API key"}`, "Unauthorized"},
	{"", 401, `<html>`, "Unauthorized"},
	{"", 403, `{"detail":"You do not have permission to perform this action."}`, "Forbidden"},
	{"", 403, `{"detail":"Authentication credentials were not provided."}`, "Forbidden Unauthorized"},
	{"", 403, `{"detail":"Invalid or missing API key"}`, "Forbidden Unauthorized"},
	{"", 403, `{"detail":"x","code":"contract_billing_suspended"}`, "Forbidden"},
	{"", 404, `{"detail":"Not found."}`, "NotFound"},
	{"", 404, `{"detail":"Session not found."}`, "NotFound"}, // of an import: see below
	{"", 409, `{"detail":"in a report","code":"in_filed_report"}`, ""},
	{"", 418, `{}`, ""},
	{"", 429, `{"detail":"Request was throttled."}`, "RateLimited"},
	// Share.
	{"ShareSession", 400, `{"detail":"Only finished sessions (Approved, Declined, In Review) can be shared."}`, "SessionNotShareable"},
	{"ShareSession", 400, `{"error":"Only finished sessions can be shared."}`, "SessionNotShareable"},
	{"ShareSession", 400, `["Only finished sessions can be shared."]`, "SessionNotShareable"},
	{"ShareSession", 400, `{"non_field_errors":["Only finished sessions can be shared."]}`, "SessionNotShareable"},
	{"ShareSession", 400, `{"ttl_in_seconds":["Ensure this value is greater than or equal to 60."]}`, "InvalidTTL"},
	{"ShareSession", 400, `{"ttl_in_seconds":"A valid integer is required."}`, "InvalidTTL"},
	{"ShareSession", 400, `{"for_application_id":["Application not found."]}`, "ApplicationNotFound"},
	{"ShareSession", 400, `{"for_application_id":["Must be a valid UUID."]}`, "ApplicationNotFound"},
	{"ShareSession", 404, `{"detail":"Application not found."}`, "ApplicationNotFound NotFound"},
	{"ShareSession", 400, `{"for_application_id":["Cannot share with the same application."]}`, "SelfShare"},
	{"ShareSession", 400, `{"detail":"A session cannot be shared with its own application."}`, "SelfShare"},
	{"ShareSession", 400, `{"for_application_id":["Application not found."],"ttl_in_seconds":["too long"]}`, "ApplicationNotFound InvalidTTL"},
	{"ShareSession", 403, `{"detail":"x","code":"application_deleted"}`, "Forbidden"},
	// Import: the newest mapping.
	{"ImportSharedSession", 400, `{"share_token":["Invalid share token."]}`, "ShareTokenInvalid"},
	{"ImportSharedSession", 400, `{"share_token":"Invalid share token."}`, "ShareTokenInvalid"},
	{"ImportSharedSession", 400, `{"share_token":["The share token has expired."]}`, "ShareTokenInvalid ShareTokenExpired"},
	{"ImportSharedSession", 400, `{"share_token":["This token was issued for another application."]}`, "ShareTokenInvalid ShareTokenForeign"},
	{"ImportSharedSession", 400, `{"share_token":["The original session was deleted."]}`, "ShareTokenInvalid SourceSessionGone"},
	{"ImportSharedSession", 400, `{"share_token":["Session not found."]}`, "ShareTokenInvalid SourceSessionGone"},
	{"ImportSharedSession", 400, `{"workflow_id":["Workflow not found."]}`, "WorkflowNotFound"},
	{"ImportSharedSession", 400, `{"workflow_id":["This token needs a KYB workflow."]}`, "WorkflowKindMismatch"},
	// Import: the older mappings.
	{"ImportSharedSession", 401, `{"detail":"Invalid share token"}`, "ShareTokenInvalid"},
	{"ImportSharedSession", 401, `{"detail":"Share token has expired"}`, "ShareTokenInvalid ShareTokenExpired"},
	{"ImportSharedSession", 403, `{"detail":"Share token is not for this application, but for another application"}`, "Forbidden ShareTokenInvalid ShareTokenForeign"},
	{"ImportSharedSession", 404, `{"detail":"Session not found."}`, "NotFound ShareTokenInvalid SourceSessionGone"},
	{"ImportSharedSession", 404, `{"detail":"Workflow not found."}`, "NotFound WorkflowNotFound"},
}

// Server errors of what can have taken effect are a CallError as well.
func TestErrorMatrix(t *testing.T) {
	t.Parallel()
	for _, call := range testkit.Calls() {
		for _, test := range errorCases {
			if test.calls != "" && test.calls != call.Name {
				continue
			}
			if call.Name == "ImportSharedSession" && test.calls == "" && strings.Contains(test.body, "Session not found") {
				continue
			}
			t.Run(fmt.Sprintf("%s %d %s", call.Name, test.status, test.body), func(t *testing.T) {
				t.Parallel()
				c := testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
					resp := testkit.Answer(r, test.status, test.body)
					resp.Header.Set("X-Request-ID", "req-9")
					return resp, nil
				}), didit.WithMaxRetries(0))
				err := call.Do(t, c)
				require.Error(t, err)
				assert.Equal(t, testkit.Names(test.matches), testkit.Matches(err))
				var api *didit.APIError
				require.ErrorAs(t, err, &api)
				assert.Equal(t, err, error(api), "not wrapped")
				assert.Equal(t, call.Name, api.Operation)
				assert.Equal(t, test.status, api.StatusCode)
				assert.Equal(t, "req-9", api.RequestID)
				assert.Equal(t, 1, api.Attempts)
				assert.Equal(t, test.body, string(api.Body))
				assert.Equal(t, test.status == 429, didit.Retryable(err))
				assert.True(t, strings.HasPrefix(err.Error(), fmt.Sprintf("didit: %s: status %d", call.Name, test.status)), err.Error())
				assert.Contains(t, err.Error(), "request id req-9")
			})
		}
	}
}

func TestServerErrors(t *testing.T) {
	t.Parallel()
	for _, call := range testkit.Calls() {
		for _, status := range []int{500, 501, 502, 503, 504, 505, 520, 599} {
			c := testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
				return testkit.Answer(r, status, `<html>share token expired, already imported, workflow not found</html>`), nil
			}), didit.WithMaxRetries(0))
			err := call.Do(t, c)
			var api *didit.APIError
			require.ErrorAs(t, err, &api)
			assert.Equal(t, status, api.StatusCode)
			assert.Empty(t, api.Message, "HTML says nothing")
			var failure *didit.CallError
			once := slices.Contains([]string{"ImportSharedSession", "CreateSession", "UpdateSessionStatus", "Do"}, call.Name)
			if !once {
				assert.Equal(t, testkit.Names("Server"), testkit.Matches(err), call.Name)
				assert.NotErrorAs(t, err, &failure)
				assert.Equal(t, status != 501 && status != 505, didit.Retryable(err), "%s %d", call.Name, status)
				continue
			}
			// A search that could not be made is no part of the chain.
			assert.Equal(t, testkit.Names("Server OutcomeUnknown"), testkit.Matches(err), call.Name)
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, didit.OutcomeUnknown, failure.Outcome)
			assert.Same(t, api, failure.Answer)
			assert.Equal(t, 1, failure.Attempts)
			assert.Equal(t, call.Name == "ImportSharedSession" || call.Name == "UpdateSessionStatus", didit.Retryable(err), call.Name)
			assert.Contains(t, err.Error(), "outcome unknown")
			assert.Contains(t, err.Error(), fmt.Sprint(status))
		}
	}
}

func TestErrorBodies(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 600)
	for _, test := range []struct {
		body, code, message string
		fields              map[string][]string
	}{
		{body: `{"detail":"Not  found.\n"}`, message: "Not found."},
		{body: `{"detail":"No.","code":"contract_billing_suspended"}`, code: "contract_billing_suspended", message: "No."},
		{body: `{"message":"m"}`, message: "m"},
		{body: `{"error":"e"}`, message: "e"},
		{body: `{"error":{"code":"c","message":"m"}}`, code: "c", message: "m"},
		{body: `{"a":["one","two"],"b":["three"]}`, message: "a: one two; b: three", fields: map[string][]string{"a": {"one", "two"}, "b": {"three"}}},
		{body: `{"sign":"signature_document_changed"}`, message: "sign: signature_document_changed", fields: map[string][]string{"sign": {"signature_document_changed"}}},
		{body: `{"a":{"b":["x"],"c":{"d":"y"}}}`, message: "a.b: x; a.c.d: y", fields: map[string][]string{"a.b": {"x"}, "a.c.d": {"y"}}},
		{body: `{"a":[{},{"b":["x"]}]}`, message: "a[1].b: x", fields: map[string][]string{"a[1].b": {"x"}}},
		{body: `{"detail":{"a":["x"]}}`, message: "a: x", fields: map[string][]string{"a": {"x"}}},
		{body: `{"detail":["x","y"]}`, message: "x; y"},
		{body: `["one","two"]`, message: "one; two"},
		{body: `"text"`, message: "text"},
		{body: `<html><body>502 by the proxy</body></html>`},
		{body: ``}, {body: `   `}, {body: `null`}, {body: `42`}, {body: `{`}, {body: `{"detail":`}, {body: `[]`}, {body: `{}`}, {body: "\xff\xfe"},
		{body: `{"detail":null,"code":7}`},
		{body: `{"detail":"a\u0000b\u001b[31mc\u202ed"}`, message: "ab[31mcd"},
		{body: `{"detail":"` + long + `"}`, message: strings.Repeat("é", 500) + "…"},
	} {
		t.Run(test.body, func(t *testing.T) {
			t.Parallel()
			var seen []testkit.Seen
			_, err := testkit.Client(t, testkit.Recorder(&seen, 422, test.body)).GetSession(t.Context(), testkit.SessionID)
			var api *didit.APIError
			require.ErrorAs(t, err, &api)
			assert.Equal(t, test.code, api.Code)
			assert.Equal(t, test.message, api.Message)
			assert.Equal(t, test.fields, api.Fields)
			assert.NotContains(t, err.Error(), "\n")
			assert.NotContains(t, err.Error(), "<html>")
		})
	}
}

func TestRequestIDIsBounded(t *testing.T) {
	t.Parallel()
	_, err := testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		resp := testkit.Answer(r, 400, "")
		resp.Header.Set("X-Request-ID", "a b\x01"+strings.Repeat("r", 500)+testkit.APIKey)
		return resp, nil
	})).GetSession(t.Context(), testkit.SessionID)
	var api *didit.APIError
	require.ErrorAs(t, err, &api)
	assert.LessOrEqual(t, len(api.RequestID), 128)
	assert.Regexp(t, `^abr+$`, api.RequestID)
}

func TestRetryAfterInErrors(t *testing.T) {
	t.Parallel()
	const absurd = 100 * 365 * 24 * time.Hour // or more
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"": 0, "120": 2 * time.Minute, " 90 ": 90 * time.Second, "soon": 0, "-5": 0, "NaN": 0, "Tue, 24 Nov 2026 12:05:00 GMT": 5 * time.Minute,
		"Tue, 24 Nov 2026 11:00:00 GMT": 0, "99999999999999999999": absurd, "9223372037": absurd,
	} {
		var n int
		c := testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
			n++
			resp := testkit.Answer(r, 429, "")
			resp.Header.Set("Retry-After", header)
			return resp, nil
		}), didit.WithClock(func() time.Time { return now }), didit.WithMaxRetryAfter(0))
		_, err := c.GetSession(t.Context(), testkit.SessionID)
		var api *didit.APIError
		require.ErrorAs(t, err, &api)
		assert.Equal(t, want, min(api.RetryAfter, absurd), header)
		assert.Equal(t, 1, n, "WithMaxRetryAfter(0) never waits for a 429")
		if want == 2*time.Minute {
			assert.Contains(t, err.Error(), "retry after 2m0s")
		}
	}
}

func TestAPIErrorJSON(t *testing.T) {
	t.Parallel()
	e := &didit.APIError{Operation: "GetSession", StatusCode: 400, Code: "c", Message: "m", Fields: map[string][]string{"a": {"b"}},
		RequestID: "r", RetryAfter: time.Second, Attempts: 2, Body: []byte(`Oriane`)}
	data, err := json.Marshal(e)
	require.NoError(t, err)
	assert.JSONEq(t, `{"operation":"GetSession","status_code":400,"code":"c","message":"m","fields":{"a":["b"]},"request_id":"r","retry_after":1000000000,"attempts":2}`, string(data))
	data, err = json.Marshal(&didit.APIError{StatusCode: 500})
	require.NoError(t, err)
	assert.JSONEq(t, `{"operation":"","status_code":500,"attempts":0}`, string(data))
}

// TestAPIErrorSaysWhatToDo where the kind of refusal is known, in the text of the refusal but not in that of an error around it.
func TestAPIErrorSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{
		401: "; check the API key", 403: "; check what the key may do, and the session's state",
		404: "; check the id: it must be your application's, and not deleted", 409: "; the session's state forbids it: read the session first",
		429: "; wait, then call again", 503: "; call again later", 501: " Not Implemented", 400: " Bad Request", 301: " Moved Permanently",
	} {
		err := &didit.APIError{Operation: "GetSession", StatusCode: status}
		assert.True(t, strings.HasSuffix(err.Error(), want), err.Error())
		around := &didit.CallError{Operation: "GetSession", Answer: err}
		assert.True(t, strings.HasSuffix(around.Error(), http.StatusText(status)), around.Error())
	}
	var seen []testkit.Seen
	refusal := testkit.Recorder(&seen, 403, `{"detail":"Only finished sessions can be shared."}`)
	_, err := testkit.Client(t, refusal).ShareSession(t.Context(), testkit.SourceID, didit.ShareSessionParams{ForApplicationID: testkit.ApplicationB})
	require.EqualError(t, err, "didit: ShareSession: status 403 Forbidden: Only finished sessions can be shared; share it once it is Approved, Declined or In Review")
}
