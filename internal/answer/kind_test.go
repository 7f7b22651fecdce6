package answer

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

const noPermission = `{"detail": "You do not have permission to perform this action."}`

// TestKinds has the newest mapping, the older ones, and what must not be taken
// for any.
func TestKinds(t *testing.T) {
	t.Parallel()
	expired, foreign := Token{Expired: true}, Token{Foreign: true}
	for _, test := range []struct {
		name   string
		table  Table
		status int
		body   string
		token  Token
		want   []Kind
	}{
		// The key, on every call.
		{"no key", Plain, 403, `{"detail": "Authentication credentials were not provided."}`, Token{}, []Kind{BadKey}},
		{"wrong key", Plain, 403, `{"detail": "Invalid or missing API key"}`, Token{}, []Kind{BadKey}},
		{"invalid key", Share, 403, `{"detail": "Invalid API key."}`, Token{}, []Kind{BadKey}},
		{"expired key", Import, 403, `{"detail": "This API key has expired."}`, Token{}, []Kind{BadKey}},
		{"revoked key", Import, 403, `{"detail": "This API key has been revoked."}`, Token{}, []Kind{BadKey}},
		{"code", Plain, 403, `{"detail": "No.", "code": "authentication_failed"}`, Token{}, []Kind{BadKey}},
		{"other code", Share, 403, `{"detail": "No.", "code": "not_authenticated"}`, Token{}, []Kind{BadKey}},
		{"permission", Plain, 403, noPermission, Token{}, nil},
		{"401 says enough", Plain, 401, `{"detail": "Invalid or missing API key"}`, Token{}, nil},
		{"a field about a key", Plain, 403, `{"name": ["Invalid API key."]}`, Token{}, nil},

		{"unfinished", Share, 400, `{"detail": "Only finished sessions (Approved, Declined or In Review) can be shared."}`, Token{}, []Kind{NotShareable}},
		{"unfinished, bare list", Share, 400, `["Only finished sessions can be shared."]`, Token{}, []Kind{NotShareable}},
		{"unfinished, in no field", Share, 400, `{"non_field_errors": ["Only finished sessions can be shared."]}`, Token{}, []Kind{NotShareable}},
		{"unfinished, other words", Share, 400, `{"message": "A session must be FINISHED before it is SHARED."}`, Token{}, []Kind{NotShareable}},
		{"unfinished, code", Share, 409, `{"detail": "No.", "code": "session_not_finished"}`, Token{}, []Kind{NotShareable}},
		{"TTL", Share, 400, `{"ttl_in_seconds": ["Ensure this value is less than or equal to 86400."]}`, Token{}, []Kind{BadTTL}},
		{"TTL, nested", Share, 400, `{"ttl_in_seconds": {"max": "No."}}`, Token{}, []Kind{BadTTL}},
		{"TTL, in the text", Share, 400, `{"detail": "ttl_in_seconds is out of range"}`, Token{}, []Kind{BadTTL}},
		{"own application", Share, 400, `{"for_application_id": ["Must differ from the calling application."]}`, Token{}, []Kind{SelfShare}},
		{"own application, in the text", Share, 400, `{"detail": "Cannot share with the same application."}`, Token{}, []Kind{SelfShare}},
		{"unknown application", Share, 400, `{"for_application_id": ["Invalid pk - object does not exist."]}`, Token{}, []Kind{ApplicationNotFound}},
		{"no UUID", Share, 400, `{"for_application_id": "Must be a valid UUID."}`, Token{}, []Kind{ApplicationNotFound}},
		{"unknown application, in the text", Share, 404, `{"detail": "Application not found."}`, Token{}, []Kind{ApplicationNotFound}},
		{"deleted application, in a list", Share, 400, `{"for_application_id": [{"id": ["Deleted."]}]}`, Token{}, []Kind{ApplicationNotFound}},
		{"the caller's application is deleted", Share, 403, `{"detail": "This application was deleted.", "code": "application_deleted"}`, Token{}, nil},
		{"two reasons", Share, 400, `{"ttl_in_seconds": ["No."], "for_application_id": ["Unknown."]}`, Token{}, []Kind{BadTTL, ApplicationNotFound}},
		{"unknown session", Share, 404, `{"detail": "Not found."}`, Token{}, nil},
		{"permission to share", Share, 403, noPermission, Token{}, nil},
		{"balance of an application", Share, 402, `{"detail": "The balance of the application is too low."}`, Token{}, nil},
		{"another field quotes", Share, 400, `{"vendor_data": ["application not found, only finished sessions"]}`, Token{}, nil},

		// Newest: 400, with the reason under share_token.
		{"token invalid", Import, 400, `{"share_token": ["Invalid signature."]}`, Token{}, []Kind{TokenInvalid}},
		{"token invalid, text", Import, 400, `{"share_token": "Malformed."}`, Token{}, []Kind{TokenInvalid}},
		{"token invalid, object", Import, 400, `{"share_token": {"reason": "Malformed."}}`, Token{}, []Kind{TokenInvalid}},
		{"token invalid, list of objects", Import, 400, `{"share_token": [{"reason": "Malformed."}]}`, Token{}, []Kind{TokenInvalid}},
		{"token expired", Import, 400, `{"share_token": ["This token has expired."]}`, Token{}, []Kind{TokenExpired}},
		{"token foreign", Import, 400, `{"share_token": ["Issued for another application."]}`, Token{}, []Kind{TokenForeign}},
		{"session gone", Import, 400, `{"share_token": ["The original session no longer exists."]}`, Token{}, []Kind{SourceGone}},
		{"session deleted", Import, 400, `{"share_token": ["Session deleted."]}`, Token{}, []Kind{SourceGone}},
		{"claims say expired", Import, 400, `{"share_token": ["Invalid."]}`, expired, []Kind{TokenExpired}},
		{"claims say foreign", Import, 400, `{"share_token": ["Invalid."]}`, foreign, []Kind{TokenForeign}},
		{"claims before words", Import, 400, `{"share_token": ["The original session was deleted."]}`, foreign, []Kind{TokenForeign}},
		{"claims are no reason by themselves", Import, 400, `{"vendor_data": ["Too long."]}`, expired, nil},
		{"claims and a key", Import, 403, noPermission, foreign, nil},

		// Older: 401, 403, 404.
		{"401 invalid", Import, 401, `{"detail": "Invalid share token"}`, Token{}, []Kind{TokenInvalid}},
		{"401 expired", Import, 401, `{"detail": "Share token has expired"}`, Token{}, []Kind{TokenExpired}},
		{"401 token alone", Import, 401, `{"error": "Token is malformed"}`, Token{}, []Kind{TokenInvalid}},
		{"401 about the key", Import, 401, `{"detail": "Invalid or missing API key"}`, expired, nil},
		{"401 about a key's token", Import, 401, `{"detail": "API key is no token"}`, Token{}, nil},
		{"403 foreign", Import, 403, `{"detail": "This token was issued for a different application."}`, Token{}, []Kind{TokenForeign}},
		{"403 foreign without the word token", Import, 403, `{"detail": "Not meant for this application."}`, Token{}, []Kind{TokenForeign}},
		{"404 gone", Import, 404, `{"detail": "Original session not found."}`, Token{}, []Kind{SourceGone}},
		{"404 gone is not about the claims", Import, 404, `{"detail": "Original session not found."}`, expired, []Kind{SourceGone}},
		{"403 of some token", Import, 403, `{"detail": "Token refused."}`, Token{}, nil},
		{"404 of nothing", Import, 404, `{"detail": "Not found."}`, Token{}, nil},
		{"403 gone is no pair", Import, 403, `{"detail": "Session not found."}`, Token{}, nil},

		{"403 of a foreign token that broke off", Import, 403, `{"detail": "This token was issued for a different application.`, Token{}, nil},
		{"403 of a key that broke off", Plain, 403, `{"detail": "Invalid or missing API key"`, Token{}, nil},
		{"permission to import", Import, 403, noPermission, Token{}, nil},

		{"workflow unknown", Import, 404, `{"detail": "Workflow not found."}`, Token{}, []Kind{WorkflowNotFound}},
		{"workflow unknown, field", Import, 400, `{"workflow_id": ["Invalid pk - object does not exist."]}`, Token{}, []Kind{WorkflowNotFound}},
		{"workflow of another kind", Import, 400, `{"workflow_id": ["A KYB token needs a KYB workflow."]}`, Token{}, []Kind{WorkflowKindMismatch}},
		{"workflow of another kind, in the text", Import, 400, `{"detail": "The workflow does not match the session kind."}`, Token{}, []Kind{WorkflowKindMismatch}},
		{"404 is about existence", Import, 404, `{"detail": "No KYC workflow with this id."}`, Token{}, []Kind{WorkflowNotFound}},
		{"workflow, quoted by another field", Import, 400, `{"vendor_data": ["workflow not found"]}`, Token{}, nil},

		{"not of a share", Share, 400, `{"share_token": ["Expired."]}`, Token{}, nil},
		{"not of an import", Import, 400, `{"detail": "Only finished sessions can be shared."}`, Token{}, nil},
		{"not of others", Plain, 400, `{"share_token": ["Expired."], "ttl_in_seconds": ["No."], "detail": "already imported"}`, expired, nil},
		{"nothing body", Import, 400, ``, Token{}, nil},
		{"HTML", Import, 404, `<h1>workflow not found</h1>`, Token{}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, Kinds(test.table, test.status, ParseErrorBody([]byte(test.body)), test.token))
		})
	}
}

// TestKindsOfStatuses: only a refusal of the request has a kind.
func TestKindsOfStatuses(t *testing.T) {
	t.Parallel()
	body := ParseErrorBody([]byte(`{"detail": "already imported", "code": "not_shareable"}`))
	for _, status := range []int{200, 301, 399, 429, 500, 503} {
		assert.Nil(t, Kinds(Import, status, body, Token{}), status)
		assert.Nil(t, Kinds(Share, status, body, Token{}), status)
	}
	for _, status := range []int{400, 403, 404, 409, 428, 499} {
		assert.Equal(t, []Kind{NotShareable}, Kinds(Share, status, body, Token{}), status)
	}
}

// TestAlreadyImported: the words of a 403 or 409, in one sentence, in the texts that
// speak of the request as a whole.
func TestAlreadyImported(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"detail": "This session has already been imported."}`,
		`{"detail": "This session has already been imported into this application."}`,
		`{"detail": "ALREADY IMPORTED"}`,
		`{"detail": "Imported sessions cannot be imported again: it was already done"}`,
		`{"message": "Refused. The import was already made; nothing to do."}`,
		`{"error": "already imported"}`,
		`{"error": {"message": "already imported"}}`,
		`{"error": {"code": "already_imported"}}`,
		`{"detail": "No.", "code": "already_imported"}`,
		`{"detail": "No.", "code": "session.already.imported"}`,
		`{"detail": "No.", "code": "SHARED_SESSION_IMPORT_ALREADY_EXISTS"}`,
		`{"non_field_errors": ["No.", "Already imported."]}`,
		`{"non_field_errors": "Already imported."}`,
		`{"detail": ["No.", "Already imported."]}`,
		`["Already imported."]`,
		`"Already imported."`,
		`{"detail": "First line\nalready imported\nlast line"}`,
		`{"detail": "Already imported.", "workflow_id": ["Unknown."]}`,
	} {
		for _, status := range []int{403, 409} {
			assert.Equal(t, []Kind{AlreadyImported}, kindsOf(status, body), "%d %s", status, body)
		}
		for _, status := range []int{400, 401, 402, 404, 410, 422, 423} {
			assert.NotContains(t, kindsOf(status, body), AlreadyImported, "%d %s", status, body)
		}
	}
	for _, body := range []string{
		`{"detail": "Your credits are already used."}`,
		`{"detail": "A user with this email already exists."}`,
		`{"detail": "This token has already been used."}`,
		`{"detail": "Already redeemed by this application."}`,
		`{"detail": "An important document already exists."}`,
		`{"detail": "Already in use. The import was refused."}`,
		`{"detail": "Already in use; the import was refused"}`,
		`{"detail": "Already in use\nThe import was refused"}`,
		`{"detail": "Already in use\rThe import was refused"}`,
		`{"detail": "Already in use\u2028The import was refused"}`,
		`{"detail": "The email is already in use", "message": "The import was refused"}`,
		`{"detail": ["The email is already in use", "The import was refused"]}`,
		`["The email is already in use", "The import was refused"]`,
		`{"detail": "The import was refused", "code": "already_exists"}`,
		`{"share_token": ["This session has already been imported."]}`,
		`{"workflow_id": ["already imported"]}`,
		`{"vendor_data": ["already imported"]}`,
		`{"session_id": "already imported"}`,
		`{"detail": {"share_token": ["already imported"]}}`,
		`{"error": {"share_token": ["already imported"]}}`,
		`{"errors": ["already imported"]}`,
		`{"non_field_errors_2": ["already imported"]}`,
		`{"already_imported": ["No."]}`,
		`{"already": ["imported"]}`,
		`{"detail": "This session has already been imported.`,
		`<p>This session has already been imported.</p>`,
		noPermission,
		``,
	} {
		for _, status := range []int{400, 402, 403, 409} {
			assert.NotContains(t, kindsOf(status, body), AlreadyImported, "%d %s", status, body)
		}
	}
	assert.Equal(t, []Kind{TokenInvalid}, kindsOf(400, `{"share_token": ["This token has already been used."]}`))
	assert.Empty(t, Kinds(Share, 403, ParseErrorBody([]byte(`{"detail": "already imported"}`)), Token{}))
}

func kindsOf(status int, body string) []Kind {
	return Kinds(Import, status, ParseErrorBody([]byte(body)), Token{})
}
