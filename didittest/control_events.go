package didittest

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// controlRequest is a request as the control API shows it.
type controlRequest struct {
	N           uint64    `json:"n"` // from 1, in order of arrival
	Time        time.Time `json:"time"`
	Application string    `json:"application"` // of the key; empty: none that is known
	Operation   Operation `json:"operation"`
	Method      string    `json:"method"`
	Path        string    `json:"path"`
	Query       string    `json:"query"`
	Body        string    `json:"body"`
	Status      int       `json:"status"` // 0: no answer, or none yet
	Fault       FaultKind `json:"fault"`
	DurationMS  float64   `json:"duration_ms"`

	revision uint64
}

// controlDelivery is one attempt to deliver an event.
type controlDelivery struct {
	N           uint64    `json:"n"` // from 1
	Time        time.Time `json:"time"`
	Application string    `json:"application"`
	Type        EventType `json:"type"`
	URL         string    `json:"url"`
	Status      int       `json:"status"` // 0: no answer
	Error       string    `json:"error"`
	Attempt     int       `json:"attempt"`

	revision uint64
}

func (c *control) requests(r *http.Request) (any, error) {
	n, err := after(r)
	if err != nil {
		return nil, err
	}
	list := []controlRequest{}
	for _, one := range c.server.history.since(0) {
		if one.N > n {
			list = append(list, one)
		}
	}
	return obj{"requests": list}, nil
}

func (c *control) deliveries(r *http.Request) (any, error) {
	n, err := after(r)
	if err != nil {
		return nil, err
	}
	list := []controlDelivery{}
	for _, one := range c.server.hooks.since(0) {
		if one.N > n {
			list = append(list, one)
		}
	}
	return obj{"deliveries": list}, nil
}

// since returns the requests that are new or have changed after a revision, in order of arrival.
func (h *history) since(revision uint64) []controlRequest {
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []controlRequest
	for _, r := range h.list {
		if r.revision > revision {
			list = append(list, controlRequest{
				r.n, r.Time, r.ApplicationID, r.Operation, r.Method, r.Path, strings.ReplaceAll(r.Query.Encode(), "%5Bmasked%5D", Masked),
				string(r.Body), r.Status, r.Fault, float64(r.Duration.Microseconds()) / 1000, r.revision,
			})
		}
	}
	return list
}

// since returns the deliveries after a revision, oldest first.
func (d *dispatcher) since(revision uint64) []controlDelivery {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []controlDelivery
	for i, one := range d.log {
		if one.revision > revision {
			list = append(list, controlDelivery{
				uint64(i) + 1, one.At, one.application, one.Event, one.URL, one.StatusCode, one.Error, one.Attempt, one.revision,
			})
		}
	}
	return list
}

const (
	eventsAtOnce = 200                   // of each kind, for who connects
	eventsPause  = 50 * time.Millisecond // what happens within it is sent together
	eventsTick   = time.Second           // tokens expire without anything happening
)

// events answers GET /events: state, request and delivery as they happen, as server-sent events. Who comes back says what he has
// seen last, and gets what came after; who comes from another run gets all.
func (c *control) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	seen := c.resumed(r.Header.Get("Last-Event-ID"))
	woken, end := c.server.changes.watch()
	defer end()
	tick := time.NewTicker(eventsTick)
	defer tick.Stop()
	var last []byte                                               // the state that was sent, its clock by what Advance added
	if _, err := w.Write([]byte("retry: 1000\n\n")); err != nil { // milliseconds, after which a browser comes back
		return
	}
	for {
		var b bytes.Buffer
		state := c.snapshot()
		clock := state.Clock
		state.Clock = time.Unix(0, c.server.skew.Load())
		if now := jsonAnswer(http.StatusOK, state).body; !bytes.Equal(now, last) {
			last = now
			state.Clock = clock
			fmt.Fprintf(&b, "event: state\ndata: %s\n\n", jsonAnswer(http.StatusOK, state).body)
		}
		seen = c.writeEvents(&b, seen)
		if b.Len() == 0 {
			b.WriteString(": still here\n\n")
		}
		_ = out.SetWriteDeadline(time.Now().Add(c.server.cfg.readTimeout))
		if _, err := w.Write(b.Bytes()); err != nil || out.Flush() != nil {
			return
		}
		_ = out.SetWriteDeadline(time.Time{})
		if !c.pause(r, time.After(eventsPause), nil) || !c.pause(r, tick.C, woken) {
			return
		}
	}
}

// pause waits for either, and reports false once nobody listens any more.
func (c *control) pause(r *http.Request, until <-chan time.Time, woken <-chan struct{}) bool {
	select {
	case <-until:
	case <-woken:
	case <-r.Context().Done():
		return false
	case <-c.server.closing:
		return false
	}
	return true
}

// resumed is the revision behind which a stream goes on.
func (c *control) resumed(id string) uint64 {
	run, text, _ := strings.Cut(id, "-")
	if n, err := strconv.ParseUint(text, 10, 64); err == nil && run == c.server.run {
		return n
	}
	return 0
}

// writeEvents writes what happened after a revision and returns the last one.
func (c *control) writeEvents(b *bytes.Buffer, seen uint64) uint64 {
	requests, deliveries := c.server.history.since(seen), c.server.hooks.since(seen)
	requests = requests[max(0, len(requests)-eventsAtOnce):]
	deliveries = deliveries[max(0, len(deliveries)-eventsAtOnce):]
	for _, one := range requests {
		seen = max(seen, one.revision)
	}
	for _, one := range deliveries {
		seen = max(seen, one.revision)
	}
	// The last of them names the revision: a stream that breaks before it starts again in front of all.
	for _, one := range requests {
		fmt.Fprintf(b, "event: request\ndata: %s\n\n", jsonAnswer(http.StatusOK, one).body)
	}
	for _, one := range deliveries {
		fmt.Fprintf(b, "event: delivery\ndata: %s\n\n", jsonAnswer(http.StatusOK, one).body)
	}
	if b.Len() > 0 {
		fmt.Fprintf(b, "event: seen\nid: %s-%d\ndata: {}\n\n", c.server.run, seen)
	}
	return seen
}
