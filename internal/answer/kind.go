package answer

import "net/http"

// Kind is what an error answer means beyond its status.
type Kind uint8

// The kinds.
const (
	BadKey Kind = iota
	NotShareable
	SelfShare
	ApplicationNotFound
	BadTTL
	TokenInvalid
	TokenExpired
	TokenForeign
	SourceGone
	AlreadyImported
	WorkflowNotFound
	WorkflowKindMismatch
)

// Table says which meanings a call's refusals can have.
type Table uint8

// The tables.
const (
	Plain Table = iota
	Share
	Import
)

// Token is what a share token's claims tell about a refusal of it.
type Token struct{ Expired, Foreign bool }

// Kinds tells what an error answer means. No source shows Didit's texts for most
// of these, and its documentation warns that they change: status and field come
// first, words second. See the errors of the share and import pages:
// https://docs.didit.me/sessions-api/share-session/share and .../import.
func Kinds(table Table, status int, e ErrorBody, token Token) []Kind {
	if !e.JSON || status < 400 || status >= 500 || status == http.StatusTooManyRequests {
		return nil
	}
	w := e.words("detail", "non_field_errors")
	var kinds []Kind
	if status == http.StatusForbidden && (w.has("credentials were not provided", "invalid or missing api key",
		"invalid api key", "api key has expired", "api key has been revoked") || w.has("authentication_failed", "not_authenticated")) {
		kinds = append(kinds, BadKey)
	}
	switch table {
	case Share:
		return append(kinds, e.share(w)...)
	case Import:
		return append(kinds, e.imported(status, w, token)...)
	case Plain:
	}
	return kinds
}

func (e *ErrorBody) share(w words) []Kind {
	var kinds []Kind
	if w.has("only finished", "not_shareable", "session_not_finished") || w.has("finished") && w.has("shared") {
		kinds = append(kinds, NotShareable)
	}
	if e.field("ttl_in_seconds") || w.has("ttl_in_seconds") {
		kinds = append(kinds, BadTTL)
	}
	app := append(w, e.words("for_application_id")...)
	switch {
	case !e.field("for_application_id") && !app.has("application"):
	case app.has("same application", "own application", "itself", "yourself", "differ", "must not be the", "cannot be the"):
		kinds = append(kinds, SelfShare)
	case e.field("for_application_id"), app.has("not found", "not exist", "unknown", "deleted", "no application"):
		if !app.has("application_deleted") { // that one speaks of the caller's own
			kinds = append(kinds, ApplicationNotFound)
		}
	}
	return kinds
}
