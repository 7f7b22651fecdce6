package didit_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
)

// What is planted.
const (
	plantVendor   = "vendor-Kx93-oriane@mail.example"
	plantName     = "Oriane-Philippa Vasquelle-Brumelac"
	plantDocument = "XQ7712093K55QY"
	plantEmail    = "oriane.vasquelle.private@mail.example"
	plantComment  = "seen with her daughter Hilde on Sunday"
	plantLink     = "https://verify.didit.me/session/3FaJ9wLqX2MzTT"
	plantQuery    = "query-secret-7Yh2Lm0PzQ"
)

// rootPlants lists every form in which a secret could be printed: whole, each half,
// and as the hex and decimal that %x and %d make of them.
func rootPlants(secrets ...string) map[string]string {
	forms := map[string]string{}
	for _, s := range secrets {
		for _, part := range []string{s, s[:12], s[len(s)-12:]} {
			forms[strings.ToLower(part)] = s
			forms[hex.EncodeToString([]byte(part))] = s
			forms[strings.Trim(fmt.Sprintf("%d", []byte(part)), "[]")] = s
			forms[strings.ToLower(url.QueryEscape(part))] = s
		}
	}
	return forms
}

func rootNoPlants(t testing.TB, what, text string, forms map[string]string) {
	t.Helper()
	text = strings.ToLower(text)
	for form, secret := range forms {
		if strings.Contains(text, form) {
			assert.Fail(t, "a secret was printed", "%s prints %q of %q: %.300s", what, form, secret, text)
			return
		}
	}
}

func rootAllSecrets(token string) map[string]string {
	parts := strings.Split(token, ".")
	return rootPlants(rootKey, token, parts[1], parts[2], plantVendor, plantName, plantDocument, plantEmail, plantComment, plantLink, plantQuery)
}

// rootPrint prints v in every way.
func rootPrint(t testing.TB, v any, log bool) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "% x", "%10.3v", "%t", "%T", "%!"} {
		out[verb] = fmt.Sprintf(verb, v)
	}
	out["Sprint"], out["Sprintln"] = fmt.Sprint(v), fmt.Sprintln(v)
	if err, ok := v.(error); ok {
		out["wrapped"] = fmt.Sprintf("%v %+v", fmt.Errorf("x: %w", err), errors.Join(err, io.EOF))
	}
	if s, ok := v.(fmt.Stringer); ok {
		out["String"] = s.String()
	}
	if s, ok := v.(fmt.GoStringer); ok {
		out["GoString"] = s.GoString()
	}
	if !log {
		return out
	}
	var text, jsons bytes.Buffer
	for _, h := range []slog.Handler{
		slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true}),
		slog.NewJSONHandler(&jsons, &slog.HandlerOptions{Level: slog.LevelDebug}),
	} {
		l := slog.New(h)
		l.Info("m", "v", v)
		l.With("v", v).WithGroup("g").Debug("m", slog.Group("h", slog.Any("v", v)))
	}
	out["slog text"], out["slog JSON"] = text.String(), jsons.String()
	return out
}

// rootUnexported prints what is behind a pointer in an unexported field, by the verbs
// that pointers have: for any other fmt follows the pointer and calls no method.
func rootUnexported(t testing.TB, name string, v any, secrets map[string]string) {
	t.Helper()
	for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%X", "%d", "%p"} {
		rootNoPlants(t, name+" in an unexported field with "+verb, fmt.Sprintf(verb, v), secrets)
	}
}

// rootHolders puts a value where printers find it.
func rootHolders(v any) map[string]any {
	return map[string]any{
		"itself": v, "slice": []any{v}, "map": map[string]any{"k": v}, "array": [1]any{v}, "exported field": struct{ V any }{v},
		"pointer to struct": &struct{ V any }{v}, "nested": struct{ V []any }{[]any{map[int]any{1: v}}},
	}
}

func TestNothingIsPrinted(t *testing.T) {
	t.Parallel()
	token := didit.NewShareToken(rootToken(rootClaims(time.Now())))
	secrets := rootAllSecrets(token.Reveal())
	session, err := didit.ParseSession(fmt.Appendf(nil, `{"session_id":%q,"session_kind":"user","status":"Approved","session_url":%q,"vendor_data":%q,"metadata":{"n":%q},
		"expected_details":{"first_name":%[5]q},"contact_details":{"email":%[6]q},"callback":%[3]q,"features":[%[5]q],"reviews":[{"user":%[5]q,"comment":%[7]q}],
		"id_verifications":[{"full_name":%[5]q,"document_number":%[8]q,"extra_fields":{"a":%[5]q}}],"environment":%[5]q,"nfc_skip_reason":%[5]q}`,
		rootSession, plantVendor, plantLink, plantVendor, plantName, plantEmail, plantComment, plantDocument))
	require.NoError(t, err)
	require.NotEmpty(t, session.IDVerifications)
	hostile := *session // everything that is printed may have been written by a server
	hostile.SessionID, hostile.SessionKind, hostile.Status = plantName, plantEmail, plantDocument
	contact := didit.ContactDetails{Email: plantEmail, Phone: plantDocument}
	expected := didit.ExpectedDetails{FirstName: plantName, LastName: plantName, DocumentNumber: plantDocument, ExpectedDocumentTypes: []string{plantDocument}}
	client := rootClient(t, rootMock(t))
	imported := didit.ImportedSession{Session: *session, Duplicates: []string{rootSource}}
	imports := didit.ImportSharedSessionParams{Token: token, WorkflowID: plantName, VendorData: plantVendor, SourceSessionID: plantName, FromApplicationIDs: []string{plantName}}
	find := didit.FindImportedSessionParams{SourceSessionID: rootSource, SessionKind: didit.KindUser, VendorData: plantVendor}
	create := didit.CreateSessionParams{WorkflowID: rootWorkflow, VendorData: plantVendor, Callback: plantLink, Metadata: plantName, ContactDetails: &contact, ExpectedDetails: &expected}
	update := didit.UpdateSessionStatusParams{NewStatus: plantName, Comment: plantComment}
	list := didit.ListSessionsParams{SessionKind: plantName, VendorData: plantVendor, Search: plantName}
	row := didit.SessionSummary{SessionID: rootSession, SessionURL: plantLink, VendorData: plantVendor, FullName: plantName, Raw: []byte(plantName)}
	created := didit.CreatedSession{SessionID: rootSession, SessionURL: plantLink, SessionToken: plantDocument, VendorData: plantVendor, Raw: []byte(plantName)}
	shared := didit.SharedSession{Token: token, SessionID: rootSession, ForApplicationID: rootPartner, SessionKind: didit.KindUser}
	api := didit.APIError{Operation: "ShareSession", StatusCode: 400, Message: "m", Body: []byte(`{"detail":"` + token.Reveal() + plantName + `"}`)}
	call := didit.CallError{Operation: "ImportSharedSession", Err: errors.New(plantName), Answer: &api, SearchErr: errors.New(plantVendor), FindParams: &find}

	for name, v := range map[string]any{
		"Client": *client, "*Client": client, "ShareToken": token, "*ShareToken": &token, "SharedSession": shared, "*SharedSession": &shared,
		"Session": *session, "*Session": session, "hostile Session": hostile, "ImportedSession": imported, "*ImportedSession": &imported,
		"Decision": session.Decision, "*Decision": &session.Decision, "ContactDetails": contact, "*ContactDetails": &contact,
		"ExpectedDetails": expected, "*ExpectedDetails": &expected, "ImportSharedSessionParams": imports, "*ImportSharedSessionParams": &imports,
		"FindImportedSessionParams": find, "*FindImportedSessionParams": &find, "CreateSessionParams": create, "*CreateSessionParams": &create,
		"UpdateSessionStatusParams": update, "*UpdateSessionStatusParams": &update, "ListSessionsParams": list, "*ListSessionsParams": &list,
		"SessionSummary": row, "*SessionSummary": &row, "CreatedSession": created, "*CreatedSession": &created,
		"*APIError": &api, "APIError": api, "*CallError": &call, "CallError": call, "WithAPIKey": didit.WithAPIKey(rootKey),
	} {
		for holder, held := range rootHolders(v) {
			// A handler encodes what holds a value with encoding/json, and the JSON of a
			// session is a deliberate act.
			for how, text := range rootPrint(t, held, holder == "itself" && name != "WithAPIKey") {
				rootNoPlants(t, name+" as "+holder+" with "+how, text, secrets)
			}
		}
		if name != "Client" && name != "WithAPIKey" {
			assert.NotEmpty(t, fmt.Sprint(v), name)
		}
	}
	// In unexported fields fmt calls no methods: the token and the key are out of its
	// reach there.
	hidden := rootPlants(rootKey, token.Reveal(), strings.Split(token.Reveal(), ".")[1], strings.Split(token.Reveal(), ".")[2])
	for name, v := range map[string]any{
		"token":  struct{ t didit.ShareToken }{token},
		"shared": struct{ s didit.SharedSession }{shared},
		"import": struct {
			p didit.ImportSharedSessionParams
		}{imports},
		"tokens": struct{ t []didit.ShareToken }{[]didit.ShareToken{token}},
		"client": struct{ c *didit.Client }{client},
		"copied": struct{ c didit.Client }{*client},
		"any":    struct{ v []any }{[]any{token, &token, shared, &shared, client, *client}},
	} {
		for how, text := range rootPrint(t, v, false) {
			rootNoPlants(t, name+" in an unexported field with "+how, text, hidden)
		}
	}
	// All else is behind a pointer, which is how it is returned.
	for name, v := range map[string]any{
		"session": struct{ s *didit.Session }{session},
		"errors":  struct{ a, c error }{&api, &call},
		"any":     struct{ v []any }{[]any{session, &imported, &row, &created, &api, &call}},
	} {
		rootUnexported(t, name, v, secrets)
	}
	assert.Equal(t, "didit.Session("+rootSession+", user, Approved)", fmt.Sprintf("%+v", session))
	assert.Equal(t, "didit.Session(no id)", fmt.Sprintf("%+v", hostile))
	// The search does find what is printed, in each form.
	for _, verb := range []string{"%v", "%s", "%q", "%x", "%X", "%d"} {
		for _, part := range []string{rootKey, rootKey[:12], rootKey[len(rootKey)-12:]} {
			text := strings.ToLower(fmt.Sprintf(verb, []byte(part)))
			found := verb == "%v" || verb == "%d"
			for form := range secrets {
				found = found || strings.Contains(text, form)
			}
			assert.True(t, found, verb)
		}
	}
}

// rootLeaky are calls whose every string is a secret.
func rootLeaky(token string) []rootCall {
	return []rootCall{
		{name: "ShareSession", do: func(t testing.TB, c *didit.Client) error {
			_, err := c.ShareSession(t.Context(), rootSession, didit.ShareSessionParams{ForApplicationID: rootPartner})
			return err
		}},
		{name: "ImportSharedSession", do: func(t testing.TB, c *didit.Client) error {
			_, err := c.ImportSharedSession(t.Context(), didit.ImportSharedSessionParams{Token: didit.NewShareToken(token), WorkflowID: rootWorkflow,
				Review: didit.ReviewAgain, VendorData: plantVendor})
			return err
		}},
		{name: "FindImportedSession", do: func(t testing.TB, c *didit.Client) error {
			_, err := c.FindImportedSession(t.Context(), didit.FindImportedSessionParams{SourceSessionID: rootSource, SessionKind: didit.KindUser, VendorData: plantVendor})
			return err
		}},
		{name: "GetSession", do: func(t testing.TB, c *didit.Client) error {
			_, err := c.GetSession(t.Context(), rootSession)
			return err
		}},
		{name: "ListSessions", do: func(t testing.TB, c *didit.Client) error {
			for _, err := range c.ListSessions(t.Context(), didit.ListSessionsParams{VendorData: plantVendor, Search: plantName}) {
				if err != nil {
					return err
				}
			}
			return nil
		}},
		{name: "CreateSession", do: func(t testing.TB, c *didit.Client) error {
			_, err := c.CreateSession(t.Context(), didit.CreateSessionParams{WorkflowID: rootWorkflow, VendorData: plantVendor, Callback: plantLink,
				Metadata: map[string]any{"a": []any{plantComment}}, ContactDetails: &didit.ContactDetails{Email: plantEmail},
				ExpectedDetails: &didit.ExpectedDetails{FirstName: plantName, DocumentNumber: plantDocument}})
			return err
		}},
		{name: "UpdateSessionStatus", do: func(t testing.TB, c *didit.Client) error {
			return c.UpdateSessionStatus(t.Context(), rootSession, didit.UpdateSessionStatusParams{NewStatus: didit.StatusDeclined, Comment: plantComment})
		}},
		{name: "DeleteSession", do: func(t testing.TB, c *didit.Client) error { return c.DeleteSession(t.Context(), rootSession) }},
		{name: "SessionPDF", do: func(t testing.TB, c *didit.Client) error {
			_, err := c.SessionPDF(t.Context(), rootSession, io.Discard)
			return err
		}},
		{name: "Do", do: func(t testing.TB, c *didit.Client) error {
			var out struct {
				SessionID int `json:"session_id"`
			}
			path := "/v3/people/" + plantDocument + "/" + url.PathEscape(plantComment) + "/?q=" + plantQuery + "&bad=%zz" + plantLink[8:] + "&n=" + url.QueryEscape(plantVendor)
			return c.Do(t.Context(), "POST", path, map[string]any{"mail": plantEmail, "names": []string{plantName}}, &out)
		}},
	}
}

// rootEcho answers with all that was sent, as a server does that quotes it: in each
// kind of error body, in headers, in what is no JSON.
func rootEcho(kind string) rootTrip {
	return func(r *http.Request) (*http.Response, error) {
		var sent []byte
		if r.Body != nil {
			sent, _ = io.ReadAll(r.Body)
		}
		var values []string
		var walk func(any)
		walk = func(v any) {
			switch v := v.(type) {
			case string:
				values = append(values, v)
			case []any:
				for _, item := range v {
					walk(item)
				}
			case map[string]any:
				for _, item := range v {
					walk(item)
				}
			}
		}
		var body any
		_ = json.Unmarshal(sent, &body)
		walk(body)
		for _, v := range r.URL.Query() {
			values = append(values, v...)
		}
		values = append(values, strings.Split(strings.Trim(r.URL.Path, "/"), "/")...)
		values = append(values, r.Header.Get("X-Api-Key"), r.URL.RequestURI())
		all := strings.Join(values, " and ")
		text, _ := json.Marshal(all)
		answers := map[string]struct {
			status int
			body   string
		}{
			"detail":     {400, `{"detail":` + string(text) + `,"code":` + string(text) + `}`},
			"fields":     {400, `{"share_token":[` + string(text) + `],` + string(text) + `:[` + string(text) + `]}`},
			"nested":     {422, `{"a":[{"b":{"c":` + string(text) + `}}]}`},
			"list":       {403, `[` + string(text) + `]`},
			"upper case": {404, `{"message":` + strings.ToUpper(string(text)) + `}`},
			"401":        {401, `{"error":` + string(text) + `}`},
			"429":        {429, `{"detail":` + string(text) + `}`},
			"500":        {500, `{"detail":` + string(text) + `}`},
			"HTML":       {502, `<html>` + all},
			"text":       {400, string(text)},
			"garbage":    {200, all},
			"cut":        {200, `{"session_id":` + string(text)},
			"types":      {200, `{"session_id":` + string(text) + `,"results":[` + string(text) + `],"share_token":` + string(text) + `,"created_at":` + string(text) + `}`},
			"redirect":   {302, ``},
			"request id": {400, ``},
		}
		switch kind {
		case "url.Error":
			return nil, &url.Error{Op: "Post", URL: r.URL.String(), Err: errors.New(all)}
		case "error":
			return nil, fmt.Errorf("%s: %w", all, io.ErrUnexpectedEOF)
		}
		a := answers[kind]
		resp := rootAnswer(r, a.status, a.body)
		if kind == "request id" {
			resp.Header.Set("X-Request-ID", r.Header.Get("X-Api-Key"))
		}
		resp.Header.Set("Location", "https://evil.example/?"+url.QueryEscape(all))
		resp.Header.Set("Retry-After", all)
		resp.Status = all
		return resp, nil
	}
}

func TestErrorsLogsAndAuditSayNothing(t *testing.T) {
	t.Parallel()
	token := rootToken(rootClaims(time.Now()))
	secrets := rootAllSecrets(token)
	for _, call := range rootLeaky(token) {
		for _, kind := range []string{"detail", "fields", "nested", "list", "upper case", "401", "429", "500", "HTML", "text", "garbage", "cut", "types", "redirect", "request id", "url.Error", "error"} {
			t.Run(call.name+" "+kind, func(t *testing.T) {
				t.Parallel()
				var text, jsons bytes.Buffer
				var events []didit.AuditEvent
				c := rootClient(t, rootEcho(kind), didit.WithMaxRetryAfter(0), didit.WithMaxRetries(1),
					didit.WithLogger(slog.New(slog.NewMultiHandler(
						slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}),
						slog.NewJSONHandler(&jsons, &slog.HandlerOptions{Level: slog.LevelDebug})))),
					didit.WithAuditHook(func(_ context.Context, e didit.AuditEvent) error { events = append(events, e); return nil }))
				err := call.do(t, c)
				require.Error(t, err)
				assert.NotEmpty(t, text.String())
				rootNoPlants(t, "log", text.String()+jsons.String(), secrets)
				for _, e := range events {
					data, jsonErr := json.Marshal(e)
					require.NoError(t, jsonErr)
					rootNoPlants(t, "audit", fmt.Sprintf("%s %+v %#v", data, e, e), secrets)
				}
				rootChain(t, err, secrets)
			})
		}
	}
}

// A key of an older form has nothing that tells it, but that it was sent.
func TestOlderKeysAreMasked(t *testing.T) {
	t.Parallel()
	const key = "Hq3v9ZpXo1Lw7Ks5Tn2Bd8Rf"
	for _, call := range rootLeaky("opaque-token-5Wn8") {
		for _, kind := range []string{"detail", "fields", "request id"} {
			err := call.do(t, rootClient(t, rootEcho(kind), didit.WithAPIKey(key)))
			require.Error(t, err)
			if api, ok := errors.AsType[*didit.APIError](err); ok {
				data, jsonErr := json.Marshal(api)
				require.NoError(t, jsonErr)
				rootNoPlants(t, call.name+" "+kind, err.Error()+string(data), rootPlants(key, "opaque-token-5Wn8"))
			}
		}
	}
}

// rootChain prints each error of a chain in every way.
func rootChain(t testing.TB, err error, secrets map[string]string) {
	t.Helper()
	if err == nil {
		return
	}
	for holder, held := range rootHolders(err) {
		printed := rootPrint(t, held, holder == "itself")
		switch err.(type) { //nolint:errorlint // the chain is walked by hand
		case *didit.APIError, *didit.CallError, *didit.ValidationError:
		default: // the causes have Error alone, which these verbs do not call
			for _, verb := range []string{"%d", "%t", "%!"} {
				delete(printed, verb)
			}
		}
		for how, text := range printed {
			rootNoPlants(t, fmt.Sprintf("%T as %s with %s", err, holder, how), text, secrets)
		}
	}
	rootUnexported(t, fmt.Sprintf("%T", err), struct{ err error }{err}, secrets)
	// Find is the one thing in an error that holds vendor data in its JSON: it is there
	// to be stored.
	data, jsonErr := json.Marshal(err)
	require.NoError(t, jsonErr)
	var call *didit.CallError
	if errors.As(err, &call) && call.FindParams != nil {
		data = bytes.ReplaceAll(data, []byte(`"vendor_data":"`+plantVendor+`"`), nil)
	}
	rootNoPlants(t, fmt.Sprintf("JSON of %T", err), string(data), secrets)
	var panicked any
	func() {
		defer func() { panicked = recover() }()
		panic(err)
	}()
	rootNoPlants(t, "panic", fmt.Sprint(panicked), secrets)
	switch err := err.(type) { //nolint:errorlint // the chain is walked by hand
	case interface{ Unwrap() error }:
		rootChain(t, err.Unwrap(), secrets)
	case interface{ Unwrap() []error }:
		for _, next := range err.Unwrap() {
			rootChain(t, next, secrets)
		}
	}
	if call, ok := err.(*didit.CallError); ok { //nolint:errorlint // likewise
		rootChain(t, call.SearchErr, secrets)
	}
}

// A local refusal quotes no value.
func TestRefusalsSayNothing(t *testing.T) {
	t.Parallel()
	token := rootToken(rootClaims(time.Now()))
	secrets := rootAllSecrets(token)
	c := rootClient(t, rootMock(t))
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
	_, err = didit.NewClient(didit.WithAPIKey(rootKey+"\n\x01x"), didit.WithBaseURL("https://u:"+plantQuery+"@h.example/?"+plantQuery), didit.WithApplicationID(plantName))
	add(err)
	_, err = didit.NewClient(didit.WithAPIKey(rootKey), didit.WithBaseURL("https://h.example:"+plantQuery))
	add(err)
	for _, err := range errs {
		text := fmt.Sprintf("%v %+v %#v %q", err, err, err, err)
		rootNoPlants(t, "refusal", text, secrets)
		if data, jsonErr := json.Marshal(err); jsonErr == nil {
			rootNoPlants(t, "refusal's JSON", string(data), secrets)
		}
	}
}

// The log of success names the call and what came of it, nothing else.
func TestLogLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	c := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
		status := 200
		if out.Len() == 0 {
			status = 503
		}
		resp := rootAnswer(r, status, `{"session_id":"`+rootSession+`","vendor_data":"`+plantVendor+`"}`)
		resp.Header.Set("X-Request-ID", "req-5")
		return resp, nil
	}), didit.WithLogger(slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	_, err := c.GetSession(t.Context(), rootSession)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 2)
	for i, want := range []map[string]any{
		{"level": "DEBUG", "msg": "didit: attempt failed, trying again", "operation": "GetSession", "attempt": 1., "status": 503., "failure": "Service Unavailable", "wait": 0.},
		{"level": "INFO", "msg": "didit: call", "operation": "GetSession", "outcome": "ok", "attempts": 2., "status": 200., "request_id": "req-5",
			"host": "verification.didit.me", "session_id": rootSession},
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
