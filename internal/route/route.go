// Package route builds the paths of the API. No path is built anywhere else.
package route

import (
	"net/url"
	"strings"
)

// UUID returns s in lower case if it is a UUID in the canonical form of 36
// characters. Didit's routes match no other, and one of them no upper case.
func UUID(s string) (lower string, ok bool) {
	if len(s) != 36 {
		return "", false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return "", false
			}
		case c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F':
		default:
			return "", false
		}
	}
	return strings.ToLower(s), true
}

// Path puts an id in the place of "{id}". An id that is no UUID is a mistake in
// this module, found by its first test: it never gets onto the wire.
func Path(template, id string) string {
	before, after, found := strings.Cut(template, "{id}")
	if !found {
		return template
	}
	if _, ok := UUID(id); !ok {
		panic("didit: path parameter is not a UUID")
	}
	return before + id + after
}

// Parse reads a caller's own path, "/v3/..." with an optional query. It returns
// what is wrong with one that could leave the base URL, without quoting it.
func Parse(path string) (u *url.URL, problem string) {
	if !strings.HasPrefix(path, "/v3/") {
		return nil, `must start with "/v3/"`
	}
	for i := range len(path) {
		switch c := path[i]; {
		case c <= ' ' || c >= 0x7f || c == '\\':
			return nil, "must be escaped: it has a space, a control or non-ASCII character, or a backslash"
		case c == '#':
			return nil, "must not have a fragment"
		}
	}
	u, err := url.ParseRequestURI(path)
	if err != nil || u.Host != "" || u.Scheme != "" {
		return nil, "is not a path that can be parsed"
	}
	// net/url would escape such a character, and take back what else is escaped.
	if before, _, _ := strings.Cut(path, "?"); u.EscapedPath() != before {
		return nil, "must be escaped: it has a character that stands in no path"
	}
	for segment := range strings.FieldsFuncSeq(u.Path, func(r rune) bool { return r == '/' || r == '\\' }) {
		if segment == "." || segment == ".." {
			return nil, "must not have dot segments"
		}
	}
	return u, ""
}
