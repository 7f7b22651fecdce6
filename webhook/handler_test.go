package webhook_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/webhook"
)

func TestHandlerStatuses(t *testing.T) {
	t.Parallel()
	body := event(nil)
	good := sign(t, body)
	fails := func(context.Context, *webhook.Event) error { return errors.New("secret reason") }
	tests := []struct {
		name     string
		callback func(context.Context, *webhook.Event) error
		method   string
		header   http.Header
		body     []byte
		want     int
	}{
		{"handled", works, http.MethodPost, good, body, 200},
		{"failed", fails, http.MethodPost, good, body, 500},
		{"panicked", func(context.Context, *webhook.Event) error { panic("personal data") }, http.MethodPost, good, body, 500},
		{"missing", works, http.MethodPost, http.Header{}, body, 401},
		{"wrong", works, http.MethodPost, good, event(map[string]any{"status": "Declined"}), 401},
		{"stale", works, http.MethodPost, sign(t, event(map[string]any{"timestamp": 1})), event(map[string]any{"timestamp": 1}), 401},
		{"no event", works, http.MethodPost, sign(t, []byte(`{}`)), []byte(`{}`), 400},
		{"GET", works, http.MethodGet, good, body, 405},
		{"too large", works, http.MethodPost, good, bytes.Repeat([]byte(" "), 1<<20+1), 413},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(test.method, "/", bytes.NewReader(test.body))
			r.Header = test.header
			w := httptest.NewRecorder()
			verifier(t).Handler(test.callback).ServeHTTP(w, r)
			assert.Equal(t, test.want, w.Code)
			assert.NotContains(t, w.Body.String(), "secret")
			assert.Equal(t, test.want == 405, w.Header().Get("Allow") == http.MethodPost)
		})
	}
	r := httptest.NewRequest(http.MethodPost, "/", iotest.ErrReader(errors.New("broke off")))
	w := httptest.NewRecorder()
	verifier(t).Handler(works).ServeHTTP(w, r)
	assert.Equal(t, 503, w.Code, "sent again it may arrive whole")
}

// TestHandlerBounds: a body may be as large as was said, and no larger.
func TestHandlerBounds(t *testing.T) {
	t.Parallel()
	padded := func(n int) []byte {
		body := event(nil)
		return append(body, bytes.Repeat([]byte(" "), n-len(body))...)
	}
	for _, test := range []struct {
		name string
		opts []webhook.HandlerOption
		body []byte
		want int
	}{
		{"1 MiB", nil, padded(1 << 20), 200},
		{"a byte more", nil, padded(1<<20 + 1), 413},
		{"another bound", []webhook.HandlerOption{webhook.WithMaxBody(2 << 20)}, padded(1<<20 + 1), 200},
		{"a byte more than that", []webhook.HandlerOption{webhook.WithMaxBody(2 << 20)}, padded(2<<20 + 1), 413},
		{"a list of 10,001 items in a large body", nil, event(map[string]any{"x": make([]int, 10_001), "y": strings.Repeat("y", 256<<10)}), 400},
		{"a list of 10,000 items in a large body", nil, event(map[string]any{"x": make([]int, 10_000), "y": strings.Repeat("y", 256<<10)}), 200},
		{"a long list in a small body", nil, event(map[string]any{"x": make([]int, 20_000)}), 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, deliver(verifier(t).Handler(works, test.opts...), sign(t, test.body), test.body).Code)
		})
	}
	_, err := verifier(t).Verify(sign(t, padded(16<<20+1)), padded(16<<20+1))
	require.ErrorIs(t, err, webhook.ErrMalformed)
}

// TestHandlerSkips acknowledges what is not for the callback.
func TestHandlerSkips(t *testing.T) {
	t.Parallel()
	test := map[string]any{"event_id": nil, "application_id": nil, "environment": nil, "metadata": map[string]any{"test_webhook": true}}
	with := func(base map[string]any, name string, value any) map[string]any {
		changes := map[string]any{name: value}
		for k, v := range base {
			if k != name {
				changes[k] = v
			}
		}
		return changes
	}
	mine, live := webhook.ForApplication(" "+strings.ToUpper(appID)+"\n"), webhook.LiveOnly()
	for _, test := range []struct {
		name    string
		opts    []webhook.HandlerOption
		changes map[string]any
		called  bool
	}{
		{"no option", nil, map[string]any{"application_id": "other"}, true},
		{"your own", []webhook.HandlerOption{mine}, nil, true},
		{"another's", []webhook.HandlerOption{mine}, map[string]any{"application_id": "other"}, false},
		{"nobody's", []webhook.HandlerOption{mine}, map[string]any{"application_id": nil}, false},
		{"nobody's, with the button's mark and an id", []webhook.HandlerOption{mine}, map[string]any{"application_id": nil, "metadata": map[string]any{"test_webhook": true}}, false},
		{"a test, nobody's", []webhook.HandlerOption{mine}, test, true},
		{"a test, another's", []webhook.HandlerOption{mine}, with(test, "application_id", "other"), false},

		{"live", []webhook.HandlerOption{live}, map[string]any{"environment": "live"}, true},
		{"sandbox", []webhook.HandlerOption{live}, map[string]any{"environment": "sandbox"}, false},
		{"another environment", []webhook.HandlerOption{live}, map[string]any{"environment": "Live"}, false},
		{"no environment", []webhook.HandlerOption{live}, map[string]any{"environment": nil}, true},
		{"a test", []webhook.HandlerOption{live}, test, false},
		{"a test that says live", []webhook.HandlerOption{live}, with(test, "environment", "live"), false},
		{"the button's mark in a live event", []webhook.HandlerOption{live}, map[string]any{"environment": "live", "metadata": map[string]any{"test_webhook": true}}, true},

		{"both", []webhook.HandlerOption{mine, live}, map[string]any{"environment": "live"}, true},
		{"both, sandbox", []webhook.HandlerOption{mine, live}, nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			called := false
			h := verifier(t).Handler(func(context.Context, *webhook.Event) error { called = true; return nil }, test.opts...)
			body := event(test.changes)
			assert.Equal(t, 200, deliver(h, sign(t, body), body).Code)
			assert.Equal(t, test.called, called)
		})
	}
}

// TestHandlerSkipsBeforeTheStore: what is skipped takes no room in it.
func TestHandlerSkipsBeforeTheStore(t *testing.T) {
	t.Parallel()
	store := &scripted{state: webhook.Acquired}
	body := event(nil)
	h := verifier(t).Handler(works, webhook.WithDeduplication(store), webhook.LiveOnly())
	assert.Equal(t, 200, deliver(h, sign(t, body), body).Code)
	assert.Empty(t, store.asked)
}
