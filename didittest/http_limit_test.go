package didittest_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/didittest"
)

// [RATE]: a sliding window of 60 seconds per key, reads and writes apart.
func TestRateLimit(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	w := newWorld(t, didittest.WithRateLimits(1, 2), didittest.WithClock(func() time.Time { return at }))
	get := func(key string) reply { return w.do(http.MethodGet, "/v3/sessions/", key, "") }
	assert.Equal(t, 200, get(w.a.APIKey).status)
	w.server.Advance(20 * time.Second)
	assert.Equal(t, 200, get(w.a.APIKey).status)
	r := get(w.a.APIKey)
	assert.Equal(t, 429, r.status)
	assert.Equal(t, "40", r.header.Get("Retry-After"))
	assert.Equal(t, "2", r.header.Get("X-Ratelimit-Limit"))
	assert.Equal(t, "0", r.header.Get("X-Ratelimit-Remaining"))
	assert.Equal(t, fmt.Sprint(at.Add(time.Minute).Unix()), r.header.Get("X-Ratelimit-Reset"))
	assert.Equal(t, 200, get(w.b.APIKey).status, "another key")
	assert.Equal(t, 400, w.do(http.MethodPost, "/v3/session/", w.a.APIKey, "{}").status, "writes are counted apart")
	assert.Equal(t, 429, w.do(http.MethodPost, "/v3/session/", w.a.APIKey, "{}").status)
	w.server.Advance(40 * time.Second)
	assert.Equal(t, 200, get(w.a.APIKey).status)
	assert.Equal(t, 429, get(w.a.APIKey).status, "the window slides")
	for _, want := range []int{403, 403, 429} {
		assert.Equal(t, want, get("").status, "without a key the address counts")
	}
	for range 2 { // and with the proxy's header, its first hop
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.server.URL()+"/v3/sessions/", nil)
		require.NoError(t, err)
		req.Header.Set("X-Forwarded-For", "192.0.2.1, 10.0.0.1")
		resp, err := w.client.Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, 403, resp.StatusCode)
	}
}

// [RATE]: reports have a limit of their own besides the one of all reads.
func TestDocumentedLimits(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	w := newWorld(t, didittest.WithDocumentedLimits(), didittest.WithClock(func() time.Time { return at }))
	path := "/v3/session/" + w.a.AddSession(didittest.SessionFixture{}) + "/generate-pdf/"
	for range 50 {
		require.Equal(t, 200, w.get(path).status)
	}
	r := w.get(path)
	assert.Equal(t, 429, r.status)
	assert.Equal(t, "50", r.header.Get("X-Ratelimit-Limit"))
	for range 550 {
		require.Equal(t, 200, w.get("/v3/sessions/?limit=1").status)
	}
	assert.Equal(t, "600", w.get("/v3/sessions/?limit=1").header.Get("X-Ratelimit-Limit"))
	for range 300 {
		require.Equal(t, 400, w.do(http.MethodPost, "/v3/session/", w.a.APIKey, "{}").status)
	}
	assert.Equal(t, "300", w.do(http.MethodPost, "/v3/session/", w.a.APIKey, "{}").header.Get("X-Ratelimit-Limit"))
}
