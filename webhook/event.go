package webhook

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"strings"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/answer"
)

// The types of events that concern sessions. The set is open: Didit sends others, of
// entities and transactions, which are passed on.
const (
	TypeStatusUpdated = "status.updated"
	TypeDataUpdated   = "data.updated"
)

// Event is one event of Didit's. It prints its type and ids only.
type Event struct {
	ID            string // the same in every retry and resend; empty for the console's test button
	Type          string // TypeStatusUpdated, ...
	ApplicationID string // has to be ours
	Environment   string // "live" or "sandbox"
	SessionID     string
	WorkflowID    string
	VendorData    string
	SessionKind   didit.SessionKind // KindUser where an event of a session names none; empty where there is no session
	Status        didit.SessionStatus
	Timestamp     time.Time // when Didit made the event
	Metadata      json.RawMessage
	Session       *didit.Session  // the decision, where the event carries one
	ResubmitInfo  json.RawMessage // what has to be done again, on Resubmitted
	Test          bool            // sent from the console's test button
	Raw           json.RawMessage // the text that was signed
}

// envelope is an event as it is sent.
type envelope struct {
	ID                string              `json:"event_id"`
	Type              string              `json:"webhook_type"`
	ApplicationID     string              `json:"application_id"`
	Environment       string              `json:"environment"`
	SessionID         string              `json:"session_id"`
	BusinessSessionID string              `json:"business_session_id"`
	WorkflowID        string              `json:"workflow_id"`
	VendorData        string              `json:"vendor_data"`
	SessionKind       didit.SessionKind   `json:"session_kind"`
	Status            didit.SessionStatus `json:"status"`
	Timestamp         json.RawMessage     `json:"timestamp"`
	Metadata          json.RawMessage     `json:"metadata"`
	Decision          json.RawMessage     `json:"decision"`
	ResubmitInfo      json.RawMessage     `json:"resubmit_info"`
}

const maxEvent = 16 << 20

// decode fills e from a text that was signed. A field of another type than expected
// stays empty.
func (e *envelope) decode(text []byte) error {
	if len(text) > maxEvent || !answer.Bounded(text) {
		return fmt.Errorf("%w: it is too large", ErrMalformed)
	}
	err := json.Unmarshal(text, e)
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
		ID: w.ID, Type: w.Type, ApplicationID: w.ApplicationID, Environment: w.Environment, SessionID: w.SessionID,
		WorkflowID: w.WorkflowID, VendorData: w.VendorData, SessionKind: w.SessionKind, Status: w.Status,
		Timestamp: instant(w.Timestamp), Metadata: given(w.Metadata), ResubmitInfo: given(w.ResubmitInfo), Raw: text,
	}
	if e.SessionID == "" {
		e.SessionID = w.BusinessSessionID
	}
	var test struct {
		Test bool `json:"test_webhook"`
	}
	e.Test = json.Unmarshal(e.Metadata, &test) == nil && test.Test
	if decision := given(w.Decision); decision != nil {
		session, err := parseSession(decision, e.SessionID)
		if err != nil {
			return nil, fmt.Errorf("%w: its decision cannot be read", ErrMalformed)
		}
		e.Session = session
	}
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
	return e, nil
}

// parseSession reads a decision. One of an older destination may leave out its id,
// which the event has.
func parseSession(decision []byte, id string) (*didit.Session, error) {
	session, err := didit.ParseSession(decision)
	if err == nil || id == "" || decision[0] != '{' {
		return session, err
	}
	var head struct {
		SessionID json.RawMessage `json:"session_id"`
	}
	if json.Unmarshal(decision, &head) != nil || given(head.SessionID) != nil {
		return nil, err
	}
	quoted, err := json.Marshal(id)
	if err != nil {
		return nil, err
	}
	members := strings.TrimSpace(string(decision[1:]))
	comma := ","
	if members == "}" {
		comma = ""
	}
	session, err = didit.ParseSession([]byte(`{"session_id":` + string(quoted) + comma + members))
	if err == nil {
		session.Raw = bytes.Clone(decision)
	}
	return session, err
}

// given is nil for what is absent or null.
func given(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	return raw
}

// instant reads seconds since 1970; zero where they cannot be read.
func instant(raw json.RawMessage) time.Time {
	var seconds float64
	if json.Unmarshal(raw, &seconds) != nil || seconds < 1 || seconds > math.MaxInt32*100.0 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}

// String is the event's type, its session and where that stands.
func (e Event) String() string {
	s := didit.Session{SessionID: e.SessionID, SessionKind: e.SessionKind, Status: e.Status}
	if e.Type != TypeStatusUpdated && e.Type != TypeDataUpdated {
		return "webhook.Event(another type, " + s.String() + ")"
	}
	return "webhook.Event(" + e.Type + ", " + s.String() + ")"
}

// GoString is String.
func (e Event) GoString() string { return e.String() }

// Format prints String for every verb.
func (e Event) Format(f fmt.State, _ rune) { io.WriteString(f, e.String()) }

// LogValue is String.
func (e Event) LogValue() slog.Value { return slog.StringValue(e.String()) }
