package handoff_test

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/handoff"
)

// TestAttacks: each is refused, the callback never runs, the log and the audit say why,
// and whoever has no good signature is told one and the same.
func TestAttacks(t *testing.T) {
	t.Parallel()
	now := time.Now()
	raw := func(change func(string) string) *message {
		m := push("job-1")
		m.body = []byte(change(string(m.text(t))))
		return m
	}
	headers := func(f func(http.Header)) *message {
		m := push("job-1")
		m.header = f
		return m
	}
	signed := func(secret string, at time.Duration) *message {
		m := push("job-1")
		m.secret, m.at = secret, time.Now().Add(at)
		return m
	}
	dotted := push("job-1")
	dotted.id = "job.1"
	swapped := push("job-1")
	swapped.id = "job-2"
	const (
		unauthorized = `{"code":"unauthorized"}`
		malformed    = `{"code":"malformed"}`
	)
	for name, attack := range map[string]struct {
		m      *message
		status int
		body   string
		reason string
	}{
		"another partner's secret":     {signed(otherText, 0), 401, unauthorized, "does not own the secret"},
		"a retired secret":             {signed(thirdText, 0), 401, unauthorized, "no signature fits"},
		"stale":                        {signed(secretText, -5*time.Minute-2*time.Second), 401, `{"code":"stale"}`, "timestamp is too far"},
		"from the future":              {signed(secretText, 5*time.Minute+2*time.Second), 401, `{"code":"stale"}`, "timestamp is too far"},
		"stale, and no good secret":    {signed(thirdText, -time.Hour), 401, unauthorized, "no signature fits"},
		"wrong audience":               {push("job-1").set("for_application_id", other), 401, unauthorized, "for another application"},
		"a request":                    {push("job-1").set("type", "request"), 401, unauthorized, "for another endpoint"},
		"a grant":                      {push("job-1").set("type", "grant"), 401, unauthorized, "for another endpoint"},
		"no type":                      {push("job-1").set("type", nil), 401, unauthorized, "for another endpoint"},
		"in another's name":            {push("job-1").set("from_application_id", other), 401, unauthorized, "does not own the secret"},
		"in a stranger's name":         {push("job-1").set("from_application_id", source), 401, unauthorized, "does not own the secret"},
		"reflected":                    {push("job-1").set("from_application_id", fintech).set("for_application_id", bank), 401, unauthorized, "for another application"},
		"another version":              {push("job-1").set("version", 2), 422, `{"code":"unsupported_version","versions":[1]}`, "version"},
		"a version as text":            {push("job-1").set("version", "1"), 400, malformed, "version"},
		"another id than the header's": {swapped, 400, malformed, "id is not webhook-id"},
		"an id with a dot":             {dotted, 401, unauthorized, "exactly one good"},
		"no reference":                 {push("job-1").set("reference", ""), 400, malformed, "Reference is required"},
		"no token":                     {push("job-1").set("share_token", nil), 400, malformed, "Token is required"},
		"a number for a text":          {push("job-1").set("reference", 7), 400, malformed, "another type"},
		"a token that never ends":      {push("job-1").set("expires_at", "2999-01-01T00:00:00Z"), 400, malformed, "ExpiresAt"},
		"a token that has ended":       {push("job-1").set("expires_at", time.Now().Add(-time.Second).UTC().Format(time.RFC3339)), 422, `{"code":"expired"}`, "expired"},
		"truncated":                    {raw(func(s string) string { return s[:len(s)-1] }), 400, malformed, "not one JSON object"},
		"two objects":                  {raw(func(s string) string { return s + s }), 400, malformed, "not one JSON object"},
		"an array":                     {raw(func(s string) string { return "[" + s + "]" }), 400, malformed, "not a JSON object"},
		"nothing":                      {raw(func(string) string { return " " }), 400, malformed, "not a JSON object"},
		"a duplicate key":              {raw(func(s string) string { return `{"reference":"customer-8",` + s[1:] }), 400, malformed, "a key stands twice"},
		"a duplicate key, escaped":     {raw(func(s string) string { return `{"\u0072eference":"customer-8",` + s[1:] }), 400, malformed, "a key stands twice"},
		"keys in other case":           {raw(func(s string) string { return strings.Replace(s, `"share_token"`, `"SHARE_TOKEN"`, 1) }), 400, malformed, "Token is required"},
		"bytes that are no text":       {raw(func(s string) string { return strings.Replace(s, "customer-7", "customer-\xff", 1) }), 400, malformed, "not a JSON object"},
		"half a character":             {raw(func(s string) string { return strings.Replace(s, "customer-7", `customer-\ud800`, 1) }), 400, malformed, "Reference"},
		"oversized":                    {push("job-1").set("x", strings.Repeat("x", 33<<10)), 413, `{"code":"too_large"}`, "32 KiB"},
		"another body":                 {headers(func(h http.Header) { h.Set("Webhook-Signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=") }), 401, unauthorized, "no signature fits"},
		"no signature":                 {headers(func(h http.Header) { h.Del("Webhook-Signature") }), 401, unauthorized, "exactly one good"},
		"two signature headers":        {headers(func(h http.Header) { h.Add("Webhook-Signature", h.Get("Webhook-Signature")) }), 401, unauthorized, "exactly one good"},
		"two ids":                      {headers(func(h http.Header) { h.Add("Webhook-Id", "job-2") }), 401, unauthorized, "exactly one good"},
		"two timestamps":               {headers(func(h http.Header) { h.Add("Webhook-Timestamp", "1") }), 401, unauthorized, "exactly one good"},
		"a timestamp in another form":  {headers(func(h http.Header) { h.Set("Webhook-Timestamp", "+"+h.Get("Webhook-Timestamp")) }), 401, unauthorized, "exactly one good"},
		"another timestamp":            {headers(func(h http.Header) { h.Set("Webhook-Timestamp", strconv.FormatInt(time.Now().Unix()+1, 10)) }), 401, unauthorized, "no signature fits"},
		"another id":                   {headers(func(h http.Header) { h.Set("Webhook-Id", "job-2") }), 401, unauthorized, "no signature fits"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var called atomic.Bool
			b := new(side)
			clock := handoff.WithClock(func() time.Time { return now }) // others may hold this test up
			receiver, err := handoff.NewReceiver(fintech, partners(t), func(ctx context.Context, e handoff.Envelope) (*handoff.Receipt, error) {
				called.Store(true)
				return imported(ctx, e)
			}, append(b.options(), clock)...)
			require.NoError(t, err)
			w := attack.m.send(t, receiver)
			assert.Equal(t, attack.status, w.Code)
			assert.JSONEq(t, attack.body, w.Body.String())
			assert.Equal(t, "no-store", w.Header().Get("Cache-Control"))
			assert.False(t, called.Load())
			e := b.last(t)
			assert.Equal(t, handoff.AuditRefused, e.Outcome)
			assert.Contains(t, e.Reason, attack.reason)
			assert.Contains(t, b.text(), attack.reason)
			assert.NotContains(t, b.text(), "planted")
			if w.Code == 401 || w.Code == 413 {
				assert.Empty(t, e.ID+e.FromApplicationID+e.Reference, "nothing of what nobody signed")
			}

			// What is good is taken all the same: nothing was remembered of the attack.
			assert.Equal(t, 200, push("job-1").send(t, receiver).Code)
			assert.True(t, called.Load())
		})
	}
}

func TestReplay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		p := newPushing(t, func(ctx context.Context, e handoff.Envelope) (*handoff.Receipt, error) {
			calls++
			return imported(ctx, e)
		})
		first := push("job-1")
		require.Equal(t, 200, first.send(t, p.handler).Code)

		// Within the window: the same receipt, and nothing happens.
		time.Sleep(4 * time.Minute)
		w := first.send(t, p.handler)
		assert.Equal(t, 200, w.Code)
		assert.JSONEq(t, `{"id":"job-1","status":"imported","session_id":"`+source+`"}`, w.Body.String())
		assert.Equal(t, 1, calls)

		// The same id with another body.
		changed := push("job-1").set("share_token", "another.token.text")
		w = changed.send(t, p.handler)
		assert.Equal(t, 422, w.Code)
		assert.JSONEq(t, `{"code":"id_reused"}`, w.Body.String())

		// In another order, a later one first.
		second := push("job-2")
		second.at = time.Now().Add(time.Minute)
		assert.Equal(t, 200, second.send(t, p.handler).Code)
		assert.Equal(t, 200, first.send(t, p.handler).Code)
		assert.Equal(t, 2, calls)

		// Beyond the window, and under a new timestamp after the end.
		time.Sleep(2 * time.Minute)
		assert.Equal(t, 401, first.send(t, p.handler).Code)
		time.Sleep(time.Hour)
		first.at = time.Now()
		w = first.send(t, p.handler)
		assert.Equal(t, 422, w.Code)
		assert.JSONEq(t, `{"code":"expired"}`, w.Body.String())
		assert.Equal(t, 2, calls)
	})
}

// TestSameIDOfTwoPartners: what one partner sends does not stand in another's way.
func TestSameIDOfTwoPartners(t *testing.T) {
	t.Parallel()
	p := newPushing(t, imported)
	assert.Equal(t, 200, push("job-1").send(t, p.handler).Code)
	theirs := push("job-1").set("from_application_id", other)
	theirs.secret = otherText
	assert.Equal(t, 200, theirs.send(t, p.handler).Code)
}

// TestUnknownFields are ignored, and so are keys that only look like known ones.
func TestUnknownFields(t *testing.T) {
	t.Parallel()
	p := newPushing(t, func(ctx context.Context, e handoff.Envelope) (*handoff.Receipt, error) {
		assert.Equal(t, "customer-7", e.Reference)
		assert.Equal(t, fintech, e.ForApplicationID)
		return imported(ctx, e)
	})
	m := push("job-1").set("REFERENCE", "customer-8").set("For_Application_Id", other).set("next", map[string]any{"a": []int{1}})
	m.set("from_application_id", strings.ToUpper(bank))
	delete(m.fields, "id")
	assert.Equal(t, 200, m.send(t, p.handler).Code)
}

func TestFullStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPushing(t, imported, handoff.WithReplayStore(handoff.NewMemoryReplayStore(2)))
		for _, id := range []string{"job-1", "job-2"} {
			require.Equal(t, 200, push(id).send(t, p.handler).Code)
		}
		w := push("job-3").send(t, p.handler)
		assert.Equal(t, 503, w.Code)
		assert.Equal(t, "5", w.Header().Get("Retry-After"))
		assert.Contains(t, p.b.text(), "full")
		assert.Equal(t, 200, push("job-1").send(t, p.handler).Code, "what it knows it knows")
		time.Sleep(time.Hour + time.Second)
		assert.Equal(t, 200, push("job-3").send(t, p.handler).Code)
	})
}

// TestPushAtGrantor: what is good at one endpoint is good at no other, though all have
// the same secret.
func TestPushAtGrantor(t *testing.T) {
	t.Parallel()
	a := new(side)
	secrets := handoff.Secrets{bank: {secret(t, secretText)}, fintech: {secret(t, otherText)}}
	called := func(context.Context, handoff.Request) (*handoff.Envelope, error) {
		panic("called")
	}
	grantor, err := handoff.NewGrantor(other, secrets, called, a.options()...)
	require.NoError(t, err)
	asks := func() *message {
		return push("job-1").set("type", "request").set("from_application_id", other).set("for_application_id", bank)
	}
	for reason, m := range map[string]*message{
		"another endpoint":        push("job-1").set("for_application_id", other),
		"another application":     asks().set("from_application_id", fintech),
		"does not own the secret": asks().set("for_application_id", fintech),
	} {
		w := m.send(t, grantor)
		assert.Equal(t, 401, w.Code)
		assert.JSONEq(t, `{"code":"unauthorized"}`, w.Body.String())
		assert.Contains(t, a.last(t).Reason, reason)
	}
	assert.Equal(t, 503, asks().send(t, grantor).Code, "the good one is called")
}
