package webhook_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/didit-go/didit"
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

func TestVerify(t *testing.T) {
	t.Parallel()
	body := event(nil)
	for _, keep := range [][]string{nil, {"X-Signature"}, {"X-Signature-V2"}} {
		e, err := verifier(t).Verify(sign(t, body, keep...), body)
		require.NoError(t, err, "%v", keep)
		assert.Equal(t, "evt-1", e.ID)
		assert.Equal(t, webhook.TypeStatusUpdated, e.Type)
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
		{"no timestamp header", with("X-Timestamp", ""), body, webhook.ErrStale},
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

// TestVerifyFreshness at its bounds.
func TestVerifyFreshness(t *testing.T) {
	t.Parallel()
	for _, d := range []time.Duration{-15 * time.Minute, 0, 5 * time.Minute} {
		body := event(map[string]any{"timestamp": now.Add(d).Unix()})
		_, err := verifier(t).Verify(sign(t, body), body)
		require.NoError(t, err, "%v", d)
	}
	body := event(nil)
	header := sign(t, body)
	_, err := verifier(t, webhook.WithTolerance(time.Minute), webhook.WithClock(func() time.Time { return now.Add(61 * time.Second) })).Verify(header, body)
	require.ErrorIs(t, err, webhook.ErrStale)
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

func TestSecrets(t *testing.T) {
	t.Parallel()
	body := event(nil)
	header, err := webhook.Sign(" "+oldSecret+"\n", now, body)
	require.NoError(t, err)
	_, err = verifier(t).Verify(header, body)
	require.ErrorIs(t, err, webhook.ErrSignature)
	_, err = verifier(t, webhook.WithPreviousSecret(oldSecret)).Verify(header, body)
	require.NoError(t, err)

	_, err = webhook.NewVerifier("", webhook.WithPreviousSecret(" short "), webhook.WithTolerance(0), webhook.WithClock(nil), nil)
	var invalid *didit.ValidationError
	require.ErrorAs(t, err, &invalid)
	assert.Len(t, invalid.Problems, 5)
	assert.NotContains(t, err.Error(), "short ")
	_, err = webhook.Sign("", now, body)
	require.ErrorIs(t, err, didit.ErrInvalidParams)
	_, err = webhook.Sign(secret, now, []byte("{"))
	require.ErrorIs(t, err, webhook.ErrMalformed)
	_, err = new(webhook.Verifier).Verify(header, body)
	require.ErrorIs(t, err, webhook.ErrSignature)
	_, err = (*webhook.Verifier)(nil).Verify(header, body)
	require.ErrorIs(t, err, webhook.ErrSignature)
}

// TestEvents reads every documented kind of event.
func TestEvents(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		changes map[string]any
		check   func(t *testing.T, e *webhook.Event)
	}{
		{"a company", map[string]any{"session_kind": "business", "business_session_id": sessionID, "decision": map[string]any{
			"session_id": sessionID, "registry_checks": []any{map[string]any{"status": "Approved"}}}}, func(t *testing.T, e *webhook.Event) {
			assert.Equal(t, didit.KindBusiness, e.SessionKind)
			assert.Equal(t, didit.KindBusiness, e.Session.SessionKind)
			assert.Len(t, e.Session.RegistryChecks, 1)
		}},
		{"a company that only its id tells", map[string]any{"session_id": nil, "business_session_id": sessionID, "decision": nil}, func(t *testing.T, e *webhook.Event) {
			assert.Equal(t, didit.KindBusiness, e.SessionKind)
			assert.Equal(t, sessionID, e.SessionID)
			assert.Nil(t, e.Session)
		}},
		{"the kind of its decision", map[string]any{"decision": map[string]any{"session_id": sessionID, "session_kind": "business"}}, func(t *testing.T, e *webhook.Event) {
			assert.Equal(t, didit.KindBusiness, e.SessionKind)
		}},
		{"resubmitted", map[string]any{"status": "Resubmitted", "decision": nil, "resubmit_info": map[string]any{"nodes_to_resubmit": []any{}}}, func(t *testing.T, e *webhook.Event) {
			assert.Equal(t, didit.StatusResubmitted, e.Status)
			assert.JSONEq(t, `{"nodes_to_resubmit":[]}`, string(e.ResubmitInfo))
		}},
		{"the test button", map[string]any{"event_id": nil, "decision": nil, "metadata": map[string]any{"test_webhook": true}}, func(t *testing.T, e *webhook.Event) {
			assert.True(t, e.Test)
			assert.Empty(t, e.ID)
		}},
		{"singular keys, no id", map[string]any{"decision": map[string]any{"status": "Approved", "id_verification": map[string]any{"status": "Approved", "first_name": "Ada"}}}, func(t *testing.T, e *webhook.Event) {
			assert.Equal(t, sessionID, e.Session.SessionID)
			assert.Equal(t, "Ada", e.Session.IDVerifications[0].FirstName)
			assert.NotContains(t, string(e.Session.Raw), sessionID)
		}},
		{"an empty decision", map[string]any{"decision": map[string]any{}}, func(t *testing.T, e *webhook.Event) {
			assert.Equal(t, sessionID, e.Session.SessionID)
		}},
		{"an entity", map[string]any{"webhook_type": "user.status.updated", "session_id": nil, "decision": nil, "status": "ACTIVE"}, func(t *testing.T, e *webhook.Event) {
			assert.Equal(t, "user.status.updated", e.Type)
			assert.Empty(t, e.SessionKind)
		}},
		{"a type of tomorrow, odd fields", map[string]any{"webhook_type": "tomorrow", "vendor_data": 7, "metadata": []any{1}, "decision": nil}, func(t *testing.T, e *webhook.Event) {
			assert.Equal(t, "tomorrow", e.Type)
			assert.Empty(t, e.VendorData)
			assert.JSONEq(t, "[1]", string(e.Metadata))
			assert.NotContains(t, e.String(), "tomorrow")
		}},
		{"a float for a timestamp", map[string]any{"timestamp": json.RawMessage("1795521600.0")}, func(t *testing.T, e *webhook.Event) {
			assert.Equal(t, now, e.Timestamp)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			body := event(test.changes)
			e, err := verifier(t).Verify(sign(t, body), body)
			require.NoError(t, err)
			test.check(t, e)
		})
	}
}

// TestPrinting shows neither a secret nor a person.
func TestPrinting(t *testing.T) {
	t.Parallel()
	body := event(nil)
	v := verifier(t)
	e, err := v.Verify(sign(t, body), body)
	require.NoError(t, err)
	var b strings.Builder
	log := slog.New(slog.NewTextHandler(&b, nil))
	for _, x := range []any{v, *v, e, *e, []any{v, e}, struct{ V, E any }{v, e}, struct {
		v *webhook.Verifier // out of the printers' methods' reach
		w webhook.Verifier
	}{v, *v}} {
		fmt.Fprintf(&b, "%v %+v %#v %s %q %x\n", x, x, x, x, x, x)
		log.Info("x", "x", x)
	}
	b.WriteString(v.GoString() + e.GoString())
	for _, planted := range []string{secret, secret[:12], "customer-1", "Zo"} {
		assert.NotContains(t, b.String(), planted)
	}
	assert.Contains(t, b.String(), sessionID)
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
