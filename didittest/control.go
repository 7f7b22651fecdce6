package didittest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// Control returns a handler that does for other languages what the Go API does: it shows what the server holds and what
// arrived, and adds sessions, applications and faults, in JSON; GET / is a page for people. The README lists the calls. Serve it
// on an address of its own, which must not be public: it shows keys and asks for none. A request whose Host is not a loopback
// name or one of [WithControlHosts], or that comes from another web page, is refused. It may be called more than once; streams
// of events end when the server closes.
func (s *Server) Control() http.Handler {
	c := &control{server: s}
	mux := http.NewServeMux()
	for _, row := range c.table() {
		mux.HandleFunc(row.pattern, func(w http.ResponseWriter, r *http.Request) {
			v, err := row.handle(r)
			if err != nil {
				writeProblem(w, err)
				return
			}
			if r.Method != http.MethodGet {
				s.changes.next()
			}
			writeJSON(w, row.status, v)
		})
	}
	mux.HandleFunc("GET /events", c.events)
	mux.Handle("GET /{$}", page("index.html"))
	for _, name := range []string{"page.css", "page.js", "icon.svg"} {
		mux.Handle("GET /"+name, page(name))
	}
	return c.guarded(mux)
}

// control is the API beside the API.
type control struct{ server *Server }

// controlCall is one call of it.
type controlCall struct {
	pattern string
	status  int
	handle  func(*http.Request) (any, error)
}

func (c *control) table() []controlCall {
	return []controlCall{
		{"GET /state", http.StatusOK, c.state},
		{"POST /sessions", http.StatusCreated, c.addSession},
		{"POST /sessions/{id}/status", http.StatusOK, c.setStatus},
		{"POST /sessions/{id}/share", http.StatusCreated, c.share},
		{"POST /tokens/{fingerprint}/import", http.StatusCreated, c.importToken},
		{"POST /applications", http.StatusCreated, c.addApplication},
		{"POST /applications/{id}/webhook", http.StatusOK, c.setWebhook},
		{"POST /faults", http.StatusCreated, c.addFault},
		{"DELETE /faults", http.StatusOK, c.endFaults},
		{"POST /clock", http.StatusOK, c.moveClock},
		{"GET /requests", http.StatusOK, c.requests},
		{"GET /deliveries", http.StatusOK, c.deliveries},
	}
}

// controlError is why a call of the control API was refused, with what is allowed.
type controlError struct {
	status int
	body   obj
}

// Error is the text alone.
func (e *controlError) Error() string { return fmt.Sprint(e.body["error"]) }

func refuse(status int, format string, args ...any) *controlError {
	return &controlError{status, obj{"error": fmt.Sprintf(format, args...)}}
}

// with adds what is allowed.
func (e *controlError) with(name string, allowed any) *controlError {
	e.body[name] = allowed
	return e
}

func writeProblem(w http.ResponseWriter, err error) {
	var e *controlError
	if !errors.As(err, &e) {
		e = refuse(http.StatusBadRequest, "%s", err)
	}
	writeJSON(w, e.status, e.body)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(jsonAnswer(http.StatusOK, v).body, '\n'))
}

// guarded lets no web page of another origin in, under whatever name it has this address resolved, and answers what is unknown.
func (c *control) guarded(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		switch {
		case !c.hostAllowed(r.Host):
			writeProblem(w, refuse(http.StatusForbidden, "this address is reached by a loopback name, for example localhost, or by one that the program was told"))
			return
		case foreign(r):
			writeProblem(w, refuse(http.StatusForbidden, "a page of another origin may not call this address"))
			return
		}
		// Before anything is answered: net/http waits for what is left of a body.
		r.Body = http.MaxBytesReader(w, r.Body, maxControlBody)
		body, err := c.server.readBody(w, r)
		switch {
		case tooLarge(err):
			writeProblem(w, refuse(http.StatusRequestEntityTooLarge, "a body may have 1 MiB"))
			return
		case err != nil:
			return // it never arrived
		case len(body) > 0 && r.Header.Get("Content-Type") != "" && !isJSON(r.Header.Get("Content-Type")):
			writeProblem(w, refuse(http.StatusUnsupportedMediaType, "a body is JSON, with the header Content-Type: application/json"))
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		if _, pattern := mux.Handler(r); pattern == "" {
			var calls []string
			for _, row := range c.table() {
				calls = append(calls, row.pattern)
			}
			writeProblem(w, refuse(http.StatusNotFound, "no such call: %s %s", r.Method, r.URL.Path).with("calls", append(calls, "GET /events", "GET /")))
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func (c *control) hostAllowed(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback() ||
		slices.ContainsFunc(c.server.cfg.controlHosts, func(allowed string) bool { return strings.EqualFold(allowed, host) })
}

// foreign says that a browser sent the request for another page than this server's own.
func foreign(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return true
	}
	origins := r.Header.Values("Origin")
	if len(origins) == 0 {
		return false
	}
	u, err := url.Parse(origins[0])
	return err != nil || len(origins) > 1 || u.Host == "" || !strings.EqualFold(u.Host, r.Host)
}

// maxControlBody is the largest body that the control API reads.
const maxControlBody = 1 << 20

// readControl decodes a request's body, which may be empty. An unknown field is refused with those that there are.
func readControl(r *http.Request, into any) error {
	body, err := io.ReadAll(r.Body)
	if err != nil || len(bytes.TrimSpace(body)) == 0 {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		var fields []string
		for f := range reflect.TypeOf(into).Elem().Fields() {
			fields = append(fields, f.Tag.Get("json"))
		}
		return refuse(http.StatusBadRequest, "%s", unreadable(err)).with("fields", fields)
	}
	if dec.More() {
		return refuse(http.StatusBadRequest, "the body holds more than one object")
	}
	return nil
}

// unreadable says in JSON's words what Go's decoder says in those of Go's types.
func unreadable(err error) string {
	e, ok := errors.AsType[*json.UnmarshalTypeError](err)
	switch {
	case !ok:
		return "the body cannot be read: " + strings.TrimPrefix(err.Error(), "json: ")
	case e.Field == "":
		return "a body is an object of JSON, not " + article(e.Value)
	}
	return fmt.Sprintf("%q is not %s", e.Field, article(e.Value))
}

func article(noun string) string {
	if strings.ContainsRune("aeio", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}
