package didittest

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"net/http"
	"sync"

	"golang.org/x/net/http2"
)

// serveHTTP2 makes a server speak HTTP/2 with connections that can reset a stream in any way, which net/http's own do not.
func serveHTTP2(config *http.Server) {
	config.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){
		http2.NextProtoTLS: func(config *http.Server, conn *tls.Conn, h http.Handler) {
			wrapped := &http2Conn{Conn: conn}
			new(http2.Server).ServeConn(wrapped, &http2.ServeConnOpts{ //nolint:staticcheck // net/http takes no connection that is wrapped
				Context: context.WithValue(context.Background(), http2Key{}, wrapped), BaseConfig: config, Handler: h,
			})
		},
	}
}

type http2Key struct{}

// http2Conn puts other frames in the place of the RST_STREAM(INTERNAL_ERROR) with which the server below it ends a request
// whose handler panics.
type http2Conn struct {
	*tls.Conn
	mu      sync.Mutex
	frame   func(stream uint32) []byte // for the next one; of two calls that end at the same moment the later one decides
	partial []byte                     // of a frame that is being written
}

// The frames of HTTP/2 that are written here, see RFC 9113, section 6.
const (
	frameHeader    = 9
	frameRSTStream = 0x3
	frameGoAway    = 0x7
)

func rstStream(code uint32) func(stream uint32) []byte {
	return func(stream uint32) []byte {
		frame := []byte{0, 0, 4, frameRSTStream, 0}
		frame = binary.BigEndian.AppendUint32(frame, stream)
		return binary.BigEndian.AppendUint32(frame, code)
	}
}

// goAway says that the stream and all later ones were not processed.
func goAway(stream uint32) []byte {
	frame := []byte{0, 0, 8, frameGoAway, 0}
	frame = binary.BigEndian.AppendUint32(frame, 0)
	frame = binary.BigEndian.AppendUint32(frame, stream-1)
	return binary.BigEndian.AppendUint32(frame, uint32(http2.ErrCodeNo))
}

// end ends the request's stream with a frame of its own. On HTTP/1 it drops the connection.
func (c *call) end(frame func(stream uint32) []byte) {
	if conn, ok := c.request.Context().Value(http2Key{}).(*http2Conn); ok {
		conn.mu.Lock()
		conn.frame = frame
		conn.mu.Unlock()
	}
	panic(http.ErrAbortHandler)
}

// Write passes whole frames on.
func (c *http2Conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.partial = append(c.partial, p...)
	var out []byte
	for len(c.partial) >= frameHeader {
		n := frameHeader + int(c.partial[0])<<16 + int(c.partial[1])<<8 + int(c.partial[2])
		if len(c.partial) < n {
			break
		}
		frame := c.partial[:n]
		if c.frame != nil && frame[3] == frameRSTStream && binary.BigEndian.Uint32(frame[frameHeader:]) == uint32(http2.ErrCodeInternal) {
			frame = c.frame(binary.BigEndian.Uint32(frame[5:]))
			c.frame = nil
		}
		out = append(out, frame...)
		c.partial = c.partial[n:]
	}
	if len(out) > 0 {
		if _, err := c.Conn.Write(out); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}
