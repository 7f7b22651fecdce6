package didittest

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
)

// HTTP/2 is served by net/http, which lets no handler reset its stream with a code of its choice or send GOAWAY. So each
// connection is wrapped above TLS: what is read tells a handler which stream is its own, and frames can be put between
// those that are written.

// serveHTTP2 serves the connections on which HTTP/2 was agreed. It returns how, for [http.Server.TLSNextProto].
func (s *Server) serveHTTP2() func(*http.Server, *tls.Conn, http.Handler) {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true) // TLS is behind us here
	inner := &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		Protocols:         protocols,
		ErrorLog:          s.http.Config.ErrorLog,
		IdleTimeout:       idleTimeout,
		ReadHeaderTimeout: s.cfg.readTimeout, // for the preface
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, frameConnKey{}, c)
		},
	}
	return func(_ *http.Server, c *tls.Conn, _ http.Handler) {
		conn := newFrameConn(c)
		_ = inner.Serve(&oneConn{conn: conn})
	}
}

// oneConn is a listener of one connection. It ends with it.
type oneConn struct {
	conn     *frameConn
	accepted bool
}

// Accept returns the connection, and io.EOF once it is closed.
func (l *oneConn) Accept() (net.Conn, error) {
	if !l.accepted {
		l.accepted = true
		return l.conn, nil
	}
	<-l.conn.closed
	return nil, io.EOF
}

// Close does nothing: the connection is the server's.
func (l *oneConn) Close() error { return nil }

// Addr is the connection's own address.
func (l *oneConn) Addr() net.Addr { return l.conn.LocalAddr() }

// stream is a call's own, on HTTP/2.
type stream struct {
	conn *frameConn
	id   uint32
}

// streamHeader tells a handler its stream. It is put behind the client's headers, on the server's side of the wire, where it
// is streamField.
const (
	streamHeader = "X-Didittest-Stream"
	streamField  = "x-didittest-stream"
)

type frameConnKey struct{}

// takeStream returns the request's stream, nil on HTTP/1, and takes its mark off the headers.
func takeStream(r *http.Request) *stream {
	conn, ok := r.Context().Value(frameConnKey{}).(*frameConn)
	marks := r.Header.Values(streamHeader)
	if !ok || len(marks) == 0 {
		return nil
	}
	id, err := strconv.ParseUint(marks[len(marks)-1], 10, 32)
	if r.Header.Del(streamHeader); err != nil {
		return nil
	}
	return &stream{conn, uint32(id)}
}

// The frames of RFC 9113 that matter here, and what they say.
const (
	frameHeaders, frameRSTStream, frameGoAway, frameContinuation = 0x1, 0x3, 0x7, 0x9

	flagEndHeaders, flagPadded = 0x4, 0x8

	frameHeaderLen = 9
	clientPreface  = 24 // bytes
)

// reset ends the stream with an error code.
func (s *stream) reset(code uint32) {
	s.conn.inject(frame(frameRSTStream, s.id, binary.BigEndian.AppendUint32(nil, code)))
}

// goAway ends the connection for new streams, and says that this one and those behind it were not processed.
func (s *stream) goAway() {
	last := s.id - min(s.id, 2)
	noError := uint32(0)
	s.conn.inject(frame(frameGoAway, 0, binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, last), noError)))
}

// frame encodes a short frame without flags.
func frame(kind byte, streamID uint32, payload []byte) []byte {
	f := []byte{0, 0, byte(len(payload)), kind, 0} //nolint:gosec // 8 bytes at most
	return append(binary.BigEndian.AppendUint32(f, streamID), payload...)
}

// frameConn is a connection that speaks HTTP/2, above TLS. It has no ConnectionState, so that net/http takes it for a plain one.
type frameConn struct {
	net.Conn
	once   sync.Once
	closed chan struct{}

	// Read by one goroutine.
	in   *bufio.Reader
	held bytes.Buffer // read and not yet handed on
	pass int          // bytes to hand on as they come

	// What is written.
	mu       sync.Mutex
	between  *sync.Cond // signalled when out is at the end of a frame, or broken
	head     []byte     // of the header of a frame that has begun
	left     int        // of its payload
	isBroken bool
}

func newFrameConn(c net.Conn) *frameConn {
	f := &frameConn{Conn: c, closed: make(chan struct{}), in: bufio.NewReader(c), pass: clientPreface}
	f.between = sync.NewCond(&f.mu)
	return f
}

// Read hands on what the client sends, with the stream's mark behind each block of headers.
func (c *frameConn) Read(p []byte) (int, error) {
	if c.held.Len() == 0 && c.pass == 0 {
		if err := c.readFrame(); err != nil {
			return 0, err
		}
	}
	if c.held.Len() > 0 {
		return c.held.Read(p)
	}
	n, err := c.in.Read(p[:min(len(p), c.pass)])
	c.pass -= n
	return n, err
}

// readFrame holds the header of the next frame, and the payload of one that ends a block of headers.
func (c *frameConn) readFrame() error {
	head := make([]byte, frameHeaderLen)
	if _, err := io.ReadFull(c.in, head); err != nil {
		return err
	}
	size, kind, flags := payloadLen(head), head[3], head[4]
	if kind != frameHeaders && kind != frameContinuation || flags&flagEndHeaders == 0 {
		c.held.Write(head)
		c.pass = size
		return nil
	}
	payload := make([]byte, size)
	if _, err := io.ReadFull(c.in, payload); err != nil {
		return err
	}
	end := len(payload)
	if kind == frameHeaders && flags&flagPadded != 0 && end > 0 {
		end -= min(int(payload[0]), end)
	}
	id := strconv.FormatUint(uint64(binary.BigEndian.Uint32(head[5:])), 10)
	size += 3 + len(streamField) + len(id)
	c.held.Write([]byte{byte(size >> 16), byte(size >> 8), byte(size)}) //nolint:gosec // cut to bytes on purpose
	c.held.Write(head[3:])
	c.held.Write(payload[:end])
	// A literal field that enters no table (RFC 7541, 6.2.2).
	c.held.Write([]byte{0, byte(len(streamField))})
	c.held.WriteString(streamField)
	c.held.WriteByte(byte(len(id))) //nolint:gosec // ten digits at most
	c.held.WriteString(id)
	c.held.Write(payload[end:])
	return nil
}

func payloadLen(head []byte) int { return int(head[0])<<16 | int(head[1])<<8 | int(head[2]) }

// Write writes what net/http has to say, and keeps in mind where its frames end.
func (c *frameConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := c.Conn.Write(p)
	for rest := p[:n]; len(rest) > 0; {
		if c.left > 0 {
			skip := min(c.left, len(rest))
			c.left, rest = c.left-skip, rest[skip:]
			continue
		}
		take := min(frameHeaderLen-len(c.head), len(rest))
		c.head, rest = append(c.head, rest[:take]...), rest[take:]
		if len(c.head) == frameHeaderLen {
			c.left, c.head = payloadLen(c.head), c.head[:0]
		}
	}
	c.isBroken = c.isBroken || err != nil
	c.between.Broadcast()
	return n, err
}

// inject writes a frame of the stand-in's own, between those of net/http.
func (c *frameConn) inject(f []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.isBroken && (c.left > 0 || len(c.head) > 0) {
		c.between.Wait()
	}
	if !c.isBroken {
		_, _ = c.Conn.Write(f)
	}
}

// Close closes the connection and wakes whoever waits for it.
func (c *frameConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() { close(c.closed) })
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isBroken = true
	c.between.Broadcast()
	return err
}
