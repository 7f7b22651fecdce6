package handoff

import (
	"context"
	"time"

	"github.com/didit-go/didit"
)

// AuditAction says which side of a hand-off an [AuditEvent] records.
type AuditAction string

// The actions.
const (
	AuditSend    AuditAction = "send"    // A's, of a push
	AuditReceive AuditAction = "receive" // B's, of a push
	AuditRequest AuditAction = "request" // B's, of a pull
	AuditGrant   AuditAction = "grant"   // A's, of a pull
)

// AuditOutcome says how a hand-off ended.
type AuditOutcome string

// The outcomes.
const (
	AuditOK        AuditOutcome = "ok"
	AuditRepeated  AuditOutcome = "repeated"  // the same message again: the same receipt, or another grant
	AuditRefused   AuditOutcome = "refused"   // it will not be taken
	AuditUnsettled AuditOutcome = "unsettled" // it may be tried again
)

// AuditEvent is one call of Send or Request, or one message that a receiver or grantor
// was sent, refused ones included. It is the answer to "who got this person's data, when,
// for what purpose?". Before a good signature nothing of a message is in it but Reason.
//
// It never holds the token, a secret or anything about the person.
type AuditEvent struct {
	Time              time.Time         `json:"time"` // when the outcome was known
	Action            AuditAction       `json:"action"`
	Outcome           AuditOutcome      `json:"outcome"`
	ID                string            `json:"id,omitempty"`
	FromApplicationID string            `json:"from_application_id,omitempty"`
	ForApplicationID  string            `json:"for_application_id,omitempty"`
	SessionKind       didit.SessionKind `json:"session_kind,omitempty"`
	SourceSessionID   string            `json:"source_session_id,omitempty"`
	SessionID         string            `json:"session_id,omitempty"` // the copy's, where a receipt names it
	Reference         string            `json:"reference,omitempty"`
	Purpose           string            `json:"purpose,omitempty"`
	TokenFingerprint  string            `json:"token_fingerprint,omitempty"`
	ExpiresAt         time.Time         `json:"expires_at,omitzero"` // the token's
	ReceiptStatus     ReceiptStatus     `json:"receipt_status,omitempty"`
	StatusCode        int               `json:"status_code,omitempty"` // of the answer that was given, or got last; 0: none
	Attempts          int               `json:"attempts,omitempty"`    // of a send or request
	Reason            string            `json:"reason,omitempty"`      // of what is not ok, in fixed words
}

func (e *AuditEvent) about(m *message) {
	e.ID, e.FromApplicationID, e.ForApplicationID = m.ID, m.FromApplicationID, m.ForApplicationID
	e.Reference, e.Purpose = m.Reference, m.Purpose
	e.SessionKind, e.SourceSessionID, e.ExpiresAt = m.SessionKind, m.SourceSessionID, m.ExpiresAt
	e.TokenFingerprint = didit.NewShareToken(m.ShareToken).Fingerprint()
}

const auditTime = 10 * time.Second

// record hands an event to the hook. Its error withholds the result.
func (s *settings) record(ctx context.Context, e AuditEvent) error {
	if s.audit == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditTime)
	defer cancel()
	e.Time = s.now().UTC()
	return s.audit(ctx, e)
}
