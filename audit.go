package didit

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"time"

	"github.com/didit-go/didit/internal/route"
)

// AuditAction says which call an [AuditEvent] records.
type AuditAction string

// The actions.
const (
	AuditShare  AuditAction = "share"
	AuditImport AuditAction = "import"
	AuditFind   AuditAction = "find"
)

// AuditOutcome says how a call ended: in the record, the log and for call hooks.
type AuditOutcome string

// The outcomes. A find that searched to the end and found nothing is refused.
const (
	AuditOK              AuditOutcome = "ok"
	AuditRecovered       AuditOutcome = "recovered" // an import's copy was found after its answer was lost
	AuditRefused         AuditOutcome = "refused"   // locally or by Didit
	AuditNotSent         AuditOutcome = "not_sent"
	AuditUnknown         AuditOutcome = "unknown"
	AuditResultLost      AuditOutcome = "result_lost"
	AuditAlreadyImported AuditOutcome = "already_imported" // see OutcomeAlreadyImported
)

// AuditEvent records one call of ShareSession, ImportSharedSession or
// FindImportedSession, local refusals included. Didit keeps no list of tokens and
// cannot revoke one, so your own record is the only answer to "who got this person's
// data?".
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
	FromApplicationID string        // share: your own, where the client was told; import: as the token says
	ForApplicationID  string        // share: the partner's; import: as the token says
	WorkflowID        string        // import, find
	TTL               time.Duration // share: as asked for, 0 for Didit's default
	Review            ReviewPolicy  // import
	TokenFingerprint  string        // share, once there is one; import
	StatusCode        int           // of the last answer to the share or import itself, 0 without one
	RequestID         string        // likewise
	Attempts          int           // of the share or import itself
	Duration          time.Duration
	ExpiresAt         time.Time // share: when the token expires, by its claims
	// Reason says of what is not ok why, in words of this package, such as "the share
	// token has expired"; never in Didit's.
	Reason string
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
	ExpiresAt         time.Time    `json:"expires_at,omitzero"`
	Reason            string       `json:"reason,omitempty"`
}

// MarshalJSON writes the form that a ledger stores.
func (e AuditEvent) MarshalJSON() ([]byte, error) {
	return json.Marshal(auditJSON{
		e.Time, e.Action, e.Outcome, e.SessionID, e.SourceSessionID, e.SessionKind, e.FromApplicationID, e.ForApplicationID,
		e.WorkflowID, e.TTL.Seconds(), e.Review, e.TokenFingerprint, e.StatusCode, e.RequestID, e.Attempts, e.Duration.Seconds(),
		e.ExpiresAt, e.Reason,
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
		j.ExpiresAt, j.Reason,
	}
	return nil
}

func seconds(s float64) time.Duration {
	return time.Duration(math.Round(s * float64(time.Second)))
}

// hookTime is how long an audit hook may take.
const hookTime = 10 * time.Second

// record completes an event and hands it to the hook. r is the share or import
// itself, nil where there is none; err is the call's. It returns what the call
// returns then: err, or what withholds its result, because nobody gets data without
// a record.
func (c *Client) record(ctx context.Context, began time.Time, e AuditEvent, r *request, err error) error {
	// Params that were refused, and unverified claims, may be anything.
	for _, id := range []*string{&e.SessionID, &e.SourceSessionID, &e.FromApplicationID, &e.ForApplicationID, &e.WorkflowID} {
		*id, _ = route.UUID(*id)
	}
	if e.SessionKind != KindUser && e.SessionKind != KindBusiness {
		e.SessionKind = ""
	}
	if e.Review != TrustSourceReview && e.Review != ReviewAgain {
		e.Review = ""
	}
	e.Time = c.now()
	e.Duration = e.Time.Sub(began)
	if r != nil && r.res != nil {
		e.StatusCode, e.RequestID, e.Attempts = r.res.Status, c.requestID(r), r.res.Attempts
	}
	if err != nil {
		e.Outcome, e.Reason = outcomeOf(auditOperations[e.Action], r, err), reason(err)
	} else if e.Outcome == "" {
		e.Outcome = AuditOK
	}
	// The call may have ended with its context: then the record is needed the most.
	hookCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), hookTime)
	defer cancel()
	hookErr := c.audit(hookCtx, e)
	switch {
	case hookErr == nil:
		return err
	case err != nil:
		return &both{err, hookErr, "; the audit hook failed: "}
	}
	return &CallError{
		Operation: auditOperations[e.Action], Outcome: OutcomeResultLost, Attempts: e.Attempts, Err: hookErr,
		read: e.Action == AuditFind, next: withheldNext[e.Action],
	}
}

// withheldNext is what to do where the audit hook failed.
var withheldNext = map[AuditAction]string{
	AuditShare:  "the audit hook failed, so the token is withheld and expires unused; share again",
	AuditImport: "the audit hook failed, so the result is withheld; call again with Resume, the same token and vendor data",
	AuditFind:   "the audit hook failed, so the result is withheld; search again",
}

var auditOperations = map[AuditAction]string{AuditShare: opShare.name, AuditImport: importName, AuditFind: findName}

// outcomeOf says what became of a call that failed.
func outcomeOf(operation string, r *request, err error) AuditOutcome {
	if call, ok := errors.AsType[*CallError](err); ok {
		return AuditOutcome(call.outcome())
	}
	if operation == opShare.name && r.res != nil && r.res.Lost {
		return AuditUnknown // an attempt before may have minted a token
	}
	return AuditRefused
}
