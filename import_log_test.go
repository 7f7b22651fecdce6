package didit_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

// TestImportLogs: a whole import is one line, and one that was recovered is no
// failure. How it came to that is debug.
func TestImportLogs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		post  func() (*http.Response, error)
		has   []bSession
		level string
		want  map[string]any
	}{
		{"ok", answer(201, created201), nil, "INFO", map[string]any{"outcome": "ok", "session_id": testkit.CopyID, "attempts": 1., "status": 201.}},
		{"recovered", lost, []bSession{copyOf(vendor)}, "INFO", map[string]any{"outcome": "recovered", "session_id": testkit.CopyID, "attempts": 1.}},
		{"refused", answer(400, badToken400), nil, "WARN", map[string]any{"outcome": "refused", "attempts": 1., "status": 400.}},
		{"already imported", answer(403, already403), nil, "WARN", map[string]any{"outcome": "already_imported", "attempts": 1., "status": 403.}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var log strings.Builder
			a := &account{post: posts(test.post), sessions: test.has}
			params := importParams(tokenOf(nil))
			logger := slog.New(slog.NewJSONHandler(&log, nil))
			_, _ = a.client(t, didit.WithRetryWait(0, 0), didit.WithLogger(logger)).ImportSharedSession(t.Context(), params)
			require.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
			var line map[string]any
			require.NoError(t, json.Unmarshal([]byte(log.String()), &line))
			assert.Equal(t, test.level, line["level"])
			assert.Equal(t, "ImportSharedSession", line["operation"])
			assert.Equal(t, testkit.SourceID, line["source_session_id"])
			assert.Equal(t, "verification.didit.me", line["host"])
			for name, want := range test.want {
				assert.Equal(t, want, line[name], name)
			}
			assert.NotContains(t, log.String(), vendor)
			assert.NotContains(t, log.String(), params.Token.Reveal()[:20])

			log.Reset()
			logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			_, _ = a.client(t, didit.WithRetryWait(0, 0), didit.WithLogger(logger)).ImportSharedSession(t.Context(), params)
			assert.Equal(t, test.name != "ok", strings.Contains(log.String(), `"operation":"ListSessions"`), "the search")
		})
	}
}
