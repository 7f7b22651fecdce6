package didit

import (
	"encoding/json"
	"time"
)

// SessionKind tells a person's verification (KYC) from a company's (KYB).
type SessionKind string

const (
	KindUser     SessionKind = "user"
	KindBusiness SessionKind = "business"
	// KindAll is a filter of [Client.ListSessions] only.
	KindAll SessionKind = "all"
)

// SessionStatus is where a session stands.
type SessionStatus string

const (
	StatusNotStarted   SessionStatus = "Not Started"
	StatusInProgress   SessionStatus = "In Progress"
	StatusAwaitingUser SessionStatus = "Awaiting User"
	StatusInReview     SessionStatus = "In Review"
	StatusApproved     SessionStatus = "Approved"
	StatusDeclined     SessionStatus = "Declined"
	StatusResubmitted  SessionStatus = "Resubmitted"
	StatusExpired      SessionStatus = "Expired"
	StatusKYCExpired   SessionStatus = "Kyc Expired"
	StatusAbandoned    SessionStatus = "Abandoned"
)

// Session is one verification.
type Session struct {
	SessionID         string          `json:"session_id"`
	SessionKind       SessionKind     `json:"session_kind"`
	SessionNumber     int64           `json:"session_number"`
	SessionURL        string          `json:"session_url"`
	Status            SessionStatus   `json:"status"`
	WorkflowID        string          `json:"workflow_id"`
	VendorData        string          `json:"vendor_data"`
	Metadata          json.RawMessage `json:"metadata"`
	SharedFromSession string          `json:"shared_from_session"`
	Environment       string          `json:"environment"`
	CreatedAt         time.Time       `json:"created_at"`
	ExpiresAt         time.Time       `json:"expires_at"`
	Decision
	Raw json.RawMessage `json:"-"`
}

// ParseSession is a stub for now.
func ParseSession(data []byte) (*Session, error) {
	s := new(Session)
	if err := json.Unmarshal(data, s); err != nil {
		return nil, err
	}
	s.Raw = data
	return s, nil
}
