package transport

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAttemptsOwnHeader: net/http may still be reading an attempt's header when the
// next is prepared.
func TestAttemptsOwnHeader(t *testing.T) {
	t.Parallel()
	var headers []http.Header
	hc := fake(func(req *http.Request) (*http.Response, error) {
		headers = append(headers, req.Header)
		req.Header.Set("Mark", planted)
		return nil, io.EOF
	})
	New(quick(hc)).Do(t.Context(), request(t, "https://host.test", Read))
	require.Len(t, headers, 3)
	headers[0].Set("Mark", "first")
	assert.Equal(t, planted, headers[1].Get("Mark"))
	assert.Equal(t, planted, headers[2].Get("Mark"))
}

// TestCallersClient is copied: what New changes does not reach the caller's.
func TestCallersClient(t *testing.T) {
	t.Parallel()
	tr := always(302, "Location", "/x")
	asked := false
	hc := &http.Client{Transport: tr, Timeout: 1 << 40, CheckRedirect: func(*http.Request, []*http.Request) error {
		asked = true
		return http.ErrUseLastResponse
	}}
	c := New(quick(hc))
	c.Do(t.Context(), request(t, "https://host.test", Read))
	assert.False(t, asked)
	assert.IsType(t, tr, hc.Transport)
	assert.EqualValues(t, 1<<40, hc.Timeout)
	require.ErrorIs(t, hc.CheckRedirect(nil, nil), http.ErrUseLastResponse)
	assert.True(t, asked, "it is still the caller's own")
}

func TestDefaultTransport(t *testing.T) { //nolint:paralleltest // replaces a variable of net/http
	std, ok := http.DefaultTransport.(*http.Transport)
	require.True(t, ok)
	tr, ok := defaultTransport().(*http.Transport)
	require.True(t, ok)
	assert.NotSame(t, std, tr)
	assert.GreaterOrEqual(t, tr.MaxIdleConnsPerHost, 64)
	assert.GreaterOrEqual(t, tr.MaxIdleConns, tr.MaxIdleConnsPerHost)
	assert.NotEqual(t, std.MaxIdleConnsPerHost, tr.MaxIdleConnsPerHost, "the program's own is unchanged")

	sent := false
	http.DefaultTransport = roundTrip(func(*http.Request) (*http.Response, error) {
		sent = true
		return response(200, strings.NewReader("")), nil
	})
	defer func() { http.DefaultTransport = std }()
	res := New(quick(&http.Client{})).Do(t.Context(), request(t, "https://host.test", Once))
	assert.True(t, res.OK)
	assert.True(t, sent, "a program's replacement is used as it is")
}

func TestFromContext(t *testing.T) {
	t.Parallel()
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "caller's")
	hc := fake(func(req *http.Request) (*http.Response, error) {
		operation, template, ok := FromContext(req.Context())
		assert.True(t, ok)
		assert.Equal(t, "Op", operation)
		assert.Equal(t, "/v3/{id}/", template)
		assert.Equal(t, "caller's", req.Context().Value(key{}))
		return response(200, strings.NewReader("")), nil
	})
	for _, c := range classes {
		cfg := quick(hc)
		cfg.AttemptTimeout = 1 << 40
		require.True(t, New(cfg).Do(ctx, request(t, "https://host.test", c.class)).OK)
	}
	operation, template, ok := FromContext(t.Context())
	assert.False(t, ok)
	assert.Empty(t, operation+template)
}

// TestCallersTrace: the caller's own trace still sees everything.
func TestCallersTrace(t *testing.T) {
	t.Parallel()
	srv, _ := counted(t, answers(200, ""))
	var asked, got atomic.Int64
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		GetConn: func(string) { asked.Add(1) },
		GotConn: func(httptrace.GotConnInfo) { got.Add(1) },
	})
	require.True(t, New(quick(client(t))).Do(ctx, request(t, srv.URL, Once)).OK)
	assert.EqualValues(t, 1, asked.Load())
	assert.EqualValues(t, 1, got.Load())
}
