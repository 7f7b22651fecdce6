package transport

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// framed is a server that speaks HTTP/2 over TLS in frames of its own.
type framed struct {
	url    string
	client *http.Client
	begun  atomic.Int64 // streams whose headers arrived
	whole  atomic.Int64 // requests that arrived to their end
}

// stream is one request.
type stream struct {
	*http2.Framer
	id uint32
	n  int64 // counted over all connections, from 1
}

func (s stream) reset(code http2.ErrCode) { _ = s.WriteRSTStream(s.id, code) }

// goAway says that this stream and all later ones were not processed.
func (s stream) goAway() { _ = s.WriteGoAway(s.id-1, http2.ErrCodeNo, nil) }

func (s stream) answer(status, body string) {
	var block strings.Builder
	_ = hpack.NewEncoder(&block).WriteField(hpack.HeaderField{Name: ":status", Value: status})
	_ = s.WriteHeaders(http2.HeadersFrameParam{StreamID: s.id, BlockFragment: []byte(block.String()), EndHeaders: true})
	_ = s.WriteData(s.id, true, []byte(body))
}

// buffered are pipes whose server does not wait for its client to read, as sockets
// do: both ends of HTTP/2 may be writing at the same time.
type buffered struct{ net.Listener }

func (b buffered) Accept() (net.Conn, error) {
	conn, err := b.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &bufferedConn{Conn: conn, writes: make(chan []byte, 1000), closed: make(chan struct{})}
	go func() {
		for {
			select {
			case p := <-c.writes:
				_, _ = c.Conn.Write(p) // fails where the client is gone
			case <-c.closed:
				return
			}
		}
	}()
	return c, nil
}

type bufferedConn struct {
	net.Conn
	writes chan []byte
	closed chan struct{}
	once   sync.Once
}

func (c *bufferedConn) Write(p []byte) (int, error) {
	select {
	case c.writes <- bytes.Clone(p):
		return len(p), nil
	case <-c.closed:
		return 0, net.ErrClosed
	}
}

func (c *bufferedConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// certificate is httptest's own, taken before any bubble of virtual time.
var certificate = func() tls.Certificate {
	donor := httptest.NewUnstartedServer(nil)
	donor.StartTLS()
	defer donor.Close()
	return donor.TLS.Certificates[0]
}()

// newFramed answers each request by h, at its headers or at its end.
func newFramed(t *testing.T, atHeaders bool, h func(stream)) *framed {
	t.Helper()
	p := make(pipes)
	l := tls.NewListener(buffered{p}, &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12})
	tr := &http.Transport{
		DialContext: p.dial, ForceAttemptHTTP2: true,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12},
	}
	f := &framed{url: "https://host.test", client: &http.Client{Transport: tr}}
	var all sync.WaitGroup
	var conns []net.Conn
	accepted := make(chan struct{})
	t.Cleanup(func() {
		_ = l.Close()
		<-accepted
		for _, conn := range conns {
			_ = conn.Close()
		}
		all.Wait()
	})
	all.Go(func() {
		defer close(accepted)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conns = append(conns, conn)
			all.Go(func() { f.serve(conn, atHeaders, h) })
		}
	})
	return f
}

func (f *framed) serve(conn net.Conn, atHeaders bool, h func(stream)) {
	defer func() { _ = conn.Close() }()
	if _, err := io.ReadFull(conn, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	fr := http2.NewFramer(conn, conn)
	_ = fr.WriteSettings()
	for {
		frame, err := fr.ReadFrame()
		if err != nil {
			return
		}
		ended := false
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				_ = fr.WriteSettingsAck()
			}
		case *http2.PingFrame:
			_ = fr.WritePing(true, frame.Data)
		case *http2.HeadersFrame:
			n := f.begun.Add(1)
			if ended = frame.StreamEnded(); atHeaders && !ended {
				h(stream{fr, frame.StreamID, n})
			}
		case *http2.DataFrame:
			ended = frame.StreamEnded()
		}
		if ended {
			n := f.whole.Add(1)
			if !atHeaders {
				h(stream{fr, frame.Header().StreamID, n})
			} else if _, ok := frame.(*http2.HeadersFrame); ok {
				h(stream{fr, frame.Header().StreamID, n})
			}
		}
	}
}

var http2Faults = []struct {
	name string
	do   func(stream)
}{
	{"PROTOCOL_ERROR", func(s stream) { s.reset(http2.ErrCodeProtocol) }},
	{"REFUSED_STREAM", func(s stream) { s.reset(http2.ErrCodeRefusedStream) }},
	{"INTERNAL_ERROR", func(s stream) { s.reset(http2.ErrCodeInternal) }},
	{"GOAWAY", stream.goAway},
}

// TestHTTP2Replays: net/http replays a request by itself over HTTP/2 where it can.
// Nothing that may have arrived goes out twice by that, whatever its class, and a
// read puts a bounded number of requests on the wire.
func TestHTTP2Replays(t *testing.T) {
	t.Parallel()
	for _, fault := range http2Faults {
		for _, test := range []struct {
			name   string
			class  Class
			method string
			body   string
			most   int64 // requests of one attempt
			tries  int
		}{
			{"import", Once, "POST", "{}", 1, 1},
			{"write without a body", Once, "POST", "", 1, 1},
			{"share", Repeatable, "POST", "{}", 1, 3},
			{"delete", Read, "DELETE", "", 1, 3},
			{"read", Read, "GET", "", maxSends, 3},
		} {
			t.Run(fault.name+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					srv := newFramed(t, false, fault.do)
					cfg := quick(srv.client)
					var waits atomic.Int64
					cfg.Limiter = limiter(func(context.Context) error { waits.Add(1); return nil })
					req := request(t, srv.url, test.class)
					req.Method, req.Body = test.method, nil
					if test.body != "" {
						req.Body = []byte(test.body)
					}
					res := New(cfg).Do(t.Context(), req)
					assert.False(t, res.OK)
					assert.Equal(t, test.tries, res.Attempts)
					assert.EqualValues(t, test.tries, waits.Load(), "the limiter is asked for each attempt")
					assert.GreaterOrEqual(t, srv.begun.Load(), int64(test.tries))
					assert.LessOrEqual(t, srv.begun.Load(), int64(test.tries)*test.most, "on the wire")
					assert.Equal(t, Unknown, res.Outcome)
					require.Error(t, res.Err)
					clean(t, res.Err)
				})
			})
		}
	}
}

// TestHTTP2Recovers: a server that goes away, once, does no harm to what may go out again.
func TestHTTP2Recovers(t *testing.T) {
	t.Parallel()
	for _, fault := range http2Faults {
		for _, class := range []Class{Read, Repeatable} {
			synctest.Test(t, func(t *testing.T) {
				srv := newFramed(t, false, func(s stream) {
					if s.n == 1 {
						fault.do(s)
						return
					}
					s.answer("200", "{}")
				})
				res := New(quick(srv.client)).Do(t.Context(), request(t, srv.url, class))
				assert.True(t, res.OK, fault.name)
				assert.EqualValues(t, 2, srv.whole.Load(), fault.name)
			})
		}
	}
}

// TestHTTP2Early: a stream that is reset at its headers, with the body on its way.
func TestHTTP2Early(t *testing.T) {
	t.Parallel()
	for _, fault := range http2Faults {
		synctest.Test(t, func(t *testing.T) {
			srv := newFramed(t, true, fault.do)
			req := request(t, srv.url, Once)
			req.Body = []byte(strings.Repeat("x", 200_000)) // more than the window: it waits with its body begun
			res := New(quick(srv.client)).Do(t.Context(), req)
			assert.Equal(t, 1, res.Attempts, fault.name)
			assert.EqualValues(t, 1, srv.begun.Load(), fault.name)
			assert.Equal(t, Unknown, res.Outcome)
		})
	}
}

// TestUnsentOverHTTP2: a connection that cannot take the request is left for
// another by net/http, and the request is sent once.
func TestUnsentOverHTTP2(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newFramed(t, false, func(s stream) {
			s.answer("200", "{}")
			_ = s.WriteGoAway(s.id, http2.ErrCodeNo, nil) // after the answer: the connection is of no more use
		})
		client := New(quick(srv.client))
		for i := range 20 {
			res := client.Do(t.Context(), request(t, srv.url, Once))
			require.True(t, res.OK, fmt.Sprint(i, res.Err))
			synctest.Wait() // until the connection is known to be of no more use
		}
		assert.EqualValues(t, 20, srv.whole.Load())
	})
}

// TestReadBoundEnds: the bound of one attempt is not a timeout.
func TestReadBoundEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newFramed(t, false, stream.goAway)
		cfg := quick(srv.client)
		cfg.AttemptTimeout = time.Hour
		res := New(cfg).Do(t.Context(), request(t, srv.url, Read))
		require.EqualError(t, res.Err, "the server took back the request again and again")
		require.NoError(t, res.CtxErr)
	})
}
