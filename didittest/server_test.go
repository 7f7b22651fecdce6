package didittest_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/didittest"
)

// Over TLS, on a listener of the test's, with latency that ends with the client.
func TestServers(t *testing.T) {
	t.Parallel()
	s := didittest.NewTLSServer(didittest.WithLatency(time.Millisecond))
	defer s.Close()
	assert.True(t, strings.HasPrefix(s.URL(), "https://"))
	app := s.AddApplication("A")
	_, err := app.Client().GetSession(t.Context(), app.AddSession(didittest.SessionFixture{}))
	require.NoError(t, err)
	s.Close() // twice does no harm

	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "0.0.0.0:0")
	require.NoError(t, err)
	own := didittest.NewServer(didittest.WithListener(l), didittest.WithLatency(time.Hour))
	defer own.Close()
	assert.Contains(t, own.URL(), "http://127.0.0.1:")
	app = own.AddApplication("A")
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for len(own.Requests()) == 0 { // it has arrived
			select {
			case <-t.Context().Done():
				return
			default:
			}
		}
		cancel()
	})
	err = app.Client().DeleteSession(ctx, app.AddSession(didittest.SessionFixture{}))
	require.ErrorIs(t, err, context.Canceled)
	wg.Wait()
	assert.Len(t, app.Sessions(), 1, "not applied")
}

// Requests that arrive while the server closes get an answer or a broken connection, and under -race no report.
func TestCloseUnderLoad(t *testing.T) {
	t.Parallel()
	for range 20 {
		w := newWorld(t)
		id := w.a.AddSession(didittest.SessionFixture{})
		answered := make(chan struct{})
		var first sync.Once
		var clients sync.WaitGroup
		for range 8 {
			clients.Go(func() {
				for {
					if _, err := w.try(http.MethodGet, "/v3/session/"+id+"/decision/", w.a.APIKey, ""); err != nil {
						return
					}
					first.Do(func() { close(answered) })
				}
			})
		}
		<-answered
		w.server.Close()
		clients.Wait()
	}
}

// How many calls a second it answers, and how long it takes to start.
func BenchmarkServer(b *testing.B) {
	b.Run("calls", func(b *testing.B) {
		s := didittest.NewServer(didittest.WithHistory(0))
		defer s.Close()
		app := s.AddApplication("A")
		url := s.URL() + "/v3/session/" + app.AddSession(didittest.SessionFixture{}) + "/decision/"
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
				if err != nil {
					b.Error(err)
					return
				}
				req.Header.Set("X-Api-Key", app.APIKey)
				resp, err := s.HTTPClient().Do(req)
				if err != nil {
					b.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
	})
	b.Run("start", func(b *testing.B) {
		for b.Loop() {
			didittest.NewServer().Close()
		}
	})
}

// What never arrives whole does not keep its connection.
func TestHalfOpenRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t, didittest.WithReadTimeout(50*time.Millisecond))
	for _, begun := range []string{
		"GET /v3/sessions/ HTTP/1.1\r\nHost: x\r\n",
		"POST /v3/session/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nX-Api-Key: " + w.a.APIKey + "\r\n\r\n{",
	} {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(w.server.URL(), "http://"))
		require.NoError(t, err)
		_, err = io.WriteString(conn, begun)
		require.NoError(t, err)
		_, _ = io.Copy(io.Discard, conn) // ends as the connection does
		assert.NoError(t, conn.Close())
	}
}

// A server that is known by another name says so.
func TestURL(t *testing.T) {
	t.Parallel()
	w := newWorld(t, didittest.WithURL("https://didit.sandbox.example/"))
	assert.Equal(t, "https://didit.sandbox.example", w.server.URL())
	for _, bad := range []string{"", "sandbox:8123", "ftp://x", "http://"} {
		assert.Panics(t, func() { didittest.WithURL(bad) }, bad)
	}
	assert.Panics(t, func() { didittest.WithReadTimeout(0) })
}
