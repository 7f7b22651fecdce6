package suite

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

// TestHostileServer: whatever a server does, a call ends with a typed error, within
// bounds of memory. Run with -v for the figures.
func TestHostileServer(t *testing.T) { //nolint:paralleltest // measures what the whole program allocates
	raw := func(write func(w io.Writer) error) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				return
			}
			defer func() { _ = conn.Close() }()
			b := bufio.NewWriter(conn)
			for write(b) == nil && b.Flush() == nil {
			}
		}
	}
	once := func(text string) http.HandlerFunc {
		return raw(func(w io.Writer) error {
			_, _ = io.WriteString(w, text)
			_ = w.(*bufio.Writer).Flush() //nolint:errcheck,forcetypeassert // it is one; the client may be gone
			return io.EOF
		})
	}
	again := func(first, rest string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			text := first
			raw(func(w io.Writer) error {
				_, err := io.WriteString(w, text)
				text = rest
				return err
			})(w, r)
		}
	}
	spaces := strings.Repeat(" ", 32<<10)
	id := `{"session_id":"` + testkit.CopyID + `",`
	behaviours := []struct {
		name  string
		serve http.HandlerFunc
		limit uint64 // MiB that a share, an import, a read and the server may allocate over time
	}{
		{"endless body", func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := io.WriteString(w, spaces); err != nil {
					return
				}
			}
		}, 300},
		{"endless error body", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
			for {
				if _, err := io.WriteString(w, spaces); err != nil {
					return
				}
			}
		}, 10},
		{"endless headers", again("HTTP/1.1 200 OK\r\n", "X-More: "+spaces[:1000]+"x\r\n"), 100},
		{"endless informational answers", again("", "HTTP/1.1 103 Early Hints\r\n\r\n"), 800},
		{"a length of 8 EB", once("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n{"), 10},
		{"a negative length", once("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}"), 10},
		{"a gzip bomb", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			for range 64 << 5 {
				_, _ = io.WriteString(z, spaces)
			}
			_ = z.Close()
		}, 600},
		{"a million empty objects", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, id+`"reviews":[`+strings.Repeat("{},", 1_000_000)+"{}]}")
		}, 100},
		{"deep nesting", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, id+`"x":`+strings.Repeat("[", 5_000_000))
		}, 300},
		{"garbage", once("\x00\xff\x13garbage\r\n\r\n"), 10},
		{"HTML", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "<!doctype html><title>Sign in</title>")
		}, 10},
		{"a redirect to itself", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path, http.StatusPermanentRedirect)
		}, 10},
		{"a bad redirect", once("HTTP/1.1 302 Found\r\nLocation: http://[::1:bad\r\nContent-Length: 0\r\n\r\n"), 10},
		{"another protocol", once("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"), 10},
		{"silence", once(""), 10},
	}
	for _, hostile := range behaviours { //nolint:paralleltest // likewise
		if strings.Contains(hostile.name, "informational") && *soakTime == 0 {
			continue // net/http takes some seconds to have had enough
		}
		t.Run(hostile.name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(hostile.serve)
			server.Config.ErrorLog = nil
			var conns atomic.Int64
			server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
				if s == http.StateNew {
					conns.Add(1)
				}
			}
			server.Start()
			defer server.Close()
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			c, err := didit.NewClient(didit.WithAPIKey("sk_test_hostile"), didit.WithBaseURL(server.URL), didit.WithRetryWait(0, 0),
				didit.WithMaxRetries(1), didit.WithHTTPClient(&http.Client{Transport: transport}), didit.WithAttemptTimeout(20*time.Second))
			require.NoError(t, err)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := time.Now()
			_, share := c.ShareSession(t.Context(), testkit.SourceID, didit.ShareSessionParams{ForApplicationID: testkit.ApplicationB})
			_, imported := c.ImportSharedSession(t.Context(), didit.ImportSharedSessionParams{
				Token: didit.NewShareToken("opaque"), WorkflowID: testkit.WorkflowID, Review: didit.ReviewAgain})
			_, read := c.GetSession(t.Context(), testkit.SessionID)
			took := time.Since(began)
			runtime.ReadMemStats(&after)
			for _, err := range []error{share, imported, read} {
				var call *didit.CallError
				var api *didit.APIError
				require.Error(t, err)
				assert.True(t, errors.As(err, &call) || errors.As(err, &api), "%T", err)
				assert.Less(t, len(err.Error()), 2000)
				assert.NotContains(t, err.Error(), server.URL)
				assert.NotContains(t, fmt.Sprint(err), "garbage")
			}
			used := (after.TotalAlloc - before.TotalAlloc) >> 20
			assert.LessOrEqual(t, used, hostile.limit, "MiB")
			t.Logf("%d MiB allocated in %v over %d connections", used, took.Round(time.Millisecond), conns.Load())
		})
	}
}
