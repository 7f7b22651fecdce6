// Package setting says what is wrong with what a program is set up with: keys, secrets, ids, URLs. It quotes none of them.
package setting

import (
	"net"
	"net/url"
	"reflect"
	"strings"

	"github.com/didit-go/didit/internal/route"
)

// Pasted says what was copied along with a value, "" where nothing was.
func Pasted(value string) (problem string) {
	const bearer = "Bearer "
	switch {
	case strings.Trim(value, "\"'`“”‘’«»") != value:
		return "must not be in quotes"
	case len(value) >= len(bearer) && strings.EqualFold(value[:len(bearer)], bearer):
		return `must not have "Bearer " before it`
	}
	return ""
}

// ID puts a UUID into lower case, or says what is wrong with what is none.
func ID(id string) (lower, problem string) {
	const example = `a UUID, such as "0b8fa2ee-7ea8-4b5c-a4f1-7d30ab3f6c21"`
	lower, ok := route.UUID(id)
	switch problem = Pasted(id); {
	case ok:
		return lower, ""
	case id == "":
		return "", "is missing: give " + example
	case problem != "":
		return "", problem
	}
	return "", "must be " + example
}

// URL reads an absolute URL, http or https, and says what is wrong with it. White space around it is trimmed.
func URL(raw, example string) (u *url.URL, problem string) {
	u, err := url.Parse(strings.TrimSpace(raw))
	switch {
	case err != nil:
		return nil, "is not a URL"
	case u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		return nil, `must be an absolute URL, such as "` + example + `"`
	case u.User != nil:
		return nil, "must not have user info"
	case u.Fragment != "" || strings.Contains(raw, "#"):
		return nil, "must not have a fragment"
	}
	return u, ""
}

// Printable reports whether a header can carry a value: net/http would print the whole of it in its error otherwise.
func Printable(value string) bool {
	return !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' })
}

// Loopback reports whether a host is this machine: a loopback address, or localhost.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// IsNil reports whether an interface holds nothing, or a nil pointer, map or function.
func IsNil(value any) bool {
	v := reflect.ValueOf(value)
	switch v.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Map, reflect.Func, reflect.Slice, reflect.Chan:
		return v.IsNil()
	}
	return false
}
