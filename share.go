package didit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/didit-go/didit/internal/transport"
)

// Bounds of a share token's life that Didit documents.
const (
	minTTL = 60 * time.Second
	maxTTL = 24 * time.Hour
)

// ShareSessionParams says with whom a session is shared, and for how long.
type ShareSessionParams struct {
	ForApplicationID string        // Partner B's application, UUID, required, not our own
	TTL              time.Duration // 0: Didit's default of one hour; else whole seconds, 60 s to 24 h
	Status           SessionStatus // last known status, optional: an unshareable one is refused without a call
}

// SharedSession is what Partner A sends to Partner B over a channel of its own.
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
func (c *Client) ShareSession(ctx context.Context, sessionID string, params ShareSessionParams) (*SharedSession, error) {
	p := c.usable(ctx)
	if err := p.err(); err != nil {
		return nil, err
	}
	var began time.Time
	if c.audit != nil {
		began = c.now()
	}
	sh := new(sharing)
	s, err := c.share(ctx, sessionID, params, sh)
	if c.audit != nil {
		e := AuditEvent{Action: AuditShare, SessionID: sessionID, ForApplicationID: params.ForApplicationID,
			FromApplicationID: c.applicationID, TTL: params.TTL}
		if s != nil {
			e.SessionID, e.ForApplicationID = s.SessionID, s.ForApplicationID
			e.SessionKind, e.TokenFingerprint = s.SessionKind, s.Token.Fingerprint()
		}
		c.record(ctx, began, e, &sh.request, err)
	}
	return s, err
}

// sharing is one call of ShareSession, in one piece of memory.
type sharing struct {
	request
	body struct {
		ForApplicationID string `json:"for_application_id"`
		TTL              int64  `json:"ttl_in_seconds,omitempty"`
	}
	answer struct {
		ShareToken       string      `json:"share_token"`
		ForApplicationID string      `json:"for_application_id"`
		SessionKind      SessionKind `json:"session_kind"`
	}
	minted ShareToken
}

func (c *Client) share(ctx context.Context, sessionID string, params ShareSessionParams, sh *sharing) (*SharedSession, error) {
	var p problems
	sh.id = checkID(&p, "sessionID", sessionID)
	sh.body.ForApplicationID = checkID(&p, "ForApplicationID", params.ForApplicationID)
	sh.body.TTL = int64(params.TTL / time.Second)
	if c.applicationID != "" && c.applicationID == sh.body.ForApplicationID {
		p.add("ForApplicationID", "must not be our own application", ErrSelfShare)
	}
	if d := params.TTL; d != 0 && (d < minTTL || d > maxTTL || d%time.Second != 0) {
		p.add("TTL", "must be whole seconds, 60 s to 24 h", ErrInvalidTTL)
	}
	if s := params.Status; s != "" && !s.Shareable() {
		p.add("Status", "must be Approved, Declined or In Review: only finished sessions can be shared", ErrSessionNotShareable)
	}
	sh.json = encode(&p, "params", &sh.body)
	if err := p.err(); err != nil {
		return nil, err
	}
	sh.into = sh
	if err := c.call(ctx, opShare, &sh.request); err != nil {
		return nil, err
	}
	s := &SharedSession{Token: sh.minted, SessionID: sh.id, ForApplicationID: sh.body.ForApplicationID, SessionKind: sh.answer.SessionKind}
	if s.SessionKind == "" {
		s.SessionKind = KindUser
		if claims, ok := s.Token.claims(); ok {
			s.SessionKind = claims.SessionKind
		}
	}
	return s, nil
}

// Decode reads the answer to the share.
func (sh *sharing) Decode(_ int, body []byte) error {
	a := &sh.answer
	a.ShareToken, a.ForApplicationID, a.SessionKind = "", "", "" // an attempt before may have left some
	if err := decode(body, a); err != nil {
		return err
	}
	sh.minted = NewShareToken(a.ShareToken)
	switch {
	case sh.minted.problem() != "":
		return transport.Unfit("has no usable share_token")
	case a.ForApplicationID != "" && !strings.EqualFold(a.ForApplicationID, sh.body.ForApplicationID):
		return transport.Unfit("is for another application")
	}
	return nil
}

// ShareToken is a share token. It keeps its text to itself: printing shows its
// fingerprint, and encoding fails with ErrTokenNotSerializable rather than send a
// partner a redacted one. Only Reveal gives the text.
type ShareToken struct {
	_    [0]func() // no ==: it would compare pointers
	text *string   // fmt does not follow a pointer in an unexported field
}

// NewShareToken takes the text of a token that a partner sent. White space around
// it is trimmed. Nothing is checked yet.
func NewShareToken(raw string) ShareToken {
	raw = strings.TrimSpace(raw)
	if raw == "" {
		return ShareToken{}
	}
	return ShareToken{text: &raw}
}

// Reveal returns the text of the token, a bearer copy of a person's identity file.
func (t ShareToken) Reveal() string {
	if t.text == nil {
		return ""
	}
	return *t.text
}

// IsZero reports whether there is no token.
func (t ShareToken) IsZero() bool { return t.text == nil }

// Fingerprint identifies the token in logs and ledgers: the first 16 hex digits of
// its SHA-256. Empty for no token.
func (t ShareToken) Fingerprint() string {
	if t.IsZero() {
		return ""
	}
	sum := sha256.Sum256([]byte(*t.text))
	return hex.EncodeToString(sum[:8])
}

// ShareClaims is what a share token says about itself.
type ShareClaims struct {
	SessionID         string      // the source session
	FromApplicationID string      // Partner A's
	ForApplicationID  string      // Partner B's
	SessionKind       SessionKind // KindUser where the token names none
	IssuedAt          time.Time   // zero where the token does not say
	ExpiresAt         time.Time   // zero where the token does not say
}

const maxToken = 8 << 10

// Claims reads the token's claims. They are NOT verified: the key that signed them
// is Didit's. Use them to refuse early and to look, never to grant. Where they
// cannot be read, the error matches ErrShareTokenInvalid.
func (t ShareToken) Claims() (ShareClaims, error) {
	claims, ok := t.claims()
	if !ok {
		return ShareClaims{}, &ValidationError{Problems: []Problem{
			{Field: "Token", Message: "has no claims that can be read", Err: ErrShareTokenInvalid},
		}}
	}
	return claims, nil
}

func (t ShareToken) claims() (c ShareClaims, ok bool) {
	if t.problem() != "" {
		return c, false
	}
	_, rest, _ := strings.Cut(*t.text, ".")
	payload, signature, ok := strings.Cut(rest, ".")
	if !ok || strings.Contains(signature, ".") {
		return c, false
	}
	data, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(payload, "="))
	if err != nil {
		return c, false
	}
	var said struct {
		SessionID         string      `json:"session_id"`
		SessionKind       SessionKind `json:"session_kind"`
		FromApplicationID string      `json:"from_application_id"`
		ForApplicationID  string      `json:"for_application_id"`
		IssuedAt          float64     `json:"iat"`
		ExpiresAt         float64     `json:"exp"`
	}
	if json.Unmarshal(data, &said) != nil || said.SessionID == "" {
		return c, false
	}
	issued, ok := unix(said.IssuedAt)
	if !ok {
		return c, false
	}
	expires, ok := unix(said.ExpiresAt)
	if !ok {
		return c, false
	}
	if said.SessionKind == "" {
		said.SessionKind = KindUser
	}
	return ShareClaims{
		SessionID: strings.ToLower(said.SessionID), SessionKind: said.SessionKind,
		FromApplicationID: strings.ToLower(said.FromApplicationID), ForApplicationID: strings.ToLower(said.ForApplicationID),
		IssuedAt: issued, ExpiresAt: expires,
	}, true
}

// unix reads a time of a JWT within the years that time.Time can print.
func unix(seconds float64) (time.Time, bool) {
	const year9999 = 253402300799
	if seconds == 0 {
		return time.Time{}, true
	}
	return time.Unix(int64(seconds), 0).UTC(), seconds > 0 && seconds <= year9999
}

// problem says why the text cannot be a share token.
func (t ShareToken) problem() string {
	switch {
	case t.IsZero():
		return "is required"
	case len(*t.text) > maxToken:
		return "is longer than 8 KiB"
	}
	for _, c := range []byte(*t.text) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
		default:
			return "has characters that no share token has"
		}
	}
	return ""
}

// MarshalJSON fails: see [ShareToken].
func (t ShareToken) MarshalJSON() ([]byte, error) { return nil, ErrTokenNotSerializable }

// MarshalText fails: see [ShareToken].
func (t ShareToken) MarshalText() ([]byte, error) { return nil, ErrTokenNotSerializable }

// UnmarshalJSON reads the plain text, so that a receiver can decode into a token.
func (t *ShareToken) UnmarshalJSON(data []byte) error {
	if bytes.Equal(data, []byte("null")) {
		return nil
	}
	var text string
	if json.Unmarshal(data, &text) != nil {
		return &ValidationError{Problems: []Problem{{Field: "Token", Message: "is not a JSON string", Err: ErrShareTokenInvalid}}}
	}
	*t = NewShareToken(text)
	return nil
}

// UnmarshalText reads the plain text.
func (t *ShareToken) UnmarshalText(data []byte) error {
	*t = NewShareToken(string(data))
	return nil
}

// String is the fingerprint; GoString, Format and LogValue are the same.
func (t ShareToken) String() string { return "didit.ShareToken(" + t.Fingerprint() + ")" }

// GoString is String.
func (t ShareToken) GoString() string { return t.String() }

// Format prints String for every verb.
func (t ShareToken) Format(f fmt.State, _ rune) { io.WriteString(f, t.String()) }

// LogValue is String.
func (t ShareToken) LogValue() slog.Value { return slog.StringValue(t.String()) }

// String is the session's id and kind, and the token's fingerprint.
func (s SharedSession) String() string {
	return printSession("didit.SharedSession", s.SessionID, s.SessionKind, "") + " " + s.Token.String()
}

// GoString is String.
func (s SharedSession) GoString() string { return s.String() }

// Format prints String for every verb.
func (s SharedSession) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// LogValue is String.
func (s SharedSession) LogValue() slog.Value { return slog.StringValue(s.String()) }
