package suite

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/didit-go/didit"
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
	answer := fmt.Appendf(nil, `{"session_id":%q,"status":"Approved"}`, benchSource)
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
		trusting := std.(*http.Transport).Clone()                                                      //nolint:errcheck,forcetypeassert // it is one
		trusting.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig.Clone() //nolint:errcheck,forcetypeassert // it is one
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
					_, err := c.GetSession(b.Context(), benchSource)
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

// BenchmarkLoopback reads over a real socket by 64 goroutines.
func BenchmarkLoopback(b *testing.B) {
	answer := fmt.Appendf(nil, `{"session_id":%q,"status":"Approved"}`, benchSource)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(answer) }))
	defer server.Close()
	transport := &http.Transport{MaxIdleConnsPerHost: 128}
	defer transport.CloseIdleConnections()
	b.Run("client", func(b *testing.B) {
		c, err := didit.NewClient(didit.WithAPIKey(benchKey), didit.WithBaseURL(server.URL), didit.WithHTTPClient(&http.Client{Transport: transport}))
		if err != nil {
			b.Fatal(err)
		}
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := c.GetSession(b.Context(), benchSource); err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("floor", func(b *testing.B) {
		f := floor{&http.Client{Transport: redirected{server.URL, transport}}}
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				var s didit.Session
				if _, err := f.call(b.Context(), http.MethodGet, "/v3/session/"+benchSource+"/decision/", nil, &s); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

// redirected sends to a server of the test's what is for Didit.
type redirected struct {
	to   string
	next http.RoundTripper
}

func (r redirected) RoundTrip(req *http.Request) (*http.Response, error) {
	req.URL.Scheme, req.URL.Host = "http", strings.TrimPrefix(r.to, "http://")
	return r.next.RoundTrip(req)
}
