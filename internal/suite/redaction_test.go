package suite

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
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

func TestErrorsLogsAndAuditSayNothing(t *testing.T) {
	t.Parallel()
	token := testkit.Token(testkit.Claims(time.Now()))
	secrets := allSecrets(token)
	calls := leakyCalls(token)
	for _, every := range testkit.Calls() {
		assert.True(t, slices.ContainsFunc(calls, func(c testkit.Call) bool { return c.Name == every.Name }), "%s is not among leakyCalls", every.Name)
	}
	for _, call := range calls {
		for _, kind := range []string{"detail", "fields", "nested", "list", "upper case", "401", "429", "500", "HTML", "text", "garbage", "cut", "types", "redirect", "request id", "url.Error", "error"} {
			t.Run(call.Name+" "+kind, func(t *testing.T) {
				t.Parallel()
				var text, jsons bytes.Buffer
				var events []didit.AuditEvent
				c := testkit.Client(t, echo(kind), didit.WithMaxRetryAfter(0), didit.WithMaxRetries(1),
					didit.WithLogger(slog.New(slog.NewMultiHandler(
						slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}),
						slog.NewJSONHandler(&jsons, &slog.HandlerOptions{Level: slog.LevelDebug})))),
					didit.WithAuditHook(func(_ context.Context, e didit.AuditEvent) error { events = append(events, e); return nil }))
				err := call.Do(t, c)
				if call.Name == "ListReviews" && kind == "types" { // a review of other types is an empty one
					require.NoError(t, err)
				} else {
					require.Error(t, err)
					chain(t, err, secrets)
				}
				assert.NotEmpty(t, text.String())
				noPlants(t, "log", text.String()+jsons.String(), secrets)
				for _, e := range events {
					data, jsonErr := json.Marshal(e)
					require.NoError(t, jsonErr)
					noPlants(t, "audit", fmt.Sprintf("%s %+v %#v", data, e, e), secrets)
				}
			})
		}
	}
}

// A key of an older form has nothing that tells it, but that it was sent.
func TestOlderKeysAreMasked(t *testing.T) {
	t.Parallel()
	const key = "Hq3v9ZpXo1Lw7Ks5Tn2Bd8Rf"
	for _, call := range leakyCalls("opaque-token-5Wn8") {
		for _, kind := range []string{"detail", "fields", "request id"} {
			err := call.Do(t, testkit.Client(t, echo(kind), didit.WithAPIKey(key)))
			require.Error(t, err)
			if api, ok := errors.AsType[*didit.APIError](err); ok {
				data, jsonErr := json.Marshal(api)
				require.NoError(t, jsonErr)
				noPlants(t, call.Name+" "+kind, err.Error()+string(data), plantForms(key, "opaque-token-5Wn8"))
			}
		}
	}
}

// chain prints each error of a chain in every way.
func chain(t testing.TB, err error, secrets map[string]string) {
	t.Helper()
	if err == nil {
		return
	}
	for holder, held := range holders(err) {
		printed := prints(t, held, holder == "itself")
		switch err.(type) { //nolint:errorlint // the chain is walked by hand
		case *didit.APIError, *didit.CallError, *didit.ValidationError:
		default: // the causes have Error alone, which these verbs do not call
			for _, verb := range []string{"%d", "%t", "%!"} {
				delete(printed, verb)
			}
		}
		for how, text := range printed {
			noPlants(t, fmt.Sprintf("%T as %s with %s", err, holder, how), text, secrets)
		}
	}
	printsUnexported(t, fmt.Sprintf("%T", err), struct{ err error }{err}, secrets)
	// Find is the one thing in an error that holds vendor data in its JSON: it is there
	// to be stored.
	data, jsonErr := json.Marshal(err)
	require.NoError(t, jsonErr)
	var call *didit.CallError
	if errors.As(err, &call) && call.FindParams != nil {
		data = bytes.ReplaceAll(data, []byte(`"vendor_data":"`+plantVendor+`"`), nil)
	}
	noPlants(t, fmt.Sprintf("JSON of %T", err), string(data), secrets)
	var panicked any
	func() {
		defer func() { panicked = recover() }()
		panic(err)
	}()
	noPlants(t, "panic", fmt.Sprint(panicked), secrets)
	switch err := err.(type) { //nolint:errorlint // the chain is walked by hand
	case interface{ Unwrap() error }:
		chain(t, err.Unwrap(), secrets)
	case interface{ Unwrap() []error }:
		for _, next := range err.Unwrap() {
			chain(t, next, secrets)
		}
	}
	if call, ok := err.(*didit.CallError); ok { //nolint:errorlint // likewise
		chain(t, call.SearchErr, secrets)
	}
}

// A local refusal quotes no value.
func TestRefusalsSayNothing(t *testing.T) {
	t.Parallel()
	token := testkit.Token(testkit.Claims(time.Now()))
	secrets := allSecrets(token)
	c := testkit.Client(t, testkit.Mock(t))
	ctx := t.Context()
	var errs []error
	add := func(err error) { require.Error(t, err); errs = append(errs, err) }
	_, err := c.ShareSession(ctx, plantName, didit.ShareSessionParams{ForApplicationID: plantDocument, Status: plantName, TTL: 1})
	add(err)
	for _, tok := range []string{token + "!", token + plantName, plantName, ""} {
		_, err = c.ImportSharedSession(ctx, didit.ImportSharedSessionParams{Token: didit.NewShareToken(tok), WorkflowID: plantName, Workflows: didit.Workflows{User: plantName},
			Review: plantName, VendorData: plantVendor + "\xff", SourceSessionID: plantName, FromApplicationIDs: []string{plantName}})
		add(err)
		_, err = didit.NewShareToken(tok + "?").Claims()
		add(err)
		_, err = didit.ImportSharedSessionParams{Token: didit.NewShareToken(tok + "?"), VendorData: plantVendor}.FindParams()
		add(err)
	}
	_, err = c.FindImportedSession(ctx, didit.FindImportedSessionParams{SourceSessionID: plantName, SessionKind: plantName, VendorData: plantVendor + "\xff", WorkflowID: plantName})
	add(err)
	_, err = c.GetSession(ctx, plantName)
	add(err)
	for _, err := range c.ListSessions(ctx, didit.ListSessionsParams{SessionKind: plantName, VendorData: plantVendor + "\xff", Statuses: []didit.SessionStatus{plantName},
		WorkflowIDs: []string{plantName}, Countries: []string{plantName}, Search: plantName + "\xff"}) {
		add(err)
	}
	_, err = c.CreateSession(ctx, didit.CreateSessionParams{WorkflowID: plantName, VendorData: plantVendor + "\xff", Callback: "::" + plantLink, Metadata: map[string]any{plantName: func() {}},
		ExpectedDetails: &didit.ExpectedDetails{DateOfBirth: plantName}})
	add(err)
	add(c.UpdateSessionStatus(ctx, plantName, didit.UpdateSessionStatusParams{NewStatus: plantName, Comment: plantComment + "\xff"}))
	add(c.Do(ctx, plantName, "/v3/ "+plantQuery, func() {}, plantName))
	_, err = didit.ParseSession([]byte(plantName))
	add(err)
	_, err = json.Marshal(didit.NewShareToken(token))
	add(err)
	_, err = didit.NewClient(didit.WithAPIKey(testkit.APIKey+"\n\x01x"), didit.WithBaseURL("https://u:"+plantQuery+"@h.example/?"+plantQuery), didit.WithApplicationID(plantName))
	add(err)
	_, err = didit.NewClient(didit.WithAPIKey(testkit.APIKey), didit.WithBaseURL("https://h.example:"+plantQuery))
	add(err)
	for _, err := range errs {
		text := fmt.Sprintf("%v %+v %#v %q", err, err, err, err)
		noPlants(t, "refusal", text, secrets)
		if data, jsonErr := json.Marshal(err); jsonErr == nil {
			noPlants(t, "refusal's JSON", string(data), secrets)
		}
	}
}

// The log of success names the call and what came of it, nothing else.
func TestLogLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	c := testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		status := 200
		if out.Len() == 0 {
			status = 503
		}
		resp := testkit.Answer(r, status, `{"session_id":"`+testkit.SessionID+`","vendor_data":"`+plantVendor+`"}`)
		resp.Header.Set("X-Request-ID", "req-5")
		return resp, nil
	}), didit.WithLogger(slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	_, err := c.GetSession(t.Context(), testkit.SessionID)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 2)
	for i, want := range []map[string]any{
		{"level": "DEBUG", "msg": "didit: attempt failed, trying again", "operation": "GetSession", "attempt": 1., "status": 503., "failure": "Service Unavailable", "wait": 0.},
		{"level": "INFO", "msg": "didit: call", "operation": "GetSession", "outcome": "ok", "attempts": 2., "status": 200., "request_id": "req-5",
			"host": "verification.didit.me", "session_id": testkit.SessionID},
	} {
		var got map[string]any
		require.NoError(t, json.Unmarshal([]byte(lines[i]), &got))
		delete(got, "time")
		if i == 1 {
			assert.Contains(t, got, "duration")
			delete(got, "duration")
		}
		assert.Equal(t, want, got)
	}
}
