package answer

import (
	"net/http"
	"slices"
	"strings"
)

// imported tells what a refusal of an import means.
func (e *ErrorBody) imported(status int, w words, token Token) []Kind {
	all := slices.Concat(w, e.words("share_token"), e.words("session_id"))
	workflow := slices.Concat(w, e.words("workflow_id"))
	if (status == http.StatusForbidden || status == http.StatusConflict) && e.alreadyImported() {
		return []Kind{AlreadyImported}
	}
	if e.field("workflow_id") || w.has("workflow") {
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

// alreadyImported reports whether the body says so in one sentence, for the request
// as a whole: other fields and other sentences may speak of something else that is
// already in use.
func (e *ErrorBody) alreadyImported() bool {
	texts := append([]string{strings.ReplaceAll(e.Code, ".", "_")}, e.texts...)
	for path, of := range e.Fields {
		if isOf(path, "non_field_errors") {
			texts = append(texts, of...)
		}
	}
	for _, text := range texts {
		for sentence := range strings.FieldsFuncSeq(strings.ToLower(text), endsSentence) {
			imports := strings.ReplaceAll(sentence, "important", "")
			if strings.Contains(imports, "import") && strings.Contains(sentence, "already") {
				return true
			}
		}
	}
	return false
}

func endsSentence(r rune) bool { return strings.ContainsRune(".;\n\r\u0085\u2028\u2029", r) }
