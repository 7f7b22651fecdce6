package webhook_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/didit-go/didit/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	secret    = "whsec_invented_0123456789abcdefghijklmnopqrs"
	oldSecret = "whsec_before_0123456789abcdefghijklmnopqrst"
	sessionID = "6f1b0c52-7a53-4c2f-9d0e-2f1f4a1f0a01"
	appID     = "5b1d4c1e-90f3-4a85-b7c8-1a52e9d0c00a"
)

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func verifier(t testing.TB, opts ...webhook.Option) *webhook.Verifier {
	t.Helper()
	v, err := webhook.NewVerifier(secret, append([]webhook.Option{webhook.WithClock(func() time.Time { return now })}, opts...)...)
	require.NoError(t, err)
	return v
}

// event is the body of a delivery, as Didit writes it; changes replace members, and a
// nil one leaves it out.
func event(changes map[string]any) []byte {
	all := map[string]any{
		"event_id": "evt-1", "webhook_type": "status.updated", "timestamp": now.Unix(), "created_at": now.Unix() - 60,
		"application_id": appID, "environment": "sandbox", "session_id": sessionID, "status": "Approved",
		"workflow_id": "c2a7e8d4-3b16-4f0a-8e57-7f5c6b4d3004", "workflow_version": 3, "vendor_data": "customer-1", "metadata": nil,
		"decision": map[string]any{
			"session_id": sessionID, "status": "Approved",
			"id_verifications": []any{map[string]any{"status": "Approved", "first_name": "Zoë", "front_image_quality_score": map[string]any{"overall_score": 95.0}}},
		},
	}
	for name, value := range changes {
		if all[name] = value; value == nil {
			delete(all, name)
		}
	}
	body, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return body
}

func sign(t testing.TB, body []byte, keep ...string) http.Header {
	t.Helper()
	h, err := webhook.Sign(secret, now, body)
	if err != nil { // for what Sign does not sign
		return http.Header{"X-Timestamp": {fmt.Sprint(now.Unix())}, "X-Signature": {rawSignature(t, body)}}
	}
	for _, name := range []string{"X-Signature", "X-Signature-V2", "X-Signature-Simple"} {
		if len(keep) > 0 && !strings.Contains(strings.Join(keep, " ")+" ", name+" ") {
			h.Del(name)
		}
	}
	return h
}

// rawSignature signs a text as it is.
func rawSignature(t testing.TB, text []byte) string {
	t.Helper()
	h := hmac.New(sha256.New, []byte(secret))
	h.Write(text)
	return hex.EncodeToString(h.Sum(nil))
}

// deliver hands a delivery to a handler.
func deliver(h http.Handler, header http.Header, body []byte) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	r.Header = header
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// works is a callback that succeeds.
func works(context.Context, *webhook.Event) error { return nil }
