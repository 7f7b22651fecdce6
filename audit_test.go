package didit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
)

// rootAudit keeps the events of a client. Its clock goes on by a second whenever it is
// read.
type rootAudit struct {
	mu     sync.Mutex
	events []didit.AuditEvent
	now    time.Time
}

func (a *rootAudit) options() []didit.Option {
	a.now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	return []didit.Option{
		didit.WithAuditHook(func(_ context.Context, e didit.AuditEvent) error {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.events = append(a.events, e)
			return nil
		}),
		didit.WithClock(func() time.Time {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.now = a.now.Add(time.Second)
			return a.now
		}),
		didit.WithApplicationID(rootOwn), didit.WithMaxRetries(1),
	}
}

func TestAuditShare(t *testing.T) {
	t.Parallel()
	ok := didit.ShareSessionParams{ForApplicationID: strings.ToUpper(rootPartner), TTL: 90 * time.Second}
	sent := didit.AuditEvent{Action: didit.AuditShare, SessionID: rootSession, FromApplicationID: rootOwn, ForApplicationID: rootPartner, TTL: 90 * time.Second}
	with := func(e didit.AuditEvent, f func(*didit.AuditEvent)) didit.AuditEvent { f(&e); return e }
	for name, test := range map[string]struct {
		id     string
		params didit.ShareSessionParams
		status int // 0: no answer
		body   string
		opts   []didit.Option
		want   didit.AuditEvent
	}{
		"ok": {rootSession, ok, 201, `{"share_token":"abc","session_kind":"business"}`, nil, with(sent, func(e *didit.AuditEvent) {
			e.Outcome, e.SessionKind, e.TokenFingerprint, e.StatusCode, e.RequestID, e.Attempts = didit.AuditOK, didit.KindBusiness, "ba7816bf8f01cfea", 201, "req-3", 1
		})},
		"refused locally": {rootSession, didit.ShareSessionParams{ForApplicationID: rootOwn, TTL: 1}, 0, ``, nil, didit.AuditEvent{
			Action: didit.AuditShare, Outcome: didit.AuditRefused, SessionID: rootSession, FromApplicationID: rootOwn, ForApplicationID: rootOwn, TTL: 1, Reason: "a session cannot be shared with its own application"}},
		"refused locally, params that may be anything": {"Oriane Vasquelle", didit.ShareSessionParams{ForApplicationID: "Oriane Vasquelle"}, 0, ``, nil,
			didit.AuditEvent{Action: didit.AuditShare, Outcome: didit.AuditRefused, FromApplicationID: rootOwn, Reason: "invalid params"}},
		"refused by Didit": {strings.ToUpper(rootSession), ok, 403, `{}`, nil, with(sent, func(e *didit.AuditEvent) {
			e.Outcome, e.StatusCode, e.RequestID, e.Attempts = didit.AuditRefused, 403, "req-3", 1
			e.Reason = "not allowed with this key"
		})},
		"rate limited": {rootSession, ok, 429, `{}`, []didit.Option{didit.WithMaxRetryAfter(0)}, with(sent, func(e *didit.AuditEvent) {
			e.Outcome, e.StatusCode, e.RequestID, e.Attempts = didit.AuditRefused, 429, "req-3", 1
			e.Reason = "rate limited"
		})},
		"server error: a token may have been minted": {rootSession, ok, 503, `{}`, nil, with(sent, func(e *didit.AuditEvent) {
			e.Outcome, e.StatusCode, e.RequestID, e.Attempts = didit.AuditUnknown, 503, "req-3", 2
			e.Reason = "server error"
		})},
		"no answer": {rootSession, ok, 0, ``, nil, with(sent, func(e *didit.AuditEvent) { e.Outcome, e.Attempts, e.Reason = didit.AuditUnknown, 2, "outcome unknown" })},
		"unreadable": {rootSession, ok, 200, `{`, nil, with(sent, func(e *didit.AuditEvent) {
			e.Outcome, e.RequestID, e.Attempts, e.Reason = didit.AuditResultLost, "req-3", 2, "result lost"
		})},
		"not sent": {rootSession, ok, 0, ``, []didit.Option{didit.WithLimiter(&rootLimiter{errors.New("no")})}, with(sent, func(e *didit.AuditEvent) {
			e.Outcome, e.Reason = didit.AuditNotSent, "not sent"
		})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var a rootAudit
			c := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
				if test.status == 0 {
					return nil, io.EOF
				}
				resp := rootAnswer(r, test.status, test.body)
				resp.Header.Set("X-Request-ID", "req-3")
				return resp, nil
			}), append(a.options(), test.opts...)...)
			_, _ = c.ShareSession(t.Context(), test.id, test.params)
			require.Len(t, a.events, 1)
			got := a.events[0]
			assert.Equal(t, a.now, got.Time, "when the outcome was known")
			assert.Equal(t, time.Second, got.Duration)
			got.Time, got.Duration = time.Time{}, 0
			assert.Equal(t, test.want, got)
		})
	}
}

func TestAuditImportAndFind(t *testing.T) {
	t.Parallel()
	var a rootAudit
	opts := a.options()
	list := `{"results":[],"next":null}`
	token := didit.NewShareToken(rootToken(strings.Replace(rootClaims(a.now), rootPartner, rootOwn, 1)))
	answer := func(status int, body string) rootTrip {
		return func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodGet {
				return rootAnswer(r, 200, list), nil
			}
			if status == 0 {
				return nil, io.EOF
			}
			resp := rootAnswer(r, status, body)
			resp.Header.Set("X-Request-ID", "req-3")
			return resp, nil
		}
	}
	params := didit.ImportSharedSessionParams{Token: token, WorkflowID: strings.ToUpper(rootWorkflow), Review: didit.TrustSourceReview, VendorData: "customer-oriane-4711"}
	base := didit.AuditEvent{Action: didit.AuditImport, SourceSessionID: rootSource, SessionKind: didit.KindUser, FromApplicationID: rootOwn, ForApplicationID: rootOwn,
		WorkflowID: rootWorkflow, Review: didit.TrustSourceReview, TokenFingerprint: token.Fingerprint()}
	run := func(rt http.RoundTripper, p didit.ImportSharedSessionParams) didit.AuditEvent {
		a.events = nil
		_, err := rootClient(t, rt, opts...).ImportSharedSession(t.Context(), p)
		require.Len(t, a.events, 1, "one per call, whatever it took: %v", err)
		e := a.events[0]
		assert.Equal(t, a.now, e.Time)
		assert.Positive(t, e.Duration)
		e.Time, e.Duration = time.Time{}, 0
		return e
	}
	want := base
	want.Outcome, want.SessionID, want.StatusCode, want.RequestID, want.Attempts = didit.AuditOK, rootSession, 201, "req-3", 1
	assert.Equal(t, want, run(answer(201, `{"session_id":"`+rootSession+`","status":"Approved"}`), params))

	want = base
	want.Outcome, want.StatusCode, want.RequestID, want.Attempts = didit.AuditRefused, 400, "req-3", 1
	want.Reason = "bad request"
	assert.Equal(t, want, run(answer(400, `{"vendor_data":["too long"]}`), params))

	want = base
	want.Outcome, want.Attempts, want.Reason = didit.AuditUnknown, 1, "outcome unknown"
	assert.Equal(t, want, run(answer(0, ``), params))

	want = base
	want.Outcome, want.RequestID, want.Attempts, want.Reason = didit.AuditUnknown, "req-3", 1, "outcome unknown"
	assert.Equal(t, want, run(answer(201, `<html>`), params))

	// Refused locally: unverified claims may be anything, so only ids and kinds are kept.
	hostile := params
	hostile.Token = didit.NewShareToken(rootToken(`{"session_id":"Oriane","session_kind":"Vasquelle","from_application_id":"Oriane","for_application_id":"Oriane"}`))
	hostile.WorkflowID, hostile.Review = "Oriane", didit.ReviewAgain
	want = didit.AuditEvent{Action: didit.AuditImport, Outcome: didit.AuditRefused, Review: didit.ReviewAgain, TokenFingerprint: hostile.Token.Fingerprint(), Reason: "the share token is for another application"}
	assert.Equal(t, want, run(rootMock(t), hostile))

	// The copy is found after its answer was lost.
	row := fmt.Sprintf(`{"session_id":%q,"session_kind":"user","vendor_data":"customer-oriane-4711","shared_from_session":%q,"created_at":%q}`,
		rootSession, rootSource, a.now.Format(time.RFC3339))
	found := rootTrip(func(r *http.Request) (*http.Response, error) {
		switch {
		case r.Method == http.MethodPost:
			return nil, io.EOF
		case r.URL.Path == "/v3/sessions/":
			return rootAnswer(r, 200, `{"next":null,"results":[`+row+`]}`), nil
		}
		return rootAnswer(r, 200, row), nil
	})
	want = base
	want.Outcome, want.SessionID, want.Attempts = didit.AuditRecovered, rootSession, 1
	assert.Equal(t, want, run(found, params))

	look := func(rt http.RoundTripper, p didit.FindImportedSessionParams) didit.AuditEvent {
		a.events = nil
		_, _ = rootClient(t, rt, opts...).FindImportedSession(t.Context(), p)
		require.Len(t, a.events, 1)
		e := a.events[0]
		assert.Equal(t, a.now, e.Time)
		e.Time, e.Duration = time.Time{}, 0
		return e
	}
	find := didit.FindImportedSessionParams{SourceSessionID: strings.ToUpper(rootSource), SessionKind: didit.KindUser, VendorData: "customer-oriane-4711", WorkflowID: rootWorkflow}
	base = didit.AuditEvent{Action: didit.AuditFind, SourceSessionID: rootSource, SessionKind: didit.KindUser, WorkflowID: rootWorkflow}
	want = base
	want.Outcome, want.SessionID = didit.AuditOK, rootSession
	assert.Equal(t, want, look(found, find))
	want = base
	want.Outcome, want.Reason = didit.AuditRefused, "no imported copy was found"
	assert.Equal(t, want, look(answer(200, ``), find), "searched to the end")
	want.Outcome, want.Reason = didit.AuditUnknown, "outcome unknown"
	assert.Equal(t, want, look(rootTrip(func(*http.Request) (*http.Response, error) { return nil, io.EOF }), find))
	assert.Equal(t, didit.AuditEvent{Action: didit.AuditFind, Outcome: didit.AuditRefused, Reason: "invalid params"}, look(rootMock(t), didit.FindImportedSessionParams{SourceSessionID: "Oriane"}))
}

// Other calls have no event, and the hook is given the call's own context, on its own
// goroutine: its panic is the caller's.
func TestAuditHook(t *testing.T) {
	t.Parallel()
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "mine")
	calls := 0
	var seen []rootSeen
	c := rootClient(t, rootRecorder(&seen, 404, `{}`), didit.WithAuditHook(func(ctx context.Context, _ didit.AuditEvent) error {
		calls++
		assert.Equal(t, "mine", ctx.Value(key{}))
		panic("the hook's own")
	}))
	for _, call := range rootCalls() {
		if call.name != "ShareSession" && call.name != "ImportSharedSession" {
			_ = call.do(t, c)
		}
	}
	assert.Zero(t, calls)
	assert.PanicsWithValue(t, "the hook's own", func() { _, _ = c.ShareSession(ctx, rootSession, didit.ShareSessionParams{}) })
	assert.Equal(t, 1, calls)
}

// TestAuditHookFails: nobody gets data without a record.
func TestAuditHookFails(t *testing.T) {
	t.Parallel()
	failure := errors.New("disk full: hunter22")
	hook := func(ctx context.Context, e didit.AuditEvent) error {
		require.NoError(t, ctx.Err(), "the record is made after the call's context has ended, too")
		end, bounded := ctx.Deadline()
		assert.True(t, bounded)
		assert.LessOrEqual(t, time.Until(end), 10*time.Second)
		return failure
	}
	token := rootToken(rootClaims(time.Now()))
	var seen []rootSeen
	c := rootClient(t, rootRecorder(&seen, 200, `{"share_token":"`+token+`","session_id":"`+rootSession+`"}`), didit.WithAuditHook(hook))
	withheld := func(result bool, err error) {
		t.Helper()
		assert.False(t, result)
		var call *didit.CallError
		require.ErrorAs(t, err, &call)
		assert.Equal(t, didit.OutcomeResultLost, call.Outcome)
		require.ErrorIs(t, err, failure)
		assert.True(t, didit.Retryable(err))
		assert.Contains(t, err.Error(), "withheld")
		assert.NotContains(t, err.Error(), "hunter22")
		assert.NotContains(t, err.Error(), token)
	}
	shared, err := c.ShareSession(t.Context(), rootSession, didit.ShareSessionParams{ForApplicationID: rootPartner})
	withheld(shared != nil, err)
	imported, err := c.ImportSharedSession(t.Context(), didit.ImportSharedSessionParams{
		Token: didit.NewShareToken(token), WorkflowID: rootWorkflow, Review: didit.ReviewAgain, VendorData: "customer-4711"})
	withheld(imported != nil, err)
	row := fmt.Sprintf(`{"session_id":%q,"vendor_data":"customer-4711","shared_from_session":%q}`, rootSession, rootSource)
	finding := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
		if r.URL.Path == "/v3/sessions/" {
			return rootAnswer(r, 200, `{"next":null,"results":[`+row+`]}`), nil
		}
		return rootAnswer(r, 200, row), nil
	}), didit.WithAuditHook(hook))
	found, err := finding.FindImportedSession(t.Context(), didit.FindImportedSessionParams{SourceSessionID: rootSource, SessionKind: didit.KindUser, VendorData: "customer-4711"})
	withheld(found != nil, err)

	// A call that failed keeps its own error.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.ShareSession(ctx, rootSession, didit.ShareSessionParams{ForApplicationID: rootPartner})
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, didit.ErrNotSent)
	require.ErrorIs(t, err, failure)
	assert.NotContains(t, err.Error(), "hunter22")
	_, err = c.ShareSession(t.Context(), "7", didit.ShareSessionParams{})
	require.ErrorIs(t, err, didit.ErrInvalidParams)
	require.ErrorIs(t, err, failure)
}

// TestAuditExpiry: who got a token, and until when.
func TestAuditExpiry(t *testing.T) {
	t.Parallel()
	now := time.Now().Truncate(time.Second)
	var seen []rootSeen
	var event didit.AuditEvent
	c := rootClient(t, rootRecorder(&seen, 200, `{"share_token":"`+rootToken(rootClaims(now))+`"}`), didit.WithAuditHook(func(_ context.Context, e didit.AuditEvent) error {
		event = e
		return nil
	}))
	shared, err := c.ShareSession(t.Context(), rootSession, didit.ShareSessionParams{ForApplicationID: rootPartner})
	require.NoError(t, err)
	assert.True(t, event.ExpiresAt.Equal(shared.ExpiresAt()))
	assert.False(t, event.ExpiresAt.IsZero())
	data, err := json.Marshal(event)
	require.NoError(t, err)
	var again didit.AuditEvent
	require.NoError(t, json.Unmarshal(data, &again))
	assert.True(t, event.ExpiresAt.Equal(again.ExpiresAt))
	assert.Empty(t, again.Reason)
}

func TestAuditJSON(t *testing.T) {
	t.Parallel()
	full := didit.AuditEvent{
		Time: time.Date(2026, 11, 24, 12, 0, 0, 5000, time.UTC), Action: didit.AuditImport, Outcome: didit.AuditRecovered, SessionID: rootSession,
		SourceSessionID: rootSource, SessionKind: didit.KindBusiness, FromApplicationID: rootOwn, ForApplicationID: rootPartner, WorkflowID: rootWorkflow,
		TTL: 90 * time.Minute, Review: didit.ReviewAgain, TokenFingerprint: "ba7816bf8f01cfea", StatusCode: 201, RequestID: "req-3", Attempts: 2, Duration: 1234567 * time.Microsecond,
	}
	data, err := json.Marshal(full)
	require.NoError(t, err)
	golden, err := os.ReadFile("testdata/audit_event.json")
	require.NoError(t, err)
	assert.JSONEq(t, string(golden), string(data))
	for _, e := range []didit.AuditEvent{full, {}, {Time: full.Time, Action: didit.AuditShare, Outcome: didit.AuditRefused, Duration: time.Microsecond, TTL: 100 * time.Millisecond}} {
		data, err := json.Marshal(&e)
		require.NoError(t, err)
		var again didit.AuditEvent
		require.NoError(t, json.Unmarshal(data, &again))
		assert.Equal(t, e, again)
	}
	data, err = json.Marshal(didit.AuditEvent{Action: didit.AuditShare, Outcome: didit.AuditRefused})
	require.NoError(t, err)
	assert.JSONEq(t, `{"time":"0001-01-01T00:00:00Z","action":"share","outcome":"refused","attempts":0,"duration":0}`, string(data))
	var e didit.AuditEvent
	for _, bad := range []string{`[]`, `{"time":"Oriane"}`, `{"attempts":"Oriane"}`} {
		err := json.Unmarshal([]byte(bad), &e)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "Oriane")
	}
}

// TestAuditTellsTheTruth of what is withheld, refused and perhaps minted.
func TestAuditTellsTheTruth(t *testing.T) {
	t.Parallel()
	a := &account{post: posts(answer(201, created201))}
	c := a.client(t, didit.WithAuditHook(func(context.Context, didit.AuditEvent) error { return errors.New("full") }))
	_, err := c.ImportSharedSession(t.Context(), importParams(tokenOf(nil)))
	var call *didit.CallError
	require.ErrorAs(t, err, &call)
	require.NotNil(t, call.FindParams)
	assert.Equal(t, idSource, call.FindParams.SourceSessionID)

	var e didit.AuditEvent
	hook := didit.WithAuditHook(func(_ context.Context, got didit.AuditEvent) error { e = got; return nil })
	p := importParams(tokenOf(nil))
	p.Review = "Oriane Vasquelle"
	_, err = a.client(t, hook).ImportSharedSession(t.Context(), p)
	require.Error(t, err)
	assert.Empty(t, e.Review)

	a = &account{post: posts(answer(460, "{}"))}
	_, err = a.client(t, hook).ImportSharedSession(t.Context(), importParams(tokenOf(nil)))
	require.Error(t, err)
	assert.NotEmpty(t, e.Reason, err)

	n := 0
	c = rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
		if n++; n == 1 {
			return nil, io.EOF
		}
		return rootAnswer(r, 403, `{}`), nil
	}), hook)
	_, err = c.ShareSession(t.Context(), rootSession, didit.ShareSessionParams{ForApplicationID: rootPartner})
	require.Error(t, err)
	assert.Equal(t, didit.AuditUnknown, e.Outcome, err)
}

func TestAuditJSONToTheNanosecond(t *testing.T) {
	t.Parallel()
	for _, d := range []time.Duration{1, 999, 1_234_567, 59*time.Second + 999_999_999, 3*time.Hour + 7} {
		e := didit.AuditEvent{Duration: d}
		data, err := json.Marshal(e)
		require.NoError(t, err)
		var again didit.AuditEvent
		require.NoError(t, json.Unmarshal(data, &again))
		assert.Equal(t, e, again)
	}
}
