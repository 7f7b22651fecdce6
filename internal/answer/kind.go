package answer

import (
	"net/http"
	"slices"
	"strings"
)

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
	if status < 400 || status >= 500 || status == http.StatusTooManyRequests {
		return nil
	}
	said := e.said("detail", "non_field_errors")
	var kinds []Kind
	if status == http.StatusForbidden && (said.has("credentials were not provided", "invalid or missing api key",
		"invalid api key", "api key has expired", "api key has been revoked") || said.has("authentication_failed", "not_authenticated")) {
		kinds = append(kinds, BadKey)
	}
	switch table {
	case Share:
		return append(kinds, e.share(said)...)
	case Import:
		return append(kinds, e.imported(status, said, token)...)
	case Plain:
	}
	return kinds
}

func (e *ErrorBody) share(said words) []Kind {
	var kinds []Kind
	if said.has("only finished", "not_shareable", "session_not_finished") || said.has("finished") && said.has("shared") {
		kinds = append(kinds, NotShareable)
	}
	if e.field("ttl_in_seconds") || said.has("ttl_in_seconds") {
		kinds = append(kinds, BadTTL)
	}
	app := append(said, e.said("for_application_id")...)
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

func (e *ErrorBody) imported(status int, said words, token Token) []Kind {
	all := slices.Concat(said, e.said("share_token"), e.said("session_id"))
	workflow := append(slices.Clone(said), e.said("workflow_id")...)
	if all.has("already") && all.has("import", "redeem", "used", "exist", "claimed") || all.has("already_imported") {
		return []Kind{AlreadyImported}
	}
	if e.field("workflow_id") || said.has("workflow") {
		if status != http.StatusNotFound && workflow.has("kind", "type", "mismatch", "does not match", "doesn't match", "kyc", "kyb") {
			return []Kind{WorkflowKindMismatch}
		}
		return []Kind{WorkflowNotFound}
	}
	key := all.has("api key", "api_key", "credentials")
	about := e.field("share_token") || all.has("share token", "share_token") ||
		all.has("token") && !key && (status == http.StatusUnauthorized || status == http.StatusBadRequest)
	gone := all.has("session") && all.has("not found", "deleted", "no longer", "gone", "not exist", "does not exist")
	foreign := all.has("application") && all.has("another", "different", "other", "not for", "not issued", "not intended",
		"not meant", "not match", "mismatch", "not authorized")
	switch {
	case !about && (status != http.StatusNotFound || !gone) && (status != http.StatusForbidden || !foreign):
		return nil
	case about && token.Expired:
		return []Kind{TokenExpired}
	case about && token.Foreign:
		return []Kind{TokenForeign}
	case all.has("expired"):
		return []Kind{TokenExpired}
	case foreign || all.has("foreign"):
		return []Kind{TokenForeign}
	case gone:
		return []Kind{SourceGone}
	}
	return []Kind{TokenInvalid}
}

// Generic reports whether a 403 says exactly Didit's text for a missing permission.
func (e *ErrorBody) Generic() bool {
	return len(e.Fields) == 0 && strings.TrimSpace(e.Message) == "You do not have permission to perform this action."
}

// field reports whether the body speaks of a field.
func (e *ErrorBody) field(name string) bool {
	for path := range e.Fields {
		if path == name || strings.HasPrefix(path, name+".") || strings.HasPrefix(path, name+"[") {
			return true
		}
	}
	return false
}

// Other reports whether every field that the body speaks of is another than those
// named, and there is one.
func (e *ErrorBody) Other(names ...string) bool {
	return len(e.Fields) > 0 && !slices.ContainsFunc(names, e.field)
}

// words are the texts that a meaning is looked for in.
type words []string

// said returns the code, the message where it is not made of the fields, and the
// texts of the named fields, in lower case. Other fields do not count: they may
// quote what was sent.
func (e *ErrorBody) said(fields ...string) words {
	w := words{strings.ToLower(e.Code)}
	if e.Message != e.fieldText() {
		w = append(w, strings.ToLower(e.Message))
	}
	for path, texts := range e.Fields {
		for _, name := range fields {
			if path == name || strings.HasPrefix(path, name+".") || strings.HasPrefix(path, name+"[") {
				w = append(w, strings.ToLower(strings.Join(texts, " ")))
			}
		}
	}
	return w
}

// has reports whether one of the texts stands in one of the words.
func (w words) has(texts ...string) bool {
	return slices.ContainsFunc(w, func(said string) bool {
		return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(said, text) })
	})
}
