package handoff

import "github.com/didit-go/didit"

// Request is one person or company that B asks A for.
type Request struct {
	// ID is the hand-off's, as [Envelope.ID]. A second attempt has the same ID and the same
	// everything.
	ID                string            `json:"id"`
	FromApplicationID string            `json:"from_application_id"` // A's: whose session is asked for, UUID
	ForApplicationID  string            `json:"for_application_id"`  // B's: who asks, and will import it, UUID
	Reference         string            `json:"reference"`           // what both sides call the person, as [Envelope.Reference]
	Purpose           string            `json:"purpose,omitempty"`   // what the person agreed to, as [Envelope.Purpose]
	SessionKind       didit.SessionKind `json:"session_kind,omitempty"`
}

func (q *Request) check(p *problems) {
	p.id(q.ID)
	p.uuid("FromApplicationID", &q.FromApplicationID)
	p.uuid("ForApplicationID", &q.ForApplicationID)
	if q.FromApplicationID == q.ForApplicationID && q.ForApplicationID != "" {
		p.add("ForApplicationID", "must not be FromApplicationID", didit.ErrSelfShare)
	}
	p.text("Reference", q.Reference, true)
	p.text("Purpose", q.Purpose, false)
	p.text("SessionKind", string(q.SessionKind), false)
}

// misfit says in which field an envelope is not what was asked for.
func (q *Request) misfit(e *Envelope) string {
	switch {
	case e.ID != q.ID:
		return "ID"
	case e.FromApplicationID != q.FromApplicationID:
		return "FromApplicationID"
	case e.ForApplicationID != q.ForApplicationID:
		return "ForApplicationID"
	case e.Reference != q.Reference:
		return "Reference"
	case q.SessionKind != "" && e.SessionKind != q.SessionKind:
		return "SessionKind"
	case e.Purpose != q.Purpose:
		return "Purpose"
	}
	return ""
}
