package transport

import (
	"bytes"
	"io"
	"net/http"
	"sync"
)

const (
	// maxErrorBody is how much of an answer that is no success is kept.
	maxErrorBody = 64 << 10
	// maxPooled is the largest buffer that is kept for the next call.
	maxPooled = 256 << 10
)

// buffers hold answers while they are decoded. They are cleared before they go
// back, because answers hold personal data.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// readError is a failure of reading, not of decoding.
type readError struct{ err error }

func (e readError) Error() string { return "the answer broke off" }

func (e readError) Unwrap() error { return e.err }

// readInto reads the body of a 2xx to where the call wants it.
func (c *call) readInto(resp *http.Response, stop stopper) error {
	defer resp.Body.Close()
	if c.req.Stream != nil {
		c.json = true // whatever a stream is to be, it came from Didit
		return c.stream(resp, stop)
	}
	p := buffers.Get().(*[]byte) //nolint:errcheck,forcetypeassert // the pool holds nothing else
	buf, err := readBounded((*p)[:0], resp, c.t.cfg.MaxBody)
	c.json = startsJSON(buf)
	if err == nil && c.req.Into != nil {
		err = c.req.Into.Decode(resp.StatusCode, buf)
	}
	if cap(buf) <= maxPooled {
		clear(buf)
		*p = buf[:0]
		buffers.Put(p)
	}
	return err
}

// startsJSON reports whether an answer, whole or not, begins as those of the API do.
func startsJSON(buf []byte) bool {
	buf = bytes.TrimLeft(buf, " \t\r\n")
	return len(buf) > 0 && (buf[0] == '{' || buf[0] == '[')
}

// readBounded appends the body to buf. Beyond the limit it is an error: half an
// answer is no answer.
func readBounded(buf []byte, resp *http.Response, limit int64) ([]byte, error) {
	if n := resp.ContentLength; n > limit {
		return buf, errTooLarge
	} else if need := min(n, maxPooled-512) + 1; need > int64(cap(buf)) {
		// One more than announced, so that the end is seen without growing. A length
		// beyond the pool's is not believed until the bytes have come.
		buf = make([]byte, 0, need)
	}
	for {
		if len(buf) == cap(buf) {
			buf = grow(buf)
		}
		n, err := resp.Body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case int64(len(buf)) > limit:
			return buf, errTooLarge
		case err == io.EOF:
			return buf, nil
		case err != nil:
			return buf, readError{err}
		}
	}
}

func grow(buf []byte) []byte {
	bigger := make([]byte, len(buf), max(2*cap(buf), 4<<10))
	copy(bigger, buf)
	clear(buf)
	return bigger
}

// readSome keeps the beginning of an answer that is no success, and says whether it
// broke off. Its status is known all the same.
func readSome(resp *http.Response) (body []byte, broken bool) {
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	return body, err != nil
}

// stream copies the body to the caller's writer. Nothing is written before Head has
// judged what came first.
func (c *call) stream(resp *http.Response, stop stopper) error {
	buf := make([]byte, 32<<10)
	held, judged := 0, c.req.Head == nil
	for {
		n, err := resp.Body.Read(buf[held:])
		if n > 0 {
			stop.moved()
		}
		held += n
		if !judged && held > 0 {
			more, unfit := c.req.Head(buf[:held])
			switch judged = unfit == nil; {
			case judged:
			case !more || err == io.EOF || held >= headSize:
				c.json = false // it did not come from Didit after all
				return unfit
			}
		}
		if judged && held > 0 {
			if werr := c.writeOut(buf[:held], stop); werr != nil {
				return werr
			}
			held = 0
		}
		switch {
		case err == io.EOF && c.res.Written == 0:
			return readError{io.ErrUnexpectedEOF}
		case err == io.EOF:
			return nil
		case err != nil:
			return readError{err}
		}
	}
}

// headSize is how many bytes Head may ask for.
const headSize = 1024

func (c *call) writeOut(p []byte, stop stopper) error {
	stop.hold() // how long the writer takes is the caller's
	n, err := c.req.Stream.Write(p)
	c.res.Written += int64(n)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return errWrite{err}
	}
	stop.moved()
	return nil
}
