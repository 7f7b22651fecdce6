package didit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

// An error that a user's fake makes by hand matches by its status.
func TestErrorsMadeByHand(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{
		0: "", 400: "", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 429: "RateLimited", 500: "Server", 503: "Server", 599: "Server", 302: "",
	} {
		err := fmt.Errorf("wrapped: %w", &didit.APIError{StatusCode: status})
		assert.Equal(t, testkit.Names(want), testkit.Matches(err), status)
		assert.Equal(t, status == 429 || status >= 500, didit.Retryable(err), status)
		assert.NotPanics(t, func() { _ = err.Error() })
	}
	for outcome, want := range map[didit.Outcome]string{"": "OutcomeUnknown", didit.OutcomeUnknown: "OutcomeUnknown", didit.OutcomeNotSent: "NotSent", didit.OutcomeResultLost: "ResultLost", "new": "OutcomeUnknown"} {
		err := &didit.CallError{Outcome: outcome}
		assert.Equal(t, testkit.Names(want), testkit.Matches(err), outcome)
		assert.True(t, didit.Retryable(err))
		assert.Empty(t, err.Unwrap())
	}
	assert.Equal(t, "didit: X: outcome unknown, it may have taken effect", (&didit.CallError{Operation: "X"}).Error())
	assert.Equal(t, "didit: X: not sent, nothing can have taken effect", (&didit.CallError{Operation: "X", Outcome: didit.OutcomeNotSent}).Error())
	assert.Equal(t, "didit: X: it took effect, but the result is not here", (&didit.CallError{Operation: "X", Outcome: didit.OutcomeResultLost}).Error())
	assert.Equal(t, "didit: X: status 429 Too Many Requests, code c: m (retry after 2s) (request id r); wait, then call again",
		(&didit.APIError{Operation: "X", StatusCode: 429, Code: "c", Message: "m", RetryAfter: 2 * time.Second, RequestID: "r", Body: []byte("body")}).Error())
}

// Err and Last are the chain, nothing else.
func TestCallErrorChain(t *testing.T) {
	t.Parallel()
	search := &didit.APIError{StatusCode: 403}
	e := &didit.CallError{
		Operation: "ImportSharedSession", Err: io.EOF, Answer: &didit.APIError{StatusCode: 503}, SearchErr: search,
		Candidates: []string{testkit.CopyID}, FindParams: &didit.FindImportedSessionParams{VendorData: "oriane"},
	}
	assert.Equal(t, []error{io.EOF, e.Answer}, e.Unwrap())
	assert.Equal(t, testkit.Names("OutcomeUnknown Server"), testkit.Matches(e))
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
	assert.NotContains(t, text, testkit.CopyID)

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
	failing := testkit.RoundTripper(func(*http.Request) (*http.Response, error) { return nil, io.EOF })
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, call := range testkit.Calls() {
		err := call.Do(t, testkit.Client(t, failing, didit.WithMaxRetries(0)))
		require.ErrorIs(t, err, didit.ErrOutcomeUnknown)
		require.ErrorIs(t, err, io.EOF)
		assert.Equal(t, !slices.Contains([]string{"CreateSession", "Do"}, call.Name), didit.Retryable(err), call.Name)
		err = call.Do(t, testkit.Client(t, testkit.Mock(t), didit.WithLimiter(&refusing{errors.New("no")})))
		require.ErrorIs(t, err, didit.ErrNotSent)
		assert.True(t, didit.Retryable(err), call.Name)
	}
	err := testkit.Client(t, testkit.Mock(t)).DeleteSession(ended, testkit.SessionID)
	assert.Equal(t, testkit.Names("NotSent"), testkit.Matches(err))
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
	assert.Equal(t, testkit.Names("InvalidParams InvalidTTL SessionNotShareable"), testkit.Matches(err))
	data, jsonErr := json.Marshal(err)
	require.NoError(t, jsonErr)
	assert.JSONEq(t, `{"Problems":[{"field":"TTL","message":"must be whole seconds"},{"field":"Token","message":"is required"},{"field":"Status","message":"must be Approved"}]}`, string(data))
	assert.Equal(t, testkit.Names("InvalidParams"), testkit.Matches(&didit.ValidationError{}))
}

// No *url.Error is in a chain, whatever the RoundTripper returns.
func TestNoURLErrorInChains(t *testing.T) {
	t.Parallel()
	for _, call := range testkit.Calls() {
		err := call.Do(t, testkit.Client(t, &http.Transport{Proxy: func(*http.Request) (*url.URL, error) { return nil, errors.New("hunter22") }}, didit.WithMaxRetries(0)))
		var ue *url.Error
		require.Error(t, err)
		assert.NotErrorAs(t, err, &ue)
		assert.NotContains(t, fmt.Sprintf("%+v", err), "hunter22")
		require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
	}
	for _, call := range testkit.Calls() {
		err := call.Do(t, testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
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
