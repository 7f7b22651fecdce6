package transport

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestBodyBound: an answer of exactly the limit is read, one byte more is an error,
// whatever was announced.
func TestBodyBound(t *testing.T) {
	t.Parallel()
	const limit = 100_000
	chunked := func(size int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for range size / 1000 {
				io.WriteString(w, strings.Repeat("x", 1000))
				_ = http.NewResponseController(w).Flush() // the client may have enough
			}
			io.WriteString(w, strings.Repeat("x", size%1000))
		}
	}
	announced := func(size int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(size))
			chunked(size)(w, r)
		}
	}
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
		size    int // 0: too large
	}{
		{"announced", announced(limit), limit},
		{"announced, empty", announced(0), -1},
		{"announced, one more", announced(limit + 1), 0},
		{"announced, absurd", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9223372036854775807")
		}, 0},
		{"chunked", chunked(limit), limit},
		{"chunked, one more", chunked(limit + 1), 0},
		{"chunked, tenfold", chunked(10 * limit), 0},
		{"compressed", compressed(200, limit), limit},
		{"compressed, a bomb", compressed(200, 200*limit), 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			srv, n := counted(t, test.handler)
			cfg := quick(client(t))
			cfg.MaxBody = limit
			got := 0
			req := request(t, srv.URL, Read)
			req.Into = decoder(func(_ int, body []byte) error {
				got = len(body)
				assert.Equal(t, got, bytes.Count(body, []byte("x")))
				return nil
			})
			res := New(cfg).Do(t.Context(), req)
			assert.EqualValues(t, 1, n.Load(), "the same answer would be as large again")
			if test.size != 0 {
				assert.True(t, res.OK)
				assert.Equal(t, max(test.size, 0), got)
				return
			}
			assert.Zero(t, got, "half an answer is no answer")
			require.ErrorIs(t, res.Err, errTooLarge)
			clean(t, res.Err)
			assert.Equal(t, Unknown, res.Outcome, "it is no JSON")
		})
	}
}

// compressed answers with size bytes that compress well.
func compressed(status, size int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(status)
		z := gzip.NewWriter(w)
		_, _ = z.Write(bytes.Repeat([]byte("x"), size)) // the client may have enough
		_ = z.Close()
	}
}

// TestLyingLength are RoundTrippers whose length is not that of the body.
func TestLyingLength(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		length int64
		body   int
		ok     bool
	}{
		{"shorter", 10, 5000, true},
		{"shorter, and too large", 10, 20_001, false},
		{"none", 0, 5000, true},
		{"longer", 15_000, 5000, true},
		{"longer than the limit", 20_001, 10, false},
	} {
		var got int
		cfg := quick(fake(func(*http.Request) (*http.Response, error) {
			resp := response(200, strings.NewReader(strings.Repeat("x", test.body)))
			resp.ContentLength = test.length
			return resp, nil
		}))
		cfg.MaxBody = 20_000
		req := request(t, "https://host.test", Once)
		req.Into = decoder(func(_ int, body []byte) error { got = len(body); return nil })
		res := New(cfg).Do(t.Context(), req)
		assert.Equal(t, test.ok, res.OK, test.name)
		if test.ok {
			assert.Equal(t, test.body, got, test.name)
		}
	}
	// A length within an enormous limit is not believed before the bytes have come.
	resp := http.Response{ContentLength: 1 << 50, Body: io.NopCloser(strings.NewReader("short"))}
	buf, err := readBounded(nil, &resp, 1<<51)
	require.NoError(t, err)
	assert.Equal(t, "short", string(buf))
	assert.LessOrEqual(t, cap(buf), maxPooled)
}

// TestErrorBodyBound: of an answer that is no success its beginning is kept, and
// the body is closed.
func TestErrorBodyBound(t *testing.T) {
	t.Parallel()
	body := new(endless)
	hc := fake(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 400, Header: http.Header{}, Body: body, ContentLength: -1}, nil
	})
	res := New(quick(hc)).Do(t.Context(), request(t, "https://host.test", Once))
	assert.Len(t, res.Body, 64<<10)
	assert.True(t, body.closed.Load())

	srv, _ := counted(t, compressed(500, 10<<20))
	res = New(quick(client(t))).Do(t.Context(), request(t, srv.URL, Once))
	assert.Equal(t, 500, res.Status)
	assert.Equal(t, strings.Repeat("x", 64<<10), string(res.Body))

	hc = fake(func(*http.Request) (*http.Response, error) {
		return response(404, io.MultiReader(strings.NewReader("begun"), readFunc(func([]byte) (int, error) { return 0, errors.New("broken") }))), nil
	})
	res = New(quick(hc)).Do(t.Context(), request(t, "https://host.test", Once))
	assert.Equal(t, 404, res.Status)
	assert.Equal(t, "begun", string(res.Body))
}

// TestBodyClosed: whatever becomes of an answer, its body is closed.
func TestBodyClosed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{101, 200, 302, 404, 503} {
		for _, stream := range []io.Writer{nil, failingWriter{}} {
			body := new(endless)
			hc := fake(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: status, Header: http.Header{}, Body: body, ContentLength: -1}, nil
			})
			req := request(t, "https://host.test", Once)
			req.Stream = stream
			res := New(quick(hc)).Do(t.Context(), req)
			assert.True(t, body.closed.Load(), status)
			assert.Equal(t, 1, res.Attempts)
		}
	}
}

// TestNoBody: http.Client allows a RoundTripper to leave the body out.
func TestNoBody(t *testing.T) {
	t.Parallel()
	for _, status := range []int{101, 204, 404} {
		hc := fake(func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: status}, nil })
		res := New(quick(hc)).Do(t.Context(), request(t, "https://host.test", Once))
		assert.Equal(t, status == 204, res.OK)
	}
}

// TestBuffersCleared keeps what a decoder must not keep, to see it gone. Other
// calls would write into the same buffers.
func TestBuffersCleared(t *testing.T) { //nolint:paralleltest // the pool is one for all
	for _, test := range []struct {
		name   string
		length int64
		fail   error
	}{
		{"announced", 30_000, nil},
		{"grown", -1, nil},
		{"failed", -1, errors.New("failed")},
	} {
		var kept []byte
		hc := fake(func(*http.Request) (*http.Response, error) {
			resp := response(200, strings.NewReader(strings.Repeat("secret", 5000)))
			resp.ContentLength = test.length
			return resp, nil
		})
		req := request(t, "https://host.test", Once)
		req.Into = decoder(func(_ int, body []byte) error {
			kept = body
			assert.Contains(t, string(body), "secret", test.name)
			return test.fail
		})
		assert.Equal(t, test.fail == nil, New(quick(hc)).Do(t.Context(), req).OK, test.name)
		assert.Len(t, kept, 30_000, test.name)
		assert.Equal(t, len(kept), bytes.Count(kept, []byte{0}), test.name)
	}
}

// TestBufferReused: buffers that went back are clear and within their bound.
func TestBufferReused(t *testing.T) { //nolint:paralleltest // the pool is one for all
	for _, size := range []int{10, 5000, maxPooled - 1000, 3 * maxPooled} {
		hc := fake(func(*http.Request) (*http.Response, error) {
			return response(200, strings.NewReader(strings.Repeat("s", size))), nil
		})
		require.True(t, New(quick(hc)).Do(t.Context(), request(t, "https://host.test", Once)).OK)
		p, ok := buffers.Get().(*[]byte)
		require.True(t, ok)
		assert.Empty(t, *p)
		all := (*p)[:cap(*p)]
		assert.LessOrEqual(t, len(all), maxPooled)
		assert.Equal(t, len(all), bytes.Count(all, []byte{0}))
		buffers.Put(p)
	}
}

func TestGrowClears(t *testing.T) {
	t.Parallel()
	old := []byte("secret")
	bigger := grow(old)
	assert.Equal(t, "secret", string(bigger))
	assert.GreaterOrEqual(t, cap(bigger), 2*len(old))
	assert.Equal(t, make([]byte, len(old)), old)
}

// TestForeignTexts: an error of writing or reading is not printed.
func TestForeignTexts(t *testing.T) {
	t.Parallel()
	cause := errors.New(planted)
	for _, err := range []error{errWrite{cause}, readError{cause}} {
		assert.NotContains(t, err.Error(), planted)
		require.ErrorIs(t, err, cause)
	}
}

// TestHead: nothing is written before the head is judged, and what is refused is asked
// for again.
func TestHead(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, body string
		head       Head
		want       string // "": refused
	}{
		{"taken", "abc", func([]byte) (bool, error) { return false, nil }, "abc"},
		{"refused", "abc", func([]byte) (bool, error) { return false, BadAnswer("is not one") }, ""},
		{"never decided", strings.Repeat("x", 10_000), func([]byte) (bool, error) { return true, BadAnswer("is not one") }, ""},
		{"undecided at the end", "abc", func([]byte) (bool, error) { return true, BadAnswer("is not one") }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			srv, n := counted(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, test.body) })
			cfg := quick(client(t))
			cfg.MaxRetries = 1
			req := request(t, srv.URL, Read)
			var got bytes.Buffer
			req.Stream, req.Head = &got, test.head
			res := New(cfg).Do(t.Context(), req)
			assert.Equal(t, test.want, got.String())
			assert.EqualValues(t, len(test.want), res.Written)
			if test.want != "" {
				assert.True(t, res.OK)
				return
			}
			assert.EqualValues(t, 2, n.Load())
			assert.EqualError(t, res.Err, "the answer (status 200) is not one")
		})
	}
}

// TestUndone: the status that says that nothing was done leaves nothing open.
func TestUndone(t *testing.T) {
	t.Parallel()
	for status, lost := range map[int]bool{http.StatusServiceUnavailable: false, http.StatusBadGateway: true} {
		srv, _ := counted(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		cfg := quick(client(t))
		cfg.MaxRetries = 1
		req := request(t, srv.URL, Read)
		req.Undone = http.StatusServiceUnavailable
		res := New(cfg).Do(t.Context(), req)
		assert.Equal(t, status, res.Status)
		assert.Equal(t, lost, res.Lost)
		assert.Equal(t, 2, res.Attempts)
	}
}
