package didit_test

import (
	"context"
	"encoding/json"
	"errors"
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
	"github.com/didit-go/didit/internal/testkit"
)

// auditing keeps the events of a client. Its clock goes on by a second whenever it is
// read.
type auditing struct {
	mu     sync.Mutex
	events []didit.AuditEvent
	now    time.Time
}

func (a *auditing) options(application string) []didit.Option {
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
		didit.WithApplicationID(application), didit.WithMaxRetries(1),
	}
}

func TestAuditShare(t *testing.T) {
	t.Parallel()
	ok := didit.ShareSessionParams{ForApplicationID: strings.ToUpper(testkit.ApplicationB), TTL: 90 * time.Second}
	sent := didit.AuditEvent{Action: didit.AuditShare, SessionID: testkit.SourceID, FromApplicationID: testkit.ApplicationA, ForApplicationID: testkit.ApplicationB, TTL: 90 * time.Second}
	with := func(e didit.AuditEvent, f func(*didit.AuditEvent)) didit.AuditEvent { f(&e); return e }
	for name, test := range map[string]struct {
		id     string
		params didit.ShareSessionParams
		status int // 0: no answer
		body   string
		opts   []didit.Option
		want   didit.AuditEvent
	}{
		"ok": {testkit.SourceID, ok, 201, `{"share_token":"abc","session_kind":"business"}`, nil, with(sent, func(e *didit.AuditEvent) {
			e.Outcome, e.SessionKind, e.TokenFingerprint, e.StatusCode, e.RequestID, e.Attempts = didit.AuditOK, didit.KindBusiness, "ba7816bf8f01cfea", 201, "req-3", 1
		})},
		"refused locally": {testkit.SourceID, didit.ShareSessionParams{ForApplicationID: testkit.ApplicationA, TTL: 1}, 0, ``, nil, didit.AuditEvent{
			Action: didit.AuditShare, Outcome: didit.AuditRefused, SessionID: testkit.SourceID, FromApplicationID: testkit.ApplicationA, ForApplicationID: testkit.ApplicationA, TTL: 1, Reason: "a session cannot be shared with its own application"}},
		"refused locally, params that may be anything": {"Oriane Vasquelle", didit.ShareSessionParams{ForApplicationID: "Oriane Vasquelle"}, 0, ``, nil,
			didit.AuditEvent{Action: didit.AuditShare, Outcome: didit.AuditRefused, FromApplicationID: testkit.ApplicationA, Reason: "invalid params"}},
		"refused by Didit": {strings.ToUpper(testkit.SourceID), ok, 403, `{}`, nil, with(sent, func(e *didit.AuditEvent) {
			e.Outcome, e.StatusCode, e.RequestID, e.Attempts = didit.AuditRefused, 403, "req-3", 1
			e.Reason = "not allowed with this key"
		})},
		"rate limited": {testkit.SourceID, ok, 429, `{}`, []didit.Option{didit.WithMaxRetryAfter(0)}, with(sent, func(e *didit.AuditEvent) {
			e.Outcome, e.StatusCode, e.RequestID, e.Attempts = didit.AuditRefused, 429, "req-3", 1
			e.Reason = "rate limited"
		})},
		"server error: a token may have been minted": {testkit.SourceID, ok, 503, `{}`, nil, with(sent, func(e *didit.AuditEvent) {
			e.Outcome, e.StatusCode, e.RequestID, e.Attempts = didit.AuditUnknown, 503, "req-3", 2
			e.Reason = "server error"
		})},
		"no answer": {testkit.SourceID, ok, 0, ``, nil, with(sent, func(e *didit.AuditEvent) { e.Outcome, e.Attempts, e.Reason = didit.AuditUnknown, 2, "outcome unknown" })},
		"unreadable": {testkit.SourceID, ok, 200, `{`, nil, with(sent, func(e *didit.AuditEvent) {
			e.Outcome, e.RequestID, e.Attempts, e.Reason = didit.AuditResultLost, "req-3", 2, "result lost"
		})},
		"not sent": {testkit.SourceID, ok, 0, ``, []didit.Option{didit.WithLimiter(&refusing{errors.New("no")})}, with(sent, func(e *didit.AuditEvent) {
			e.Outcome, e.Reason = didit.AuditNotSent, "not sent"
		})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var a auditing
			c := testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
				if test.status == 0 {
					return nil, io.EOF
				}
				resp := testkit.Answer(r, test.status, test.body)
				resp.Header.Set("X-Request-ID", "req-3")
				return resp, nil
			}), append(a.options(testkit.ApplicationA), test.opts...)...)
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

// TestAuditExpiry: who got a token, and until when.
func TestAuditExpiry(t *testing.T) {
	t.Parallel()
	now := time.Now().Truncate(time.Second)
	var seen []testkit.Seen
	var event didit.AuditEvent
	c := testkit.Client(t, testkit.Recorder(&seen, 200, `{"share_token":"`+testkit.Token(testkit.Claims(now))+`"}`), didit.WithAuditHook(func(_ context.Context, e didit.AuditEvent) error {
		event = e
		return nil
	}))
	shared, err := c.ShareSession(t.Context(), testkit.SourceID, didit.ShareSessionParams{ForApplicationID: testkit.ApplicationB})
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
		Time: time.Date(2026, 11, 24, 12, 0, 0, 5000, time.UTC), Action: didit.AuditImport, Outcome: didit.AuditRecovered, SessionID: testkit.CopyID,
		SourceSessionID: testkit.SourceID, SessionKind: didit.KindBusiness, FromApplicationID: testkit.ApplicationA, ForApplicationID: testkit.ApplicationB, WorkflowID: testkit.WorkflowID,
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
