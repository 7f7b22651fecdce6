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
	"github.com/didit-go/didit/internal/testkit"
)

func TestShareAnswers(t *testing.T) {
	t.Parallel()
	now := time.Now().Truncate(time.Second)
	user := testkit.Token(testkit.Claims(now))
	business := testkit.Token(strings.Replace(testkit.Claims(now), `"user"`, `"business"`, 1))
	old := testkit.Token(strings.Replace(testkit.Claims(now), `"session_kind":"user",`, ``, 1))
	for name, test := range map[string]struct {
		status  int
		body    string
		kind    didit.SessionKind
		expires time.Time
	}{
		"newest":                       {200, `{"share_token":"` + user + `","for_application_id":"` + testkit.ApplicationB + `","session_kind":"user"}`, didit.KindUser, now.Add(time.Hour)},
		"created":                      {201, `{"share_token":"` + business + `","for_application_id":"` + strings.ToUpper(testkit.ApplicationB) + `","session_kind":"business"}`, didit.KindBusiness, now.Add(time.Hour)},
		"without kind":                 {200, `{"share_token":"` + business + `"}`, didit.KindBusiness, now.Add(time.Hour)},
		"kind null":                    {200, `{"share_token":"` + business + `","session_kind":null}`, didit.KindBusiness, now.Add(time.Hour)},
		"token without kind":           {200, `{"share_token":"` + old + `"}`, didit.KindUser, now.Add(time.Hour)},
		"token that cannot be read":    {200, `{"share_token":"opaque"}`, didit.KindUser, time.Time{}},
		"the answer's kind goes first": {200, `{"share_token":"` + user + `","session_kind":"vessel"}`, "vessel", now.Add(time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := testkit.Mock(t)
			m.RegisterResponder("POST", didit.DefaultBaseURL+"/v3/session/"+testkit.SourceID+"/share/", httpmock.NewStringResponder(test.status, test.body))
			s, err := testkit.Client(t, m).ShareSession(t.Context(), strings.ToUpper(testkit.SourceID), didit.ShareSessionParams{ForApplicationID: testkit.ApplicationB})
			require.NoError(t, err)
			assert.Equal(t, test.kind, s.SessionKind)
			assert.Equal(t, testkit.SourceID, s.SessionID)
			assert.Equal(t, testkit.ApplicationB, s.ForApplicationID)
			assert.True(t, test.expires.Equal(s.ExpiresAt()), s.ExpiresAt())
			assert.Contains(t, test.body, `"`+s.Token.Reveal()+`"`)
		})
	}
	for name, body := range map[string]string{
		"no token": `{}`, "empty token": `{"share_token":" "}`, "another type": `{"share_token":7}`, "null": `null`, "a list": `[]`,
		"not a token": `{"share_token":"a b"}`, "HTML in it": `{"share_token":"<html>"}`, "endless": `{"share_token":"` + strings.Repeat("a", 8<<10+1) + `"}`,
		"for another application": `{"share_token":"opaque","for_application_id":"` + testkit.ApplicationC + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen []testkit.Seen
			s, err := testkit.Client(t, testkit.Recorder(&seen, 200, body), didit.WithMaxRetries(1)).ShareSession(t.Context(), testkit.SourceID, didit.ShareSessionParams{ForApplicationID: testkit.ApplicationB})
			assert.Nil(t, s)
			assert.Equal(t, unusable(body), testkit.Matches(err))
			assert.Len(t, seen, 2, "one token more harms nobody")
			assert.True(t, didit.Retryable(err))
		})
	}
}

// A token of an attempt before is not left over.
func TestShareAfterAnUnusableAnswer(t *testing.T) {
	t.Parallel()
	n := 0
	c := testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		if n++; n == 1 {
			return testkit.Answer(r, 200, `{"share_token":"first","for_application_id":"`+testkit.ApplicationC+`","session_kind":"business"}`), nil
		}
		return testkit.Answer(r, 200, `{"share_token":"second"}`), nil
	}))
	s, err := c.ShareSession(t.Context(), testkit.SourceID, didit.ShareSessionParams{ForApplicationID: testkit.ApplicationB})
	require.NoError(t, err)
	assert.Equal(t, "second", s.Token.Reveal())
	assert.Equal(t, didit.KindUser, s.SessionKind)
}

func TestShareIsRefusedLocally(t *testing.T) {
	t.Parallel()
	ok := didit.ShareSessionParams{ForApplicationID: testkit.ApplicationB}
	for name, test := range map[string]struct {
		params  didit.ShareSessionParams
		fields  []string
		matches string
	}{
		"no application":     {didit.ShareSessionParams{}, []string{"ForApplicationID"}, "InvalidParams"},
		"own application":    {didit.ShareSessionParams{ForApplicationID: strings.ToUpper(testkit.ApplicationA)}, []string{"ForApplicationID"}, "InvalidParams SelfShare"},
		"TTL too short":      {didit.ShareSessionParams{ForApplicationID: testkit.ApplicationB, TTL: 59 * time.Second}, []string{"TTL"}, "InvalidParams InvalidTTL"},
		"TTL too long":       {didit.ShareSessionParams{ForApplicationID: testkit.ApplicationB, TTL: 24*time.Hour + time.Second}, []string{"TTL"}, "InvalidParams InvalidTTL"},
		"TTL not whole":      {didit.ShareSessionParams{ForApplicationID: testkit.ApplicationB, TTL: 60*time.Second + 1}, []string{"TTL"}, "InvalidParams InvalidTTL"},
		"TTL negative":       {didit.ShareSessionParams{ForApplicationID: testkit.ApplicationB, TTL: -time.Hour}, []string{"TTL"}, "InvalidParams InvalidTTL"},
		"TTL as a number":    {didit.ShareSessionParams{ForApplicationID: testkit.ApplicationB, TTL: 3600}, []string{"TTL"}, "InvalidParams InvalidTTL"},
		"unshareable status": {didit.ShareSessionParams{ForApplicationID: testkit.ApplicationB, Status: didit.StatusKYCExpired}, []string{"Status"}, "InvalidParams SessionNotShareable"},
		"unknown status":     {didit.ShareSessionParams{ForApplicationID: testkit.ApplicationB, Status: "APPROVED"}, []string{"Status"}, "InvalidParams SessionNotShareable"},
		"all at once": {didit.ShareSessionParams{ForApplicationID: testkit.ApplicationA, TTL: 1, Status: didit.StatusInProgress},
			[]string{"ForApplicationID", "TTL", "Status"}, "InvalidParams SelfShare InvalidTTL SessionNotShareable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := testkit.Client(t, testkit.Mock(t), didit.WithApplicationID(testkit.ApplicationA)).ShareSession(t.Context(), testkit.SourceID, test.params)
			assert.Nil(t, s)
			assert.Equal(t, test.fields, testkit.Fields(t, err))
			assert.Equal(t, testkit.Names(test.matches), testkit.Matches(err))
		})
	}
	for _, ttl := range []time.Duration{0, 60 * time.Second, 61 * time.Second, 24 * time.Hour} {
		for _, status := range []didit.SessionStatus{"", didit.StatusApproved, didit.StatusDeclined, didit.StatusInReview} {
			var seen []testkit.Seen
			p := ok
			p.TTL, p.Status = ttl, status
			_, err := testkit.Client(t, testkit.Recorder(&seen, 200, `{"share_token":"t"}`), didit.WithApplicationID(testkit.ApplicationA)).ShareSession(t.Context(), testkit.SourceID, p)
			require.NoError(t, err)
			assert.Equal(t, ttl != 0, strings.Contains(seen[0].Body, fmt.Sprintf(`"ttl_in_seconds":%d}`, int(ttl.Seconds()))))
			assert.Equal(t, ttl != 0, strings.Contains(seen[0].Body, "ttl"))
		}
	}
	// Without an application id of its own the client cannot tell.
	var seen []testkit.Seen
	_, err := testkit.Client(t, testkit.Recorder(&seen, 200, `{"share_token":"t"}`)).ShareSession(t.Context(), testkit.SourceID, didit.ShareSessionParams{ForApplicationID: testkit.ApplicationA})
	require.NoError(t, err)
}
