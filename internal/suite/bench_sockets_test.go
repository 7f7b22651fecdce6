package suite

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

// BenchmarkConnections makes 3,000 calls by 64 goroutines over TLS and HTTP/1.1 and
// counts the connections that were opened; "failing" has one call in 50 give up.
func BenchmarkConnections(b *testing.B) {
	b.Run("well", func(b *testing.B) { connections(b, false) })
	b.Run("failing", func(b *testing.B) { connections(b, true) })
}

func connections(b *testing.B, failing bool) {
	b.Helper()
	const calls, workers = 3000, 64
	answer := fmt.Appendf(nil, `{"session_id":%q,"status":"Approved"}`, testkit.SessionID)
	var opened, n atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if failing && n.Add(1)%50 == 0 {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write(answer)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.EnableHTTP2 = false
	server.StartTLS()
	defer server.Close()
	for b.Loop() {
		// The default client's own transport, but for the certificate that it trusts.
		std := http.DefaultTransport
		trusting := std.(*http.Transport).Clone() //nolint:errcheck,forcetypeassert // it is one
		trusting.TLSClientConfig = trust(server)
		http.DefaultTransport = trusting
		c, err := didit.NewClient(didit.WithAPIKey(benchKey), didit.WithBaseURL(server.URL))
		http.DefaultTransport = std
		if err != nil {
			b.Fatal(err)
		}
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for range calls / workers {
					_, err := c.GetSession(b.Context(), testkit.SessionID)
					if err != nil && !failing {
						b.Error(err)
					}
				}
			})
		}
		wg.Wait()
	}
	b.ReportMetric(float64(opened.Load())/float64(b.N), "connections")
}

// BenchmarkLoopback calls over real sockets.
func BenchmarkLoopback(b *testing.B) {
	calls := benchCalls(b)
	mux := http.NewServeMux()
	for _, call := range calls {
		mux.HandleFunc(call.path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(call.answer.status)
			_, _ = w.Write(call.answer.body)
		})
	}
	for _, protocol := range []string{"HTTP1", "HTTP2"} {
		b.Run(protocol, func(b *testing.B) {
			server := httptest.NewUnstartedServer(mux)
			transport := &http.Transport{MaxIdleConnsPerHost: 128}
			if protocol == "HTTP2" {
				server.EnableHTTP2 = true
				server.StartTLS()
				transport.TLSClientConfig = trust(server)
				transport.ForceAttemptHTTP2 = true
			} else {
				server.Start()
			}
			defer server.Close()
			defer transport.CloseIdleConnections()
			var dialled sync.WaitGroup // before anything is measured
			for range 64 {
				dialled.Go(func() { _ = calls[0].floor(b.Context(), floor{server.URL, &http.Client{Transport: transport}}) })
			}
			dialled.Wait()
			for _, call := range calls {
				b.Run(call.name, func(b *testing.B) {
					beside(b,
						func(b *testing.B, goroutines int) {
							call.runFloor(b, goroutines, floor{server.URL, &http.Client{Transport: transport}})
						},
						func(b *testing.B, goroutines int) {
							call.runClient(b, goroutines, benchClient(b, server.URL, transport))
						})
				})
			}
		})
	}
}

// trust is what a transport needs to talk to the server.
func trust(server *httptest.Server) *tls.Config {
	t, _ := server.Client().Transport.(*http.Transport) // it is one
	return t.TLSClientConfig.Clone()
}
