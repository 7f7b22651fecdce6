package didittest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
)

// Handle lets h answer every call of an operation from now on, in place of the stand-in; nil gives it back. h is asked once the
// call has got past the rate limit, the check of its key and the latency, and its request's body can be read from the start.
// Faults still occur: one that applies the call takes what h answers for it. It panics for an operation that is unknown,
// [OpAny] included.
func (s *Server) Handle(op Operation, h http.Handler) {
	if !op.known() {
		panic(fmt.Sprintf("didittest: no such operation: %q; there are %s", op, join(Operations())))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if h == nil {
		delete(s.handlers, op)
		return
	}
	s.handlers[op] = h
}

// handler returns what stands in for the call's operation, with a request for it, or nil.
func (c *call) handler() (http.Handler, *http.Request) {
	c.server.mu.RLock()
	h := c.server.handlers[c.op.name]
	c.server.mu.RUnlock()
	if h == nil {
		return nil, nil
	}
	r := *c.request
	r.Body = io.NopCloser(bytes.NewReader(c.body))
	return h, &r
}

// recorded is what a handler answers, for a fault to spoil.
func recorded(h http.Handler, r *http.Request) answer {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	a := answer{status: w.Code, body: w.Body.Bytes(), contentType: w.Header().Get("Content-Type")}
	for name := range w.Header() {
		a = a.with(name, w.Header().Get(name))
	}
	return a
}

// statusWriter keeps the status that a handler answers.
type statusWriter struct {
	http.ResponseWriter
	call *call
	done bool
}

// WriteHeader keeps the first final status.
func (w *statusWriter) WriteHeader(status int) {
	if !w.done && status >= http.StatusOK {
		w.done = true
		w.call.server.history.update(w.call.record, func(r *Request) { r.Status = status })
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write is a success where no status was written.
func (w *statusWriter) Write(p []byte) (int, error) {
	if !w.done {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets handlers flush, hijack and set deadlines.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
