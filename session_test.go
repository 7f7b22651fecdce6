package didit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
)

func TestGetSession(t *testing.T) {
	t.Parallel()
	body := rootFixture(t, "session_user.json")
	m := rootMock(t)
	m.RegisterResponder("GET", didit.DefaultBaseURL+"/v3/session/"+rootSession+"/decision/", httpmock.NewStringResponder(200, body))
	got, err := rootClient(t, m).GetSession(t.Context(), strings.ToUpper(rootSession))
	require.NoError(t, err)
	parsed, err := didit.ParseSession([]byte(body))
	require.NoError(t, err)
	for _, s := range []*didit.Session{got, parsed} {
		assert.Equal(t, rootSession, s.SessionID)
		assert.Equal(t, didit.KindUser, s.SessionKind)
		assert.EqualValues(t, 43762, s.SessionNumber)
		assert.Equal(t, "https://verify.didit.me/session/3FaJ9wLqX2Mz", s.SessionURL)
		assert.Equal(t, didit.StatusApproved, s.Status)
		assert.Equal(t, rootWorkflow, s.WorkflowID)
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
		assert.Equal(t, rootSource, s.SharedFromSession)
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
	c := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
		n++
		return rootAnswer(r, 200, fmt.Sprintf(`{"session_id":%q,"metadata":{"n":%d}}`, rootSession, n)), nil
	}))
	var all []*didit.Session
	for range 20 {
		s, err := c.GetSession(t.Context(), rootSession)
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
			s, err := didit.ParseSession(fmt.Appendf(nil, `{%q:%s,"session_id":%q,"Status":"x","status2":1,"last":1}`, field, value, rootSession))
			if assert.NoError(t, err, "%s: %s", field, value) {
				assert.Equal(t, rootSession, s.SessionID)
				_, err = json.Marshal(s)
				assert.NoError(t, err, "%s: %s", field, value)
			}
		}
	}
	s, err := didit.ParseSession([]byte(`{"session_number":"43762","created_at":"17 May","status":["x"],"session_kind":"vessel","session_id":"` + rootSession + `","environment":"moon"}`))
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
		s, err := didit.ParseSession(fmt.Appendf(nil, `{"session_id":%q,"created_at":%q}`, rootSession, text))
		require.NoError(t, err)
		assert.True(t, want.Equal(s.CreatedAt), text)
	}
}

func TestParseSessionBounds(t *testing.T) {
	t.Parallel()
	pad := func(n int) []byte {
		head := `{"session_id":"` + rootSession + `"`
		return []byte(head + strings.Repeat(" ", n-len(head)-1) + "}")
	}
	items := func(n int) []byte { // of 60 bytes, so that 10,000 are beyond 256 KiB
		item := `{"x":"` + strings.Repeat("y", 50) + `"}`
		return []byte(`{"session_id":"` + rootSession + `","new":[` + strings.Repeat(item+",", n-1) + item + `]}`)
	}
	for name, data := range map[string][]byte{"16 MiB": pad(16 << 20), "10,000 items": items(10_000)} {
		s, err := didit.ParseSession(data)
		require.NoError(t, err, name)
		assert.Len(t, s.Raw, len(data))
	}
	for name, data := range map[string][]byte{
		"nothing": nil, "empty": {}, "not JSON": []byte("Oriane"), "cut": []byte(`{"session_id":"` + rootSession), "a list": []byte(`[]`), "null": []byte(`null`),
		"no id": []byte(`{"name":"Oriane"}`), "blank id": []byte(`{"session_id":" "}`), "id of another type": []byte(`{"session_id":7,"name":"Oriane"}`),
		"trailing data": []byte(`{"session_id":"` + rootSession + `"} Oriane`), "16 MiB and a byte": pad(16<<20 + 1), "10,001 items": items(10_001),
		"nested without end": []byte(`{"session_id":"x","a":` + strings.Repeat("[", 1<<20)),
	} {
		s, err := didit.ParseSession(data)
		assert.Nil(t, s, name)
		require.Error(t, err, name)
		assert.True(t, strings.HasPrefix(err.Error(), "didit: parse session: "))
		assert.NotContains(t, err.Error(), "Oriane")
		assert.Less(t, len(err.Error()), 100)
	}
	data := []byte(`{"session_id":"` + rootSession + `"}`)
	s, err := didit.ParseSession(data)
	require.NoError(t, err)
	clear(data)
	assert.Contains(t, string(s.Raw), rootSession, "a copy")
	require.NotContains(t, string(data), rootSession)
}

// An answer that is no answer to what was asked is not believed.
func TestGetSessionOfAnother(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"session_id":"` + rootSource + `"}`, `{"status":"Approved"}`, `{"session_id":null}`, `[]`, `""`, ``} {
		var seen []rootSeen
		s, err := rootClient(t, rootRecorder(&seen, 200, body), didit.WithMaxRetries(1)).GetSession(t.Context(), rootSession)
		assert.Nil(t, s)
		assert.Equal(t, unusable(body), rootMatches(err), body)
		assert.Len(t, seen, 2)
		assert.NotContains(t, err.Error(), rootSource)
	}
	var seen []rootSeen
	s, err := rootClient(t, rootRecorder(&seen, 200, `{"session_id":"`+strings.ToUpper(rootSession)+`"}`)).GetSession(t.Context(), rootSession)
	require.NoError(t, err)
	assert.Equal(t, strings.ToUpper(rootSession), s.SessionID)
}

func TestUpdateSessionStatus(t *testing.T) {
	t.Parallel()
	for _, s := range []didit.SessionStatus{"", didit.StatusInReview, didit.StatusNotStarted, didit.StatusKYCExpired, "approved", "New"} {
		err := rootClient(t, rootMock(t)).UpdateSessionStatus(t.Context(), rootSession, didit.UpdateSessionStatusParams{NewStatus: s, Comment: "\xff"})
		assert.Equal(t, []string{"NewStatus", "Comment"}, rootFields(t, err))
	}
	update := func(status int, body string) error {
		var seen []rootSeen
		err := rootClient(t, rootRecorder(&seen, status, body)).UpdateSessionStatus(t.Context(), rootSession, didit.UpdateSessionStatusParams{NewStatus: didit.StatusApproved})
		assert.Len(t, seen, 1, "never twice")
		return err
	}
	require.NoError(t, update(200, `{"session_id":"`+strings.ToUpper(rootSession)+`","session_kind":"user"}`))
	require.NoError(t, update(200, `{}`))
	require.NoError(t, update(204, ``))
	for _, body := range []string{``, `<html>`, `{"session_id":"` + rootSource + `"}`} {
		assert.Equal(t, unusable(body), rootMatches(update(200, body)), body)
	}
	assert.Equal(t, rootNames("NotFound"), rootMatches(update(404, `{}`)))
}

// A second approval or decline changes nothing, a second resubmission is refused.
func TestUpdateThatMayBeRepeated(t *testing.T) {
	t.Parallel()
	for status, repeatable := range map[didit.SessionStatus]bool{didit.StatusApproved: true, didit.StatusDeclined: true, didit.StatusResubmitted: false} {
		for _, answer := range []int{500, 503, 200} { // an empty 200 cannot be read
			var seen []rootSeen
			err := rootClient(t, rootRecorder(&seen, answer, "")).UpdateSessionStatus(t.Context(), rootSession, didit.UpdateSessionStatusParams{NewStatus: status})
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
		"newest":                        {[]answer{{200, `{"session_id":"` + rootSession + `","session_number":7,"face_retention_outcome":"none","deleted_child_verifications":0}`}}, "-"},
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
		"an answer of another session":  {[]answer{{200, `{"session_id":"` + rootSource + `"}`}, {409, ``}}, ""},
		"nothing but lost answers":      {[]answer{{0, ``}, {0, ``}, {0, ``}}, "OutcomeUnknown"},
		"503: nothing deleted, repeat":  {[]answer{{503, ``}, {503, ``}, {200, `{}`}}, "-"},
		"429 with Retry-After, success": {[]answer{{429, ``}, {200, `{}`}}, "-"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 0
			err := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
				a := test.answers[n]
				n++
				if a.status == 0 {
					return nil, io.EOF
				}
				resp := rootAnswer(r, a.status, a.body)
				resp.Header.Set("Retry-After", "0")
				return resp, nil
			}), didit.WithMaxRetries(2)).DeleteSession(t.Context(), rootSession)
			assert.Equal(t, len(test.answers), n)
			if test.matches == "-" {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			assert.Equal(t, rootNames(test.matches), rootMatches(err))
		})
	}
}

const rootPDFHead = "%PDF-1.7\n"

// rootBytes are n bytes of a report, in pieces.
type rootBytes struct {
	n   int
	end error
	at  int
}

func (r *rootBytes) Read(p []byte) (int, error) {
	if r.n == 0 {
		return 0, r.end
	}
	n := min(len(p), r.n)
	r.n -= n
	for i := range p[:n] {
		p[i] = '%'
	}
	if r.at < len(rootPDFHead) {
		copy(p[:n], rootPDFHead[r.at:])
	}
	r.at += n
	return n, nil
}

func rootPDF(size int, end error, count *int) rootTrip {
	return func(r *http.Request) (*http.Response, error) {
		*count++
		resp := rootAnswer(r, 200, "")
		resp.ContentLength = -1
		resp.Body = io.NopCloser(&rootBytes{n: size, end: end})
		return resp, nil
	}
}

// A PDF goes through, whatever its size: this one is more than other answers may be.
func TestPDFIsStreamed(t *testing.T) { //nolint:paralleltest // measures what the whole program allocates
	const size = 50 << 20
	calls := 0
	c := rootClient(t, rootPDF(size, io.EOF, &calls))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, err := c.SessionPDF(t.Context(), rootSession, io.Discard)
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	assert.EqualValues(t, size, n)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20), "bytes allocated")
}

type rootWriter struct {
	room int
	err  error
	got  int
}

func (w *rootWriter) Write(p []byte) (int, error) {
	n := min(len(p), w.room)
	w.room -= n
	w.got += n
	if n < len(p) {
		return n, w.err
	}
	return n, nil
}

func TestPDFFailures(t *testing.T) {
	t.Parallel()
	full := errors.New("disk of customer-oriane-4711 full")
	for name, test := range map[string]struct {
		size    int
		end     error
		room    int
		werr    error
		calls   int
		written int64
		is      error
	}{
		"writer fails at once":     {100, io.EOF, 0, full, 1, 0, full},
		"writer fails later":       {100_000, io.EOF, 40_000, full, 1, 40_000, full},
		"writer writes too little": {100, io.EOF, 40, nil, 1, 40, io.ErrShortWrite},
		"cut after some bytes":     {100_000, io.ErrUnexpectedEOF, 1 << 20, nil, 1, 100_000, io.ErrUnexpectedEOF},
		"cut before any":           {0, io.ErrUnexpectedEOF, 1 << 20, nil, 3, 0, io.ErrUnexpectedEOF},
		"empty":                    {0, io.EOF, 1 << 20, nil, 3, 0, io.ErrUnexpectedEOF},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			w := &rootWriter{room: test.room, err: test.werr}
			n, err := rootClient(t, rootPDF(test.size, test.end, &calls), didit.WithMaxRetries(2)).SessionPDF(t.Context(), rootSession, w)
			require.ErrorIs(t, err, test.is)
			assert.Equal(t, rootNames("ResultLost"), rootMatches(err))
			assert.Equal(t, test.written, n)
			assert.EqualValues(t, test.written, w.got)
			assert.Equal(t, test.calls, calls, "nothing is asked for again once a byte was written")
			assert.NotContains(t, err.Error(), "4711")
			assert.Equal(t, test.room < test.size, strings.Contains(err.Error(), "the writer failed"), err.Error())
		})
	}
}

func TestPDFErrorAnswer(t *testing.T) {
	t.Parallel()
	var seen []rootSeen
	var w bytes.Buffer
	n, err := rootClient(t, rootRecorder(&seen, 403, `{"detail":"Session is not finished."}`)).SessionPDF(t.Context(), rootSession, &w)
	var api *didit.APIError
	require.ErrorAs(t, err, &api)
	assert.Equal(t, "Session is not finished.", api.Message)
	assert.Zero(t, n)
	assert.Zero(t, w.Len(), "an error answer is no report")
	_, err = rootClient(t, rootMock(t)).SessionPDF(t.Context(), rootSession, (*bytes.Buffer)(nil))
	assert.Equal(t, []string{"w"}, rootFields(t, err))
}

// After a 503 the report comes from the second answer alone.
func TestPDFIsTriedAgain(t *testing.T) {
	t.Parallel()
	calls := 0
	report := rootPDF(1000, io.EOF, &calls)
	var w bytes.Buffer
	n, err := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
		if calls == 0 {
			calls++
			return rootAnswer(r, 503, "busy"), nil
		}
		return report(r)
	})).SessionPDF(t.Context(), rootSession, &w)
	require.NoError(t, err)
	assert.EqualValues(t, 1000, n)
	assert.Equal(t, rootPDFHead+strings.Repeat("%", 1000-len(rootPDFHead)), w.String())
}

// A PDF is told by its first bytes. Of anything else not a byte is written, and it is
// asked for again.
func TestPDFIsAPDF(t *testing.T) {
	t.Parallel()
	for body, fine := range map[string]bool{
		"%PDF-": true, "%PDF-1.7\n...": true, "\ufeff%PDF-2.0": true, " \r\n\t%PDF-1.4": true, "\ufeff\n%PDF-1.4": true, strings.Repeat("\n", 1019) + "%PDF-": true,
		"<!DOCTYPE html><p>Sign in to read %PDF-1.7": false, `{"detail":"%PDF-"}`: false, "%PDF": false, "%pdf-1.7": false, "x%PDF-1.7": false, "\ufeff": false, "\xef\xbb": false,
		strings.Repeat(" ", 100): false, strings.Repeat("\n", 5000) + "%PDF-": false,
	} {
		for name, wrap := range map[string]func(io.Reader) io.Reader{"at once": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader} {
			calls := 0
			c := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
				calls++
				resp := rootAnswer(r, 200, "")
				resp.ContentLength, resp.Body = -1, io.NopCloser(wrap(strings.NewReader(body)))
				return resp, nil
			}), didit.WithMaxRetries(1))
			var w bytes.Buffer
			n, err := c.SessionPDF(t.Context(), rootSession, &w)
			assert.EqualValues(t, w.Len(), n)
			if fine {
				require.NoError(t, err, "%.30q %s", body, name)
				assert.Equal(t, body, w.String())
				assert.Equal(t, 1, calls)
				continue
			}
			require.Error(t, err, "%.30q %s", body, name)
			assert.Contains(t, err.Error(), "is not a PDF")
			assert.Zero(t, n)
			assert.Equal(t, 2, calls)
			assert.True(t, didit.Retryable(err))
		}
	}
}

// The context ends a report between two bytes.
func TestPDFContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	rt := rootPDF(100_000, context.Canceled, &calls)
	n, err := rootClient(t, rt).SessionPDF(ctx, rootSession, rootTrigger{cancel})
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, rootNames("ResultLost"), rootMatches(err))
	assert.EqualValues(t, 100_000, n)
	assert.Equal(t, 1, calls)
}

type rootTrigger struct{ f func() }

func (w rootTrigger) Write(p []byte) (int, error) { w.f(); return len(p), nil }
