package didit_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

// TestImportAudit: one event per call, with what happened.
func TestImportAudit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		account account
		params  func(p *didit.ImportSharedSessionParams)
		want    didit.AuditOutcome
		status  int
		id      string
	}{
		{"ok", account{post: posts(answer(201, `{"session_id":"`+testkit.CopyID+`"}`))}, nil, didit.AuditOK, 201, testkit.CopyID},
		{"recovered", account{post: posts(lost), sessions: []bSession{copyOf(vendor)}}, nil, didit.AuditRecovered, 0, testkit.CopyID},
		{"refused", account{post: posts(answer(400, badToken400))}, nil, didit.AuditRefused, 400, ""},
		{"refused locally", account{}, func(p *didit.ImportSharedSessionParams) { p.Review = "" }, didit.AuditRefused, 0, ""},
		{"unknown", account{post: posts(answer(502, ""))}, nil, didit.AuditUnknown, 502, ""},
		{"lost", account{post: posts(answer(201, "{"))}, nil, didit.AuditResultLost, 0, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var events []didit.AuditEvent
			params := importParams(tokenOf(nil))
			if test.params != nil {
				test.params(&params)
			}
			c := test.account.client(t, didit.WithRetryWait(0, 0), didit.WithAuditHook(func(_ context.Context, e didit.AuditEvent) error { events = append(events, e); return nil }))
			_, _ = c.ImportSharedSession(t.Context(), params)
			require.Len(t, events, 1)
			e := events[0]
			assert.Equal(t, didit.AuditImport, e.Action)
			assert.Equal(t, test.want, e.Outcome)
			assert.Equal(t, test.status, e.StatusCode)
			assert.Equal(t, test.id, e.SessionID)
			assert.Equal(t, testkit.SourceID, e.SourceSessionID)
			assert.Equal(t, didit.KindUser, e.SessionKind)
			assert.Equal(t, testkit.ApplicationA, e.FromApplicationID)
			assert.Equal(t, testkit.ApplicationB, e.ForApplicationID)
			assert.Equal(t, params.Token.Fingerprint(), e.TokenFingerprint)
		})
	}
}

func TestAuditImportAndFind(t *testing.T) {
	t.Parallel()
	var a auditing
	opts := a.options(testkit.ApplicationB)
	list := `{"results":[],"next":null}`
	token := didit.NewShareToken(testkit.Token(testkit.Claims(a.now)))
	answer := func(status int, body string) testkit.RoundTripper {
		return func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodGet {
				return testkit.Answer(r, 200, list), nil
			}
			if status == 0 {
				return nil, io.EOF
			}
			resp := testkit.Answer(r, status, body)
			resp.Header.Set("X-Request-ID", "req-3")
			return resp, nil
		}
	}
	params := didit.ImportSharedSessionParams{Token: token, WorkflowID: strings.ToUpper(testkit.WorkflowID), Review: didit.TrustSourceReview, VendorData: "customer-oriane-4711"}
	base := didit.AuditEvent{Action: didit.AuditImport, SourceSessionID: testkit.SourceID, SessionKind: didit.KindUser, FromApplicationID: testkit.ApplicationA, ForApplicationID: testkit.ApplicationB,
		WorkflowID: testkit.WorkflowID, Review: didit.TrustSourceReview, TokenFingerprint: token.Fingerprint()}
	run := func(rt http.RoundTripper, p didit.ImportSharedSessionParams) didit.AuditEvent {
		a.events = nil
		_, err := testkit.Client(t, rt, opts...).ImportSharedSession(t.Context(), p)
		require.Len(t, a.events, 1, "one per call, whatever it took: %v", err)
		e := a.events[0]
		assert.Equal(t, a.now, e.Time)
		assert.Positive(t, e.Duration)
		e.Time, e.Duration = time.Time{}, 0
		return e
	}
	want := base
	want.Outcome, want.SessionID, want.StatusCode, want.RequestID, want.Attempts = didit.AuditOK, testkit.CopyID, 201, "req-3", 1
	assert.Equal(t, want, run(answer(201, `{"session_id":"`+testkit.CopyID+`","status":"Approved"}`), params))

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
	hostile.Token = didit.NewShareToken(testkit.Token(`{"session_id":"Oriane","session_kind":"Vasquelle","from_application_id":"Oriane","for_application_id":"Oriane"}`))
	hostile.WorkflowID, hostile.Review = "Oriane", didit.ReviewAgain
	want = didit.AuditEvent{Action: didit.AuditImport, Outcome: didit.AuditRefused, Review: didit.ReviewAgain, TokenFingerprint: hostile.Token.Fingerprint(), Reason: "the share token is for another application"}
	assert.Equal(t, want, run(testkit.Mock(t), hostile))

	// The copy is found after its answer was lost.
	row := fmt.Sprintf(`{"session_id":%q,"session_kind":"user","vendor_data":"customer-oriane-4711","shared_from_session":%q,"created_at":%q}`,
		testkit.CopyID, testkit.SourceID, a.now.Format(time.RFC3339))
	found := testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		switch {
		case r.Method == http.MethodPost:
			return nil, io.EOF
		case r.URL.Path == "/v3/sessions/":
			return testkit.Answer(r, 200, `{"next":null,"results":[`+row+`]}`), nil
		}
		return testkit.Answer(r, 200, row), nil
	})
	want = base
	want.Outcome, want.SessionID, want.Attempts = didit.AuditRecovered, testkit.CopyID, 1
	assert.Equal(t, want, run(found, params))

	search := func(rt http.RoundTripper, p didit.FindImportedSessionParams) didit.AuditEvent {
		a.events = nil
		_, _ = testkit.Client(t, rt, opts...).FindImportedSession(t.Context(), p)
		require.Len(t, a.events, 1)
		e := a.events[0]
		assert.Equal(t, a.now, e.Time)
		e.Time, e.Duration = time.Time{}, 0
		return e
	}
	find := didit.FindImportedSessionParams{SourceSessionID: strings.ToUpper(testkit.SourceID), SessionKind: didit.KindUser, VendorData: "customer-oriane-4711", WorkflowID: testkit.WorkflowID}
	base = didit.AuditEvent{Action: didit.AuditFind, SourceSessionID: testkit.SourceID, SessionKind: didit.KindUser, WorkflowID: testkit.WorkflowID}
	want = base
	want.Outcome, want.SessionID = didit.AuditOK, testkit.CopyID
	assert.Equal(t, want, search(found, find))
	want = base
	want.Outcome, want.Reason = didit.AuditRefused, "no imported copy was found"
	assert.Equal(t, want, search(answer(200, ``), find), "searched to the end")
	want.Outcome, want.Reason = didit.AuditUnknown, "outcome unknown"
	assert.Equal(t, want, search(testkit.RoundTripper(func(*http.Request) (*http.Response, error) { return nil, io.EOF }), find))
	assert.Equal(t, didit.AuditEvent{Action: didit.AuditFind, Outcome: didit.AuditRefused, Reason: "invalid params"}, search(testkit.Mock(t), didit.FindImportedSessionParams{SourceSessionID: "Oriane"}))
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
	assert.Equal(t, testkit.SourceID, call.FindParams.SourceSessionID)

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
	c = testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		if n++; n == 1 {
			return nil, io.EOF
		}
		return testkit.Answer(r, 403, `{}`), nil
	}), hook)
	_, err = c.ShareSession(t.Context(), testkit.SourceID, didit.ShareSessionParams{ForApplicationID: testkit.ApplicationB})
	require.Error(t, err)
	assert.Equal(t, didit.AuditUnknown, e.Outcome, err)
}
