package transport

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// planted stands in everything that is sent and answered, and in the text of
// every foreign error: nothing of this package may print it.
const planted = "pl4nted"

var classes = []struct {
	name  string
	class Class
}{{"Read", Read}, {"Repeatable", Repeatable}, {"Once", Once}}

// request is a call to base, a POST where the class is one of writes.
func request(t *testing.T, base string, class Class) Request {
	t.Helper()
	u, err := url.Parse(base + "/v3/" + planted + "/?q=" + planted)
	require.NoError(t, err)
	req := Request{
		Operation: "Op", PathTemplate: "/v3/{id}/", Class: class, Method: http.MethodGet, URL: *u,
		Header: http.Header{"X-Api-Key": {planted}},
	}
	if class != Read {
		req.Method, req.Body = http.MethodPost, []byte(`{"share_token":"`+planted+`"}`)
	}
	return req
}

// quick retries twice and never waits between tries.
func quick(hc *http.Client) Config {
	return Config{HTTPClient: hc, MaxRetries: 2, MaxRetryAfter: time.Minute, MaxBody: 1 << 20, Now: time.Now}
}

// client has a transport of its own, gone at the test's end.
func client(t *testing.T, change ...func(*http.Transport)) *http.Client {
	t.Helper()
	tr := &http.Transport{MaxIdleConnsPerHost: 16}
	for _, f := range change {
		f(tr)
	}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

// counted is a server that counts what is delivered to it, bodies included.
func counted(t *testing.T, h http.HandlerFunc) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	srv, n := unstarted(t, h)
	srv.Start()
	return srv, n
}

func unstarted(t *testing.T, h http.HandlerFunc) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	var n atomic.Int64
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		assert.NoError(t, err)
		n.Add(1)
		h(w, r)
	}))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(srv.Close)
	return srv, &n
}

// hijacked answers on the bare connection.
func hijacked(t *testing.T, do func(net.Conn)) http.HandlerFunc {
	t.Helper()
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if assert.NoError(t, err) {
			do(conn)
			_ = conn.Close() // closed already where the case resets it
		}
	}
}

// answers writes a status, with Retry-After 0 so that nothing waits.
func answers(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// roundTrip is a transport without connections.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func fake(f roundTrip) *http.Client { return &http.Client{Transport: f} }

func response(status int, body io.Reader, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, ContentLength: -1, Body: io.NopCloser(body)}
}

// decoder decodes with a function.
type decoder func(status int, body []byte) error

func (f decoder) Decode(status int, body []byte) error { return f(status, body) }

// clean asserts that nothing foreign is printed: not by the failure, not by what
// it unwraps to.
func clean(t *testing.T, err error) {
	t.Helper()
	require.Error(t, err)
	var f *Failure
	require.ErrorAs(t, err, &f)
	require.NotErrorIs(t, err, context.DeadlineExceeded)
	require.NotErrorIs(t, err, context.Canceled)
	var ue *url.Error
	require.NotErrorAs(t, err, &ue)
	for e := err; e != nil; e = errors.Unwrap(e) {
		for _, foreign := range []string{planted, "net/http", "http:", "http2", "/v3/", "://", "giving up"} {
			assert.NotContains(t, e.Error(), foreign)
		}
	}
}

// pipes connects a client to a server inside a bubble, where sockets would stop
// the clock.
type pipes chan net.Conn

func (p pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p pipes) Accept() (net.Conn, error) {
	conn, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (p pipes) Close() error   { close(p); return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{} }

// piped is counted over pipes.
func piped(t *testing.T, h http.HandlerFunc) (*http.Client, *atomic.Int64) {
	t.Helper()
	var n atomic.Int64
	p := make(pipes)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		n.Add(1)
		h(w, r)
	})}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(p) }()
	tr := &http.Transport{DialContext: p.dial}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		assert.NoError(t, srv.Close())
		assert.ErrorIs(t, <-served, http.ErrServerClosed)
	})
	return &http.Client{Transport: tr}, &n
}

// endless is a body without an end.
type endless struct{ closed atomic.Bool }

func (e *endless) Read(p []byte) (int, error) {
	return copy(p, strings.Repeat("x", len(p))), nil
}

func (e *endless) Close() error { e.closed.Store(true); return nil }

func dialError() error { return &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED} }
