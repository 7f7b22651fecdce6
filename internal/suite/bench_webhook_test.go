package suite

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/webhook"
)

const benchSecret = "whsec_bench_00000000000000000000"

// BenchmarkWebhook verifies a delivery with a decision, by either signature, beside the
// same by hand into the same type and beside HMAC alone. What a signature costs without
// decoding is for the benchmark of package webhook.
func BenchmarkWebhook(b *testing.B) {
	var least float64 // by hand, in ns
	b.Run("hmac", func(b *testing.B) { webhookFloor(b, false) })
	b.Run("floor", func(b *testing.B) {
		webhookFloor(b, true)
		least = nsPerOp(b)
	})
	for _, signature := range []string{"X-Signature", "X-Signature-V2"} {
		b.Run(signature, func(b *testing.B) {
			webhookClient(b, signature)
			if least > 0 { // else the floor was not asked for
				b.ReportMetric(nsPerOp(b)/least, "x-floor")
			}
		})
	}
}

func webhookFloor(b *testing.B, decode bool) {
	b.Helper()
	header, body := delivery(b, "X-Signature")
	b.ReportAllocs()
	for b.Loop() {
		h := hmac.New(sha256.New, []byte(benchSecret))
		h.Write(body)
		given, err := hex.DecodeString(header.Get("X-Signature"))
		if err != nil || !hmac.Equal(given, h.Sum(nil)) {
			b.Fatal(errBench)
		}
		if !decode {
			continue
		}
		var event struct {
			Type      string          `json:"webhook_type"`
			SessionID string          `json:"session_id"`
			Status    string          `json:"status"`
			Timestamp int64           `json:"timestamp"`
			Decision  json.RawMessage `json:"decision"`
		}
		if err := json.Unmarshal(body, &event); err != nil || time.Since(time.Unix(event.Timestamp, 0)) > time.Hour {
			b.Fatal(errBench)
		}
		if _, err := didit.ParseSession(event.Decision); err != nil {
			b.Fatal(err)
		}
	}
}

func webhookClient(b *testing.B, signature string) {
	b.Helper()
	v, err := webhook.NewVerifier(benchSecret)
	if err != nil {
		b.Fatal(err)
	}
	header, body := delivery(b, signature)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(header, body); err != nil {
			b.Fatal(err)
		}
	}
}

// delivery is a webhook with a decision, and one signature.
func delivery(b *testing.B, signature string) (http.Header, []byte) {
	b.Helper()
	decision, id := decisionBody(b)
	now := time.Now()
	body := fmt.Appendf(nil, `{"webhook_type":"status.updated","session_id":%q,"status":"Approved","created_at":%d,"timestamp":%d,"decision":%s}`,
		id, now.Unix(), now.Unix(), decision)
	all, err := webhook.Sign(benchSecret, now, body)
	if err != nil {
		b.Fatal(err)
	}
	return http.Header{"X-Timestamp": all["X-Timestamp"], signature: all[http.CanonicalHeaderKey(signature)]}, body
}
