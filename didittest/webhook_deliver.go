package didittest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/didit-go/didit/didittest/internal/random"
	"github.com/didit-go/didit/didittest/internal/sign"
)

// hookTarget is where an application's events go.
type hookTarget struct{ url string }

// pending is an event on its way to a receiver.
type pending struct {
	app       *Application
	sessionID string
	event     EventType
	eventID   string
	url       string
	body      []byte // as sent
	header    http.Header
	due       time.Time
	attempt   int
	dropped   bool // its session was deleted while it was on its way
}

// loggedDelivery is a delivery with what tells it from those of other applications, and when it was made.
type loggedDelivery struct {
	Delivery
	application string
	revision    uint64
}

// retryAfter is how long after an attempt the next one follows: the documented two retries.
var retryAfter = []time.Duration{time.Minute, 4 * time.Minute}

// dispatcher delivers webhooks, one at a time, in the order in which they are due. Its worker runs only while something is due.
type dispatcher struct {
	server *Server
	client *http.Client
	ctx    context.Context //nolint:containedctx // the server's life
	cancel context.CancelFunc

	mu           sync.Mutex
	idle         *sync.Cond
	queue        []*pending
	flying       *pending // being sent
	done         map[*Application][]Delivery
	log          []loggedDelivery // of all applications
	lose, repeat int
	running      bool
	closed       bool
}

func (d *dispatcher) init(s *Server) {
	d.server = s
	d.ctx, d.cancel = context.WithCancel(context.Background())
	d.idle = sync.NewCond(&d.mu)
	d.done = map[*Application][]Delivery{}
	transport := s.cfg.webhookTransport
	if transport == nil {
		transport = &http.Transport{DisableKeepAlives: true}
	}
	d.client = &http.Client{
		Transport: transport, Timeout: s.cfg.webhookTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (d *dispatcher) close() {
	d.cancel()
	d.mu.Lock()
	d.closed = true
	d.queue = nil
	for d.running {
		d.idle.Wait()
	}
	d.mu.Unlock()
}

func (d *dispatcher) set(n *int, value int) {
	d.mu.Lock()
	*n = value
	d.mu.Unlock()
}

// enqueue sends an event, under the server's lock: what it says is what the session is now.
func (d *dispatcher) enqueue(one *session, event EventType) {
	if one.app.hook.url == "" {
		return
	}
	now := d.server.Now()
	body := d.server.envelope(one, event, now)
	d.add(&pending{app: one.app, sessionID: one.id, event: event, eventID: body["event_id"].(string), //nolint:errcheck,forcetypeassert // envelope made it
		url: one.app.hook.url, due: now}, body, now)
}

func (d *dispatcher) enqueueTest(a *Application) {
	if a.hook.url == "" {
		return
	}
	now := d.server.Now()
	d.add(&pending{app: a, event: EventStatusUpdated, url: a.hook.url, due: now}, obj{
		"webhook_type": string(EventStatusUpdated), "timestamp": now.Unix(), "created_at": now.Unix(), "application_id": a.ID,
		"environment": environment, "session_id": random.UUID(), "status": "Approved", "workflow_id": a.defaults[0], "vendor_data": nil,
		"metadata": obj{"test_webhook": true},
	}, now)
}

func (d *dispatcher) resend(a *Application, eventID string) {
	for _, last := range d.deliveries(a) {
		if last.EventID != eventID {
			continue
		}
		if a.hook.url == "" {
			return
		}
		var body obj
		dec := json.NewDecoder(bytes.NewReader(last.Body))
		dec.UseNumber()
		if err := dec.Decode(&body); err != nil {
			panic("didittest: " + err.Error())
		}
		now := d.server.Now()
		body["timestamp"] = now.Unix()
		d.add(&pending{app: a, sessionID: last.SessionID, event: last.Event, eventID: eventID, url: a.hook.url, due: now}, body, now)
		return
	}
	panic("didittest: no delivery of event " + eventID)
}

// add signs and queues an event.
func (d *dispatcher) add(p *pending, body obj, now time.Time) {
	p.body, p.header = sign.Event(p.app.WebhookSecret, body, now)
	if p.eventID == "" {
		p.header.Set("X-Didit-Test-Webhook", "true")
	}
	d.mu.Lock()
	d.queue = append(d.queue, p)
	d.mu.Unlock()
	d.poke()
}

// drop forgets what is on its way for a session that was deleted.
func (d *dispatcher) drop(sessionID string) {
	d.mu.Lock()
	kept := d.queue[:0]
	for _, p := range d.queue {
		if p.sessionID != sessionID {
			kept = append(kept, p)
		}
	}
	d.queue = kept
	if d.flying != nil && d.flying.sessionID == sessionID {
		d.flying.dropped = true
	}
	d.mu.Unlock()
}

func (d *dispatcher) deliveries(a *Application) []Delivery {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]Delivery(nil), d.done[a]...)
}

// poke starts the worker where something is due.
func (d *dispatcher) poke() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.running && !d.closed && d.isDue() {
		d.running = true
		go d.work()
	}
}

func (d *dispatcher) isDue() bool {
	now := d.server.Now()
	for _, p := range d.queue {
		if !p.due.After(now) {
			return true
		}
	}
	return false
}

func (d *dispatcher) flush() {
	d.poke()
	d.mu.Lock()
	for d.running {
		d.idle.Wait()
	}
	d.mu.Unlock()
}

func (d *dispatcher) work() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for p := d.next(); p != nil; p = d.next() {
		d.attempt(p)
	}
	d.running = false
	d.idle.Broadcast()
}

// next takes the delivery that has been due longest, under the lock.
func (d *dispatcher) next() *pending {
	now := d.server.Now()
	first := -1
	for i, p := range d.queue {
		if !p.due.After(now) && (first < 0 || p.due.Before(d.queue[first].due)) {
			first = i
		}
	}
	if first < 0 || d.closed {
		return nil
	}
	p := d.queue[first]
	d.queue = append(d.queue[:first:first], d.queue[first+1:]...)
	return p
}

// attempt delivers once, or twice where a repetition is wanted. It holds the lock but while it sends.
func (d *dispatcher) attempt(p *pending) {
	d.flying = p
	defer func() { d.flying = nil }()
	p.attempt++
	lost, times := d.lose > 0, 1
	if lost {
		d.lose--
	} else if d.repeat > 0 {
		d.repeat--
		times = 2
	}
	again := false
	for range times {
		status, problem := 0, "lost on its way"
		if !lost {
			d.mu.Unlock()
			status, problem = d.send(p)
			d.mu.Lock()
		}
		made := Delivery{
			ID: random.UUID(), EventID: p.eventID, SessionID: p.sessionID, Event: p.event, Attempt: p.attempt, At: d.server.Now(),
			URL: p.url, StatusCode: status, Error: problem, Lost: lost, Header: p.header.Clone(), Body: p.body,
		}
		d.done[p.app] = append(d.done[p.app], made)
		d.log = append(d.log, loggedDelivery{made, p.app.ID, d.server.changes.next()})
		again = status == 0 || status == http.StatusNotFound || status >= 500
	}
	if again && p.attempt <= len(retryAfter) && !d.closed && !p.dropped {
		p.due = d.server.Now().Add(retryAfter[p.attempt-1])
		d.queue = append(d.queue, p)
	}
}

// send returns the status that the receiver answered, or why it did not.
func (d *dispatcher) send(p *pending) (status int, problem string) {
	req, err := http.NewRequestWithContext(d.ctx, http.MethodPost, p.url, bytes.NewReader(p.body))
	if err != nil {
		return 0, err.Error()
	}
	req.Header = p.header.Clone()
	resp, err := d.client.Do(req)
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err // the URL is beside it, and may hold a secret
	}
	if err != nil {
		return 0, err.Error()
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	_ = resp.Body.Close()
	return resp.StatusCode, ""
}
