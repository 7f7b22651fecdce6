package handoff_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/handoff"
)

func TestMethods(t *testing.T) {
	t.Parallel()
	p := newPushing(t, imported)
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodHead, http.MethodOptions, "PROPFIND"} {
		r := push("job-1").build(t)
		r.Method = method
		r.Header.Set("X-Http-Method-Override", http.MethodPost)
		w := serve(p.handler, r)
		assert.Equal(t, http.StatusMethodNotAllowed, w.Code)
		assert.Equal(t, http.MethodPost, w.Header().Get("Allow"))
		assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
	}
}

// serving is a receiver on a real socket.
func serving(t *testing.T, h http.Handler) net.Addr {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Listener.Addr()
}

// speak writes what no HTTP client would.
func speak(t *testing.T, at net.Addr, lines string) string {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", at.String())
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, lines)
	require.NoError(t, err)
	answer, err := io.ReadAll(conn)
	require.NoError(t, err)
	return string(answer)
}

func TestFoldedHeaders(t *testing.T) {
	t.Parallel()
	p := newPushing(t, imported)
	at := serving(t, p.handler)
	r := push("job-1").build(t)
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	lines := func(id string) string {
		return fmt.Sprintf("POST /handoff HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\nwebhook-id: %s\r\nwebhook-timestamp: %s\r\nwebhook-signature: %s\r\n\r\n%s",
			len(body), id, r.Header.Get("Webhook-Timestamp"), r.Header.Get("Webhook-Signature"), body)
	}
	for _, id := range []string{"job-1\r\n x", "\r\n\tjob-1 job-1", "job-1\r\nwebhook-id: job-1", "job-1\r\nWEBHOOK-ID: job-2"} {
		answer := speak(t, at, lines(id))
		assert.NotContains(t, answer, "200 OK", "%q", id)
	}
	assert.Contains(t, speak(t, at, lines("job-1")), "200 OK")
}

// TestSlowSender: a body that drips ends after its time, without a callback. The
// deadline is the connection's, so it is looked at and not waited for.
func TestSlowSender(t *testing.T) {
	t.Parallel()
	p := newPushing(t, imported)
	w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	r := push("job-1").build(t)
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader([]byte("{")), w))
	p.handler.ServeHTTP(w, r)
	assert.Equal(t, 401, w.Code)
	assert.Contains(t, p.b.last(t).Reason, "did not arrive in time")
	require.Len(t, w.set, 2)
	assert.WithinDuration(t, time.Now(), w.set[0], 11*time.Second)
	assert.True(t, w.set[1].IsZero(), "the callback may take longer")
}

// deadlines is a connection whose body never comes.
type deadlines struct {
	*httptest.ResponseRecorder
	set []time.Time
}

func (d *deadlines) SetReadDeadline(at time.Time) error {
	d.set = append(d.set, at)
	return nil
}

func (d *deadlines) Read([]byte) (int, error) {
	return 0, &net.OpError{Op: "read", Err: context.DeadlineExceeded}
}

// TestRedirect: a sender does not follow one, and shows the token to nobody else.
func TestRedirect(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int32
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer target.Close()
	server := httptest.NewServer(http.RedirectHandler(target.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	sender, err := handoff.NewSender(server.URL, secret(t, secretText), handoff.WithHTTPClient(server.Client()))
	require.NoError(t, err)
	_, err = sender.Send(t.Context(), envelope("job-1"))
	refused := new(handoff.RefusedError)
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, http.StatusTemporaryRedirect, refused.StatusCode)
	assert.Zero(t, elsewhere.Load())
}
