package transport

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

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
