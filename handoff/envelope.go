package handoff

import (
	"strings"
	"time"

	"github.com/didit-go/didit"
)

// Envelope is a share token on its way, with what both sides have to agree on. Only
// [Sender] and [NewGrantor] put it on the wire: encoding one as JSON fails with
// [didit.ErrTokenNotSerializable].
type Envelope struct {
	// ID is the hand-off's: 1 to 128 of A-Z, a-z, 0-9, "_" and "-", such as the id of the
	// job that makes it. Another attempt has the same ID and the same everything; another
	// token needs another ID.
	ID                string            `json:"id"`
	Token             didit.ShareToken  `json:"share_token"`
	SessionKind       didit.SessionKind `json:"session_kind"`
	SourceSessionID   string            `json:"source_session_id"`   // the session that was shared, UUID
	FromApplicationID string            `json:"from_application_id"` // whose session it is, UUID
	ForApplicationID  string            `json:"for_application_id"`  // who may import it, UUID
	// ExpiresAt is when the token expires, at most 24 h ahead. The hand-off ends then.
	ExpiresAt time.Time `json:"expires_at"`
	// Reference is what both sides call the person or company, up to 256 bytes: an opaque
	// id, never personal data.
	Reference string `json:"reference"`
	// Purpose is what the person agreed to, as both sides name it, up to 256 bytes;
	// optional.
	Purpose string `json:"purpose,omitempty"`
}

const (
	maxToken = 8 << 10
	// maxAhead is the longest life of a token, and some minutes of clock difference.
	maxAhead = 24*time.Hour + 5*time.Minute
)

// check finds what no receiver could use, and puts ids into their one form.
func (e *Envelope) check(p *problems, now time.Time) {
	p.id(e.ID)
	switch token := e.Token.Reveal(); {
	case token == "":
		p.add("Token", "is required", didit.ErrShareTokenInvalid)
	case len(token) > maxToken:
		p.add("Token", "is longer than 8 KiB", didit.ErrShareTokenInvalid)
	case strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
		p.add("Token", "has characters that no share token has", didit.ErrShareTokenInvalid)
	}
	p.text("SessionKind", string(e.SessionKind), true)
	p.uuid("SourceSessionID", &e.SourceSessionID)
	p.uuid("FromApplicationID", &e.FromApplicationID)
	p.uuid("ForApplicationID", &e.ForApplicationID)
	if e.FromApplicationID == e.ForApplicationID && e.ForApplicationID != "" {
		p.add("ForApplicationID", "must not be FromApplicationID", didit.ErrSelfShare)
	}
	switch {
	case e.ExpiresAt.IsZero():
		p.add("ExpiresAt", "is required", nil)
	case e.ExpiresAt.Sub(now) > maxAhead:
		p.add("ExpiresAt", "is more than 24 h ahead: no token lives so long", nil)
	}
	p.text("Reference", e.Reference, true)
	p.text("Purpose", e.Purpose, false)
}

// contradiction says in which field the envelope and its token disagree. Claims that
// cannot be read contradict nothing.
func (e *Envelope) contradiction() string {
	claims, err := e.Token.Claims()
	if err != nil {
		return ""
	}
	other := func(claimed, named string) bool { return claimed != "" && !strings.EqualFold(claimed, named) }
	switch {
	case other(claims.SessionID, e.SourceSessionID):
		return "SourceSessionID"
	case other(string(claims.SessionKind), string(e.SessionKind)):
		return "SessionKind"
	case other(claims.FromApplicationID, e.FromApplicationID):
		return "FromApplicationID"
	case other(claims.ForApplicationID, e.ForApplicationID):
		return "ForApplicationID"
	case !claims.ExpiresAt.IsZero() && claims.ExpiresAt.Unix() != e.ExpiresAt.Unix():
		return "ExpiresAt"
	}
	return ""
}
