package webhook

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/answer"
)

// EventType says what happened to what. The set is open: a type that is not listed
// here is passed on like the others.
//
// https://docs.didit.me/integration/webhooks
type EventType string

// The types that Didit documents, but for the families investigator.* and auth.*. The
// first two concern sessions.
const (
	EventStatusUpdated EventType = "status.updated"
	EventDataUpdated   EventType = "data.updated"

	EventUserStatusUpdated                 EventType = "user.status.updated"
	EventUserDataUpdated                   EventType = "user.data.updated"
	EventBusinessStatusUpdated             EventType = "business.status.updated"
	EventBusinessDataUpdated               EventType = "business.data.updated"
	EventActivityCreated                   EventType = "activity.created"
	EventTransactionCreated                EventType = "transaction.created"
	EventTransactionStatusUpdated          EventType = "transaction.status.updated"
	EventTransactionRuleSuggestionsCreated EventType = "transaction_rule_suggestions.created"
	EventTravelRuleStatusUpdated           EventType = "travel_rule.status.updated"
	EventWorkflowComplianceChanged         EventType = "workflow.compliance_changed"
)

// Known reports whether the type is one of those above.
func (t EventType) Known() bool {
	switch t {
	case EventStatusUpdated, EventDataUpdated,
		EventUserStatusUpdated, EventUserDataUpdated, EventBusinessStatusUpdated, EventBusinessDataUpdated, EventActivityCreated,
		EventTransactionCreated, EventTransactionStatusUpdated, EventTransactionRuleSuggestionsCreated,
		EventTravelRuleStatusUpdated, EventWorkflowComplianceChanged:
		return true
	}
	return false
}

// Event is something that happened at Didit. What it says of a session may be old when
// it arrives: read the session again. It prints ids, type and status only.
//
// https://docs.didit.me/integration/webhooks
type Event struct {
	Type            EventType // EventStatusUpdated, ...
	ID              string    // the same in every retry and resend; empty for the console's test button
	ApplicationID   string    // whom it is for, see [ForApplication]
	Environment     string    // "live" or "sandbox"; older events leave it out
	SessionID       string    // empty where the event is of an entity or a transaction
	WorkflowID      string
	WorkflowVersion int                 // which version of the workflow it was; 0 where it is not sent
	SandboxScenario string              // of sandbox events, where it is sent
	VendorData      string              // your own reference, as given when the session was made
	SessionKind     didit.SessionKind   // KindUser where an event of a session names none; empty where there is no session
	Status          didit.SessionStatus // the session's, when the event was made
	Timestamp       time.Time           // when it was delivered, to the second; a resend has a new one
	Metadata        json.RawMessage     // your own, as given when the session was made; nil for none
	Session         *didit.Session      // the decision, for Approved, Declined, In Review and Abandoned; else nil
	ResubmitInfo    json.RawMessage     // what has to be done again, for Resubmitted; else nil
	Test            bool                // sent from the console's test button: test_webhook is true in its metadata, and it has no ID
	Raw             json.RawMessage     // the text that was signed
}

// envelope is an event as it is sent.
type envelope struct {
	ID                string              `json:"event_id"`
	Type              EventType           `json:"webhook_type"`
	ApplicationID     string              `json:"application_id"`
	Environment       string              `json:"environment"`
	SessionID         string              `json:"session_id"`
	BusinessSessionID string              `json:"business_session_id"`
	WorkflowID        string              `json:"workflow_id"`
	WorkflowVersion   int                 `json:"workflow_version"`
	SandboxScenario   string              `json:"sandbox_scenario"`
	VendorData        string              `json:"vendor_data"`
	SessionKind       didit.SessionKind   `json:"session_kind"`
	Status            didit.SessionStatus `json:"status"`
	Timestamp         json.RawMessage     `json:"timestamp"`
	Metadata          json.RawMessage     `json:"metadata"`
	Decision          json.RawMessage     `json:"decision"`
	ResubmitInfo      json.RawMessage     `json:"resubmit_info"`
}

const maxEvent = 16 << 20

// decode fills w from a text that was signed. A field of another type than expected
// stays empty.
func (w *envelope) decode(text []byte) error {
	if len(text) > maxEvent || !answer.Bounded(text) {
		return fmt.Errorf("%w: it is too large to be decoded", ErrMalformed)
	}
	err := json.Unmarshal(exact(text), w)
	if _, mismatch := errors.AsType[*json.UnmarshalTypeError](err); err != nil && !mismatch {
		return fmt.Errorf("%w: it is not JSON", ErrMalformed)
	}
	return nil
}

// decode makes an event of a text that was signed, and keeps the text.
func decode(text []byte) (*Event, error) {
	var w envelope
	if err := w.decode(text); err != nil {
		return nil, err
	}
	if w.Type == "" {
		return nil, fmt.Errorf("%w: it has no webhook_type", ErrMalformed)
	}
	e := &Event{
		Type: w.Type, ID: w.ID, ApplicationID: w.ApplicationID, Environment: w.Environment, SessionID: w.SessionID,
		WorkflowID: w.WorkflowID, WorkflowVersion: w.WorkflowVersion, SandboxScenario: w.SandboxScenario,
		VendorData: w.VendorData, SessionKind: w.SessionKind, Status: w.Status,
		Timestamp: instant(w.Timestamp), Metadata: present(w.Metadata), ResubmitInfo: present(w.ResubmitInfo), Raw: text,
	}
	if e.SessionID == "" {
		e.SessionID = w.BusinessSessionID
	}
	e.Test = e.ID == "" && saysTest(e.Metadata)
	if decision := present(w.Decision); decision != nil {
		session, err := parseDecision(decision, e.SessionID)
		if err != nil {
			return nil, fmt.Errorf("%w: its decision cannot be read", ErrMalformed)
		}
		e.Session = session
	}
	w.kind(e)
	return e, nil
}

// kind fills in the kind of a session whose event does not name it.
func (w *envelope) kind(e *Event) {
	if e.SessionKind == "" && e.SessionID != "" {
		switch {
		case e.Session != nil && e.Session.SessionKind != "":
			e.SessionKind = e.Session.SessionKind
		case w.BusinessSessionID != "":
			e.SessionKind = didit.KindBusiness
		default:
			e.SessionKind = didit.KindUser
		}
	}
	if e.Session != nil && e.Session.SessionKind == "" {
		e.Session.SessionKind = e.SessionKind
	}
}

// saysTest reads the mark of the console's test button.
func saysTest(metadata []byte) bool {
	var mark struct {
		Test bool `json:"test_webhook"`
	}
	return json.Unmarshal(exact(metadata), &mark) == nil && mark.Test
}

// present is nil for what is absent or null.
func present(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	return raw
}

// instant reads seconds since 1970; zero where they cannot be read.
func instant(raw json.RawMessage) time.Time {
	seconds, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || seconds < 1 || seconds > math.MaxInt32*100.0 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}
