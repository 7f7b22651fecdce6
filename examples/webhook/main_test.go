package main

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/webhook"
)

// lines is where a log goes, line by line.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- string(bytes.TrimSpace(p))
	return len(p), nil
}

// until returns the next line that has all the words.
func (l lines) until(t *testing.T, words ...string) string {
	t.Helper()
	for {
		select {
		case line := <-l:
			missing := 0
			for _, word := range words {
				if !strings.Contains(line, word) {
					missing++
				}
			}
			if missing == 0 {
				return line
			}
		case <-t.Context().Done():
			t.Fatal("no such line: ", words)
		}
	}
}

func TestDemonstration(t *testing.T) {
	t.Parallel()
	require.NoError(t, run(t.Context(), nil, func(string) string { return "" }, slog.New(slog.DiscardHandler)))
}

// TestListen serves against a stand-in, as it would against the sandbox or Didit.
func TestListen(t *testing.T) {
	t.Parallel()
	server := didittest.NewServer()
	defer server.Close()
	a, b := server.AddApplication("Partner A"), server.AddApplication("Partner B")
	env := map[string]string{"DIDIT_API_KEY": a.APIKey, "DIDIT_WEBHOOK_SECRET": a.WebhookSecret}
	log := make(lines, 100)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{
			"-listen", "127.0.0.1:0", "-base-url", server.URL(), "-environment", "sandbox", "-application", a.ID, "-partner", b.ID,
		}, func(name string) string { return env[name] }, slog.New(slog.NewTextHandler(log, nil)))
	}()
	_, url, _ := strings.Cut(log.until(t, "serving"), "url=")
	url, _, _ = strings.Cut(url, " ")
	a.DeliverTo(url)

	approved := a.AddSession(didittest.SessionFixture{Status: didit.StatusInProgress})
	a.SetStatus(approved, didit.StatusApproved)
	log.until(t, "shared", approved)
	log.until(t, "send the token")

	declined := a.AddSession(didittest.SessionFixture{Status: didit.StatusInProgress})
	a.SetStatus(declined, didit.StatusDeclined)
	log.until(t, "skipped", declined, `reason="the session is not approved"`)
	a.Send(approved, didittest.EventDataUpdated)
	log.until(t, "skipped", approved, `reason="it does not report a status"`)
	a.SendTest()
	log.until(t, "skipped", `reason="it was sent from the console's test button"`)

	// Another application's event, by the same secret: nobody would do that.
	other := bytes.ReplaceAll(a.Deliveries()[0].Body, []byte(a.ID), []byte(b.ID))
	header, err := webhook.Sign(a.WebhookSecret, server.Now(), other)
	require.NoError(t, err)
	post(t, url, header, other)
	log.until(t, "skipped", `reason="it is for another application"`)
	live := bytes.ReplaceAll(a.Deliveries()[0].Body, []byte(`"sandbox"`), []byte(`"live"`))
	live = bytes.ReplaceAll(live, []byte(a.Deliveries()[0].EventID), []byte("evt-live"))
	header, err = webhook.Sign(a.WebhookSecret, server.Now(), live)
	require.NoError(t, err)
	post(t, url, header, live)
	log.until(t, "skipped", `reason="it is not of the sandbox"`)

	server.FlushWebhooks()
	stop()
	require.NoError(t, <-done)
	for _, r := range server.Requests() {
		assert.NotContains(t, r.Path, declined, "it was not even read")
	}
}

func post(t *testing.T, url string, header http.Header, body []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	require.NoError(t, err)
	req.Header = header
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusOK, resp.StatusCode)
}

// TestLateEvent: what is not approved any more is not shared.
func TestLateEvent(t *testing.T) {
	t.Parallel()
	server := didittest.NewServer()
	defer server.Close()
	a := server.AddApplication("Partner A")
	id := a.AddSession(didittest.SessionFixture{Status: didit.StatusDeclined})
	r := &receiver{client: a.Client(), partner: server.AddApplication("Partner B").ID, log: slog.New(slog.DiscardHandler),
		send: func(didit.ShareToken) { t.Error("it was shared") }}
	require.NoError(t, r.share(t.Context(), id))
}

func TestFlags(t *testing.T) {
	t.Parallel()
	const id = "5b1d4c1e-90f3-4a85-b7c8-1a52e9d0c00a"
	for want, args := range map[string][]string{
		"takes flags only, see -h":                {"serve"},
		"-listen needs -application and -partner": {"-listen", ":0", "-partner", id},
		"-environment must be live or sandbox":    {"-listen", ":0", "-application", id, "-partner", id, "-environment", "test"},
		"WithAPIKey":                              {"-listen", ":0", "-application", id, "-partner", id},
	} {
		require.ErrorContains(t, run(t.Context(), args, func(string) string { return "" }, slog.New(slog.DiscardHandler)), want)
	}
	key := func(name string) string { return map[string]string{"DIDIT_API_KEY": "sk_test_invented"}[name] }
	err := run(t.Context(), []string{"-listen", ":0", "-application", id, "-partner", id}, key, slog.New(slog.DiscardHandler))
	require.ErrorContains(t, err, "DIDIT_WEBHOOK_SECRET")
}
