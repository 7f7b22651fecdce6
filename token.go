package didit

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
)

// ShareToken is a share token. It keeps its text to itself: printing shows its
// fingerprint, and encoding fails with ErrTokenNotSerializable rather than send a
// partner a redacted one. Only Reveal gives the text.
//
// It must not be compared with ==, which does not compile; compare fingerprints.
type ShareToken struct {
	_      [0]func()
	sealed []byte  // the text: see seal
	id     tokenID // of the text
}

// tokenSize is what nearly all tokens have room in, in bytes.
const tokenSize = 512

// NewShareToken takes the text of a token that a partner sent. White space around
// it is trimmed. Nothing is checked yet.
func NewShareToken(raw string) ShareToken {
	raw = strings.TrimSpace(raw)
	if raw == "" {
		return ShareToken{}
	}
	return sealToken([]byte(raw))
}

// sealToken takes the text over.
func sealToken(text []byte) ShareToken {
	sum := sha256.Sum256(text)
	t := ShareToken{sealed: text, id: tokenID(sum[:])}
	seal(t.sealed, t.id)
	return t
}

// Reveal returns the text of the token, a bearer copy of a person's identity file.
func (t ShareToken) Reveal() string {
	var b [tokenSize]byte
	return string(t.appendText(b[:0]))
}

// appendText appends the text of the token.
func (t ShareToken) appendText(b []byte) []byte {
	b = append(b, t.sealed...)
	seal(b[len(b)-len(t.sealed):], t.id)
	return b
}

// IsZero reports whether there is no token.
func (t ShareToken) IsZero() bool { return t.sealed == nil }

// Fingerprint identifies the token in logs and ledgers: the first 16 hex digits of
// its SHA-256. Empty for no token.
func (t ShareToken) Fingerprint() string {
	if t.IsZero() {
		return ""
	}
	return hex.EncodeToString(t.id[:])
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
// is Didit's. Use them to refuse early and to search, never to grant. Where they
// cannot be read, the error matches ErrShareTokenInvalid.
func (t ShareToken) Claims() (ShareClaims, error) {
	var b [tokenSize]byte
	text := t.appendText(b[:0])
	claims, ok := ShareClaims{}, tokenProblem(text) == ""
	if ok {
		claims, ok = readClaims(text)
	}
	if !ok {
		return ShareClaims{}, &ValidationError{Problems: []Problem{
			{Field: "Token", Message: "has no claims that can be read", Err: ErrShareTokenInvalid},
		}}
	}
	return claims, nil
}

// readClaims reads the claims of a token's text, whose characters it does not check.
func readClaims(text []byte) (c ShareClaims, ok bool) {
	_, rest, _ := bytes.Cut(text, []byte("."))
	payload, signature, ok := bytes.Cut(rest, []byte("."))
	if !ok || bytes.IndexByte(signature, '.') >= 0 {
		return c, false
	}
	data, err := base64.RawURLEncoding.AppendDecode(nil, payload)
	if err != nil {
		return c, false
	}
	var raw struct {
		SessionID         string      `json:"session_id"`
		SessionKind       SessionKind `json:"session_kind"`
		FromApplicationID string      `json:"from_application_id"`
		ForApplicationID  string      `json:"for_application_id"`
		IssuedAt          float64     `json:"iat"`
		ExpiresAt         float64     `json:"exp"`
	}
	if json.Unmarshal(data, &raw) != nil || raw.SessionID == "" {
		return c, false
	}
	issued, ok := unix(raw.IssuedAt)
	if !ok {
		return c, false
	}
	expires, ok := unix(raw.ExpiresAt)
	if !ok {
		return c, false
	}
	if raw.SessionKind == "" {
		raw.SessionKind = KindUser
	}
	return ShareClaims{
		SessionID: strings.ToLower(raw.SessionID), SessionKind: raw.SessionKind,
		FromApplicationID: strings.ToLower(raw.FromApplicationID), ForApplicationID: strings.ToLower(raw.ForApplicationID),
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

// tokenProblem says why a text cannot be a share token.
func tokenProblem(text []byte) string {
	switch {
	case len(text) == 0:
		return "is required"
	case len(text) > maxToken:
		return "is longer than 8 KiB"
	}
	for i := range len(text) {
		switch c := text[i]; {
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
