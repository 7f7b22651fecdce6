package main

import (
	"encoding/json"
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

// TestWebhook verifies what the stand-in sent, and what the tool signed.
func TestWebhook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer receiver.Close()
	w.a.DeliverTo(receiver.URL)
	session := w.session()
	w.a.SetStatus(session, didit.StatusInReview)
	w.server.FlushWebhooks()
	delivery := w.a.Deliveries()[0]

	secret, body := w.write(t, "secret", w.a.WebhookSecret+"\n"), string(delivery.Body)
	var header strings.Builder
	require.NoError(t, delivery.Header.Write(&header))
	received := w.write(t, "received", "POST /webhook HTTP/1.1\n"+header.String()+"\n")
	verify := func(args ...string) result {
		return cli(t, body, append([]string{"webhook", "verify", "--secret-file", secret}, args...)...)
	}
	r := verify("--header-file", received, "-o", "json").done(t)
	assert.Contains(t, r.out, `"session_id":"`+session+`"`)
	assert.Contains(t, r.out, `"status":"In Review"`)
	verify("-H", "X-Signature: "+delivery.Header.Get("X-Signature")).done(t)
	verify().fails(t, exitRefused, "signature")
	later := delivery.At.Add(time.Hour).Format(time.RFC3339)
	verify("--header-file", received, "--at", later).fails(t, exitRefused, "webhook:")
	verify("--header-file", w.path("none")).fails(t, exitUsage, "--header-file: open")
	verify("--body-file", w.path("none")).fails(t, exitUsage, "--body-file: open")
	verify("--secret-file", w.path("none")).fails(t, exitUsage, "--secret-file: open")
	verify("--secret-file", w.write(t, "short", "x")).fails(t, exitUsage, "the webhook's secret")

	sign := func(args ...string) result {
		return cli(t, body, append([]string{"webhook", "sign", "--secret-file", secret}, args...)...)
	}
	signed := w.write(t, "signed", sign().done(t).out)
	verify("--header-file", signed).done(t)
	var headers map[string]string
	require.NoError(t, json.Unmarshal([]byte(sign("-o", "json").done(t).out), &headers))
	assert.Equal(t, delivery.Header.Get("X-Signature"), headers["X-Signature"])
	sign("--secret-file", w.path("none")).fails(t, exitUsage, "--secret-file")
	cli(t, "no json", "webhook", "sign", "--secret-file", secret).fails(t, exitRefused, "webhook:")
	assert.Equal(t, didittest.EventStatusUpdated, delivery.Event)
}
