package didittest

import (
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/didit-go/didit"
)

// tokenClaims are the documented claims of a share token. Times are whole seconds.
type tokenClaims struct {
	SessionID         string `json:"session_id"`
	SessionKind       string `json:"session_kind,omitempty"`
	FromApplicationID string `json:"from_application_id"`
	ForApplicationID  string `json:"for_application_id"`
	jwt.RegisteredClaims
}

func signToken(key []byte, c didit.ShareClaims) string {
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, tokenClaims{
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

var errTokenExpired = errors.New("expired")

// readToken verifies a token's signature and expiry at the given time.
func readToken(key []byte, text string, now time.Time) (*tokenClaims, error) {
	claims := new(tokenClaims)
	_, err := jwt.ParseWithClaims(text, claims,
		func(*jwt.Token) (any, error) { return key, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithExpirationRequired(),
		jwt.WithTimeFunc(func() time.Time { return now }))
	if errors.Is(err, jwt.ErrTokenExpired) {
		return claims, errTokenExpired
	}
	return claims, err
}

// Token makes a well-formed share token for tests that fake Didit's answers themselves. Nothing redeems it: a [Server] refuses
// its signature. Empty ids are filled with new ones, a zero IssuedAt is now and a zero ExpiresAt one hour after it; an empty
// SessionKind stays out of the token, as in Didit's oldest ones. Times are cut to seconds.
func Token(claims didit.ShareClaims) didit.ShareToken {
	for _, id := range []*string{&claims.SessionID, &claims.FromApplicationID, &claims.ForApplicationID} {
		if *id == "" {
			*id = newUUID()
		}
	}
	if claims.IssuedAt.IsZero() {
		claims.IssuedAt = time.Now()
	}
	if claims.ExpiresAt.IsZero() {
		claims.ExpiresAt = claims.IssuedAt.Add(defaultTTL * time.Second)
	}
	return didit.NewShareToken(signToken([]byte("didittest signs this token for nobody"), claims))
}
