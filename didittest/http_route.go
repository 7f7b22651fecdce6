package didittest

import (
	"slices"
	"strings"

	"github.com/didit-go/didit/didittest/internal/random"
)

// match is what a path and a method come to.
type match struct {
	operation *operation // nil: the path has none for the method
	sessionID string     // as sent
	allow     string     // the methods of the path
	noSlash   bool       // the path lacks its last slash
}

// routes are the operations of each path, made once.
var routes = func() map[string][]*operation {
	byPath := map[string][]*operation{}
	for i := range operations {
		op := &operations[i]
		byPath[op.path] = append(byPath[op.path], op)
	}
	return byPath
}()

// route finds the operation of a request. ok is false for a path that Didit's router does not know.
func route(method, path string) (m match, ok bool) {
	rest, ok := strings.CutPrefix(path, "/v3/")
	if !ok {
		return match{}, false
	}
	rest, slash := strings.CutSuffix(rest, "/")
	m.noSlash = !slash
	parts := strings.Split(rest, "/")
	if len(parts) == 3 && parts[1] != "" {
		m.sessionID = parts[1]
		rest = parts[0] + "/{id}/" + parts[2]
	}
	of := routes[rest]
	if len(of) == 0 {
		return match{}, false
	}
	// Django's converter for UUIDs takes lower case only. The PDF page is the one that says so.
	if of[0].name == OpSessionPDF && !random.IsLowerUUID(m.sessionID) {
		return match{}, false
	}
	var allow []string
	for _, op := range of {
		allow = append(allow, op.method)
		if op.method == method {
			m.operation = op
		}
	}
	slices.Sort(allow) // GET, POST: as the framework writes them
	m.allow = strings.Join(allow, ", ")
	return m, true
}
