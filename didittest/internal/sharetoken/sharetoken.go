// Package sharetoken signs and reads share tokens: JWTs whose key is Didit's alone.
package sharetoken

import (
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/didit-go/didit"
)

// Claims are the documented claims of a share token. Times are whole seconds.
type Claims struct {
	SessionID         string `json:"session_id"`
	SessionKind       string `json:"session_kind,omitempty"`
	FromApplicationID string `json:"from_application_id"`
	ForApplicationID  string `json:"for_application_id"`
	jwt.RegisteredClaims
}

// Sign makes a token.
func Sign(key []byte, c didit.ShareClaims) string {
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, Claims{
		SessionID:         c.SessionID,
		SessionKind:       string(c.SessionKind),
		FromApplicationID: c.FromApplicationID,
		ForApplicationID:  c.ForApplicationID,
		RegisteredClaims: jwt.RegisteredClaims{
			IssuedAt:  jwt.NewNumericDate(c.IssuedAt),
			ExpiresAt: jwt.NewNumericDate(c.ExpiresAt),
		},
	}).SignedString(key)
	if err != nil {
		panic("didittest: a token cannot be signed: " + err.Error())
	}
	return text
}

// ErrExpired is a token's whose time is over.
var ErrExpired = errors.New("expired")

// Read verifies a token's signature and expiry at the given time.
func Read(key []byte, text string, now time.Time) (*Claims, error) {
	claims := new(Claims)
	_, err := jwt.ParseWithClaims(text, claims,
		func(*jwt.Token) (any, error) { return key, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithExpirationRequired(),
		jwt.WithTimeFunc(func() time.Time { return now }))
	if errors.Is(err, jwt.ErrTokenExpired) {
		return claims, ErrExpired
	}
	return claims, err
}
