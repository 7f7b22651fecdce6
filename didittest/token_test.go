package didittest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// A token for tests that fake the answers themselves.
func TestToken(t *testing.T) {
	t.Parallel()
	claims, err := didittest.Token(didit.ShareClaims{}).Claims()
	require.NoError(t, err)
	assert.Equal(t, didit.KindUser, claims.SessionKind)
	assert.Len(t, claims.SessionID, 36)
	assert.Equal(t, time.Hour, claims.ExpiresAt.Sub(claims.IssuedAt))
	want := didit.ShareClaims{
		SessionID: "0d7f9a3c-25c4-4e0c-8a55-96a1f0a7b002", FromApplicationID: "e81fd0aa-4c37-4b7e-9a90-b5d62c1e4005",
		ForApplicationID: "5b1d4c1e-90f3-4a85-b7c8-1a52e9d0c003", SessionKind: didit.KindBusiness,
		IssuedAt: time.Unix(1795521600, 0).UTC(), ExpiresAt: time.Unix(1795525200, 0).UTC(),
	}
	claims, err = didittest.Token(want).Claims()
	require.NoError(t, err)
	assert.Equal(t, want, claims)
}
