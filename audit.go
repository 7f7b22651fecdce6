package didit

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/didit-go/didit/internal/route"
)

// AuditAction is what was done.
type AuditAction string

// The actions.
const (
	AuditShare  AuditAction = "share"
	AuditImport AuditAction = "import"
	AuditFind   AuditAction = "find"
)

// AuditOutcome is what became of it.
type AuditOutcome string

// The outcomes. A find that searched to the end and found nothing is refused.
const (
	AuditOK         AuditOutcome = "ok"
	AuditRecovered  AuditOutcome = "recovered" // an import's copy was found after its answer was lost
	AuditRefused    AuditOutcome = "refused"   // locally or by Didit
	AuditNotSent    AuditOutcome = "not_sent"
	AuditUnknown    AuditOutcome = "unknown"
	AuditResultLost AuditOutcome = "result_lost"
)

// AuditEvent is one call of ShareSession, ImportSharedSession or
// FindImportedSession, local refusals included. Didit keeps no list of tokens and
// cannot revoke one, so the sharing partner's own record is the only answer to "who
// got this person's data?".
//
// It never holds the token, the key, vendor data or anything about the person. Its
// JSON is snake case with durations in seconds.
type AuditEvent struct {
	Time              time.Time // when the outcome was known
	Action            AuditAction
	Outcome           AuditOutcome
	SessionID         string // share: the session; import, find: the copy, once known
	SourceSessionID   string // import, find
	SessionKind       SessionKind
	FromApplicationID string
	ForApplicationID  string
	WorkflowID        string
	TTL               time.Duration // share: as asked for, 0 for Didit's default
	Review            ReviewPolicy
	TokenFingerprint  string
	StatusCode        int    // of the last answer to the share or import itself, 0 without one
	RequestID         string // likewise
	Attempts          int    // of the share or import itself
	Duration          time.Duration
}

type auditJSON struct {
	Time              time.Time    `json:"time"`
	Action            AuditAction  `json:"action"`
	Outcome           AuditOutcome `json:"outcome"`
	SessionID         string       `json:"session_id,omitempty"`
	SourceSessionID   string       `json:"source_session_id,omitempty"`
	SessionKind       SessionKind  `json:"session_kind,omitempty"`
	FromApplicationID string       `json:"from_application_id,omitempty"`
	ForApplicationID  string       `json:"for_application_id,omitempty"`
	WorkflowID        string       `json:"workflow_id,omitempty"`
	TTL               float64      `json:"ttl,omitempty"`
	Review            ReviewPolicy `json:"review,omitempty"`
	TokenFingerprint  string       `json:"token_fingerprint,omitempty"`
	StatusCode        int          `json:"status_code,omitempty"`
	RequestID         string       `json:"request_id,omitempty"`
	Attempts          int          `json:"attempts"`
	Duration          float64      `json:"duration"`
}

// MarshalJSON writes the form that a ledger stores.
func (e AuditEvent) MarshalJSON() ([]byte, error) {
	return json.Marshal(auditJSON{
		e.Time, e.Action, e.Outcome, e.SessionID, e.SourceSessionID, e.SessionKind, e.FromApplicationID, e.ForApplicationID,
		e.WorkflowID, e.TTL.Seconds(), e.Review, e.TokenFingerprint, e.StatusCode, e.RequestID, e.Attempts, e.Duration.Seconds(),
	})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (e *AuditEvent) UnmarshalJSON(data []byte) error {
	var j auditJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return errors.New("didit: not the JSON of an AuditEvent")
	}
	*e = AuditEvent{
		j.Time, j.Action, j.Outcome, j.SessionID, j.SourceSessionID, j.SessionKind, j.FromApplicationID, j.ForApplicationID,
		j.WorkflowID, seconds(j.TTL), j.Review, j.TokenFingerprint, j.StatusCode, j.RequestID, j.Attempts, seconds(j.Duration),
	}
	return nil
}

func seconds(s float64) time.Duration {
	return time.Duration(s * float64(time.Second)).Round(time.Microsecond)
}

// record completes an event and hands it to the hook. r is the share or import
// itself, nil where there is none.
func (c *Client) record(ctx context.Context, began time.Time, e AuditEvent, r *request, err error) {
	// Params that were refused, and unverified claims, may be anything.
	for _, id := range []*string{&e.SessionID, &e.SourceSessionID, &e.FromApplicationID, &e.ForApplicationID, &e.WorkflowID} {
		*id = onlyID(*id)
	}
	if e.SessionKind != KindUser && e.SessionKind != KindBusiness {
		e.SessionKind = ""
	}
	e.Time = c.now()
	e.Duration = e.Time.Sub(began)
	if r != nil && r.res != nil {
		e.StatusCode, e.RequestID, e.Attempts = r.res.Status, r.res.RequestID, r.res.Attempts
		if e.RequestID != "" {
			e.RequestID = c.mask(r)(e.RequestID)
		}
	}
	var call *CallError
	switch {
	case err == nil && e.Outcome == "":
		e.Outcome = AuditOK
	case err == nil:
	case errors.As(err, &call):
		e.Outcome = AuditOutcome(call.outcome())
	case e.Action == AuditShare && errors.Is(err, ErrServer):
		e.Outcome = AuditUnknown // a token may have been minted
	default:
		e.Outcome = AuditRefused
	}
	c.audit(ctx, e)
}

func onlyID(s string) string {
	id, _ := route.UUID(s)
	return id
}
