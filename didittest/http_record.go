package didittest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Masked stands where a [Request] leaves out a key or a share token.
const Masked = "[masked]"

// Request is a call that arrived, for assertions. Keys and share tokens are masked in all of it; what the test itself sent
// besides (vendor data, comments, contact details) is not.
type Request struct {
	ID            string // also sent as X-Request-Id of the answer
	Time          time.Time
	Method        string
	Path          string
	Query         url.Values
	Operation     Operation // empty where the path is not one of the API's
	ApplicationID string    // of the key; empty where there is no key or an unknown one
	SessionID     string    // from the path, as sent
	Header        http.Header
	Body          []byte // unknown fields included
	Status        int    // of the answer; 0 while there is none, and where none was sent
	Fault         FaultKind
	Duration      time.Duration // until the answer was written, in real time

	n        uint64 // of its arrival, from 1
	revision uint64 // of its last change
}

// JSON decodes the body into v.
func (r Request) JSON(v any) error { return json.Unmarshal(r.Body, v) }

// Requests returns everything that arrived, in order of arrival. The requests are copies.
func (s *Server) Requests() []Request { return s.history.all() }

// ResetRequests forgets everything that has arrived so far.
func (s *Server) ResetRequests() { s.history.reset() }

// history is the record of requests.
type history struct {
	mu      sync.Mutex
	limit   int // below 0: none
	list    []*Request
	count   uint64
	changes *changes
}

func (h *history) add(r *Request) {
	if h.limit == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.count++
	r.n, r.revision = h.count, h.changes.next()
	h.list = append(h.list, r)
	if h.limit > 0 && len(h.list) >= 2*h.limit {
		h.list = append([]*Request(nil), h.list[len(h.list)-h.limit:]...)
	}
}

// update changes a record that may be read at the same time.
func (h *history) update(r *Request, f func(*Request)) Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	f(r)
	if h.limit != 0 {
		r.revision = h.changes.next()
	}
	return *r
}

func (h *history) all() []Request {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]Request, len(h.list))
	for i, r := range h.list {
		list[i] = *r
		list[i].Query = cloneValues(r.Query)
		list[i].Header = r.Header.Clone()
		list[i].Body = bytes.Clone(r.Body)
	}
	return list
}

func (h *history) reset() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = nil
}

func cloneValues(v url.Values) url.Values { return url.Values(http.Header(v).Clone()) }
