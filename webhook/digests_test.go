package webhook_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/webhook"
)

// digests is a delivery that Python signed as Didit does, see testdata/deliveries.py.
type digests struct {
	Name   string `json:"name"`
	Body   string `json:"body"`
	Raw    string `json:"x_signature"`
	V2     string `json:"x_signature_v2"`
	Simple string `json:"x_signature_simple"`
}

// TestDigests: each signature is made as Didit makes it, and is enough alone, but for
// the simple one; with X-Timestamp and without.
func TestDigests(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/deliveries.json")
	require.NoError(t, err)
	var all []digests
	require.NoError(t, json.Unmarshal(data, &all))
	require.Len(t, all, 8)
	for _, d := range all {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			body := []byte(d.Body)
			own, err := webhook.Sign(secret, now, body)
			require.NoError(t, err)
			assert.Equal(t, d.Raw, own.Get("X-Signature"))
			assert.Equal(t, d.V2, own.Get("X-Signature-V2"))
			assert.Equal(t, d.Simple, own.Get("X-Signature-Simple"))

			late := verifier(t, webhook.WithClock(func() time.Time { return now.Add(time.Hour) }))
			signatures := http.Header{"X-Signature": {d.Raw}, "X-Signature-V2": {d.V2}, "X-Signature-Simple": {d.Simple}}
			for _, names := range [][]string{{"X-Signature"}, {"X-Signature-V2"}, {"X-Signature", "X-Signature-V2", "X-Signature-Simple"}} {
				header := http.Header{}
				for _, name := range names {
					header[name] = signatures[name]
				}
				e, err := verifier(t).Verify(header, body)
				require.NoError(t, err, "without X-Timestamp")
				assert.Equal(t, now, e.Timestamp)
				header.Set("X-Timestamp", fmt.Sprint(now.Unix()))
				_, err = verifier(t).Verify(header, body)
				require.NoError(t, err, "with X-Timestamp")

				header.Set("X-Timestamp", fmt.Sprint(now.Add(time.Hour).Unix()))
				_, err = late.Verify(header, body)
				require.ErrorIs(t, err, webhook.ErrStale, "an old body under a fresh X-Timestamp")
				_, err = verifier(t).Verify(header, append([]byte(`{"a":1,`), body[1:]...))
				require.ErrorIs(t, err, webhook.ErrSignature)
			}
			_, err = verifier(t).Verify(http.Header{"X-Signature-Simple": {d.Simple}}, body)
			require.ErrorIs(t, err, webhook.ErrMissingSignature)
		})
	}
}
