package didit

import (
	"bytes"
	"context"
	"strings"
	"time"

	"github.com/didit-go/didit/internal/answer"
	"github.com/didit-go/didit/internal/route"
	"github.com/didit-go/didit/internal/transport"
)

// DefaultTTL is how long Didit lets a share token live where
// [ShareSessionParams] has no TTL.
const DefaultTTL = time.Hour

// Bounds of a share token's life that Didit documents.
const (
	minTTL = 60 * time.Second
	maxTTL = 24 * time.Hour
)

// ShareSessionParams says with whom a session is shared, and for how long.
type ShareSessionParams struct {
	ForApplicationID string        // Partner B's application, UUID, required, not your own
	TTL              time.Duration // 0: DefaultTTL; else whole seconds, 60 s to 24 h
	Status           SessionStatus // last known status, optional: an unshareable one is refused without a call
}

// Validate makes the local checks that need no client: all of ShareSession's, but
// the session's id and whether the application is your own. The error is a
// *[ValidationError].
func (p ShareSessionParams) Validate() error { return p.problems("").err() }

// problems are those of the params; own is the caller's application, where known.
func (p ShareSessionParams) problems(own string) problems {
	var all problems
	id := checkID(&all, "ForApplicationID", p.ForApplicationID)
	if own != "" && own == id {
		all.add("ForApplicationID", "must not be your own application", ErrSelfShare)
	}
	if d := p.TTL; d != 0 && (d < minTTL || d > maxTTL || d%time.Second != 0) {
		all.add("TTL", "must be whole seconds, 60 s to 24 h, such as 10*time.Minute", ErrInvalidTTL)
	}
	if s := p.Status; s != "" && !s.Shareable() {
		all.add("Status", "must be Approved, Declined or In Review: only finished sessions can be shared", ErrSessionNotShareable)
	}
	return all
}

// SharedSession is a share token and what it is for. Partner A sends it to Partner B
// over a channel of their own.
type SharedSession struct {
	Token            ShareToken  `json:"share_token"`
	SessionID        string      `json:"session_id"`
	ForApplicationID string      `json:"for_application_id"`
	SessionKind      SessionKind `json:"session_kind"` // from the answer; else from the token; a token without it means KindUser
}

// ExpiresAt is when the token expires, by its own claims; zero if they cannot be read.
func (s *SharedSession) ExpiresAt() time.Time {
	if s == nil {
		return time.Time{}
	}
	claims, err := s.Token.Claims()
	if err != nil {
		return time.Time{}
	}
	return claims.ExpiresAt
}

// ShareSession mints a token with which one other application may import a copy of
// a finished session, once. The token is a bearer copy of a person's identity file
// and cannot be revoked: keep its TTL short.
//
// It may be called again: every call mints another token, and one that was lost
// harms nobody and expires. Errors match ErrSessionNotShareable, ErrSelfShare,
// ErrInvalidTTL and ErrInvalidParams without a call; ErrSessionNotShareable,
// ErrApplicationNotFound, ErrNotFound, ErrUnauthorized, ErrForbidden,
// ErrRateLimited and ErrServer from Didit.
//
// https://docs.didit.me/sessions-api/share-session/share
func (c *Client) ShareSession(ctx context.Context, sessionID string, params ShareSessionParams) (s *SharedSession, err error) {
	sh := new(sharing)
	ctx, story := c.begin(ctx, opShare.name)
	defer func() { story.end(&sh.request, err) }()
	p := c.usable(ctx)
	if err := p.err(); err != nil {
		return nil, err
	}
	var began time.Time
	if c.audit != nil {
		began = c.now()
	}
	s, err = c.share(ctx, sessionID, params, sh)
	if c.audit == nil {
		return s, err
	}
	e := AuditEvent{
		Action: AuditShare, SessionID: sessionID, ForApplicationID: params.ForApplicationID,
		FromApplicationID: c.applicationID, TTL: params.TTL,
	}
	if s != nil {
		e.SessionID, e.ForApplicationID, e.SessionKind = s.SessionID, s.ForApplicationID, s.SessionKind
		e.TokenFingerprint, e.ExpiresAt = s.Token.Fingerprint(), s.ExpiresAt()
	}
	if err = c.record(ctx, began, e, &sh.request, err); err != nil {
		return nil, err
	}
	return s, nil
}

// sharing is one call of ShareSession, in one piece of memory.
type sharing struct {
	request
	body struct {
		ForApplicationID string `json:"for_application_id"`
		TTL              int64  `json:"ttl_in_seconds,omitempty"`
	}
	answer struct {
		ShareToken       tokenText   `json:"share_token"`
		ForApplicationID string      `json:"for_application_id"`
		SessionKind      SessionKind `json:"session_kind"`
	}
}

func (c *Client) share(ctx context.Context, sessionID string, params ShareSessionParams, sh *sharing) (*SharedSession, error) {
	var p problems
	sh.id = checkID(&p, "sessionID", sessionID)
	p = append(p, params.problems(c.applicationID)...)
	sh.body.ForApplicationID, _ = route.UUID(params.ForApplicationID)
	sh.body.TTL = int64(params.TTL / time.Second)
	sh.json = encode(&p, "params", &sh.body)
	if err := p.err(); err != nil {
		return nil, err
	}
	sh.into = sh
	if err := c.call(ctx, opShare, &sh.request); err != nil {
		return nil, err
	}
	s := &SharedSession{SessionID: sh.id, ForApplicationID: sh.body.ForApplicationID, SessionKind: sh.answer.SessionKind}
	if s.SessionKind == "" {
		s.SessionKind = KindUser
		if claims, ok := readClaims(sh.answer.ShareToken); ok {
			s.SessionKind = claims.SessionKind
		}
	}
	s.Token = sealToken(sh.answer.ShareToken)
	return s, nil
}

// tokenText is the text of a token, in bytes that can be sealed where they are.
type tokenText []byte

// UnmarshalJSON takes a JSON string; what is none is no token.
func (t *tokenText) UnmarshalJSON(data []byte) error {
	switch {
	case data[0] != '"':
		*t = nil
	case bytes.IndexByte(data, '\\') >= 0:
		*t = bytes.TrimSpace([]byte(answer.Text(data)))
	default:
		*t = bytes.Clone(bytes.TrimSpace(data[1 : len(data)-1]))
	}
	return nil
}

// Decode reads the answer to the share.
func (sh *sharing) Decode(_ int, body []byte) error {
	a := &sh.answer
	a.ShareToken, a.ForApplicationID, a.SessionKind = nil, "", "" // an attempt before may have left some
	if err := decode(body, a); err != nil {
		return err
	}
	switch {
	case tokenProblem(a.ShareToken) != "":
		return transport.BadAnswer("has no usable share_token")
	case a.ForApplicationID != "" && !strings.EqualFold(a.ForApplicationID, sh.body.ForApplicationID):
		return transport.BadAnswer("is for another application")
	}
	return nil
}
