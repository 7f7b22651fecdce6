package suite

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

// prints prints v in every way.
func prints(t testing.TB, v any, log bool) map[string]string {
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

// printsUnexported prints what is behind a pointer in an unexported field, by the verbs
// that pointers have: for any other fmt follows the pointer and calls no method.
func printsUnexported(t testing.TB, name string, v any, secrets map[string]string) {
	t.Helper()
	for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%X", "%d", "%p"} {
		noPlants(t, name+" in an unexported field with "+verb, fmt.Sprintf(verb, v), secrets)
	}
}

// holders puts a value where printers find it.
func holders(v any) map[string]any {
	return map[string]any{
		"itself": v, "slice": []any{v}, "map": map[string]any{"k": v}, "array": [1]any{v}, "exported field": struct{ V any }{v},
		"pointer to struct": &struct{ V any }{v}, "nested": struct{ V []any }{[]any{map[int]any{1: v}}},
	}
}

func TestNothingIsPrinted(t *testing.T) {
	t.Parallel()
	token := didit.NewShareToken(testkit.Token(testkit.Claims(time.Now())))
	secrets := allSecrets(token.Reveal())
	session, err := didit.ParseSession(fmt.Appendf(nil, `{"session_id":%q,"session_kind":"user","status":"Approved","session_url":%q,"vendor_data":%q,"metadata":{"n":%q},
		"expected_details":{"first_name":%[5]q},"contact_details":{"email":%[6]q},"callback":%[3]q,"features":[%[5]q],"reviews":[{"user":%[5]q,"comment":%[7]q}],
		"id_verifications":[{"full_name":%[5]q,"document_number":%[8]q,"extra_fields":{"a":%[5]q}}],"environment":%[5]q,"nfc_skip_reason":%[5]q}`,
		testkit.SessionID, plantVendor, plantLink, plantVendor, plantName, plantEmail, plantComment, plantDocument))
	require.NoError(t, err)
	require.NotEmpty(t, session.IDVerifications)
	hostile := *session // everything that is printed may have been written by a server
	hostile.SessionID, hostile.SessionKind, hostile.Status = plantName, plantEmail, plantDocument
	contact := didit.ContactDetails{Email: plantEmail, Phone: plantDocument}
	expected := didit.ExpectedDetails{FirstName: plantName, LastName: plantName, DocumentNumber: plantDocument, ExpectedDocumentTypes: []string{plantDocument}}
	client := testkit.Client(t, testkit.Mock(t))
	imported := didit.ImportedSession{Session: *session, Duplicates: []string{testkit.SourceID}}
	imports := didit.ImportSharedSessionParams{Token: token, WorkflowID: plantName, VendorData: plantVendor, SourceSessionID: plantName, FromApplicationIDs: []string{plantName}}
	find := didit.FindImportedSessionParams{SourceSessionID: testkit.SourceID, SessionKind: didit.KindUser, VendorData: plantVendor}
	create := didit.CreateSessionParams{WorkflowID: testkit.WorkflowID, VendorData: plantVendor, Callback: plantLink, Metadata: plantName, ContactDetails: &contact, ExpectedDetails: &expected}
	update := didit.UpdateSessionStatusParams{NewStatus: plantName, Comment: plantComment}
	list := didit.ListSessionsParams{SessionKind: plantName, VendorData: plantVendor, Search: plantName}
	row := didit.SessionSummary{SessionID: testkit.SessionID, SessionURL: plantLink, VendorData: plantVendor, FullName: plantName, Raw: []byte(plantName)}
	created := didit.CreatedSession{SessionID: testkit.SessionID, SessionURL: plantLink, SessionToken: plantDocument, VendorData: plantVendor, Raw: []byte(plantName)}
	shared := didit.SharedSession{Token: token, SessionID: testkit.SessionID, ForApplicationID: testkit.ApplicationB, SessionKind: didit.KindUser}
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
		"*APIError": &api, "APIError": api, "*CallError": &call, "CallError": call, "WithAPIKey": didit.WithAPIKey(testkit.APIKey),
	} {
		for holder, held := range holders(v) {
			// A handler encodes what holds a value with encoding/json, and the JSON of a
			// session is a deliberate act.
			for how, text := range prints(t, held, holder == "itself" && name != "WithAPIKey") {
				noPlants(t, name+" as "+holder+" with "+how, text, secrets)
			}
		}
		if name != "Client" && name != "WithAPIKey" {
			assert.NotEmpty(t, fmt.Sprint(v), name)
		}
	}
	// In unexported fields fmt calls no methods: the token and the key are out of its
	// reach there.
	hidden := plantForms(testkit.APIKey, token.Reveal(), strings.Split(token.Reveal(), ".")[1], strings.Split(token.Reveal(), ".")[2])
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
		for how, text := range prints(t, v, false) {
			noPlants(t, name+" in an unexported field with "+how, text, hidden)
		}
	}
	// All else is behind a pointer, which is how it is returned.
	for name, v := range map[string]any{
		"session": struct{ s *didit.Session }{session},
		"errors":  struct{ a, c error }{&api, &call},
		"any":     struct{ v []any }{[]any{session, &imported, &row, &created, &api, &call}},
	} {
		printsUnexported(t, name, v, secrets)
	}
	assert.Equal(t, "didit.Session("+testkit.SessionID+", user, Approved)", fmt.Sprintf("%+v", session))
	assert.Equal(t, "didit.Session(no id)", fmt.Sprintf("%+v", hostile))
	// The search does find what is printed, in each form.
	for _, verb := range []string{"%v", "%s", "%q", "%x", "%X", "%d"} {
		for _, part := range []string{testkit.APIKey, testkit.APIKey[:12], testkit.APIKey[len(testkit.APIKey)-12:]} {
			text := strings.ToLower(fmt.Sprintf(verb, []byte(part)))
			found := verb == "%v" || verb == "%d"
			for form := range secrets {
				found = found || strings.Contains(text, form)
			}
			assert.True(t, found, verb)
		}
	}
}
