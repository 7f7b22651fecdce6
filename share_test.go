package didit_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
)

func TestShareAnswers(t *testing.T) {
	t.Parallel()
	now := time.Now().Truncate(time.Second)
	user := rootToken(rootClaims(now))
	business := rootToken(strings.Replace(rootClaims(now), `"user"`, `"business"`, 1))
	old := rootToken(strings.Replace(rootClaims(now), `"session_kind":"user",`, ``, 1))
	for name, test := range map[string]struct {
		status  int
		body    string
		kind    didit.SessionKind
		expires time.Time
	}{
		"newest":                       {200, `{"share_token":"` + user + `","for_application_id":"` + rootPartner + `","session_kind":"user"}`, didit.KindUser, now.Add(time.Hour)},
		"created":                      {201, `{"share_token":"` + business + `","for_application_id":"` + strings.ToUpper(rootPartner) + `","session_kind":"business"}`, didit.KindBusiness, now.Add(time.Hour)},
		"without kind":                 {200, `{"share_token":"` + business + `"}`, didit.KindBusiness, now.Add(time.Hour)},
		"kind null":                    {200, `{"share_token":"` + business + `","session_kind":null}`, didit.KindBusiness, now.Add(time.Hour)},
		"token without kind":           {200, `{"share_token":"` + old + `"}`, didit.KindUser, now.Add(time.Hour)},
		"token that cannot be read":    {200, `{"share_token":"opaque"}`, didit.KindUser, time.Time{}},
		"the answer's kind goes first": {200, `{"share_token":"` + user + `","session_kind":"vessel"}`, "vessel", now.Add(time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := rootMock(t)
			m.RegisterResponder("POST", didit.DefaultBaseURL+"/v3/session/"+rootSession+"/share/", httpmock.NewStringResponder(test.status, test.body))
			s, err := rootClient(t, m).ShareSession(t.Context(), strings.ToUpper(rootSession), didit.ShareSessionParams{ForApplicationID: rootPartner})
			require.NoError(t, err)
			assert.Equal(t, test.kind, s.SessionKind)
			assert.Equal(t, rootSession, s.SessionID)
			assert.Equal(t, rootPartner, s.ForApplicationID)
			assert.True(t, test.expires.Equal(s.ExpiresAt()), s.ExpiresAt())
			assert.Contains(t, test.body, `"`+s.Token.Reveal()+`"`)
		})
	}
	for name, body := range map[string]string{
		"no token": `{}`, "empty token": `{"share_token":" "}`, "another type": `{"share_token":7}`, "null": `null`, "a list": `[]`,
		"not a token": `{"share_token":"a b"}`, "HTML in it": `{"share_token":"<html>"}`, "endless": `{"share_token":"` + strings.Repeat("a", 8<<10+1) + `"}`,
		"for another application": `{"share_token":"opaque","for_application_id":"` + rootOwn + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen []rootSeen
			s, err := rootClient(t, rootRecorder(&seen, 200, body), didit.WithMaxRetries(1)).ShareSession(t.Context(), rootSession, didit.ShareSessionParams{ForApplicationID: rootPartner})
			assert.Nil(t, s)
			assert.Equal(t, unusable(body), rootMatches(err))
			assert.Len(t, seen, 2, "a spare token harms nobody")
			assert.True(t, didit.Retryable(err))
		})
	}
}

// A token of an attempt before is not left over.
func TestShareAfterAnUnusableAnswer(t *testing.T) {
	t.Parallel()
	n := 0
	c := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
		if n++; n == 1 {
			return rootAnswer(r, 200, `{"share_token":"first","for_application_id":"`+rootOwn+`","session_kind":"business"}`), nil
		}
		return rootAnswer(r, 200, `{"share_token":"second"}`), nil
	}))
	s, err := c.ShareSession(t.Context(), rootSession, didit.ShareSessionParams{ForApplicationID: rootPartner})
	require.NoError(t, err)
	assert.Equal(t, "second", s.Token.Reveal())
	assert.Equal(t, didit.KindUser, s.SessionKind)
}

func TestShareIsRefusedLocally(t *testing.T) {
	t.Parallel()
	ok := didit.ShareSessionParams{ForApplicationID: rootPartner}
	for name, test := range map[string]struct {
		params  didit.ShareSessionParams
		fields  []string
		matches string
	}{
		"no application":     {didit.ShareSessionParams{}, []string{"ForApplicationID"}, "InvalidParams"},
		"own application":    {didit.ShareSessionParams{ForApplicationID: strings.ToUpper(rootOwn)}, []string{"ForApplicationID"}, "InvalidParams SelfShare"},
		"TTL too short":      {didit.ShareSessionParams{ForApplicationID: rootPartner, TTL: 59 * time.Second}, []string{"TTL"}, "InvalidParams InvalidTTL"},
		"TTL too long":       {didit.ShareSessionParams{ForApplicationID: rootPartner, TTL: 24*time.Hour + time.Second}, []string{"TTL"}, "InvalidParams InvalidTTL"},
		"TTL not whole":      {didit.ShareSessionParams{ForApplicationID: rootPartner, TTL: 60*time.Second + 1}, []string{"TTL"}, "InvalidParams InvalidTTL"},
		"TTL negative":       {didit.ShareSessionParams{ForApplicationID: rootPartner, TTL: -time.Hour}, []string{"TTL"}, "InvalidParams InvalidTTL"},
		"TTL as a number":    {didit.ShareSessionParams{ForApplicationID: rootPartner, TTL: 3600}, []string{"TTL"}, "InvalidParams InvalidTTL"},
		"unshareable status": {didit.ShareSessionParams{ForApplicationID: rootPartner, Status: didit.StatusKYCExpired}, []string{"Status"}, "InvalidParams SessionNotShareable"},
		"unknown status":     {didit.ShareSessionParams{ForApplicationID: rootPartner, Status: "APPROVED"}, []string{"Status"}, "InvalidParams SessionNotShareable"},
		"all at once": {didit.ShareSessionParams{ForApplicationID: rootOwn, TTL: 1, Status: didit.StatusInProgress},
			[]string{"ForApplicationID", "TTL", "Status"}, "InvalidParams SelfShare InvalidTTL SessionNotShareable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := rootClient(t, rootMock(t), didit.WithApplicationID(rootOwn)).ShareSession(t.Context(), rootSession, test.params)
			assert.Nil(t, s)
			assert.Equal(t, test.fields, rootFields(t, err))
			assert.Equal(t, rootNames(test.matches), rootMatches(err))
		})
	}
	for _, ttl := range []time.Duration{0, 60 * time.Second, 61 * time.Second, 24 * time.Hour} {
		for _, status := range []didit.SessionStatus{"", didit.StatusApproved, didit.StatusDeclined, didit.StatusInReview} {
			var seen []rootSeen
			p := ok
			p.TTL, p.Status = ttl, status
			_, err := rootClient(t, rootRecorder(&seen, 200, `{"share_token":"t"}`), didit.WithApplicationID(rootOwn)).ShareSession(t.Context(), rootSession, p)
			require.NoError(t, err)
			assert.Equal(t, ttl != 0, strings.Contains(seen[0].body, fmt.Sprintf(`"ttl_in_seconds":%d}`, int(ttl.Seconds()))))
			assert.Equal(t, ttl != 0, strings.Contains(seen[0].body, "ttl"))
		}
	}
	// Without an application id of its own the client cannot tell.
	var seen []rootSeen
	_, err := rootClient(t, rootRecorder(&seen, 200, `{"share_token":"t"}`)).ShareSession(t.Context(), rootSession, didit.ShareSessionParams{ForApplicationID: rootOwn})
	require.NoError(t, err)
}
