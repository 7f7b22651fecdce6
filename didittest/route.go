package didittest

import (
	"net/http"
	"slices"
	"strings"
)

// match is what a path and a method come to.
type match struct {
	operation Operation
	sessionID string // as sent
	allow     string // the methods of the path, where the sent one is not among them
	noSlash   bool   // the path lacks its last slash
}

// route finds the operation of a request. ok is false for a path that Didit's router does not know.
func route(method, path string) (m match, ok bool) {
	rest, ok := strings.CutPrefix(path, "/v3/")
	if !ok {
		return match{}, false
	}
	rest, slash := strings.CutSuffix(rest, "/")
	m.noSlash = !slash
	parts := strings.Split(rest, "/")
	if slices.Contains(parts, "") {
		return match{}, false
	}
	methods := operationsOf(parts)
	if methods == nil {
		return match{}, false
	}
	if len(parts) == 3 {
		m.sessionID = parts[1]
	}
	// Django's converter for UUIDs takes lower case only. The PDF page is the one that says so.
	if methods[http.MethodGet] == OpSessionPDF && !isLowerUUID(m.sessionID) {
		return match{}, false
	}
	m.operation = methods[method]
	if m.operation == "" {
		for _, known := range []string{http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete} {
			if methods[known] != "" {
				m.allow += ", " + known
			}
		}
		m.allow = strings.TrimPrefix(m.allow, ", ")
	}
	return m, true
}

// The methods of every path, in tables that are made once.
var (
	createMethods  = map[string]Operation{http.MethodPost: OpCreateSession}
	listMethods    = map[string]Operation{http.MethodGet: OpListSessions}
	importMethods  = map[string]Operation{http.MethodPost: OpImportSharedSession}
	reviewMethods  = map[string]Operation{http.MethodGet: OpListReviews, http.MethodPost: OpCreateReview}
	sessionMethods = map[string]map[string]Operation{
		"share":         {http.MethodPost: OpShareSession},
		"decision":      {http.MethodGet: OpGetSession},
		"update-status": {http.MethodPatch: OpUpdateSessionStatus},
		"delete":        {http.MethodDelete: OpDeleteSession},
		"generate-pdf":  {http.MethodGet: OpSessionPDF},
		"webhooks":      {http.MethodGet: OpListWebhooks},
	}
)

func operationsOf(parts []string) map[string]Operation {
	switch {
	case len(parts) == 1 && parts[0] == "session":
		return createMethods
	case len(parts) == 1 && parts[0] == "sessions":
		return listMethods
	case len(parts) == 2 && parts[0] == "session" && parts[1] == "import-shared":
		return importMethods
	case len(parts) == 3 && parts[0] == "session":
		return sessionMethods[parts[2]]
	case len(parts) == 3 && parts[0] == "sessions" && parts[2] == "reviews":
		return reviewMethods
	}
	return nil
}
