package didittest

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// hugeBody is the default size of FaultHugeBody: twice what the client reads.
const hugeBody = 32 << 20

// applyFault answers a call in the way of a fault.
func (c *call) applyFault(w http.ResponseWriter, f *Fault) {
	switch f.Kind {
	case FaultAnswerLost:
		c.apply()
		drop()
	case FaultDropped:
		drop()
	case FaultAppliedLate:
		c.server.postpone(c, f.Delay)
		drop()
	case FaultErrorBefore:
		c.write(w, serverError(f.status()))
	case FaultErrorAfter:
		c.apply()
		c.write(w, serverError(f.status()))
	case FaultHTMLBefore:
		c.write(w, htmlAnswer(f.status()))
	case FaultHTMLAfter:
		c.apply()
		c.write(w, htmlAnswer(f.status()))
	case FaultTruncated:
		a := c.apply()
		c.server.history.update(c.record, func(r *Request) { r.Status = a.status })
		a.writeHeader(w)
		_, _ = w.Write(a.body[:len(a.body)/2])
		_ = http.NewResponseController(w).Flush()
		drop()
	case FaultSlow:
		a := c.apply()
		if !c.waitAsLong(f.Delay) {
			drop()
		}
		c.write(w, a)
	case FaultRateLimited:
		after := int((max(f.RetryAfter, 1) + time.Second - 1) / time.Second)
		free := c.now.Add(time.Duration(after) * time.Second)
		c.write(w, throttled(DocumentedWritesPerMinute, free, c.now))
	case FaultRateLimitedBare:
		c.write(w, detail(http.StatusTooManyRequests, "Request was throttled."))
	case FaultRedirect:
		to := f.Location
		if to == "" {
			to = "https://elsewhere.example" + c.request.URL.RequestURI()
		}
		c.write(w, htmlAnswer(f.status()).with("Location", to))
	case FaultStreamReset:
		c.stream.reset(wireCodes[f.ErrorCode])
		drop()
	case FaultStreamResetAfter:
		c.apply()
		c.stream.reset(wireCodes[f.ErrorCode])
		drop()
	case FaultGoAway:
		c.stream.goAway()
		drop()
	case FaultGoAwayAfter:
		c.apply()
		c.stream.goAway()
		drop()
	case FaultHugeBody:
		c.huge(w, f.Size)
	}
}

// drop closes the connection without another byte; net/http does so, silently, for this panic.
func drop() { panic(http.ErrAbortHandler) }

// waitAsLong is wait, where 0 has no end.
func (c *call) waitAsLong(d time.Duration) bool {
	if d > 0 {
		return c.wait(d)
	}
	select {
	case <-c.request.Context().Done():
	case <-c.server.closing:
	}
	return false
}

// serverError is what stands in for the API when it is down: a 500 of the API itself, the others of what is in front of it.
func serverError(status int) answer {
	if status == http.StatusInternalServerError {
		return detail(status, "A server error occurred.")
	}
	return htmlAnswer(status)
}

// huge applies the call and sends size bytes of well-formed JSON.
func (c *call) huge(w http.ResponseWriter, size int) {
	if size == 0 {
		size = hugeBody
	}
	a := c.apply()
	const start, end = `{"padding":"`, `"}`
	size = max(size, len(start)+len(end))
	c.server.history.update(c.record, func(r *Request) { r.Status = a.status })
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(size))
	w.WriteHeader(a.status)
	_, _ = w.Write([]byte(start))
	chunk := []byte(strings.Repeat("x", 64<<10))
	for left := size - len(start) - len(end); left > 0; left -= len(chunk) {
		select {
		case <-c.server.closing:
			drop()
		default:
		}
		if _, err := w.Write(chunk[:min(left, len(chunk))]); err != nil {
			drop()
		}
	}
	_, _ = w.Write([]byte(end))
}
