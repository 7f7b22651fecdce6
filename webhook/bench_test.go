package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

// The check of a signature is held against HMAC alone on the same text.
//
//	go test -run '^$' -bench . -benchmem ./webhook

// benchBody is a delivery of about 12 KB.
func benchBody() []byte {
	var warnings []any
	for i := range 40 {
		warnings = append(warnings, map[string]any{
			"feature": "ID_VERIFICATION", "risk": fmt.Sprintf("RISK_NUMBER_%d", i), "log_type": "information", "node_id": "feature_ocr_1",
			"additional_data": nil, "short_description": "Something was seen", "long_description": strings.Repeat("Nothing to worry about. ", 4),
		})
	}
	return event(map[string]any{"decision": map[string]any{
		"session_id": sessionID, "id_verifications": []any{map[string]any{"status": "Approved", "age": 31, "score": 98.2, "warnings": warnings}},
	}})
}

func BenchmarkSignature(b *testing.B) {
	body := benchBody()
	var floor float64 // of one operation, in ns
	ns := func(b *testing.B) float64 { return float64(b.Elapsed().Nanoseconds()) / float64(b.N) }
	ratio := func(b *testing.B) {
		if floor > 0 { // else hmac was not asked for
			b.ReportMetric(ns(b)/floor, "x-hmac")
		}
	}
	b.Run("hmac", func(b *testing.B) {
		want := rawSignature(b, body)
		b.ReportAllocs()
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			h := hmac.New(sha256.New, []byte(secret))
			h.Write(body)
			given, err := hex.DecodeString(want)
			if err != nil || !hmac.Equal(given, h.Sum(nil)) {
				b.Fatal("no")
			}
		}
		floor = ns(b)
	})
	for _, kind := range []string{"X-Signature", "X-Signature-V2"} {
		b.Run(kind, func(b *testing.B) {
			v, header := verifier(b), sign(b, body, kind)
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if err := v.Authenticate(header, body); err != nil {
					b.Fatal(err)
				}
			}
			ratio(b)
		})
	}
	b.Run("verify", func(b *testing.B) {
		v, header := verifier(b), sign(b, body)
		b.ReportAllocs()
		b.SetBytes(int64(len(body)))
		for b.Loop() {
			if _, err := v.Verify(header, body); err != nil {
				b.Fatal(err)
			}
		}
		ratio(b)
	})
}
