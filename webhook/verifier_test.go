package webhook_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/webhook"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	body := event(nil)
	for _, keep := range [][]string{nil, {"X-Signature"}, {"X-Signature-V2"}} {
		e, err := verifier(t).Verify(sign(t, body, keep...), body)
		require.NoError(t, err, "%v", keep)
		assert.Equal(t, "evt-1", e.ID)
		assert.Equal(t, webhook.EventStatusUpdated, e.Type)
		assert.Equal(t, appID, e.ApplicationID)
		assert.Equal(t, "sandbox", e.Environment)
		assert.Equal(t, sessionID, e.SessionID)
		assert.Equal(t, "c2a7e8d4-3b16-4f0a-8e57-7f5c6b4d3004", e.WorkflowID)
		assert.Equal(t, "customer-1", e.VendorData)
		assert.Equal(t, didit.KindUser, e.SessionKind)
		assert.Equal(t, didit.StatusApproved, e.Status)
		assert.Equal(t, now, e.Timestamp)
		assert.False(t, e.Test)
		assert.Nil(t, e.Metadata)
		require.NotNil(t, e.Session)
		assert.Equal(t, "Zoë", e.Session.IDVerifications[0].FirstName)
		assert.Equal(t, didit.KindUser, e.Session.SessionKind)
		assert.JSONEq(t, string(body), string(e.Raw))
	}
}

// TestVerifyReformatted: what a proxy decodes and writes again still has its canonical
// form, and that is what is decoded.
func TestVerifyReformatted(t *testing.T) {
	t.Parallel()
	body := event(nil)
	header := sign(t, body)
	var indented bytes.Buffer
	require.NoError(t, json.Indent(&indented, bytes.ReplaceAll(body, []byte(":95}"), []byte(":95.0}")), "", "  "))
	e, err := verifier(t).Verify(header, indented.Bytes())
	require.NoError(t, err)
	want, err := webhook.Canonical(nil, body)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(e.Raw))
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	body := event(nil)
	good := sign(t, body)
	with := func(name, value string) http.Header {
		h := good.Clone()
		if h.Set(name, value); value == "" {
			h.Del(name)
		}
		return h
	}
	stamp := func(d time.Duration) string { return fmt.Sprint(now.Add(d).Unix()) }
	tests := []struct {
		name   string
		header http.Header
		body   []byte
		want   error
	}{
		{"no header at all", nil, body, webhook.ErrMissingSignature},
		{"the simple signature alone", sign(t, body, "X-Signature-Simple"), body, webhook.ErrMissingSignature},
		{"another body", good, event(map[string]any{"status": "Declined"}), webhook.ErrSignature},
		{"both wrong", http.Header{"X-Signature": {strings.Repeat("0", 64)}, "X-Signature-V2": {strings.Repeat("0", 64)}}, body, webhook.ErrSignature},
		{"raw wrong, no other", http.Header{"X-Signature": {strings.Repeat("0", 64)}}, body, webhook.ErrSignature},
		{"not hex", http.Header{"X-Signature-V2": {strings.Repeat("x", 64)}}, body, webhook.ErrSignature},
		{"cut", http.Header{"X-Signature-V2": {good.Get("X-Signature-V2")[:62]}}, body, webhook.ErrSignature},
		{"empty body", good, nil, webhook.ErrSignature},
		{"an odd timestamp header", with("X-Timestamp", "today"), body, webhook.ErrStale},
		{"an old timestamp header", with("X-Timestamp", stamp(-5*time.Minute-time.Second)), body, webhook.ErrStale},
		{"a timestamp header ahead", with("X-Timestamp", stamp(5*time.Minute+time.Second)), body, webhook.ErrStale},
	}
	for name, change := range map[string]struct {
		changes map[string]any
		want    error
	}{
		"the body's timestamp is missing": {map[string]any{"timestamp": nil}, webhook.ErrStale},
		"the body's timestamp is odd":     {map[string]any{"timestamp": "today"}, webhook.ErrStale},
		"the body's timestamp is old":     {map[string]any{"timestamp": now.Add(-15*time.Minute - time.Second).Unix()}, webhook.ErrStale},
		"the body's timestamp is ahead":   {map[string]any{"timestamp": now.Add(5*time.Minute + time.Second).Unix()}, webhook.ErrStale},
		"no type":                         {map[string]any{"webhook_type": nil}, webhook.ErrMalformed},
		"the decision is none":            {map[string]any{"decision": "Approved"}, webhook.ErrMalformed},
		"a long list":                     {map[string]any{"x": make([]struct{}, 100_000)}, webhook.ErrMalformed},
	} {
		b := event(change.changes)
		tests = append(tests, struct {
			name   string
			header http.Header
			body   []byte
			want   error
		}{name, sign(t, b), b, change.want})
	}
	twice := append([]byte(`{"session_id":"other",`), body[1:]...)
	canonical := sign(t, twice, "X-Signature-V2")
	tests = append(tests, []struct {
		name   string
		header http.Header
		body   []byte
		want   error
	}{
		{"a key put in front, raw", sign(t, twice), twice, webhook.ErrMalformed},
		{"a key put in front, canonical", canonical, twice, webhook.ErrMalformed},
		{"a key put in front of a signed body", good, twice, webhook.ErrMalformed},
		{"a list", sign(t, []byte("[1]")), []byte("[1]"), webhook.ErrMalformed},
	}...)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e, err := verifier(t).Verify(test.header, test.body)
			require.ErrorIs(t, err, test.want)
			assert.Nil(t, e)
			for _, other := range []error{webhook.ErrMissingSignature, webhook.ErrSignature, webhook.ErrStale, webhook.ErrMalformed} {
				assert.Equal(t, other == test.want, errors.Is(err, other), "%v", other) //nolint:errorlint // which one is asked
			}
			for _, planted := range []string{secret, "customer-1", "Zoë", sessionID} {
				assert.NotContains(t, err.Error(), planted)
			}
		})
	}
}

// TestVerifyWithoutCanonicalForm: a good raw signature stands by itself.
func TestVerifyWithoutCanonicalForm(t *testing.T) {
	t.Parallel()
	body := event(map[string]any{"vendor_data": "half"})
	odd := bytes.Replace(body, []byte("half"), []byte(`half \ud800`), 1)
	_, err := webhook.Canonical(nil, odd)
	require.Error(t, err)
	header := sign(t, body)
	header.Set("X-Signature", rawSignature(t, odd))
	e, err := verifier(t).Verify(header, odd)
	require.NoError(t, err)
	assert.Equal(t, string(odd), string(e.Raw))

	// What has no canonical form is not let off: a key that stands twice is refused.
	for _, put := range []string{`{"session_id":"other",`, `{"x":[{"a":1,"b":{},"\u0061":[]}],`} {
		twice := append([]byte(put), odd[1:]...)
		header.Set("X-Signature", rawSignature(t, twice))
		_, err = verifier(t).Verify(header, twice)
		require.ErrorIs(t, err, webhook.ErrMalformed)
	}
	for _, put := range []string{`{"x":[{"a":1},{"a":{"a":2}},"a","a"],`, `{"x":{"y":"x","x":"y"},`} {
		once := append([]byte(put), odd[1:]...)
		header.Set("X-Signature", rawSignature(t, once))
		_, err = verifier(t).Verify(header, once)
		require.NoError(t, err, put)
	}
}

// TestEveryByteCounts: any change of one byte is refused, but for white space that
// means nothing.
func TestEveryByteCounts(t *testing.T) {
	t.Parallel()
	body := event(map[string]any{"decision": nil})
	header := sign(t, body)
	v := verifier(t)
	for i := range body {
		for _, change := range []byte{body[i] ^ 1, body[i] ^ 0x20, ' ', '0', 0xFF} {
			if change == body[i] {
				continue
			}
			changed := bytes.Clone(body)
			changed[i] = change
			_, err := v.Verify(header, changed)
			require.Error(t, err, "byte %d", i)
		}
		spaced := append(append(bytes.Clone(body[:i]), ' '), body[i:]...)
		_, err := v.Verify(header, spaced)
		same, _ := webhook.Canonical(nil, spaced)
		want, _ := webhook.Canonical(nil, body)
		assert.Equal(t, bytes.Equal(same, want), err == nil, "a space at %d", i)
	}
}

// FuzzVerify decodes whatever was signed.
func FuzzVerify(f *testing.F) {
	f.Add(event(nil))
	f.Add([]byte(`{"webhook_type":"x","timestamp":1795521600,"decision":{"a":1},"session_id":"s","metadata":{"test_webhook":1}}`))
	v := verifier(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		header := http.Header{"X-Timestamp": {fmt.Sprint(now.Unix())}, "X-Signature": {rawSignature(t, body)}}
		e, err := v.Verify(header, body)
		if (e == nil) == (err == nil) {
			t.Fatal("neither or both")
		}
		if err != nil && !errors.Is(err, webhook.ErrMalformed) && !errors.Is(err, webhook.ErrStale) {
			t.Fatal(err)
		}
		// The other signature says the same, wherever it can be made.
		text, formless := webhook.Canonical(nil, body)
		if formless != nil {
			return
		}
		header = http.Header{"X-Timestamp": header["X-Timestamp"], "X-Signature-V2": {rawSignature(t, text)}}
		again, errAgain := v.Verify(header, body)
		if fmt.Sprint(err) != fmt.Sprint(errAgain) || err == nil && (again.ID != e.ID || again.String() != e.String() || !bytes.Equal(again.Raw, text)) {
			t.Fatalf("raw: %v, %v; canonical: %v, %v", e, err, again, errAgain)
		}
	})
}
