package didittest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest/internal/random"
)

// EventType is the webhook_type of a delivery.
type EventType string

// The documented events of sessions, entities and transactions.
const (
	EventStatusUpdated            EventType = "status.updated"
	EventDataUpdated              EventType = "data.updated"
	EventUserStatusUpdated        EventType = "user.status.updated"
	EventUserDataUpdated          EventType = "user.data.updated"
	EventBusinessStatusUpdated    EventType = "business.status.updated"
	EventBusinessDataUpdated      EventType = "business.data.updated"
	EventActivityCreated          EventType = "activity.created"
	EventTransactionCreated       EventType = "transaction.created"
	EventTransactionStatusUpdated EventType = "transaction.status.updated"
)

// EventTypes returns every event.
func EventTypes() []EventType {
	return []EventType{
		EventStatusUpdated, EventDataUpdated, EventUserStatusUpdated, EventUserDataUpdated, EventBusinessStatusUpdated,
		EventBusinessDataUpdated, EventActivityCreated, EventTransactionCreated, EventTransactionStatusUpdated,
	}
}

// Delivery is one attempt to deliver a webhook.
type Delivery struct {
	ID         string // of the attempt
	EventID    string // of the event, the same in its retries and resends
	SessionID  string
	Event      EventType
	Attempt    int // from 1
	At         time.Time
	URL        string
	StatusCode int         // what the receiver answered; 0: it did not
	Error      string      // why it did not
	Lost       bool        // see [Server.LoseWebhooks]
	Header     http.Header // as sent
	Body       []byte      // as sent
}

// DeliverTo sends the application's events to url, http or https, from now on. An empty url stops that. Deliveries are made in
// the background, one at a time; [Server.FlushWebhooks] waits for them.
func (a *Application) DeliverTo(url string) {
	if err := a.deliverTo(url); err != nil {
		panic("didittest: " + err.Error())
	}
}

func (a *Application) deliverTo(to string) error {
	if u, err := url.Parse(to); to != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return errors.New("webhooks go to a URL, for example http://127.0.0.1:9000/webhook")
	}
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	a.hook = hookTarget{url: to}
	return nil
}

// Send sends an event of the application that concerns a session. It panics if the event or the session is unknown.
func (a *Application) Send(sessionID string, event EventType) {
	known := false
	for _, e := range EventTypes() {
		known = known || e == event
	}
	if !known {
		panic(fmt.Sprintf("didittest: no such event: %q", event))
	}
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	one := a.mustFind(sessionID, func() {})
	a.server.hooks.enqueue(one, event)
}

// SendTest sends what the console's test button sends: no event id, and marks that say that it is a test.
func (a *Application) SendTest() {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	a.server.hooks.enqueueTest(a)
}

// Resend repeats a delivery of an event with a fresh timestamp and signature, as the console does. It panics if there was none.
func (a *Application) Resend(eventID string) {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	a.server.hooks.resend(a, eventID)
}

// Deliveries returns the application's deliveries so far, oldest first.
func (a *Application) Deliveries() []Delivery { return a.server.hooks.deliveries(a) }

// LoseWebhooks lets the next n deliveries get lost on their way: the receiver never sees them, and Didit tries again.
func (s *Server) LoseWebhooks(n int) { s.hooks.set(&s.hooks.lose, n) }

// RepeatWebhooks lets the next n deliveries arrive twice.
func (s *Server) RepeatWebhooks(n int) { s.hooks.set(&s.hooks.repeat, n) }

// FlushWebhooks waits until every delivery that is due has been made, retries that are due included. Later retries become due as the
// clock is moved: the first a minute after the event, the second four minutes later.
func (s *Server) FlushWebhooks() { s.hooks.flush() }

// envelope is what an event says, under the server's lock.
func (s *Server) envelope(one *session, event EventType, now time.Time) obj {
	body := obj{
		"event_id":         random.UUID(),
		"webhook_type":     string(event),
		"timestamp":        now.Unix(),
		"created_at":       one.createdAt.Unix(),
		"application_id":   one.app.ID,
		"environment":      environment,
		"session_id":       one.id,
		"status":           string(one.status),
		"workflow_id":      one.workflowID,
		"workflow_version": 1,
		"vendor_data":      nullable(one.vendorData),
		"metadata":         rawOrNull(one.metadata),
	}
	if one.kind == didit.KindBusiness {
		body["session_kind"] = string(one.kind)
		body["business_session_id"] = one.id
		body["vendor_business_id"] = nullable(one.vendorData)
	} else if event == EventDataUpdated {
		body["session_kind"] = string(one.kind)
	}
	switch one.status {
	case didit.StatusApproved, didit.StatusDeclined, didit.StatusInReview, didit.StatusAbandoned:
		c := &call{server: s, key: &apiKey{app: one.app, full: true}}
		body["decision"] = json.RawMessage(c.withBlocks(one.head(true), one))
	case didit.StatusResubmitted:
		nodes, reasons := []obj{}, obj{}
		for _, f := range one.features() {
			nodes = append(nodes, obj{"node_id": f.node, "feature": f.name})
			reasons[f.node] = "Please try again."
			break
		}
		body["resubmit_info"] = obj{"nodes_to_resubmit": nodes, "reasons": reasons}
	}
	return body
}
