package didit_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

func TestDoPaths(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"", "/", "/v3", "/v2/x/", "v3/x/", " /v3/x/", "//host/v3/x/", "///v3/x/", "/v3x/", "https://host/v3/x/", "http://host/v3/", "//v3/x",
		"/v3/..", "/v3/../v2/x/", "/v3/./x/", "/v3/x/..", "/v3/x/../../y/", "/v3/%2e%2e/x/", "/v3/%2E%2e/x/", "/v3/.%2e/x/", "/v3/%2e/x/",
		"/v3/x%2f..%2fy/", "/v3/x%2f%2e%2e%2fy", "/v3/x%5c..%5cy/", `/v3/x\..\y/`, `/v3/\x`, "/v3/x y/", "/v3/x\ty", "/v3/x\n", "/v3/x\r\nHost: evil",
		"/v3/x#f", "/v3/x/?a=b#f", "/v3/é/", "/v3/x\x00", "/v3/x\x7f", "/v3/%zz/", "/v3/x%", "/v3/x?a=b c", "\u2028/v3/",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			err := testkit.Client(t, testkit.Mock(t)).Do(t.Context(), "GET", path, nil, nil)
			assert.Equal(t, []string{"path"}, testkit.Fields(t, err))
			if len(path) > 4 {
				assert.NotContains(t, err.Error(), path)
			}
		})
	}
	for _, path := range []string{
		"/v3/", "/v3/workflows/", "/v3/workflows", "/v3/a//b/", "/v3/x/?limit=5&offset=10", "/v3/x/?next=https://evil.example/", "/v3/x/?q=a%20b+c&q=d",
		"/v3/a%2Fb/", "/v3/a%2fb/c%20d/", "/v3/...", "/v3/..a/", "/v3/a:b@c/", "/v3/x?", "/v3/%C3%A9/", "/v3/%E2%82%ac/~x/!$&'()*+,;=/",
		"/v3//host/x/", "/v3/x/?q=..%2f..",
	} {
		for _, base := range []string{didit.DefaultBaseURL, "https://proxy.example/a%2Fb/c"} {
			t.Run(path, func(t *testing.T) {
				t.Parallel()
				var seen []testkit.Seen
				c := testkit.Client(t, testkit.Recorder(&seen, http.StatusNoContent, ""), didit.WithBaseURL(base))
				require.NoError(t, c.Do(t.Context(), "GET", path, nil, nil))
				require.Len(t, seen, 1)
				assert.Equal(t, strings.TrimSuffix(base+path, "?"), strings.TrimSuffix(seen[0].URL, "?"))
			})
		}
	}
}

// What arrives at a real server is what the caller wrote.
func TestDoOnTheWire(t *testing.T) {
	t.Parallel()
	var got atomic.Value
	srv, tr := testkit.Server(t, func(w http.ResponseWriter, r *http.Request) {
		got.Store(r.Method + " " + r.RequestURI)
		w.WriteHeader(http.StatusNoContent)
	})
	c := testkit.Client(t, tr, didit.WithBaseURL(srv.URL+"/pre/"))
	require.NoError(t, c.Do(t.Context(), "PUT", "/v3/a%2Fb/?q=%41+b", nil, nil))
	assert.Equal(t, "PUT /pre/v3/a%2Fb/?q=%41+b", got.Load())
}

func TestDoMethods(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		var seen []testkit.Seen
		c := testkit.Client(t, testkit.Recorder(&seen, http.StatusOK, `{}`))
		require.NoError(t, c.Do(t.Context(), method, "/v3/x/", nil, nil))
		assert.Equal(t, method, seen[0].Method)
		assert.Empty(t, seen[0].Body)
	}
	for _, method := range []string{"", "get", "HEAD", "OPTIONS", "CONNECT", "TRACE", "G ET", "POST\r\n"} {
		err := testkit.Client(t, testkit.Mock(t)).Do(t.Context(), method, "/v3/x/", nil, nil)
		assert.Equal(t, []string{"method"}, testkit.Fields(t, err))
	}
	var nobody *struct{}
	err := testkit.Client(t, testkit.Mock(t)).Do(t.Context(), "HEAD", "/v2/", func() {}, nobody)
	assert.Equal(t, []string{"method", "path", "body", "out"}, testkit.Fields(t, err), "all at once")
	err = testkit.Client(t, testkit.Mock(t)).Do(t.Context(), "GET", "/v3/", nil, struct{}{})
	assert.Equal(t, []string{"out"}, testkit.Fields(t, err))
}

func TestDoBodyAndOut(t *testing.T) {
	t.Parallel()
	const answer = ` {"a": 1, "b": [true]} `
	var seen []testkit.Seen
	c := testkit.Client(t, testkit.Recorder(&seen, http.StatusCreated, answer))

	var typed struct{ A int }
	require.NoError(t, c.Do(t.Context(), "POST", "/v3/x/", struct {
		Name string `json:"name"`
	}{"n"}, &typed))
	assert.Equal(t, 1, typed.A)
	assert.JSONEq(t, `{"name":"n"}`, seen[0].Body)

	var raw json.RawMessage
	require.NoError(t, c.Do(t.Context(), "POST", "/v3/x/", json.RawMessage(`[1]`), &raw))
	assert.Len(t, raw, len(answer), "the bytes as they are")
	assert.JSONEq(t, answer, string(raw))
	assert.Equal(t, `[1]`, seen[1].Body)

	var loose map[string]any
	require.NoError(t, c.Do(t.Context(), "GET", "/v3/x/", nil, &loose))
	assert.Len(t, loose, 2)

	// Nobody wants the body, so it need not be JSON.
	c = testkit.Client(t, testkit.Recorder(&seen, http.StatusOK, `done`))
	require.NoError(t, c.Do(t.Context(), "POST", "/v3/x/", nil, nil))
	require.NoError(t, c.Do(t.Context(), "POST", "/v3/x/", nil, &raw))
	assert.Equal(t, `done`, string(raw))

	// A page is nobody's success: it may be a proxy's.
	c = testkit.Client(t, testkit.Recorder(&seen, http.StatusOK, ` <html>`))
	require.ErrorIs(t, c.Do(t.Context(), "POST", "/v3/x/", nil, nil), didit.ErrOutcomeUnknown)
	require.ErrorIs(t, c.Do(t.Context(), "POST", "/v3/x/", nil, &raw), didit.ErrOutcomeUnknown)

	for _, body := range []string{"", " \n"} {
		c = testkit.Client(t, testkit.Recorder(&seen, http.StatusNoContent, body))
		kept := map[string]int{"kept": 1}
		require.NoError(t, c.Do(t.Context(), "DELETE", "/v3/x/", nil, &kept))
		assert.Equal(t, map[string]int{"kept": 1}, kept)
		require.NoError(t, c.Do(t.Context(), "DELETE", "/v3/x/", nil, &raw))
		assert.Equal(t, body, string(raw))
	}
}

func TestDoOutThatDoesNotFit(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"GET", "POST"} {
		var seen []testkit.Seen
		c := testkit.Client(t, testkit.Recorder(&seen, http.StatusOK, `{"name":"Oriane Vasquelle"}`))
		var out struct {
			Name int `json:"name"`
		}
		err := c.Do(t.Context(), method, "/v3/x/", nil, &out)
		require.ErrorIs(t, err, didit.ErrResultLost)
		assert.Len(t, seen, 1, "the same answer would not fit the next time either")
		assert.NotContains(t, err.Error(), "Oriane")
		assert.Contains(t, err.Error(), "does not fit")
	}
	for method, want := range map[string]int{"GET": 3, "POST": 1} {
		var seen []testkit.Seen
		c := testkit.Client(t, testkit.Recorder(&seen, http.StatusOK, `{"name":"Ori`), didit.WithMaxRetries(2))
		var out any
		err := c.Do(t.Context(), method, "/v3/x/", nil, &out)
		require.ErrorIs(t, err, didit.ErrResultLost)
		assert.Len(t, seen, want, "garbage to a %s", method)
	}
}

// The caller's bytes are its own: the transport's buffers are cleared and used again.
func TestDoRawIsACopy(t *testing.T) {
	t.Parallel()
	var seen []testkit.Seen
	c := testkit.Client(t, testkit.Recorder(&seen, http.StatusOK, `{"first":1}`))
	var first, second json.RawMessage
	require.NoError(t, c.Do(t.Context(), "GET", "/v3/x/", nil, &first))
	require.NoError(t, c.Do(t.Context(), "GET", "/v3/y/", nil, &second))
	assert.JSONEq(t, `{"first":1}`, string(first))
}

func TestDoErrorsAndRedaction(t *testing.T) {
	t.Parallel()
	m := testkit.Mock(t)
	m.RegisterResponder("POST", didit.DefaultBaseURL+"/v3/people/Q81-77/?who=Oriane+Vasquelle", func(*http.Request) (*http.Response, error) {
		resp := httpmock.NewStringResponse(http.StatusBadRequest,
			`{"name":["Oriane Vasquelle of Q81-77 and mail oriane@mail.example is unknown"],"detail":"no oriane@mail.example"}`)
		resp.Header.Set("X-Request-ID", "req-1")
		return resp, nil
	})
	err := testkit.Client(t, m).Do(t.Context(), "POST", "/v3/people/Q81-77/?who=Oriane+Vasquelle", map[string]any{"a": []any{map[string]any{"mail": "oriane@mail.example"}}}, nil)
	var api *didit.APIError
	require.ErrorAs(t, err, &api)
	assert.Equal(t, "Do", api.Operation)
	assert.Equal(t, "no [redacted]", api.Message)
	assert.Equal(t, []string{"[redacted] of [redacted] and mail [redacted] is unknown"}, api.Fields["name"])
	assert.Equal(t, "req-1", api.RequestID)
	assert.Contains(t, string(api.Body), "Oriane")
	for _, secret := range []string{"Oriane", "oriane", "Q81"} {
		assert.NotContains(t, fmt.Sprintf("%+v %#v %s", err, err, err), secret)
	}
}

// TestDoWithoutSlash: the redirect that Didit answers is told as what it is.
func TestDoWithoutSlash(t *testing.T) {
	t.Parallel()
	var seen []testkit.Seen
	c := testkit.Client(t, testkit.Recorder(&seen, http.StatusMovedPermanently, ``))
	require.ErrorContains(t, c.Do(t.Context(), "GET", "/v3/sessions?limit=1", nil, nil), "does not end in a slash")
	err := c.Do(t.Context(), "GET", "/v3/sessions/?limit=1", nil, nil)
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "slash")
}
