package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/didittest/sandbox"
)

// lines is a standard error that may be written to from anywhere.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start runs the program and reads its line. end stops it and returns its error.
func start(t *testing.T, args ...string) (out sandbox.Output, log *lines, end func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	log = new(lines)
	done := make(chan error, 1)
	go func() {
		err := run(ctx, args, w, log)
		_ = w.Close()
		done <- err
	}()
	in := bufio.NewReader(r)
	text, err := in.ReadBytes('\n')
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &out))
	return out, log, func() error {
		cancel()
		rest, _ := io.ReadAll(in)
		assert.Empty(t, rest, "one line, and nothing else")
		return <-done
	}
}

// call is what a client in any language does.
func call(t *testing.T, method, url, key, body string) (status int, header http.Header, answer map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("X-Api-Key", key)
	req.Header.Set("Content-Type", "application/json")
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		require.NoError(t, json.Unmarshal(data, &answer))
	}
	return resp.StatusCode, resp.Header, answer
}

// TestSandbox drives the program by plain HTTP.
func TestSandbox(t *testing.T) {
	t.Parallel()
	out, log, end := start(t)
	require.Len(t, out.Applications, 2)
	a, b := out.Applications[0], out.Applications[1]
	shareable, not := map[string][]string{}, map[string][]string{}
	for _, s := range out.Sessions {
		assert.Equal(t, a.ID, s.Application)
		if s.Status.Shareable() {
			shareable[string(s.Kind)] = append(shareable[string(s.Kind)], s.ID)
		} else {
			not[string(s.Kind)] = append(not[string(s.Kind)], s.ID)
		}
	}
	assert.Len(t, shareable["user"], 5)
	assert.Len(t, shareable["business"], 5)
	assert.Len(t, not["user"], 2)
	assert.Len(t, not["business"], 2)
	assert.Contains(t, a.APIKey, "sk_test_didittest_")
	assert.Len(t, a.WebhookSecret, 43)

	for kind, workflow := range map[string]string{"user": b.Workflows.User, "business": b.Workflows.Business} {
		source := shareable[kind][0]
		status, _, decision := call(t, http.MethodGet, out.BaseURL+"/v3/session/"+source+"/decision/", a.APIKey, "")
		assert.Equal(t, 200, status)
		assert.Equal(t, kind, decision["session_kind"])
		assert.Equal(t, "sandbox", decision["environment"])
		block := map[string]string{"user": "id_verifications", "business": "registry_checks"}[kind]
		assert.NotEmpty(t, decision[block])

		share := out.BaseURL + "/v3/session/" + source + "/share/"
		status, _, shared := call(t, http.MethodPost, share, a.APIKey,
			`{"for_application_id":"`+b.ID+`","ttl_in_seconds":600,"session_id":"`+source+`","partner_client_id":"x"}`) // as a public client sends it
		require.Equal(t, 200, status)
		token, _ := shared["share_token"].(string)
		body := `{"share_token":"` + token + `","workflow_id":"` + workflow + `","trust_review":true,"vendor_data":"customer-1"}`
		status, _, copied := call(t, http.MethodPost, out.BaseURL+"/v3/session/import-shared/", b.APIKey, body)
		assert.Equal(t, 201, status)
		assert.Equal(t, "Approved", copied["status"])
		status, _, _ = call(t, http.MethodPost, out.BaseURL+"/v3/session/import-shared/", b.APIKey, body)
		assert.Equal(t, 403, status, "once")

		status, _, _ = call(t, http.MethodPost, out.BaseURL+"/v3/session/"+not[kind][0]+"/share/", a.APIKey, `{"for_application_id":"`+b.ID+`"}`)
		assert.Equal(t, 400, status)
	}
	status, header, _ := call(t, http.MethodGet, out.BaseURL+"/v3/sessions?limit=1", a.APIKey, "")
	assert.Equal(t, 301, status)
	assert.Equal(t, "/v3/sessions/?limit=1", header.Get("Location"))
	_, _, listed := call(t, http.MethodGet, out.BaseURL+"/v3/sessions/?session_kind=user&status=Approved%2CIn+Review", a.APIKey, "")
	assert.EqualValues(t, 4, listed["count"])
	status, _, refusal := call(t, http.MethodGet, out.BaseURL+"/v3/sessions/", "wrong", "")
	assert.Equal(t, 401, status)
	assert.NotEmpty(t, refusal["detail"])
	status, _, _ = call(t, http.MethodGet, out.BaseURL+"/v3/sessions/", "sk_live_wrong", "")
	assert.Equal(t, 401, status)

	require.NoError(t, end())
	assert.Contains(t, log.String(), "ImportSharedSession")
	assert.NotContains(t, log.String(), a.APIKey)
	assert.NotContains(t, log.String(), "sk_live_wrong")
}

func TestSandboxFlags(t *testing.T) {
	t.Parallel()
	out, log, end := start(t, "-addr", "localhost:0", "-dialect", "singular", "-rate-limit", "3", "-fault", "GetSession:error-before:2")
	url := out.BaseURL + "/v3/session/" + out.Sessions[0].ID + "/decision/"
	for _, want := range []int{503, 503, 200, 429} {
		status, header, decision := call(t, http.MethodGet, url, out.Applications[0].APIKey, "")
		assert.Equal(t, want, status)
		assert.Equal(t, want == 429, header.Get("Retry-After") != "")
		if want == 200 {
			assert.Contains(t, decision, "id_verification")
		}
	}
	require.NoError(t, end())
	assert.Contains(t, log.String(), "fault=error-before")

	for _, args := range [][]string{
		{"-addr", "0.0.0.0:0"}, {"-addr", "nowhere"}, {"-dialect", "latin"}, {"-rate-limit", "-1"}, {"-fault", "x"}, {"-fault", "x:dropped"},
		{"-control", "0.0.0.0:0"}, {"-control", "nowhere"}, {"-url", "sandbox"}, {"-realistic", "-rate-limit", "3"},
		{"-fault", "GetSession:x"}, {"-fault", "GetSession:dropped:x"}, {"-fault", "GetSession:applied-late"}, {"-webhooks", "here"}, {"more"}, {"-x"},
	} {
		assert.Error(t, run(t.Context(), args, io.Discard, io.Discard), "%v", args)
	}
}

// TestControl: the control API has an address of its own, and shows what goes wrong with webhooks.
func TestControl(t *testing.T) {
	t.Parallel()
	out, log, end := start(t, "-public", "-addr", "0.0.0.0:0", "-control", "0.0.0.0:0", "-control-hosts", "sandbox,box", "-url", "http://sandbox:8123",
		"-webhooks", "http://127.0.0.1:1/nobody", "-realistic")
	assert.Equal(t, "http://sandbox:8123", out.BaseURL)
	status, header, page := call(t, http.MethodGet, out.ControlURL+"/", "", "")
	assert.Equal(t, 200, status)
	assert.Contains(t, header.Get("Content-Type"), "text/html")
	assert.Empty(t, page)
	status, _, _ = call(t, http.MethodPost, out.ControlURL+"/sessions/"+out.Sessions[3].ID+"/status", "", `{"status":"Approved"}`)
	assert.Equal(t, 200, status)
	for {
		_, _, answer := call(t, http.MethodGet, out.ControlURL+"/deliveries", "", "")
		if list, _ := answer["deliveries"].([]any); len(list) > 0 {
			break
		}
	}
	status, _, imported := call(t, http.MethodPost, out.ControlURL+"/sessions/"+out.Sessions[0].ID+"/share", "", `{"application":"Partner B"}`)
	assert.Equal(t, 201, status, "%v", imported["error"])
	require.NoError(t, end())
	assert.Contains(t, log.String(), "ShareSession")
	assert.Contains(t, log.String(), `webhook status.updated to "http://127.0.0.1:1/nobody": 0 attempt=1 dial tcp`, "why it was not delivered")
}

func TestOnTerminal(t *testing.T) {
	t.Parallel()
	assert.False(t, onTerminal(new(strings.Builder)))
}
