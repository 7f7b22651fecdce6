package transport

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// connections counts the connections that are made to a server.
func connections(srv *httptest.Server) *atomic.Int64 {
	var n atomic.Int64
	srv.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			n.Add(1)
		}
	}
	return &n
}

// writer runs at each write.
type writer func()

func (f writer) Write(p []byte) (int, error) { f(); return len(p), nil }

// TestConnectionsKept: neither an answer of any kind nor a call that gives up
// costs a connection, one's own or another's.
func TestConnectionsKept(t *testing.T) {
	t.Parallel()
	srv, n := unstarted(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("Case") {
		case "refused":
			answers(404, strings.Repeat("no", 5000))(w, r)
		case "failed":
			answers(500, "oh")(w, r)
		case "moved":
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(302)
		default:
			io.WriteString(w, strings.Repeat("fine", 5000))
		}
	})
	conns := connections(srv)
	srv.Start()
	hc := client(t)
	own := func() { // the application's own call with the same http.Client
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
		require.NoError(t, err)
		resp, err := hc.Do(req)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
	}
	own()
	c := New(quick(hc))
	for _, what := range []string{"fine", "refused", "failed", "moved", "fine"} {
		req := request(t, srv.URL, Read)
		req.Header.Set("Case", what)
		c.Do(t.Context(), req)
		own()
	}
	dead := "http://" + closedPort(t)
	for _, class := range classes {
		require.Error(t, c.Do(t.Context(), request(t, dead, class.class)).Err)
		own()
	}
	// One that ends while it waits: retryablehttp closes what it can then.
	ctx, cancel := context.WithCancel(t.Context())
	cfg := quick(hc)
	cfg.WaitMin, cfg.WaitMax = 1<<62, 1<<62
	cfg.Logger = slog.New(slog.NewTextHandler(writer(func() { cancel() }), &slog.HandlerOptions{Level: slog.LevelDebug}))
	require.Error(t, New(cfg).Do(ctx, request(t, dead, Read)).CtxErr)
	own()
	assert.EqualValues(t, 1, conns.Load(), "connections")
	assert.EqualValues(t, 1+5*2+2+3+1, n.Load(), "deliveries") // the 500 three times
}

// TestParallelCalls share one client under the race detector, and connections
// stay for the next round.
func TestParallelCalls(t *testing.T) {
	t.Parallel()
	const many = 16
	srv, n := unstarted(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Header.Get("Case")) })
	conns := connections(srv)
	srv.Start()
	c := New(quick(client(t)))
	for range 5 {
		var wg sync.WaitGroup
		for i := range many {
			wg.Go(func() {
				want := strings.Repeat(string(rune('a'+i)), 1000*i)
				req := request(t, srv.URL, Once)
				req.Header.Set("Case", want)
				req.Into = decoder(func(_ int, body []byte) error { assert.Equal(t, want, string(body)); return nil })
				assert.True(t, c.Do(t.Context(), req).OK)
			})
		}
		wg.Wait()
	}
	assert.EqualValues(t, 5*many, n.Load())
	assert.LessOrEqual(t, conns.Load(), int64(2*many))
}

// TestSharedAnswer: a fake may give out one header for all its answers, as
// httpmock's do. Only the race detector sees what this test is for.
func TestSharedAnswer(t *testing.T) {
	t.Parallel()
	mock := httpmock.NewMockTransport()
	for status, path := range map[int]string{200: "fine", 302: "moved"} {
		header := http.Header{"Content-Type": {"text/plain"}, "Location": {"://" + planted}}
		mock.RegisterResponder(http.MethodGet, "https://host.test/"+path, httpmock.NewStringResponder(status, "{}").HeaderSet(header))
	}
	c := New(quick(&http.Client{Transport: mock}))
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			req := request(t, "https://host.test", Read)
			req.URL.Path, req.URL.RawQuery = []string{"/fine", "/moved"}[i%2], ""
			res := c.Do(t.Context(), req)
			assert.Equal(t, i%2 == 0, res.OK)
			assert.NoError(t, res.Err)
		})
	}
	wg.Wait()
}

// TestRedirects are answered, not followed, and where they lead is not even looked at.
func TestRedirects(t *testing.T) {
	t.Parallel()
	elsewhere, followed := counted(t, answers(200, ""))
	for _, location := range []string{elsewhere.URL + "/x", "/here", "", "://" + planted, "http://[" + planted, "%zz", "\x7f"} {
		for _, status := range []int{300, 301, 302, 303, 304, 307, 308} {
			var n atomic.Int64
			hc := &http.Client{Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
				if strings.HasPrefix(req.URL.String(), elsewhere.URL) {
					return http.DefaultTransport.RoundTrip(req)
				}
				n.Add(1)
				return response(status, strings.NewReader("moved"), "Location", location), nil
			})}
			hc.CheckRedirect = func(*http.Request, []*http.Request) error { panic("asked") }
			for _, c := range classes {
				n.Store(0)
				res := New(quick(hc)).Do(t.Context(), request(t, "https://host.test", c.class))
				require.NoError(t, res.Err)
				assert.Equal(t, status, res.Status)
				assert.Equal(t, "moved", string(res.Body))
				assert.Equal(t, NotSent, res.Outcome)
				assert.EqualValues(t, 1, n.Load())
			}
		}
	}
	assert.Zero(t, followed.Load())
	// A success with a bad Location is a success.
	hc := fake(always(201, "Location", "://"+planted))
	assert.True(t, New(quick(hc)).Do(t.Context(), request(t, "https://host.test", Once)).OK)
}

// TestCookies: a jar's cookies are sent once on each attempt, and new ones from then on.
func TestCookies(t *testing.T) {
	t.Parallel()
	var seen []string
	srv, _ := counted(t, func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, strings.Join(r.Header["Cookie"], " | "))
		http.SetCookie(w, &http.Cookie{Name: "a", Value: strings.Repeat("x", len(seen)), Path: "/"})
		w.WriteHeader(503)
	})
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	hc := client(t)
	hc.Jar = jar
	c := New(quick(hc))
	req := request(t, srv.URL, Read)
	c.Do(t.Context(), req)
	c.Do(t.Context(), request(t, srv.URL, Read))
	assert.Equal(t, []string{"", "a=x", "a=xx", "a=xxx", "a=xxxx", "a=xxxxx"}, seen)
}

func TestHTTP2(t *testing.T) {
	t.Parallel()
	srv, n := unstarted(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, 2, r.ProtoMajor)
		if r.Header.Get("Case") == "abort" {
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, "fine")
	})
	conns := connections(srv)
	srv.EnableHTTP2 = true
	srv.StartTLS()
	c := New(quick(srv.Client()))
	var body string
	for i, class := range classes {
		req := request(t, srv.URL, class.class)
		req.Into = decoder(func(_ int, b []byte) error { body = string(b); return nil })
		require.True(t, c.Do(t.Context(), req).OK)
		assert.Equal(t, "fine", body)

		n.Store(0)
		req = request(t, srv.URL, class.class)
		req.Header.Set("Case", "abort")
		res := c.Do(t.Context(), req)
		assert.EqualValues(t, []int{3, 3, 1}[i], n.Load(), class.name)
		assert.Equal(t, Unknown, res.Outcome)
		clean(t, res.Err)
	}
	assert.EqualValues(t, 1, conns.Load())
}
