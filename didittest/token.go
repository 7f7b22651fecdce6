package didittest

import (
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest/internal/random"
	"github.com/didit-go/didit/didittest/internal/sharetoken"
)

// Token makes a well-formed share token for tests that fake Didit's answers themselves. Nothing redeems it: a [Server] refuses
// its signature. Empty ids are filled with new ones, a zero IssuedAt is now and a zero ExpiresAt one hour after it; an empty
// SessionKind stays out of the token, as in Didit's oldest ones. Times are cut to seconds.
func Token(claims didit.ShareClaims) didit.ShareToken {
	for _, id := range []*string{&claims.SessionID, &claims.FromApplicationID, &claims.ForApplicationID} {
		if *id == "" {
			*id = random.UUID()
		}
	}
	if claims.IssuedAt.IsZero() {
		claims.IssuedAt = time.Now()
	}
	if claims.ExpiresAt.IsZero() {
		claims.ExpiresAt = claims.IssuedAt.Add(defaultTTL * time.Second)
	}
	return didit.NewShareToken(sharetoken.Sign([]byte("didittest signs this token for nobody"), claims))
}
