package didittest

import (
	"net/http"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest/internal/sharetoken"
)

// The documented bounds of a share token's life, in seconds.
const (
	minTTL     = 60
	maxTTL     = 86400
	defaultTTL = 3600
)

// share answers POST /v3/session/{id}/share/.
func (c *call) share() answer {
	s := c.server
	s.mu.RLock()
	defer s.mu.RUnlock()
	one := c.session()
	if one == nil {
		return notFound()
	}
	f, bad := c.fields()
	if bad != nil {
		return *bad
	}
	target := f.uuid("for_application_id")
	ttl := f.integer("ttl_in_seconds", minTTL, maxTTL, defaultTTL, s.cfg.dialect == DialectSingular)
	if refused := f.refusal(); refused != nil {
		return *refused
	}
	if !finished(one.status) {
		return detail(http.StatusBadRequest, "Only finished sessions (Approved, Declined or In Review) can be shared.")
	}
	if app := s.appByID[target]; app == nil || app.deleted {
		return c.fieldOrDetail("for_application_id", "Application not found.")
	}
	if target == c.key.app.ID {
		return c.fieldOrDetail("for_application_id", "A session cannot be shared with its own application.")
	}
	body := obj{
		"share_token":        s.mint(c.key.app, one.id, one.kind, target, time.Duration(ttl)*time.Second),
		"for_application_id": target,
		"session_kind":       string(one.kind),
	}
	if s.kindless(one.kind) {
		delete(body, "session_kind")
	}
	return c.success(body)
}

// kindless says whether tokens of the kind leave it out. The age that had no session_kind had no companies either.
func (s *Server) kindless(kind didit.SessionKind) bool {
	return s.cfg.kindlessTokens || s.cfg.dialect == DialectSingular && kind == didit.KindUser
}

// mint signs a share token.
func (s *Server) mint(from *Application, sessionID string, kind didit.SessionKind, to string, ttl time.Duration) string {
	now := s.Now().Truncate(time.Second)
	claims := didit.ShareClaims{
		SessionID: sessionID, FromApplicationID: from.ID, ForApplicationID: to, SessionKind: kind,
		IssuedAt: now, ExpiresAt: now.Add(ttl),
	}
	if s.kindless(kind) {
		claims.SessionKind = ""
	}
	text := sharetoken.Sign(s.signKey, claims)
	s.tokens.add(&mintedToken{text: text, claims: claims, kind: kind})
	return text
}
