package didittest_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// A patch says what no field of a fixture does, and a copy inherits it.
func TestPatch(t *testing.T) {
	t.Parallel()
	for _, dialect := range didittest.Dialects() {
		w := newWorld(t, didittest.WithDialect(dialect))
		id := w.a.AddSession(didittest.SessionFixture{Patch: json.RawMessage(
			`{"aml_screenings":[{"status":"In Review","total_hits":1}],"expected_details":{"first_name":"Odd"},"metadata":{"n":12345678901234567890},"features":null}`)})
		imported, _ := w.redeem(w.share(id), didit.KindUser, "").body["session_id"].(string)
		for _, r := range []reply{w.get("/v3/session/" + id + "/decision/"), w.do(http.MethodGet, "/v3/session/"+imported+"/decision/", w.b.APIKey, "")} {
			assert.Equal(t, []any{map[string]any{"status": "In Review", "total_hits": 1.0}}, r.body["aml_screenings"], "lists are replaced")
			assert.Equal(t, map[string]any{"first_name": "Odd"}, r.body["expected_details"])
			assert.NotContains(t, r.body, "features", "null takes away")
			assert.Contains(t, r.text, "12345678901234567890")
		}
		assert.Equal(t, id, w.get("/v3/session/" + id + "/decision/").body["session_id"])
	}
	w := newWorld(t)
	for _, patch := range []string{`[]`, `{`, `null`, `{"status":"Declined"}`, `{"session_id":"x"}`, `{"environment":null}`} {
		assert.Panics(t, func() { w.a.AddSession(didittest.SessionFixture{Patch: json.RawMessage(patch)}) }, patch)
	}
	assert.Empty(t, w.a.Sessions())
}

// An operation can be answered by the test.
func TestHandle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.Handle(didittest.OpCreateSession, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		rw.Header().Set("X-Odd", "yes")
		rw.WriteHeader(http.StatusTeapot)
		_, _ = rw.Write(bytes.ToUpper(body))
	}))
	create := func(key string) reply { return w.do(http.MethodPost, "/v3/session/", key, `{"a":1}`) }
	r := create(w.a.APIKey)
	assert.Equal(t, http.StatusTeapot, r.status)
	assert.Equal(t, "yes", r.header.Get("X-Odd"))
	assert.JSONEq(t, `{"A":1}`, r.text)
	assert.Equal(t, http.StatusTeapot, w.server.Requests()[0].Status)
	assert.Equal(t, 401, create("wrong").status, "keys are still checked")
	w.server.Inject(didittest.Fault{Operation: didittest.OpCreateSession, Kind: didittest.FaultTruncated})
	_, err := w.try(http.MethodPost, "/v3/session/", w.a.APIKey, `{"a":1}`)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF, "faults still occur")
	w.server.Handle(didittest.OpCreateSession, nil)
	assert.Equal(t, 400, create(w.a.APIKey).status)
	assert.Panics(t, func() { w.server.Handle("Nothing", http.NotFoundHandler()) })
	assert.Panics(t, func() { w.server.Handle(didittest.OpAny, http.NotFoundHandler()) })
}

// Numbers at the edge of what a machine counts, and a Host header of somebody else.
func TestPagesAtTheEdge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.a.AddSession(didittest.SessionFixture{})
	for range 3 {
		w.a.AddSession(didittest.SessionFixture{})
		w.do(http.MethodPost, "/v3/sessions/"+id+"/reviews/", w.a.APIKey, `{"comment":"seen"}`)
	}
	for _, path := range []string{"/v3/sessions/", "/v3/sessions/" + id + "/reviews/"} {
		for _, n := range []string{"9223372036854775807", "9223372036854775806", "99999999999999999999", "-9223372036854775808"} {
			for _, q := range []string{"?limit=" + n, "?offset=" + n, "?limit=" + n + "&offset=" + n, "?offset=1&limit=" + n} {
				assert.Equal(t, 200, w.get(path+q).status, path+q)
			}
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.server.URL()+path+"?limit=1", nil)
		require.NoError(t, err)
		req.Host = "elsewhere.example"
		req.Header.Set("X-Api-Key", w.a.APIKey)
		resp, err := w.client.Do(req)
		require.NoError(t, err)
		var page struct {
			Next string `json:"next"`
		}
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&page))
		resp.Body.Close()
		assert.True(t, strings.HasPrefix(page.Next, w.server.URL()+path+"?"), page.Next)
	}
}

// What never arrives whole does not keep its connection.
func TestHalfOpenRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t, didittest.WithReadTimeout(50*time.Millisecond))
	for _, begun := range []string{
		"GET /v3/sessions/ HTTP/1.1\r\nHost: x\r\n",
		"POST /v3/session/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nX-Api-Key: " + w.a.APIKey + "\r\n\r\n{",
	} {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(w.server.URL(), "http://"))
		require.NoError(t, err)
		_, err = io.WriteString(conn, begun)
		require.NoError(t, err)
		_, _ = io.Copy(io.Discard, conn) // ends as the connection does
		assert.NoError(t, conn.Close())
	}
}

// Keys and tokens are masked wherever somebody puts them, however they are written.
func TestSecretsInOddPlaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.share(w.a.AddSession(didittest.SessionFixture{}))
	w.server.ResetRequests()
	const odd = "a-key-of-no-form-43"
	for _, secret := range []string{w.a.APIKey, token, "sk_live_" + strings.Repeat("x", 20), odd} {
		escaped := ""
		for _, b := range []byte(secret) {
			escaped += fmt.Sprintf(`\u%04x`, b)
		}
		percent := ""
		for _, b := range []byte(secret) {
			percent += fmt.Sprintf("%%%02x", b)
		}
		for _, r := range []struct{ path, header, body string }{
			{path: "/v3/session/" + secret + "/decision/"}, {path: "/v3/session/" + percent + "/decision/"},
			{path: "/v3/sessions/?" + secret + "=1"}, {path: "/v3/sessions/?search=" + percent},
			{path: "/v3/sessions/?search=" + url.QueryEscape(percent)},
			{header: secret}, {header: "Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+secret))},
			{header: percent}, {body: secret}, {body: `{"comment":"` + secret + `"}`}, {body: `{"` + escaped + `":[{"a":"` + escaped + `"}]}`},
			{body: `{"a":"` + secret + `","a":"x"}`}, {body: "key=" + percent}, {body: `broken "` + escaped}, {body: `"` + secret + `"`},
		} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.server.URL()+r.path, strings.NewReader(r.body))
			require.NoError(t, err)
			req.Header.Set("X-Api-Key", odd)
			req.Header.Set("X-Custom", r.header)
			resp, err := w.client.Do(req)
			require.NoError(t, err)
			resp.Body.Close()
		}
		seen := ""
		for _, r := range w.server.Requests() {
			seen += fmt.Sprint(r.Method, r.Path, r.Query, r.SessionID, r.Header) + string(r.Body)
		}
		for _, form := range []string{secret, escaped, percent, base64.StdEncoding.EncodeToString([]byte("user:" + secret))} {
			assert.False(t, strings.Contains(seen, form), "a secret shows") //nolint:testifylint // the text is not to be printed
		}
	}
}

// [RATE]: reports have a limit of their own besides the one of all reads.
func TestDocumentedLimits(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	w := newWorld(t, didittest.WithDocumentedLimits(), didittest.WithClock(func() time.Time { return at }))
	path := "/v3/session/" + w.a.AddSession(didittest.SessionFixture{}) + "/generate-pdf/"
	for range 50 {
		require.Equal(t, 200, w.get(path).status)
	}
	r := w.get(path)
	assert.Equal(t, 429, r.status)
	assert.Equal(t, "50", r.header.Get("X-Ratelimit-Limit"))
	for range 550 {
		require.Equal(t, 200, w.get("/v3/sessions/?limit=1").status)
	}
	assert.Equal(t, "600", w.get("/v3/sessions/?limit=1").header.Get("X-Ratelimit-Limit"))
	for range 300 {
		require.Equal(t, 400, w.do(http.MethodPost, "/v3/session/", w.a.APIKey, "{}").status)
	}
	assert.Equal(t, "300", w.do(http.MethodPost, "/v3/session/", w.a.APIKey, "{}").header.Get("X-Ratelimit-Limit"))
}

// A server that is known by another name says so.
func TestURL(t *testing.T) {
	t.Parallel()
	w := newWorld(t, didittest.WithURL("https://didit.sandbox.example/"))
	assert.Equal(t, "https://didit.sandbox.example", w.server.URL())
	for _, bad := range []string{"", "sandbox:8123", "ftp://x", "http://"} {
		assert.Panics(t, func() { didittest.WithURL(bad) }, bad)
	}
	assert.Panics(t, func() { didittest.WithReadTimeout(0) })
}
