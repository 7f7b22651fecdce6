package didit_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

func TestShareToken(t *testing.T) {
	t.Parallel()
	var zero didit.ShareToken
	assert.True(t, zero.IsZero())
	assert.Empty(t, zero.Reveal())
	assert.Empty(t, zero.Fingerprint())
	for _, empty := range []string{"", " ", "\r\n"} {
		assert.True(t, didit.NewShareToken(empty).IsZero())
	}
	token := didit.NewShareToken(" abc\n")
	assert.False(t, token.IsZero())
	assert.Equal(t, "abc", token.Reveal())
	assert.Equal(t, "ba7816bf8f01cfea", token.Fingerprint(), "of SHA-256(abc)")
	assert.Equal(t, "didit.ShareToken(ba7816bf8f01cfea)", fmt.Sprintf("%#v", token))

	for _, v := range []any{token, &token, zero, didit.SharedSession{Token: token}, map[string]didit.ShareToken{"t": token}, []didit.ShareToken{token}, struct{ T didit.ShareToken }{token}} {
		data, err := json.Marshal(v)
		assert.Empty(t, data)
		require.ErrorIs(t, err, didit.ErrTokenNotSerializable)
	}
	_, err := token.MarshalText()
	require.ErrorIs(t, err, didit.ErrTokenNotSerializable)

	var got struct {
		T didit.ShareToken `json:"T"`
		N didit.ShareToken `json:"N"`
	}
	require.NoError(t, json.Unmarshal([]byte(`{"T":" a\u0062c\n","N":null}`), &got))
	assert.Equal(t, "abc", got.T.Reveal())
	assert.True(t, got.N.IsZero())
	for _, bad := range []string{`{"T":7}`, `{"T":{}}`, `{"T":["hunter22"]}`, `{"T":true}`} {
		err := json.Unmarshal([]byte(bad), &got)
		require.ErrorIs(t, err, didit.ErrShareTokenInvalid)
		assert.NotContains(t, err.Error(), "hunter")
	}
	require.NoError(t, token.UnmarshalText([]byte(" xyz ")))
	assert.Equal(t, "xyz", token.Reveal())

	var shared didit.SharedSession
	require.NoError(t, json.Unmarshal([]byte(`{"share_token":"abc","session_id":"`+testkit.SessionID+`","for_application_id":"`+testkit.ApplicationB+`","session_kind":"business"}`), &shared))
	assert.Equal(t, "abc", shared.Token.Reveal())
	assert.Equal(t, didit.KindBusiness, shared.SessionKind)
	assert.True(t, (*didit.SharedSession)(nil).ExpiresAt().IsZero())
	assert.True(t, shared.ExpiresAt().IsZero())
}

func TestShareClaims(t *testing.T) {
	t.Parallel()
	claims, err := didit.NewShareToken(testkit.Token(fmt.Sprintf(
		`{"session_id":%q,"session_kind":"business","from_application_id":%q,"for_application_id":%q,"iat":1753630666,"exp":1753634266}`,
		strings.ToUpper(testkit.SourceID), strings.ToUpper(testkit.ApplicationA), strings.ToUpper(testkit.ApplicationB)))).Claims()
	require.NoError(t, err)
	assert.Equal(t, didit.ShareClaims{SessionID: testkit.SourceID, SessionKind: didit.KindBusiness, FromApplicationID: testkit.ApplicationA, ForApplicationID: testkit.ApplicationB,
		IssuedAt: time.Unix(1753630666, 0).UTC(), ExpiresAt: time.Unix(1753634266, 0).UTC()}, claims)

	// The oldest token has no kind; padding and fractions are read; a new kind stays.
	for payload, want := range map[string]didit.ShareClaims{
		`{"session_id":"s"}`:                                 {SessionID: "s", SessionKind: didit.KindUser},
		`{"session_id":"s","session_kind":"vessel"}`:         {SessionID: "s", SessionKind: "vessel"},
		`{"session_id":"s","exp":1753634266.9,"jti":"more"}`: {SessionID: "s", SessionKind: didit.KindUser, ExpiresAt: time.Unix(1753634266, 0).UTC()},
	} {
		claims, err := didit.NewShareToken(testkit.Token(payload)).Claims()
		require.NoError(t, err, payload)
		assert.Equal(t, want, claims)
	}
	good := testkit.Token(`{"session_id":"s"}`)
	for _, raw := range []string{
		"", "opaque", "a.b", "a.b.c", good + ".x", strings.Replace(good, ".", "..", 1), "a." + "eyJzZXNzaW9uX2lkIjoicyJ9", good + "!", good + " x", good + "é",
		testkit.Token(``), testkit.Token(`[]`), testkit.Token(`null`), testkit.Token(`{}`), testkit.Token(`{"session_id":7}`), testkit.Token(`{"session_id":""}`), testkit.Token(`{"session_id":"s"`),
		testkit.Token(`{"session_id":"s","exp":"1753634266"}`), testkit.Token(`{"session_id":"s","exp":-1}`), testkit.Token(`{"session_id":"s","iat":1e18}`),
		testkit.Token(`{"session_id":"` + strings.Repeat("s", 8<<10) + `"}`),
	} {
		claims, err := didit.NewShareToken(raw).Claims()
		assert.Zero(t, claims)
		assert.Equal(t, testkit.Names("InvalidParams ShareTokenInvalid"), testkit.Matches(err), raw)
		assert.Equal(t, []string{"Token"}, testkit.Fields(t, err))
	}
}
