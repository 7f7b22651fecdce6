package didit_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
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

func TestGetSession(t *testing.T) {
	t.Parallel()
	body := string(fixture(t, "session_user.json"))
	m := testkit.Mock(t)
	m.RegisterResponder("GET", didit.DefaultBaseURL+"/v3/session/"+testkit.SessionID+"/decision/", httpmock.NewStringResponder(200, body))
	got, err := testkit.Client(t, m).GetSession(t.Context(), strings.ToUpper(testkit.SessionID))
	require.NoError(t, err)
	parsed, err := didit.ParseSession([]byte(body))
	require.NoError(t, err)
	for _, s := range []*didit.Session{got, parsed} {
		assert.Equal(t, testkit.SessionID, s.SessionID)
		assert.Equal(t, didit.KindUser, s.SessionKind)
		assert.EqualValues(t, 43762, s.SessionNumber)
		assert.Equal(t, "https://verify.didit.me/session/3FaJ9wLqX2Mz", s.SessionURL)
		assert.Equal(t, didit.StatusApproved, s.Status)
		assert.Equal(t, testkit.WorkflowID, s.WorkflowID)
		assert.True(t, s.Features.Has("LIVENESS"))
		assert.Equal(t, "customer-oriane-4711", s.VendorData)
		assert.Contains(t, string(s.Metadata), `"n": 9007199254740993}`, "no number is rounded")
		assert.Equal(t, "Oriane", s.ExpectedDetails.FirstName)
		assert.Equal(t, "1984-03-09", s.ExpectedDetails.DateOfBirth)
		assert.Equal(t, "oriane.vasquelle@mail.example", s.ContactDetails.Email)
		assert.Equal(t, "+34600112233", s.ContactDetails.Phone)
		assert.Equal(t, "es", s.ContactDetails.EmailLang)
		assert.True(t, s.ContactDetails.SendNotificationEmails)
		assert.Equal(t, "https://shop.example/back", s.Callback)
		assert.True(t, time.Date(2026, 5, 17, 10, 0, 0, 123456000, time.UTC).Equal(s.CreatedAt))
		assert.True(t, time.Date(2026, 5, 24, 10, 0, 0, 0, time.UTC).Equal(s.ExpiresAt))
		assert.Equal(t, "live", s.Environment)
		assert.Equal(t, didit.NFCSkipUserSkipped, s.NFCSkipReason)
		require.Len(t, s.Reviews, 1)
		assert.Equal(t, testkit.SourceID, s.SharedFromSession)
		require.Len(t, s.IDVerifications, 1)
		assert.Equal(t, body, string(s.Raw))
	}
	// Its JSON has every typed field, and is read again.
	data, err := json.Marshal(got)
	require.NoError(t, err)
	again, err := didit.ParseSession(data)
	require.NoError(t, err)
	again.Raw = got.Raw
	var left, right bytes.Buffer // white space within Metadata aside
	require.NoError(t, json.Compact(&left, got.Metadata))
	require.NoError(t, json.Compact(&right, again.Metadata))
	assert.Equal(t, left.String(), right.String())
	again.Metadata = got.Metadata
	assert.Equal(t, got, again)
}

// The bytes of an answer are read into a buffer that the next call uses.
func TestRawIsTheCallers(t *testing.T) {
	t.Parallel()
	n := 0
	c := testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		n++
		return testkit.Answer(r, 200, fmt.Sprintf(`{"session_id":%q,"metadata":{"n":%d}}`, testkit.SessionID, n)), nil
	}))
	var all []*didit.Session
	for range 20 {
		s, err := c.GetSession(t.Context(), testkit.SessionID)
		require.NoError(t, err)
		all = append(all, s)
	}
	for i, s := range all {
		assert.Equal(t, fmt.Sprintf(`{"n":%d}`, i+1), string(s.Metadata))
		assert.Contains(t, string(s.Raw), string(s.Metadata))
	}
}

// A field of another type than documented is zero; the rest is not lost for it.
func TestWrongTypesAreTolerated(t *testing.T) {
	t.Parallel()
	for _, field := range []string{
		"session_kind", "session_number", "session_url", "status", "workflow_id", "features", "vendor_data", "metadata", "expected_details", "contact_details",
		"callback", "created_at", "expires_at", "environment", "nfc_skip_reason", "reviews", "shared_from_session", "id_verifications", "liveness_checks",
		"registry_checks", "questionnaire_responses", "id_verification", "aml", "recovered", "duplicates",
	} {
		for _, value := range []string{`null`, `7`, `-1.5e300`, `true`, `"text"`, `[]`, `{}`, `[7]`, `["x"]`, `[null]`, `[[]]`, `{"a":1}`, `""`, `"0001-13-99"`} {
			s, err := didit.ParseSession(fmt.Appendf(nil, `{%q:%s,"session_id":%q,"Status":"x","status2":1,"last":1}`, field, value, testkit.SessionID))
			if assert.NoError(t, err, "%s: %s", field, value) {
				assert.Equal(t, testkit.SessionID, s.SessionID)
				_, err = json.Marshal(s)
				assert.NoError(t, err, "%s: %s", field, value)
			}
		}
	}
	s, err := didit.ParseSession([]byte(`{"session_number":"43762","created_at":"17 May","status":["x"],"session_kind":"vessel","session_id":"` + testkit.SessionID + `","environment":"moon"}`))
	require.NoError(t, err)
	assert.Zero(t, s.SessionNumber)
	assert.Zero(t, s.CreatedAt)
	assert.Empty(t, s.Status)
	assert.Equal(t, didit.SessionKind("vessel"), s.SessionKind)
	assert.Equal(t, "moon", s.Environment)

	for text, want := range map[string]time.Time{
		"2026-05-17T10:00:00Z":             time.Date(2026, 5, 17, 10, 0, 0, 0, time.UTC),
		"2026-05-17T12:00:00.000001+02:00": time.Date(2026, 5, 17, 10, 0, 0, 1000, time.UTC),
		"2026-05-17T10:00:00.5":            time.Date(2026, 5, 17, 10, 0, 0, 500_000_000, time.UTC),
		"2026-05-17 10:00:00Z":             time.Date(2026, 5, 17, 10, 0, 0, 0, time.UTC),
		"2026-05-17":                       time.Date(2026, 5, 17, 0, 0, 0, 0, time.UTC),
	} {
		s, err := didit.ParseSession(fmt.Appendf(nil, `{"session_id":%q,"created_at":%q}`, testkit.SessionID, text))
		require.NoError(t, err)
		assert.True(t, want.Equal(s.CreatedAt), text)
	}
}

func TestParseSessionBounds(t *testing.T) {
	t.Parallel()
	pad := func(n int) []byte {
		head := `{"session_id":"` + testkit.SessionID + `"`
		return []byte(head + strings.Repeat(" ", n-len(head)-1) + "}")
	}
	items := func(n int) []byte { // of 60 bytes, so that 10,000 are beyond 256 KiB
		item := `{"x":"` + strings.Repeat("y", 50) + `"}`
		return []byte(`{"session_id":"` + testkit.SessionID + `","new":[` + strings.Repeat(item+",", n-1) + item + `]}`)
	}
	for name, data := range map[string][]byte{"16 MiB": pad(16 << 20), "10,000 items": items(10_000)} {
		s, err := didit.ParseSession(data)
		require.NoError(t, err, name)
		assert.Len(t, s.Raw, len(data))
	}
	for name, data := range map[string][]byte{
		"nothing": nil, "empty": {}, "not JSON": []byte("Oriane"), "cut": []byte(`{"session_id":"` + testkit.SessionID), "a list": []byte(`[]`), "null": []byte(`null`),
		"no id": []byte(`{"name":"Oriane"}`), "blank id": []byte(`{"session_id":" "}`), "id of another type": []byte(`{"session_id":7,"name":"Oriane"}`),
		"trailing data": []byte(`{"session_id":"` + testkit.SessionID + `"} Oriane`), "16 MiB and a byte": pad(16<<20 + 1), "10,001 items": items(10_001),
		"nested without end": []byte(`{"session_id":"x","a":` + strings.Repeat("[", 1<<20)),
	} {
		s, err := didit.ParseSession(data)
		assert.Nil(t, s, name)
		require.Error(t, err, name)
		assert.True(t, strings.HasPrefix(err.Error(), "didit: parse session: "))
		assert.NotContains(t, err.Error(), "Oriane")
		assert.Less(t, len(err.Error()), 100)
	}
	data := []byte(`{"session_id":"` + testkit.SessionID + `"}`)
	s, err := didit.ParseSession(data)
	require.NoError(t, err)
	clear(data)
	assert.Contains(t, string(s.Raw), testkit.SessionID, "a copy")
	require.NotContains(t, string(data), testkit.SessionID)
}

// An answer that is no answer to what was asked is not believed.
func TestGetSessionOfAnother(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"session_id":"` + testkit.SourceID + `"}`, `{"status":"Approved"}`, `{"session_id":null}`, `[]`, `""`, ``} {
		var seen []testkit.Seen
		s, err := testkit.Client(t, testkit.Recorder(&seen, 200, body), didit.WithMaxRetries(1)).GetSession(t.Context(), testkit.SessionID)
		assert.Nil(t, s)
		assert.Equal(t, unusable(body), testkit.Matches(err), body)
		assert.Len(t, seen, 2)
		assert.NotContains(t, err.Error(), testkit.SourceID)
	}
	var seen []testkit.Seen
	s, err := testkit.Client(t, testkit.Recorder(&seen, 200, `{"session_id":"`+strings.ToUpper(testkit.SessionID)+`"}`)).GetSession(t.Context(), testkit.SessionID)
	require.NoError(t, err)
	assert.Equal(t, strings.ToUpper(testkit.SessionID), s.SessionID)
}

func TestUpdateSessionStatus(t *testing.T) {
	t.Parallel()
	for _, s := range []didit.SessionStatus{"", didit.StatusInReview, didit.StatusNotStarted, didit.StatusKYCExpired, "approved", "New"} {
		err := testkit.Client(t, testkit.Mock(t)).UpdateSessionStatus(t.Context(), testkit.SessionID, didit.UpdateSessionStatusParams{NewStatus: s, Comment: "\xff"})
		assert.Equal(t, []string{"NewStatus", "Comment"}, testkit.Fields(t, err))
	}
	update := func(status int, body string) error {
		var seen []testkit.Seen
		err := testkit.Client(t, testkit.Recorder(&seen, status, body)).UpdateSessionStatus(t.Context(), testkit.SessionID, didit.UpdateSessionStatusParams{NewStatus: didit.StatusApproved})
		assert.Len(t, seen, 1, "never twice")
		return err
	}
	require.NoError(t, update(200, `{"session_id":"`+strings.ToUpper(testkit.SessionID)+`","session_kind":"user"}`))
	require.NoError(t, update(200, `{}`))
	require.NoError(t, update(204, ``))
	for _, body := range []string{``, `<html>`, `{"session_id":"` + testkit.SourceID + `"}`} {
		assert.Equal(t, unusable(body), testkit.Matches(update(200, body)), body)
	}
	assert.Equal(t, testkit.Names("NotFound"), testkit.Matches(update(404, `{}`)))
}

// A second approval or decline changes nothing, a second resubmission is refused.
func TestUpdateThatMayBeRepeated(t *testing.T) {
	t.Parallel()
	for status, repeatable := range map[didit.SessionStatus]bool{didit.StatusApproved: true, didit.StatusDeclined: true, didit.StatusResubmitted: false} {
		for _, answer := range []int{500, 503, 200} { // an empty 200 cannot be read
			var seen []testkit.Seen
			err := testkit.Client(t, testkit.Recorder(&seen, answer, "")).UpdateSessionStatus(t.Context(), testkit.SessionID, didit.UpdateSessionStatusParams{NewStatus: status})
			require.Error(t, err)
			assert.Equal(t, repeatable, didit.Retryable(err), "%s %d", status, answer)
			assert.Equal(t, repeatable, strings.Contains(err.Error(), "may be called again"), err.Error())
			assert.Len(t, seen, 1, "never by itself")
		}
	}
}

func TestDeleteSession(t *testing.T) {
	t.Parallel()
	type answer struct {
		status int // 0: none
		body   string
	}
	gone := answer{404, `{"detail":"Not found."}`}
	for name, test := range map[string]struct {
		answers []answer
		matches string // of the error; "-" for none
	}{
		"newest":                        {[]answer{{200, `{"session_id":"` + testkit.SessionID + `","session_number":7,"face_retention_outcome":"none","deleted_child_verifications":0}`}}, "-"},
		"older":                         {[]answer{{204, ``}}, "-"},
		"200 without a body":            {[]answer{{200, ``}}, "-"},
		"404 at once":                   {[]answer{gone}, "NotFound"},
		"404 after a lost answer":       {[]answer{{0, ``}, gone}, "-"},
		"404 after two":                 {[]answer{{0, ``}, {0, ``}, gone}, "-"},
		"404 after a 502":               {[]answer{{502, ``}, gone}, "-"},
		"404 after an unreadable 200":   {[]answer{{200, `{`}, gone}, "-"},
		"404 after a 503":               {[]answer{{503, ``}, gone}, "NotFound"}, // nothing was deleted
		"404 after a lost one and 503":  {[]answer{{0, ``}, {503, ``}, gone}, "-"},
		"404 after a 500":               {[]answer{{500, ``}, gone}, "-"},
		"404 after a 429":               {[]answer{{429, ``}, gone}, "NotFound"},
		"success after a lost answer":   {[]answer{{0, ``}, {204, ``}}, "-"},
		"a report":                      {[]answer{{409, `{"code":"in_filed_report"}`}}, ""},
		"403 after a lost answer":       {[]answer{{0, ``}, {403, ``}}, "Forbidden"},
		"an answer of another session":  {[]answer{{200, `{"session_id":"` + testkit.SourceID + `"}`}, {409, ``}}, ""},
		"nothing but lost answers":      {[]answer{{0, ``}, {0, ``}, {0, ``}}, "OutcomeUnknown"},
		"503: nothing deleted, repeat":  {[]answer{{503, ``}, {503, ``}, {200, `{}`}}, "-"},
		"429 with Retry-After, success": {[]answer{{429, ``}, {200, `{}`}}, "-"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 0
			err := testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
				a := test.answers[n]
				n++
				if a.status == 0 {
					return nil, io.EOF
				}
				resp := testkit.Answer(r, a.status, a.body)
				resp.Header.Set("Retry-After", "0")
				return resp, nil
			}), didit.WithMaxRetries(2)).DeleteSession(t.Context(), testkit.SessionID)
			assert.Equal(t, len(test.answers), n)
			if test.matches == "-" {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			assert.Equal(t, testkit.Names(test.matches), testkit.Matches(err))
		})
	}
}

func TestStatuses(t *testing.T) {
	t.Parallel()
	shareable := map[didit.SessionStatus]bool{"Approved": true, "Declined": true, "In Review": true}
	for _, s := range []didit.SessionStatus{"Not Started", "In Progress", "Awaiting User", "In Review", "Approved", "Declined", "Resubmitted", "Expired", "Kyc Expired", "Abandoned"} {
		assert.True(t, s.Known(), s)
		assert.Equal(t, shareable[s], s.Shareable(), s)
	}
	for _, s := range []didit.SessionStatus{"", "approved", "APPROVED", "IN_REVIEW", "Something New"} {
		assert.False(t, s.Known(), s)
		assert.False(t, s.Shareable(), s)
	}
}
