package webhook_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/webhook"
)

// planted is in every delivery below, and in no line of the log.
var planted = []string{secret, "customer-1", "Zo\u00eb", "Zoë", "zoe@example.com"}

// logged hands a delivery to a handler and returns what it logged.
func logged(t *testing.T, f func(context.Context, *webhook.Event) error, r *http.Request, opts ...webhook.HandlerOption) (status int, lines []map[string]any) {
	t.Helper()
	var b bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w := httptest.NewRecorder()
	verifier(t).Handler(f, append(opts, webhook.WithLogger(logger))...).ServeHTTP(w, r)
	for _, word := range planted {
		assert.NotContains(t, b.String(), word)
	}
	for line := range strings.Lines(b.String()) {
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &fields))
		delete(fields, "time")
		lines = append(lines, fields)
	}
	return w.Code, lines
}

func post(header http.Header, body []byte) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	r.Header = header
	return r
}

// TestLogger: a line says why a delivery was refused, skipped or has failed, and which
// one it was once that is known.
func TestLogger(t *testing.T) {
	t.Parallel()
	body := event(map[string]any{"email": "zoe@example.com"})
	good := func() *http.Request { return post(sign(t, body), body) }
	changed := func(changes map[string]any) *http.Request {
		b := event(changes)
		return post(sign(t, b), b)
	}
	wrong := sign(t, body)
	wrong.Set("X-Signature", strings.Repeat("0", 64))
	wrong.Set("X-Signature-V2", strings.Repeat("0", 64))
	fails := func(context.Context, *webhook.Event) error { return errors.New("the database is away") }
	store := func(s scripted) webhook.HandlerOption { return webhook.WithDeduplication(&s) }
	tests := []struct {
		name     string
		callback func(context.Context, *webhook.Event) error
		request  *http.Request
		opts     []webhook.HandlerOption
		status   int
		level    string // "": no line
		msg, why string
		event    bool // the line names the event
	}{
		{"handled", works, good(), nil, 200, "", "", "", false},
		{"not a POST", works, httptest.NewRequest(http.MethodGet, "/", nil), nil, 405, "WARN", "webhook: refused", "webhook: not a POST", false},
		{"too large", works, good(), []webhook.HandlerOption{webhook.WithMaxBody(100)}, 413, "WARN", "webhook: refused",
			"webhook: the body has more than the 100 bytes that WithMaxBody allows; with a higher bound, send it again from the console", false},
		{"broken off", works, httptest.NewRequest(http.MethodPost, "/", iotest.ErrReader(errors.New("zoe@example.com"))), nil, 503, "WARN", "webhook: refused", "webhook: the body broke off", false},
		{"no signature", works, post(http.Header{}, body), nil, 401, "WARN", "webhook: refused", webhook.ErrMissingSignature.Error(), false},
		{"another signature", works, post(wrong, body), nil, 401, "WARN", "webhook: refused", webhook.ErrSignature.Error(), false},
		{"a clock that is off", works, changed(map[string]any{"timestamp": now.Add(-time.Hour).Unix()}), nil, 401, "WARN", "webhook: refused",
			"webhook: not fresh: the body's timestamp is 1h0m0s behind this machine's clock and may be 15m0s; is the clock right?", true},
		{"no event", works, changed(map[string]any{"webhook_type": nil}), nil, 400, "WARN", "webhook: refused", "webhook: not an event: it has no webhook_type", false},

		{"another's", works, good(), []webhook.HandlerOption{webhook.ForApplication("other")}, 200, "INFO", "webhook: skipped", "it is for another application", true},
		{"sandbox", works, good(), []webhook.HandlerOption{webhook.LiveOnly()}, 200, "INFO", "webhook: skipped", "it is not of the live environment", true},
		{"handled before", works, good(), []webhook.HandlerOption{store(scripted{state: webhook.Done})}, 200, "INFO", "webhook: skipped", "it was handled before", true},
		{"another has it", works, good(), []webhook.HandlerOption{store(scripted{state: webhook.InProgress})}, 503, "INFO", "webhook: put off", "another worker has it", true},

		{"failed", fails, good(), nil, 500, "ERROR", "webhook: the callback failed", "the database is away", true},
		{"store failed", works, good(), []webhook.HandlerOption{store(scripted{reserve: errors.New("connection refused")})}, 503, "ERROR", "webhook: not reserved", "connection refused", true},
		{"no state", works, good(), []webhook.HandlerOption{store(scripted{})}, 503, "ERROR", "webhook: not reserved", "webhook: the store gave no state", true},
		{"not marked as done", works, good(), []webhook.HandlerOption{store(scripted{state: webhook.Acquired, write: errors.New("connection refused")})}, 200, "ERROR",
			"webhook: handled, but not marked as done: it may be handled again", "connection refused", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			status, lines := logged(t, test.callback, test.request, test.opts...)
			assert.Equal(t, test.status, status)
			if test.level == "" {
				assert.Empty(t, lines)
				return
			}
			why := "error"
			if test.level == "INFO" {
				why = "reason"
			}
			want := map[string]any{"level": test.level, "msg": test.msg, why: test.why, "status": float64(test.status)}
			if test.event {
				want["event_id"], want["event_type"], want["session_id"] = "evt-1", "status.updated", sessionID
			}
			assert.Equal(t, []map[string]any{want}, lines)
		})
	}
}

// TestLoggerFailedTwice: the callback has failed, and so has giving the event back.
func TestLoggerFailedTwice(t *testing.T) {
	t.Parallel()
	body := event(nil)
	status, lines := logged(t, func(context.Context, *webhook.Event) error { return errors.New("the database is away") }, post(sign(t, body), body),
		webhook.WithDeduplication(&scripted{state: webhook.Acquired, write: errors.New("connection refused")}))
	assert.Equal(t, 500, status)
	require.Len(t, lines, 2)
	assert.Equal(t, "webhook: the callback failed", lines[0]["msg"])
	assert.Equal(t, "webhook: not released", lines[1]["msg"])
	assert.Equal(t, "connection refused", lines[1]["error"])
}

// TestLoggerPanic: a panic is logged with where it came from, whatever it is.
func TestLoggerPanic(t *testing.T) {
	t.Parallel()
	body := event(nil)
	var none map[string]int
	for _, panics := range []struct {
		f    func(e *webhook.Event)
		want string
	}{
		{func(*webhook.Event) { panic("out of cheese") }, "out of cheese"},
		{func(*webhook.Event) { none["x"] = 1 }, "assignment to entry in nil map"},
		{func(e *webhook.Event) { panic(e) }, "webhook.Event(evt-1, status.updated, didit.Session(" + sessionID + ", user, Approved))"},
		{func(e *webhook.Event) { panic(fmt.Errorf("odd: %v", *e)) }, "odd: webhook.Event(evt-1, status.updated, didit.Session(" + sessionID + ", user, Approved))"},
	} {
		store := &scripted{state: webhook.Acquired}
		status, lines := logged(t, func(_ context.Context, e *webhook.Event) error { panics.f(e); return nil }, post(sign(t, body), body), webhook.WithDeduplication(store))
		assert.Equal(t, 500, status)
		assert.Equal(t, []string{"reserve", "release"}, store.asked)
		require.Len(t, lines, 1)
		assert.Equal(t, "webhook: the callback panicked", lines[0]["msg"])
		assert.Equal(t, panics.want, lines[0]["panic"])
		assert.Equal(t, "evt-1", lines[0]["event_id"])
		assert.Contains(t, lines[0]["stack"], "TestLoggerPanic")
	}
}

// TestLoggerSlowStore: a reservation that took as long as its lease is not used.
func TestLoggerSlowStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		body := event(nil)
		status, lines := logged(t, works, post(sign(t, body), body), webhook.WithDeduplication(slowStore{webhook.NewMemoryStore(1), 50 * time.Second}))
		assert.Equal(t, 503, status)
		require.NotEmpty(t, lines)
		assert.Equal(t, "webhook: the delivery store took so long that the lease is nearly over", lines[0]["error"])
	})
}

// TestLoggerOddWords: what does not look like an id or a type is not repeated.
func TestLoggerOddWords(t *testing.T) {
	t.Parallel()
	body := event(map[string]any{"event_id": "Zoë Muster", "webhook_type": "to morrow", "session_id": strings.Repeat("x", 65), "decision": nil})
	_, lines := logged(t, works, post(sign(t, body), body), webhook.LiveOnly())
	require.Len(t, lines, 1)
	assert.Equal(t, "no id", lines[0]["event_id"])
	assert.Equal(t, "no type", lines[0]["event_type"])
	assert.Equal(t, "no id", lines[0]["session_id"])
}
