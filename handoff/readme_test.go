package handoff_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/handoff"
)

// block returns what stands between the fences of a language in the README.
func block(t *testing.T, language string) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	found := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindSubmatch(text)
	require.NotNil(t, found, language)
	return string(found[1])
}

// TestWorkedExample: the README's numbers are right, and a receiver takes its push.
func TestWorkedExample(t *testing.T) {
	t.Parallel()
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.Replace(block(t, "http"), "\n\n", "\nContent-Length: 10000\n\n", 1))))
	require.NoError(t, err)
	_, body, _ := strings.Cut(block(t, "http"), "\n\n")
	body = strings.TrimSuffix(body, "\n")
	seconds, err := strconv.ParseInt(r.Header.Get("Webhook-Timestamp"), 10, 64)
	require.NoError(t, err)
	at := time.Unix(seconds, 0)
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	require.Contains(t, string(readme), secretText)

	w, err := standardwebhooks.NewWebhook(secretText)
	require.NoError(t, err)
	signature, err := w.Sign(r.Header.Get("Webhook-Id"), at, []byte(body))
	require.NoError(t, err)
	assert.Equal(t, signature, r.Header.Get("Webhook-Signature"))

	clock := handoff.WithClock(func() time.Time { return at })
	receiver, err := handoff.NewReceiver(fintech, partners(t), imported, clock)
	require.NoError(t, err)
	m := &message{secret: secretText, id: r.Header.Get("Webhook-Id"), at: at, body: []byte(body)}
	assert.Equal(t, 200, m.send(t, receiver).Code)

	// It is what a sender sends, to the byte.
	on := &wire{handler: receiver}
	sender, err := handoff.NewSender(where, secret(t, secretText), clock, handoff.WithHTTPClient(on.client()))
	require.NoError(t, err)
	_, err = sender.Send(t.Context(), handoff.Envelope{
		ID: "job-4711", Token: didit.NewShareToken("header.claims.signature"), SessionKind: didit.KindUser, SourceSessionID: source,
		FromApplicationID: bank, ForApplicationID: fintech, ExpiresAt: at.Add(time.Hour), Reference: "customer-7", Purpose: "open an account",
	})
	require.NoError(t, err)
	assert.Equal(t, body, string(on.bodies[0]))
	assert.Equal(t, signature, on.sent[0].Header.Get("Webhook-Signature"))
}

// TestOtherLanguages: the README's receivers complete a push and a pull with this package.
func TestOtherLanguages(t *testing.T) {
	t.Parallel()
	for _, l := range []struct{ block, program, file string }{{"python", "python3", "receiver.py"}, {"js", "node", "receiver.mjs"}} {
		t.Run(l.block, func(t *testing.T) {
			t.Parallel()
			program, err := exec.LookPath(l.program)
			if err != nil {
				t.Skip(l.program + " is not on this machine")
			}
			file := filepath.Join(t.TempDir(), l.file)
			require.NoError(t, os.WriteFile(file, []byte(block(t, l.block)), 0o600))
			shared, err := json.Marshal(map[string]any{
				"share_token": "planted.share-token.text", "session_kind": "user", "source_session_id": source,
				"expires_at": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
			})
			require.NoError(t, err)
			start := func(self, partner string) string {
				cmd := exec.CommandContext(t.Context(), program, file)
				cmd.Env = append(os.Environ(), "HANDOFF_SELF="+self, "HANDOFF_PARTNER="+partner, "HANDOFF_SECRET="+secretText,
					"HANDOFF_SHARED="+string(shared), "PORT=0")
				out, err := cmd.StdoutPipe()
				require.NoError(t, err)
				require.NoError(t, cmd.Start())
				t.Cleanup(func() {
					_ = cmd.Process.Kill()
					_ = cmd.Wait()
				})
				port, err := bufio.NewReader(out).ReadString('\n')
				require.NoError(t, err)
				return "http://127.0.0.1:" + strings.TrimSpace(port) + "/handoff"
			}
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

			url := start(fintech, bank)
			sender, err := handoff.NewSender(url, secret(t, secretText), handoff.WithHTTPClient(client))
			require.NoError(t, err)
			e := envelope("job-1")
			for range 2 {
				receipt, err := sender.Send(t.Context(), e)
				require.NoError(t, err)
				assert.Equal(t, &handoff.Receipt{ID: "job-1", Status: handoff.StatusAccepted}, receipt)
			}
			// Who hangs up in the middle of a body takes nobody else down.
			gone, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/handoff"))
			require.NoError(t, err)
			_, err = gone.Write([]byte("POST /handoff HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"))
			require.NoError(t, err)
			require.NoError(t, gone.Close())

			late := push("job-2").set("expires_at", time.Now().Add(-time.Minute).UTC().Format(time.RFC3339))
			stale := push("job-2")
			stale.at = time.Now().Add(-time.Hour)
			stranger := push("job-2")
			stranger.secret = otherText
			twice := push("job-2")
			twice.header = func(h http.Header) { h.Add("Webhook-Id", "job-2") }
			for want, m := range map[string]*message{
				`422 {"code":"id_reused"}`:                          push("job-1"),
				`422 {"code":"expired"}`:                            late,
				`401 {"code":"stale"}`:                              stale,
				`401 {"code":"unauthorized"}`:                       stranger,
				`401 {"code":"unauthorized"} `:                      twice,
				`401 {"code":"unauthorized"}  `:                     push("job-2").set("for_application_id", other),
				`401 {"code":"unauthorized"}   `:                    push("job-2").set("type", "grant"),
				`422 {"code":"unsupported_version","versions":[1]}`: push("job-2").set("version", 2),
				`400 {"code":"malformed"}`:                          {secret: secretText, id: "job-2", at: time.Now(), body: []byte("{")},
				`413 {"code":"too_large"}`:                          push("job-2").set("x", strings.Repeat("x", 33<<10)),
			} {
				in := m.build(t)
				out, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(m.text(t)))
				require.NoError(t, err)
				out.Header = in.Header
				resp, err := client.Do(out)
				require.NoError(t, err)
				var body bytes.Buffer
				_, _ = body.ReadFrom(resp.Body)
				resp.Body.Close()
				assert.Equal(t, strings.TrimSpace(want), strconv.Itoa(resp.StatusCode)+" "+strings.NewReplacer(": ", ":", ", ", ",").Replace(body.String()))
				assert.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
			}

			url = start(bank, fintech)
			requester, err := handoff.NewRequester(url, secret(t, secretText), handoff.WithHTTPClient(client))
			require.NoError(t, err)
			granted, err := requester.Request(t.Context(), request("job-3"))
			require.NoError(t, err)
			assert.Equal(t, "planted.share-token.text", granted.Token.Reveal())
			assert.Equal(t, source, granted.SourceSessionID)
		})
	}
}
