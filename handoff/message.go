package handoff

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/route"
)

// version is the one that is spoken, and the only one that is known.
const version = 1

// maxBody bounds a message, a grant and a receipt.
const maxBody = 32 << 10

// messageType says which endpoint a message is good for.
type messageType string

const (
	typePush    messageType = "push"    // A to B: an envelope
	typeRequest messageType = "request" // B to A: for one person
	typeGrant   messageType = "grant"   // A to B: the answer, an envelope
)

// message is what is on the wire. Both applications and the type are part of it, so
// that no message is good elsewhere.
type message struct {
	Version           int               `json:"version"`
	Type              messageType       `json:"type"`
	ID                string            `json:"id"` // the header webhook-id again
	FromApplicationID string            `json:"from_application_id"`
	ForApplicationID  string            `json:"for_application_id"`
	SessionKind       didit.SessionKind `json:"session_kind,omitempty"`
	SourceSessionID   string            `json:"source_session_id,omitempty"`
	ExpiresAt         time.Time         `json:"expires_at,omitzero"`
	Reference         string            `json:"reference"`
	Purpose           string            `json:"purpose,omitempty"`
	ShareToken        string            `json:"share_token,omitempty"`
}

var messageKeys = []string{
	"version", "type", "id", "from_application_id", "for_application_id", "session_kind",
	"source_session_id", "expires_at", "reference", "purpose", "share_token",
}

// What is wrong with a signed text.
var (
	errMalformed = errors.New("it is not a message that can be read in one way only")
	errVersion   = errors.New("it has a version that is not known")
)

func (e *Envelope) message(t messageType) *message {
	return &message{
		Version: version, Type: t, ID: e.ID, FromApplicationID: e.FromApplicationID, ForApplicationID: e.ForApplicationID,
		SessionKind: e.SessionKind, SourceSessionID: e.SourceSessionID, ExpiresAt: e.ExpiresAt.UTC(),
		Reference: e.Reference, Purpose: e.Purpose, ShareToken: e.Token.Reveal(),
	}
}

func (q *Request) message() *message {
	return &message{
		Version: version, Type: typeRequest, ID: q.ID, FromApplicationID: q.FromApplicationID, ForApplicationID: q.ForApplicationID,
		SessionKind: q.SessionKind, Reference: q.Reference, Purpose: q.Purpose,
	}
}

func (m *message) envelope() *Envelope {
	return &Envelope{
		ID: m.ID, Token: didit.NewShareToken(m.ShareToken), SessionKind: m.SessionKind, SourceSessionID: m.SourceSessionID,
		FromApplicationID: m.FromApplicationID, ForApplicationID: m.ForApplicationID, ExpiresAt: m.ExpiresAt.UTC(),
		Reference: m.Reference, Purpose: m.Purpose,
	}
}

func (m *message) request() *Request {
	return &Request{
		ID: m.ID, FromApplicationID: m.FromApplicationID, ForApplicationID: m.ForApplicationID,
		Reference: m.Reference, Purpose: m.Purpose, SessionKind: m.SessionKind,
	}
}

// parties says who has to have signed a message, and for whom it is.
func (m *message) parties() (partner, audience string) {
	from, _ := route.UUID(m.FromApplicationID)
	target, _ := route.UUID(m.ForApplicationID)
	if m.Type == typeRequest {
		return target, from
	}
	return from, target
}

// readMessage decodes a text that was signed under an id.
func readMessage(id string, body []byte) (*message, error) {
	members, err := object(body)
	if err != nil {
		return nil, err
	}
	var v int
	if json.Unmarshal(members["version"], &v) != nil {
		return nil, fmt.Errorf("%w: version", errMalformed)
	}
	if v != version {
		return nil, errVersion
	}
	m := new(message)
	if err := take(members, m, messageKeys); err != nil {
		return nil, err
	}
	if m.ID == "" {
		m.ID = id
	}
	if m.ID != id {
		return nil, fmt.Errorf("%w: id is not webhook-id", errMalformed)
	}
	return m, nil
}

// check says why no callback is given the message.
func (m *message) check(now time.Time) string {
	var p problems
	if m.Type == typeRequest {
		q := m.request()
		if q.check(&p); len(p) == 0 {
			*m = *q.message()
		}
	} else {
		e := m.envelope()
		if e.check(&p, now); len(p) == 0 {
			*m = *e.message(m.Type)
		}
	}
	if err := p.err(); err != nil {
		return p[0].Field + " " + p[0].Message
	}
	return ""
}

// object reads the members of a JSON object. A key that stands twice is refused: what
// one parser takes, another does not see.
func object(body []byte) (map[string]json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	if open, err := d.Token(); err != nil || open != json.Delim('{') || !utf8.Valid(body) {
		return nil, fmt.Errorf("%w: not a JSON object", errMalformed)
	}
	members := make(map[string]json.RawMessage)
	for d.More() {
		token, err := d.Token()
		key, _ := token.(string)
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			return nil, fmt.Errorf("%w: not JSON", errMalformed)
		}
		if _, twice := members[key]; twice {
			return nil, fmt.Errorf("%w: a key stands twice", errMalformed)
		}
		members[key] = value
	}
	if _, err := d.Token(); err != nil || len(bytes.Trim(body[d.InputOffset():], " \t\r\n")) > 0 {
		return nil, fmt.Errorf("%w: not one JSON object", errMalformed)
	}
	return members, nil
}

// take decodes the members that are known, by their exact names: encoding/json by
// itself would take "FOR_APPLICATION_ID" as well.
func take(members map[string]json.RawMessage, into any, known []string) error {
	for key := range members {
		if !slices.Contains(known, key) {
			delete(members, key)
		}
	}
	exact, err := json.Marshal(members)
	if err != nil || json.Unmarshal(exact, into) != nil {
		return fmt.Errorf("%w: a field of another type", errMalformed)
	}
	return nil
}
