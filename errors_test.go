package didit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
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
	for name, err := range rootSentinels {
		known = append(known, name)
		assert.True(t, strings.HasPrefix(err.Error(), "didit: "))
	}
	assert.ElementsMatch(t, declared, known)
	for name, s := range rootSentinels {
		want := map[string]string{
			"ErrShareTokenExpired": "ShareTokenExpired ShareTokenInvalid", "ErrShareTokenForeign": "ShareTokenForeign ShareTokenInvalid",
			"ErrSourceSessionGone": "SourceSessionGone ShareTokenInvalid", "ErrImportNotFound": "ImportNotFound NotFound",
		}[name]
		if want == "" {
			want = strings.TrimPrefix(name, "Err")
		}
		assert.Equal(t, rootNames(want), rootMatches(s))
	}
}

// rootErrorCases are answers and exactly what they match. Where a call is not named,
// the answer means nothing more than its status to it. An import that can have taken
// effect is in import_test.go: its errors say what the look found.
var rootErrorCases = []struct {
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
	for _, call := range rootCalls() {
		for _, test := range rootErrorCases {
			if test.calls != "" && test.calls != call.name {
				continue
			}
			if call.name == "ImportSharedSession" && test.calls == "" && strings.Contains(test.body, "Session not found") {
				continue
			}
			t.Run(fmt.Sprintf("%s %d %s", call.name, test.status, test.body), func(t *testing.T) {
				t.Parallel()
				c := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
					resp := rootAnswer(r, test.status, test.body)
					resp.Header.Set("X-Request-ID", "req-9")
					return resp, nil
				}), didit.WithMaxRetries(0))
				err := call.do(t, c)
				require.Error(t, err)
				assert.Equal(t, rootNames(test.matches), rootMatches(err))
				var api *didit.APIError
				require.ErrorAs(t, err, &api)
				assert.Equal(t, err, error(api), "not wrapped")
				assert.Equal(t, call.name, api.Operation)
				assert.Equal(t, test.status, api.StatusCode)
				assert.Equal(t, "req-9", api.RequestID)
				assert.Equal(t, 1, api.Attempts)
				assert.Equal(t, test.body, string(api.Body))
				assert.Equal(t, test.status == 429, didit.Retryable(err))
				assert.True(t, strings.HasPrefix(err.Error(), fmt.Sprintf("didit: %s: status %d", call.name, test.status)), err.Error())
				assert.Contains(t, err.Error(), "request id req-9")
			})
		}
	}
}

func TestServerErrors(t *testing.T) {
	t.Parallel()
	for _, call := range rootCalls() {
		for _, status := range []int{500, 501, 502, 503, 504, 505, 520, 599} {
			c := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
				return rootAnswer(r, status, `<html>share token expired, already imported, workflow not found</html>`), nil
			}), didit.WithMaxRetries(0))
			err := call.do(t, c)
			var api *didit.APIError
			require.ErrorAs(t, err, &api)
			assert.Equal(t, status, api.StatusCode)
			assert.Empty(t, api.Message, "HTML says nothing")
			var failure *didit.CallError
			once := slices.Contains([]string{"ImportSharedSession", "CreateSession", "UpdateSessionStatus", "Do"}, call.name)
			if !once {
				assert.Equal(t, rootNames("Server"), rootMatches(err), call.name)
				assert.NotErrorAs(t, err, &failure)
				assert.Equal(t, status != 501 && status != 505, didit.Retryable(err), "%s %d", call.name, status)
				continue
			}
			// A look that could not be made is no part of the chain.
			assert.Equal(t, rootNames("Server OutcomeUnknown"), rootMatches(err), call.name)
			require.ErrorAs(t, err, &failure)
			assert.Equal(t, didit.OutcomeUnknown, failure.Outcome)
			assert.Same(t, api, failure.Answer)
			assert.Equal(t, 1, failure.Attempts)
			assert.Equal(t, call.name == "ImportSharedSession" || call.name == "UpdateSessionStatus", didit.Retryable(err), call.name)
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
			var seen []rootSeen
			_, err := rootClient(t, rootRecorder(&seen, 422, test.body)).GetSession(t.Context(), rootSession)
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
	_, err := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
		resp := rootAnswer(r, 400, "")
		resp.Header.Set("X-Request-ID", "a b\x01"+strings.Repeat("r", 500)+rootKey)
		return resp, nil
	})).GetSession(t.Context(), rootSession)
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
		c := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
			n++
			resp := rootAnswer(r, 429, "")
			resp.Header.Set("Retry-After", header)
			return resp, nil
		}), didit.WithClock(func() time.Time { return now }), didit.WithMaxRetryAfter(0))
		_, err := c.GetSession(t.Context(), rootSession)
		var api *didit.APIError
		require.ErrorAs(t, err, &api)
		assert.Equal(t, want, min(api.RetryAfter, absurd), header)
		assert.Equal(t, 1, n, "WithMaxRetryAfter(0) never waits for a 429")
		if want == 2*time.Minute {
			assert.Contains(t, err.Error(), "retry after 2m0s")
		}
	}
}

// An error that a user's fake makes by hand matches by its status.
func TestErrorsMadeByHand(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{
		0: "", 400: "", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 429: "RateLimited", 500: "Server", 503: "Server", 599: "Server", 302: "",
	} {
		err := fmt.Errorf("wrapped: %w", &didit.APIError{StatusCode: status})
		assert.Equal(t, rootNames(want), rootMatches(err), status)
		assert.Equal(t, status == 429 || status >= 500, didit.Retryable(err), status)
		assert.NotPanics(t, func() { _ = err.Error() })
	}
	for outcome, want := range map[didit.Outcome]string{"": "OutcomeUnknown", didit.OutcomeUnknown: "OutcomeUnknown", didit.OutcomeNotSent: "NotSent", didit.OutcomeResultLost: "ResultLost", "new": "OutcomeUnknown"} {
		err := &didit.CallError{Outcome: outcome}
		assert.Equal(t, rootNames(want), rootMatches(err), outcome)
		assert.True(t, didit.Retryable(err))
		assert.Empty(t, err.Unwrap())
	}
	assert.Equal(t, "didit: X: outcome unknown, it may have taken effect", (&didit.CallError{Operation: "X"}).Error())
	assert.Equal(t, "didit: X: not sent, nothing can have taken effect", (&didit.CallError{Operation: "X", Outcome: didit.OutcomeNotSent}).Error())
	assert.Equal(t, "didit: X: it took effect, but the result is not here", (&didit.CallError{Operation: "X", Outcome: didit.OutcomeResultLost}).Error())
	assert.Equal(t, "didit: X: status 429 Too Many Requests, code c: m (retry after 2s) (request id r)",
		(&didit.APIError{Operation: "X", StatusCode: 429, Code: "c", Message: "m", RetryAfter: 2 * time.Second, RequestID: "r", Body: []byte("body")}).Error())
}

// Err and Last are the chain, nothing else.
func TestCallErrorChain(t *testing.T) {
	t.Parallel()
	look := &didit.APIError{StatusCode: 403}
	e := &didit.CallError{
		Operation: "ImportSharedSession", Err: io.EOF, Answer: &didit.APIError{StatusCode: 503}, SearchErr: look,
		Candidates: []string{rootSession}, FindParams: &didit.FindImportedSessionParams{VendorData: "oriane"},
	}
	assert.Equal(t, []error{io.EOF, e.Answer}, e.Unwrap())
	assert.Equal(t, rootNames("OutcomeUnknown Server"), rootMatches(e))
	require.ErrorIs(t, e, io.EOF)
	require.NotErrorIs(t, e, didit.ErrForbidden)
	var api *didit.APIError
	require.ErrorAs(t, e, &api)
	assert.Same(t, e.Answer, api)
	text := e.Error()
	assert.Contains(t, text, "503")
	assert.Contains(t, text, "search for the copy failed: : status 403")
	assert.Contains(t, text, "Candidates names 1 of your sessions")
	assert.NotContains(t, text, "oriane")
	assert.NotContains(t, text, rootSession)

	// What another package says is not printed.
	for err, want := range map[error]string{
		errors.New("GET https://x/?token=hunter22"):                        "an error of the type *errors.errorString",
		fmt.Errorf("hunter22: %w", context.Canceled):                       "context canceled",
		fmt.Errorf("hunter22: %w", context.DeadlineExceeded):               "context deadline exceeded",
		&didit.ValidationError{Problems: []didit.Problem{{"F", "m", nil}}}: "refused locally: F m",
	} {
		e := &didit.CallError{Operation: "X", Err: err}
		assert.Equal(t, "didit: X: outcome unknown, it may have taken effect: "+want, e.Error())
		require.ErrorIs(t, e, err)
	}
}

func TestRetryable(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"nil":                {nil, false},
		"another package's":  {io.EOF, false},
		"validation":         {&didit.ValidationError{}, false},
		"400":                {&didit.APIError{StatusCode: 400}, false},
		"401":                {&didit.APIError{StatusCode: 401}, false},
		"403":                {&didit.APIError{StatusCode: 403}, false},
		"404":                {&didit.APIError{StatusCode: 404}, false},
		"409":                {&didit.APIError{StatusCode: 409}, false},
		"302":                {&didit.APIError{StatusCode: 302}, false},
		"429":                {&didit.APIError{StatusCode: 429}, true},
		"500":                {&didit.APIError{StatusCode: 500}, true},
		"503, wrapped":       {fmt.Errorf("x: %w", &didit.APIError{StatusCode: 503}), true},
		"sentinel":           {didit.ErrRateLimited, false},
		"import not found":   {fmt.Errorf("x: %w", didit.ErrImportNotFound), false},
		"call error":         {&didit.CallError{}, true},
		"call error, 403":    {&didit.CallError{Answer: &didit.APIError{StatusCode: 403}}, true},
		"call error, joined": {errors.Join(io.EOF, &didit.CallError{}), true},
	} {
		assert.Equal(t, test.want, didit.Retryable(test.err), name)
	}
	// Of real calls: what was not sent may be sent; a create that may have taken effect
	// may not. A second approval changes nothing.
	failing := rootTrip(func(*http.Request) (*http.Response, error) { return nil, io.EOF })
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, call := range rootCalls() {
		err := call.do(t, rootClient(t, failing, didit.WithMaxRetries(0)))
		require.ErrorIs(t, err, didit.ErrOutcomeUnknown)
		require.ErrorIs(t, err, io.EOF)
		assert.Equal(t, !slices.Contains([]string{"CreateSession", "Do"}, call.name), didit.Retryable(err), call.name)
		err = call.do(t, rootClient(t, rootMock(t), didit.WithLimiter(&rootLimiter{errors.New("no")})))
		require.ErrorIs(t, err, didit.ErrNotSent)
		assert.True(t, didit.Retryable(err), call.name)
	}
	err := rootClient(t, rootMock(t)).DeleteSession(ended, rootSession)
	assert.Equal(t, rootNames("NotSent"), rootMatches(err))
	require.ErrorIs(t, err, context.Canceled)
	var failure *didit.CallError
	require.ErrorAs(t, err, &failure)
	assert.Zero(t, failure.Attempts)
}

func TestValidationErrors(t *testing.T) {
	t.Parallel()
	err := error(&didit.ValidationError{Problems: []didit.Problem{
		{Field: "TTL", Message: "must be whole seconds", Err: didit.ErrInvalidTTL}, {Field: "Token", Message: "is required"},
		{Field: "Status", Message: "must be Approved", Err: didit.ErrSessionNotShareable},
	}})
	assert.Equal(t, "didit: refused locally: TTL must be whole seconds; Token is required; Status must be Approved", err.Error())
	assert.Equal(t, rootNames("InvalidParams InvalidTTL SessionNotShareable"), rootMatches(err))
	data, jsonErr := json.Marshal(err)
	require.NoError(t, jsonErr)
	assert.JSONEq(t, `{"Problems":[{"field":"TTL","message":"must be whole seconds"},{"field":"Token","message":"is required"},{"field":"Status","message":"must be Approved"}]}`, string(data))
	assert.Equal(t, rootNames("InvalidParams"), rootMatches(&didit.ValidationError{}))
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

// No *url.Error is in a chain, whatever the RoundTripper returns.
func TestNoURLErrorInChains(t *testing.T) {
	t.Parallel()
	for _, call := range rootCalls() {
		err := call.do(t, rootClient(t, &http.Transport{Proxy: func(*http.Request) (*url.URL, error) { return nil, errors.New("hunter22") }}, didit.WithMaxRetries(0)))
		var ue *url.Error
		require.Error(t, err)
		assert.NotErrorAs(t, err, &ue)
		assert.NotContains(t, fmt.Sprintf("%+v", err), "hunter22")
		require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
	}
	for _, call := range rootCalls() {
		err := call.do(t, rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
			return nil, &url.Error{Op: r.Method, URL: r.URL.String(), Err: &url.Error{Op: "again", URL: "hunter22", Err: io.ErrUnexpectedEOF}}
		}), didit.WithMaxRetries(0)))
		var ue *url.Error
		assert.NotErrorAs(t, err, &ue)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		assert.NotContains(t, err.Error(), "hunter22")
	}
}

// TestNilErrors: a nil pointer that got into an error panics nowhere.
func TestNilErrors(t *testing.T) {
	t.Parallel()
	for _, err := range []error{(*didit.APIError)(nil), (*didit.CallError)(nil), (*didit.ValidationError)(nil)} {
		assert.NotPanics(t, func() {
			assert.NotEmpty(t, err.Error())
			assert.False(t, didit.Retryable(err))
			assert.Zero(t, didit.RetryAfter(err))
			for _, target := range []error{didit.ErrNotFound, didit.ErrOutcomeUnknown, didit.ErrInvalidParams, io.EOF} {
				assert.NotErrorIs(t, err, target)
			}
			_ = fmt.Sprintf("%v %+v %s", err, err, err)
		}, "%T", err)
	}
}

// TestRetryAfter is how long to wait before a call is made again.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	const minute = time.Minute
	asked := &didit.APIError{StatusCode: 429, RetryAfter: 2 * minute}
	imported := func(outcome didit.Outcome) *didit.CallError {
		return &didit.CallError{Operation: "ImportSharedSession", Outcome: outcome}
	}
	for name, test := range map[string]struct {
		err  error
		want time.Duration
	}{
		"nil":                      {nil, 0},
		"final":                    {&didit.APIError{StatusCode: 404}, 0},
		"429":                      {&didit.APIError{StatusCode: 429}, 5 * time.Second},
		"429 that asks":            {fmt.Errorf("x: %w", asked), 2 * minute},
		"503":                      {&didit.APIError{StatusCode: 503}, 5 * time.Second},
		"a read":                   {&didit.CallError{Operation: "GetSession"}, 5 * time.Second},
		"an import, not sent":      {imported(didit.OutcomeNotSent), 5 * time.Second},
		"an import, open":          {imported(didit.OutcomeUnknown), minute},
		"an import, imported":      {imported(didit.OutcomeAlreadyImported), minute},
		"an import, answered":      {&didit.CallError{Operation: "ImportSharedSession", Answer: asked}, 2 * minute},
		"an import, search denied": {&didit.CallError{Operation: "ImportSharedSession", SearchErr: asked}, 2 * minute},
	} {
		assert.Equal(t, test.want, didit.RetryAfter(test.err), name)
	}
}
