package transport

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New(planted) }

type shortWriter struct{}

func (shortWriter) Write(p []byte) (int, error) { return len(p) / 2, nil }

// limited takes so many bytes and then fails.
type limitedWriter struct {
	left int
	err  error
}

func (w *limitedWriter) Write(p []byte) (int, error) {
	n := min(len(p), w.left)
	w.left -= n
	if n < len(p) {
		return n, w.err
	}
	return n, nil
}

func TestStream(t *testing.T) {
	t.Parallel()
	const size = 3 << 20 // beyond the bound of other answers
	srv, n := counted(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, strings.Repeat("0123456789abcdef", size/16))
	})
	var got bytes.Buffer
	req := request(t, srv.URL, Read)
	req.Stream = &got
	req.Into = decoder(func(int, []byte) error { panic("a stream is not decoded") })
	res := New(quick(client(t))).Do(t.Context(), req)
	assert.Equal(t, Result{OK: true, Attempts: 1, Status: 200, Written: size}, *res)
	assert.Equal(t, strings.Repeat("0123456789abcdef", size/16), got.String())
	assert.EqualValues(t, 1, n.Load())
}

// TestStreamFails: a stream is begun again only where nothing has reached the writer.
func TestStreamFails(t *testing.T) {
	t.Parallel()
	disk := errors.New(planted)
	short := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100000")
			io.WriteString(w, text)
		}
	}
	for _, test := range []struct {
		name     string
		handler  http.HandlerFunc
		writer   io.Writer
		attempts [3]int
		written  int64
		text     string
		is       error
	}{
		{"broken at once", short(""), io.Discard, [3]int{3, 3, 1}, 0, "the answer (status 200) broke off", io.ErrUnexpectedEOF},
		{"empty", answers(200, ""), io.Discard, [3]int{3, 3, 1}, 0, "the answer (status 200) broke off", io.ErrUnexpectedEOF},
		{"broken later", short("begun"), io.Discard, [3]int{1, 1, 1}, 5, "the answer (status 200) broke off", io.ErrUnexpectedEOF},
		{"writer fails at once", answers(200, "bytes"), &limitedWriter{0, disk}, [3]int{1, 1, 1}, 0, "the writer failed; Didit's answer was fine", disk},
		{"writer fails later", answers(200, "bytes"), &limitedWriter{3, disk}, [3]int{1, 1, 1}, 3, "the writer failed; Didit's answer was fine", disk},
		{"short write", answers(200, "bytes!"), shortWriter{}, [3]int{1, 1, 1}, 3, "the writer failed; Didit's answer was fine", io.ErrShortWrite},
	} {
		for i, c := range classes {
			t.Run(test.name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				srv, n := counted(t, test.handler)
				req := request(t, srv.URL, c.class)
				req.Stream = test.writer
				if l, ok := test.writer.(*limitedWriter); ok {
					own := *l
					req.Stream = &own
				}
				res := New(quick(client(t))).Do(t.Context(), req)
				assert.False(t, res.OK)
				assert.EqualValues(t, test.attempts[i], n.Load())
				assert.Equal(t, test.attempts[i], res.Attempts)
				assert.Equal(t, test.written, res.Written)
				assert.Equal(t, ResultLost, res.Outcome)
				require.EqualError(t, res.Err, test.text)
				require.ErrorIs(t, res.Err, test.is)
				clean(t, res.Err)
			})
		}
	}
}

// TestStreamRefused: a refusal does not reach the writer.
func TestStreamRefused(t *testing.T) {
	t.Parallel()
	var got bytes.Buffer
	srv, _ := counted(t, answers(404, "not found"))
	req := request(t, srv.URL, Read)
	req.Stream = &got
	res := New(quick(client(t))).Do(t.Context(), req)
	assert.Equal(t, "not found", string(res.Body))
	assert.Empty(t, got.String())
	assert.Zero(t, res.Written)
}
