package didittest_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// desk is a world with its control API, on an address of its own.
type desk struct {
	*world
	control *httptest.Server
}

func newDesk(t *testing.T, opts ...didittest.Option) *desk {
	t.Helper()
	w := newWorld(t, opts...)
	control := httptest.NewServer(w.server.Control())
	t.Cleanup(control.Close)
	return &desk{w, control}
}

// tell calls the control API as a program in any language does.
func (d *desk) tell(method, path, body string, header ...string) reply {
	d.t.Helper()
	req, err := http.NewRequestWithContext(d.t.Context(), method, d.control.URL+path, strings.NewReader(body))
	require.NoError(d.t, err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		if req.Header.Set(header[i], header[i+1]); header[i] == "Host" {
			req.Host = header[i+1]
		}
	}
	resp, err := d.control.Client().Do(req)
	require.NoError(d.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(d.t, err)
	r := reply{status: resp.StatusCode, header: resp.Header, text: string(text)}
	_ = json.Unmarshal(text, &r.body)
	return r
}

// rows are the objects of a list.
func rows(t *testing.T, body map[string]any, name string) []map[string]any {
	t.Helper()
	list, ok := body[name].([]any)
	require.True(t, ok, name)
	out := make([]map[string]any, len(list))
	for i := range list {
		out[i], _ = list[i].(map[string]any)
	}
	return out
}

// The story of two partners, told by the control API alone.
func TestControlStory(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	hooks := make(chan string, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		hooks <- string(body)
	}))
	defer receiver.Close()
	r := d.tell("POST", "/applications/"+d.b.ID+"/webhook", `{"url":"`+receiver.URL+`"}`)
	assert.Equal(t, 200, r.status)
	assert.Equal(t, receiver.URL, r.body["webhook_url"])

	r = d.tell("POST", "/sessions", `{"application":"Partner A","kind":"user","status":"In Review","vendor_data":"a-1","patch":{"callback":"https://x.example"}}`)
	require.Equal(t, 201, r.status, r.text)
	id, _ := r.body["id"].(string)
	assert.Equal(t, "https://x.example", d.get("/v3/session/" + id + "/decision/").body["callback"])
	assert.Equal(t, 200, d.tell("POST", "/sessions/"+id+"/status", `{"status":"Approved"}`).status)

	r = d.tell("POST", "/sessions/"+id+"/share", `{"application":"`+d.b.ID+`"}`)
	require.Equal(t, 201, r.status, r.text)
	fingerprint, _ := r.body["fingerprint"].(string)
	token, _ := r.body["share_token"].(string)
	assert.Equal(t, didit.NewShareToken(token).Fingerprint(), fingerprint)
	assert.Equal(t, "open", rows(t, d.tell("GET", "/state", "").body, "tokens")[0]["state"])

	assert.Equal(t, 201, d.tell("POST", "/faults", `{"operation":"ImportSharedSession","kind":"answer-lost","times":1}`).status)
	assert.Len(t, rows(t, d.tell("GET", "/state", "").body, "faults"), 1)
	r = d.tell("POST", "/tokens/"+fingerprint+"/import", `{"application":"Partner B","vendor_data":"b-1","trust_review":true}`)
	require.Equal(t, 201, r.status, r.text)
	assert.Equal(t, true, r.body["recovered"])
	assert.Equal(t, "Approved", r.body["status"])
	state := d.tell("GET", "/state", "").body
	assert.Empty(t, rows(t, state, "faults"))
	assert.Equal(t, "redeemed", rows(t, state, "tokens")[0]["state"])
	assert.Equal(t, r.body["session_id"], rows(t, state, "tokens")[0]["imported_as"])
	sessions := rows(t, state, "sessions")
	require.Len(t, sessions, 2)
	assert.Equal(t, r.body["session_id"], sessions[0]["id"], "newest first")
	assert.Equal(t, id, sessions[0]["shared_from_session"])

	copied, _ := r.body["session_id"].(string)
	d.tell("POST", "/sessions/"+copied+"/status", `{"status":"Declined"}`)
	assert.Contains(t, <-hooks, copied)
	d.server.FlushWebhooks()
	deliveries := rows(t, d.tell("GET", "/deliveries?after=0", "").body, "deliveries")
	require.Len(t, deliveries, 1)
	assert.Equal(t, map[string]any{"n": 1.0, "application": d.b.ID, "type": "status.updated", "url": receiver.URL, "status": 200.0, "error": "", "attempt": 1.0,
		"time": deliveries[0]["time"]}, deliveries[0])
	assert.Empty(t, rows(t, d.tell("GET", "/deliveries?after=1", "").body, "deliveries"))

	requests := rows(t, d.tell("GET", "/requests", "").body, "requests")
	require.Greater(t, len(requests), 3)
	assert.EqualValues(t, 1, requests[0]["n"])
	assert.Equal(t, "GetSession", requests[0]["operation"])
	lost := requests[2]
	assert.Equal(t, "answer-lost", lost["fault"])
	assert.Contains(t, lost["body"], "[masked]")
	assert.NotContains(t, d.tell("GET", "/requests", "").text, token)
	last := requests[len(requests)-1]
	assert.Len(t, rows(t, d.tell("GET", "/requests?after=2", "").body, "requests"), len(requests)-2)
	assert.EqualValues(t, len(requests), last["n"])

	r = d.tell("POST", "/applications", `{"name":"Partner C"}`)
	assert.Equal(t, 201, r.status)
	assert.Contains(t, r.body["api_key"], "sk_test_didittest_")
	d.tell("POST", "/sessions/"+id+"/share", `{"application":"Partner C"}`)
	before := d.server.Now()
	assert.Equal(t, 200, d.tell("POST", "/clock", `{"advance":"25h"}`).status)
	assert.GreaterOrEqual(t, d.server.Now().Sub(before), 25*time.Hour)
	assert.Equal(t, "expired", rows(t, d.tell("GET", "/state", "").body, "tokens")[0]["state"])
	d.tell("POST", "/faults", `{"operation":"Any","kind":"dropped","times":-1}`)
	assert.EqualValues(t, 1, d.tell("DELETE", "/faults", "").body["ended"])
	assert.Equal(t, 200, d.get("/v3/sessions/").status)
	assert.Empty(t, rows(t, d.tell("GET", "/state", "").body, "faults"))
}

// Errors say what is allowed.
func TestControlErrors(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	id := d.a.AddSession(didittest.SessionFixture{Status: didit.StatusExpired})
	for _, test := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/nothing", "", 404, "POST /sessions"},
		{"PUT", "/state", "{}", 404, "GET /state"},
		{"POST", "/sessions", `{"colour":"red"}`, 400, "vendor_data"},
		{"POST", "/sessions", `{`, 400, "fields"},
		{"POST", "/sessions", `{} {}`, 400, "more than one"},
		{"POST", "/sessions", `{"kind":"dog"}`, 400, "user and business"},
		{"POST", "/sessions", `{"status":"Fine"}`, 400, "In Review"},
		{"POST", "/sessions", `{"patch":{"status":"Declined"}}`, 400, "status"},
		{"POST", "/sessions", `{"application":"Nobody"}`, 404, "Partner A"},
		{"POST", "/sessions", `"` + strings.Repeat("x", 1<<20) + `"`, 413, "1 MiB"},
		{"POST", "/sessions/" + id + "/status", `{"status":"approved"}`, 400, "Approved"},
		{"POST", "/sessions/" + d.a.ID + "/status", `{"status":"Approved"}`, 404, "GET /state"},
		{"POST", "/sessions/" + id + "/share", `{"application":"Partner B"}`, 422, "Only finished sessions"},
		{"POST", "/sessions/" + id + "/share", `{}`, 404, "Partner B"},
		{"POST", "/tokens/abc/import", `{}`, 404, "GET /state"},
		{"POST", "/applications", `{"name":" "}`, 400, "Partner C"},
		{"POST", "/applications/x/webhook", `{"url":""}`, 404, "Partner A"},
		{"POST", "/applications/" + d.a.ID + "/webhook", `{"url":"here"}`, 400, "http://"},
		{"POST", "/faults", `{"operation":"Import","kind":"answer-lost"}`, 400, "ImportSharedSession"},
		{"POST", "/faults", `{"operation":"GetSession","kind":"lost"}`, 400, "answer-lost"},
		{"POST", "/faults", `{"operation":"GetSession","kind":"slow","delay":"soon"}`, 400, "10s"},
		{"POST", "/faults", `{"operation":"GetSession","kind":"goaway"}`, 400, "HTTP/2"},
		{"POST", "/clock", `{"advance":"-1s"}`, 400, "90s"},
		{"POST", "/clock", `{"advance":"yesterday"}`, 400, "90s"},
		{"POST", "/clock", `{"advance":90}`, 400, `\"advance\" is not a number`},
		{"POST", "/clock", `{"advance":"2562047h"}`, 400, "100 years"},
		{"POST", "/clock", `[]`, 400, `{"error":"a body is an object of JSON, not an array","fields":["advance"]}`},
		{"GET", "/requests?after=x", "", 400, "after"},
		{"GET", "/deliveries?after=-1", "", 400, "after"},
	} {
		r := d.tell(test.method, test.path, test.body)
		assert.Equal(t, test.status, r.status, "%s %s %.60s", test.method, test.path, test.body)
		assert.Contains(t, r.text, test.want)
		assert.NotEmpty(t, r.body["error"])
	}
	assert.Len(t, d.a.Sessions(), 1)
}

// No web page of another origin reaches the control API, and Didit's own address never serves it.
func TestControlIsGuarded(t *testing.T) {
	t.Parallel()
	d := newDesk(t, didittest.WithControlHosts("sandbox"))
	host := strings.TrimPrefix(d.control.URL, "http://")
	for _, test := range []struct {
		header []string
		status int
	}{
		{nil, 200}, {[]string{"Host", "localhost:1"}, 200}, {[]string{"Host", "[::1]:80"}, 200}, {[]string{"Host", "sandbox:8124"}, 200},
		{[]string{"Origin", d.control.URL}, 200}, {[]string{"Sec-Fetch-Site", "same-origin"}, 200},
		{[]string{"Host", "evil.example"}, 403}, {[]string{"Host", "localhost.evil.example"}, 403}, {[]string{"Host", "192.168.0.1"}, 403},
		{[]string{"Origin", "https://evil.example"}, 403}, {[]string{"Origin", "null"}, 403}, {[]string{"Origin", "http://localhost:1"}, 403},
		{[]string{"Sec-Fetch-Site", "cross-site"}, 403}, {[]string{"Origin", "http://evil.example", "Host", host}, 403},
	} {
		assert.Equal(t, test.status, d.tell("GET", "/state", "", test.header...).status, "%v", test.header)
	}
	assert.Equal(t, 415, d.tell("POST", "/clock", `{"advance":"1h"}`, "Content-Type", "text/plain").status, "what a form could send")
	for _, path := range []string{"/state", "/", "/events", "/page.js"} {
		assert.Equal(t, 404, d.get(path).status, path)
	}
	page := d.tell("GET", "/", "")
	assert.Equal(t, 200, page.status)
	assert.Contains(t, page.header.Get("Content-Security-Policy"), "default-src 'none'")
	for _, name := range []string{"/page.css", "/page.js", "/icon.svg"} {
		assert.Equal(t, 200, d.tell("GET", name, "").status)
		assert.Contains(t, page.text, strings.TrimPrefix(name, "/"))
	}
}

// A request that stops arriving does not keep its connection.
func TestControlHalfOpen(t *testing.T) {
	t.Parallel()
	d := newDesk(t, didittest.WithReadTimeout(50*time.Millisecond))
	for _, path := range []string{"/clock", "/nothing"} {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", d.control.Listener.Addr().String())
		require.NoError(t, err)
		_, err = io.WriteString(conn, "POST "+path+" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n{")
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, conn)
		require.NoError(t, err, "the server closes it")
		assert.NoError(t, conn.Close())
	}
}
