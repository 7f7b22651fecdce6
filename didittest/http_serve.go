package didittest

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// call is one request on its way through the server.
type call struct {
	server    *Server
	op        *operation
	key       *apiKey
	request   *http.Request
	query     url.Values
	sessionID string // lower case
	body      []byte
	now       time.Time
	record    *Request
	stream    *stream // nil on HTTP/1
}

// maxBody is the largest request body that is read.
const maxBody = 8 << 20

var requestCount atomic.Uint64

// serve is the one path that every request takes.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.active.add(1)
	defer s.active.add(-1)
	start := time.Now()
	if isLiveKey(r.Header.Get("X-Api-Key")) {
		// Somebody pointed a production system here. Its key must not end up in any record of this server.
		detail(http.StatusUnauthorized, "This is a test server, it takes no live keys.").write(w)
		return
	}
	own := takeStream(r)
	body, err := s.readBody(w, r)
	c := &call{server: s, request: r, body: body, now: s.Now(), query: r.URL.Query(), stream: own}
	m := masker{r.Header.Get("X-Api-Key")}
	c.record = &Request{
		ID:     "req-" + strconv.FormatUint(requestCount.Add(1), 10),
		Time:   c.now,
		Method: m.text(r.Method),
		Path:   m.text(r.URL.Path),
		Query:  m.query(c.query),
		Header: m.header(r.Header),
		Body:   m.body(body),
	}
	found, known := route(r.Method, r.URL.Path)
	c.op, c.sessionID = found.operation, strings.ToLower(found.sessionID)
	c.record.SessionID = m.text(found.sessionID)
	if c.op != nil {
		c.record.Operation = c.op.name
	}
	s.mu.RLock()
	if k := s.keys[r.Header.Get("X-Api-Key")]; k != nil {
		c.record.ApplicationID = k.app.ID
	}
	s.mu.RUnlock()
	s.history.add(c.record)
	w.Header().Set("X-Request-ID", c.record.ID)
	defer func() {
		done := s.history.update(c.record, func(r *Request) { r.Duration = time.Since(start) })
		if s.cfg.observer != nil {
			s.cfg.observer(done)
		}
	}()

	switch {
	case tooLarge(err):
		c.write(w, detail(http.StatusRequestEntityTooLarge, "Request body exceeded the limit."))
	case err != nil:
		panic(http.ErrAbortHandler)
	case !known:
		c.write(w, htmlAnswer(http.StatusNotFound))
	case found.noSlash:
		c.write(w, slashed(r))
	case found.operation == nil:
		c.write(w, detail(http.StatusMethodNotAllowed, `Method "`+r.Method+`" not allowed.`).with("Allow", found.allow))
	default:
		c.answer(w)
	}
}

// readBody reads the body within the time that a request has to arrive. A handler's own slowness does not count.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(s.cfg.readTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err == nil { // net/http reads on where a body is left
		_ = control.SetReadDeadline(time.Time{})
	}
	return body, err
}

func tooLarge(err error) bool {
	var e *http.MaxBytesError
	return errors.As(err, &e)
}

// slashed redirects to the same address with a slash at the end of the path, as the live service does.
func slashed(r *http.Request) answer {
	to := r.URL.EscapedPath() + "/"
	if r.URL.RawQuery != "" {
		to += "?" + r.URL.RawQuery
	}
	return htmlAnswer(http.StatusMovedPermanently).with("Location", to)
}

// answer takes a call that has an operation through limits, faults and the operation itself.
func (c *call) answer(w http.ResponseWriter) {
	s := c.server
	s.applyLate()
	if refused := s.limits.check(c); refused != nil {
		c.write(w, *refused)
		return
	}
	key, refused := s.authenticate(c.request, c.op)
	if refused != nil {
		c.write(w, *refused)
		return
	}
	c.key = key
	if s.cfg.latency > 0 && !c.wait(s.cfg.latency) {
		panic(http.ErrAbortHandler)
	}
	if f := s.faults.pick(c); f != nil {
		s.history.update(c.record, func(r *Request) { r.Fault = f.Kind })
		c.applyFault(w, f)
		return
	}
	if h, r := c.handler(); h != nil {
		sw := &statusWriter{ResponseWriter: w, call: c}
		if h.ServeHTTP(sw, r); !sw.done {
			sw.WriteHeader(http.StatusOK)
		}
		return
	}
	c.write(w, c.apply())
}

// apply does what the operation does.
func (c *call) apply() answer {
	if h, r := c.handler(); h != nil {
		return recorded(h, r)
	}
	if len(c.body) > 0 && !c.op.reads() {
		if ct := c.request.Header.Get("Content-Type"); !isJSON(ct) {
			return detail(http.StatusUnsupportedMediaType, "Unsupported media type in request.")
		}
	}
	return c.op.handle(c)
}

func isJSON(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(media), "application/json")
}

// success is an answer with the operation's documented or chosen status.
func (c *call) success(v any) answer { return jsonAnswer(c.status(), v) }

func (c *call) status() int { return cmp.Or(c.server.cfg.success[c.op.name], c.op.status) }

// session finds the call's session among those of its key, under the lock.
func (c *call) session() *session {
	one := c.key.app.find(c.sessionID)
	if one == nil || !c.key.sees(one) {
		return nil
	}
	return one
}

// fields reads the body.
func (c *call) fields() (*fields, *answer) { return readFields(c.body, c.server.cfg.stringErrors) }

func (c *call) write(w http.ResponseWriter, a answer) {
	c.server.history.update(c.record, func(r *Request) { r.Status = a.status })
	a.write(w)
}

// wait lets real time pass. It ends early, and reports false, when the client hangs up or the server closes.
func (c *call) wait(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.request.Context().Done():
	case <-c.server.closing:
	}
	return false
}
