package didit_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

const pdfHead = "%PDF-1.7\n"

// pdfBytes are n bytes of a report, in pieces.
type pdfBytes struct {
	n   int
	end error
	at  int
}

func (r *pdfBytes) Read(p []byte) (int, error) {
	if r.n == 0 {
		return 0, r.end
	}
	n := min(len(p), r.n)
	r.n -= n
	for i := range p[:n] {
		p[i] = '%'
	}
	if r.at < len(pdfHead) {
		copy(p[:n], pdfHead[r.at:])
	}
	r.at += n
	return n, nil
}

func servePDF(size int, end error, count *int) testkit.RoundTripper {
	return func(r *http.Request) (*http.Response, error) {
		*count++
		resp := testkit.Answer(r, 200, "")
		resp.ContentLength = -1
		resp.Body = io.NopCloser(&pdfBytes{n: size, end: end})
		return resp, nil
	}
}

// A PDF goes through, whatever its size: this one is more than other answers may be.
func TestPDFIsStreamed(t *testing.T) { //nolint:paralleltest // measures what the whole program allocates
	const size = 50 << 20
	calls := 0
	c := testkit.Client(t, servePDF(size, io.EOF, &calls))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, err := c.SessionPDF(t.Context(), testkit.SessionID, io.Discard)
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	assert.EqualValues(t, size, n)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20), "bytes allocated")
}

type pdfWriter struct {
	room int
	err  error
	got  int
}

func (w *pdfWriter) Write(p []byte) (int, error) {
	n := min(len(p), w.room)
	w.room -= n
	w.got += n
	if n < len(p) {
		return n, w.err
	}
	return n, nil
}

func TestPDFFailures(t *testing.T) {
	t.Parallel()
	full := errors.New("disk of customer-oriane-4711 full")
	for name, test := range map[string]struct {
		size    int
		end     error
		room    int
		werr    error
		calls   int
		written int64
		is      error
	}{
		"writer fails at once":     {100, io.EOF, 0, full, 1, 0, full},
		"writer fails later":       {100_000, io.EOF, 40_000, full, 1, 40_000, full},
		"writer writes too little": {100, io.EOF, 40, nil, 1, 40, io.ErrShortWrite},
		"cut after some bytes":     {100_000, io.ErrUnexpectedEOF, 1 << 20, nil, 1, 100_000, io.ErrUnexpectedEOF},
		"cut before any":           {0, io.ErrUnexpectedEOF, 1 << 20, nil, 3, 0, io.ErrUnexpectedEOF},
		"empty":                    {0, io.EOF, 1 << 20, nil, 3, 0, io.ErrUnexpectedEOF},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			w := &pdfWriter{room: test.room, err: test.werr}
			n, err := testkit.Client(t, servePDF(test.size, test.end, &calls), didit.WithMaxRetries(2)).SessionPDF(t.Context(), testkit.SessionID, w)
			require.ErrorIs(t, err, test.is)
			assert.Equal(t, testkit.Names("ResultLost"), testkit.Matches(err))
			assert.Equal(t, test.written, n)
			assert.EqualValues(t, test.written, w.got)
			assert.Equal(t, test.calls, calls, "nothing is asked for again once a byte was written")
			assert.NotContains(t, err.Error(), "4711")
			assert.Equal(t, test.room < test.size, strings.Contains(err.Error(), "the writer failed"), err.Error())
		})
	}
}

func TestPDFErrorAnswer(t *testing.T) {
	t.Parallel()
	var seen []testkit.Seen
	var w bytes.Buffer
	n, err := testkit.Client(t, testkit.Recorder(&seen, 403, `{"detail":"Session is not finished."}`)).SessionPDF(t.Context(), testkit.SessionID, &w)
	var api *didit.APIError
	require.ErrorAs(t, err, &api)
	assert.Equal(t, "Session is not finished.", api.Message)
	assert.Zero(t, n)
	assert.Zero(t, w.Len(), "an error answer is no report")
	_, err = testkit.Client(t, testkit.Mock(t)).SessionPDF(t.Context(), testkit.SessionID, (*bytes.Buffer)(nil))
	assert.Equal(t, []string{"w"}, testkit.Fields(t, err))
}

// After a 503 the report comes from the second answer alone.
func TestPDFIsTriedAgain(t *testing.T) {
	t.Parallel()
	calls := 0
	report := servePDF(1000, io.EOF, &calls)
	var w bytes.Buffer
	n, err := testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		if calls == 0 {
			calls++
			return testkit.Answer(r, 503, "busy"), nil
		}
		return report(r)
	})).SessionPDF(t.Context(), testkit.SessionID, &w)
	require.NoError(t, err)
	assert.EqualValues(t, 1000, n)
	assert.Equal(t, pdfHead+strings.Repeat("%", 1000-len(pdfHead)), w.String())
}

// A PDF is told by its first bytes. Of anything else not a byte is written, and it is
// asked for again.
func TestPDFIsAPDF(t *testing.T) {
	t.Parallel()
	for body, fine := range map[string]bool{
		"%PDF-": true, "%PDF-1.7\n...": true, "\ufeff%PDF-2.0": true, " \r\n\t%PDF-1.4": true, "\ufeff\n%PDF-1.4": true, strings.Repeat("\n", 1019) + "%PDF-": true,
		"<!DOCTYPE html><p>Sign in to read %PDF-1.7": false, `{"detail":"%PDF-"}`: false, "%PDF": false, "%pdf-1.7": false, "x%PDF-1.7": false, "\ufeff": false, "\xef\xbb": false,
		strings.Repeat(" ", 100): false, strings.Repeat("\n", 5000) + "%PDF-": false,
	} {
		for name, wrap := range map[string]func(io.Reader) io.Reader{"at once": func(r io.Reader) io.Reader { return r }, "byte by byte": iotest.OneByteReader} {
			calls := 0
			c := testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
				calls++
				resp := testkit.Answer(r, 200, "")
				resp.ContentLength, resp.Body = -1, io.NopCloser(wrap(strings.NewReader(body)))
				return resp, nil
			}), didit.WithMaxRetries(1))
			var w bytes.Buffer
			n, err := c.SessionPDF(t.Context(), testkit.SessionID, &w)
			assert.EqualValues(t, w.Len(), n)
			if fine {
				require.NoError(t, err, "%.30q %s", body, name)
				assert.Equal(t, body, w.String())
				assert.Equal(t, 1, calls)
				continue
			}
			require.Error(t, err, "%.30q %s", body, name)
			assert.Contains(t, err.Error(), "is not a PDF")
			assert.Zero(t, n)
			assert.Equal(t, 2, calls)
			assert.True(t, didit.Retryable(err))
		}
	}
}

// The context ends a report between two bytes.
func TestPDFContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	rt := servePDF(100_000, context.Canceled, &calls)
	n, err := testkit.Client(t, rt).SessionPDF(ctx, testkit.SessionID, trigger{cancel})
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, testkit.Names("ResultLost"), testkit.Matches(err))
	assert.EqualValues(t, 100_000, n)
	assert.Equal(t, 1, calls)
}

type trigger struct{ f func() }

func (w trigger) Write(p []byte) (int, error) { w.f(); return len(p), nil }
