package handoff_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/handoff"
)

// pulling is a requester and a grantor on one wire.
type pulling struct {
	*wire
	requester *handoff.Requester
	a, b      *side
}

func newPulling(t testing.TB, f func(context.Context, handoff.Request) (*handoff.Envelope, error)) *pulling {
	t.Helper()
	p := &pulling{a: new(side), b: new(side)}
	grantor, err := handoff.NewGrantor(bank, handoff.Secrets{fintech: {secret(t, secretText)}}, f, p.a.options()...)
	require.NoError(t, err)
	p.wire = &wire{handler: grantor}
	p.requester, err = handoff.NewRequester(where, secret(t, secretText), append(p.b.options(), handoff.WithHTTPClient(p.client()))...)
	require.NoError(t, err)
	return p
}

func TestPull(t *testing.T) {
	t.Parallel()
	p := newPulling(t, func(ctx context.Context, q handoff.Request) (*handoff.Envelope, error) {
		assert.Equal(t, request("job-1"), q)
		return granted(ctx, q)
	})
	e, err := p.requester.Request(t.Context(), request("job-1"))
	require.NoError(t, err)
	want := envelope("job-1")
	assert.Equal(t, want.Token.Reveal(), e.Token.Reveal())
	assert.WithinDuration(t, want.ExpiresAt, e.ExpiresAt, time.Minute)
	e.Token, e.ExpiresAt = want.Token, want.ExpiresAt
	assert.Equal(t, want, *e)

	var body map[string]any
	require.NoError(t, json.Unmarshal(p.bodies[0], &body))
	assert.Equal(t, map[string]any{
		"version": 1.0, "type": "request", "id": "job-1", "from_application_id": bank, "for_application_id": fintech,
		"session_kind": "user", "reference": "customer-7", "purpose": "open an account",
	}, body)
	for _, s := range []*side{p.a, p.b} {
		event := s.last(t)
		assert.Equal(t, handoff.AuditOK, event.Outcome)
		assert.Equal(t, []any{"job-1", bank, fintech, "customer-7", source, want.Token.Fingerprint()},
			[]any{event.ID, event.FromApplicationID, event.ForApplicationID, event.Reference, event.SourceSessionID, event.TokenFingerprint})
		assert.NotContains(t, s.text(), "planted")
		assert.NotContains(t, s.text(), "customer-7")
	}
}

// TestPullAgain: no token is stored, so a second delivery has another one minted.
func TestPullAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		minted := 0
		p := newPulling(t, func(ctx context.Context, q handoff.Request) (*handoff.Envelope, error) {
			minted++
			e, err := granted(ctx, q)
			e.Token = didit.NewShareToken("planted." + strings.Repeat("x", minted) + ".text")
			return e, err
		})
		p.lose = func(n int) bool { return n < 3 }
		e, err := p.requester.Request(t.Context(), request("job-1"))
		require.NoError(t, err)
		assert.Equal(t, 3, minted)
		assert.Equal(t, "planted.xxx.text", e.Token.Reveal())
		assert.Equal(t, handoff.AuditRepeated, p.a.last(t).Outcome)

		changed := request("job-1")
		changed.Reference = "customer-8"
		_, err = p.requester.Request(t.Context(), changed)
		refused := new(handoff.RefusedError)
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, "id_reused", refused.Code)
		assert.Equal(t, 3, minted)
	})
}

func TestPullEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		answer := errors.New("down")
		p := newPulling(t, func(context.Context, handoff.Request) (*handoff.Envelope, error) {
			calls++
			return nil, answer
		})
		began := time.Now()
		_, err := p.requester.Request(t.Context(), request("job-1"))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.InDelta(t, (15 * time.Minute).Seconds(), time.Since(began).Seconds(), 15)

		answer = handoff.ErrRejected
		calls = 0
		for range 2 {
			_, err = p.requester.Request(t.Context(), request("job-2"))
			require.ErrorIs(t, err, handoff.ErrRejected)
		}
		assert.Equal(t, 1, calls, "remembered")

		_, err = p.requester.Request(t.Context(), handoff.Request{})
		for _, field := range []string{"ID", "FromApplicationID", "ForApplicationID", "Reference"} {
			require.ErrorContains(t, err, field)
		}
	})
}

// TestWithheld: a grantor's callback that is wrong gives nothing away.
func TestWithheld(t *testing.T) {
	t.Parallel()
	foreign := didittest.Token(didit.ShareClaims{
		SessionID: source, FromApplicationID: bank, ForApplicationID: other, SessionKind: didit.KindUser,
		IssuedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour),
	})
	for says, change := range map[string]func(*handoff.Envelope){
		"ForApplicationID is another":              func(e *handoff.Envelope) { e.ForApplicationID = other },
		"FromApplicationID is another":             func(e *handoff.Envelope) { e.FromApplicationID = other },
		"ID is another":                            func(e *handoff.Envelope) { e.ID = "job-2" },
		"Reference is another":                     func(e *handoff.Envelope) { e.Reference = "customer-8" },
		"Purpose is another":                       func(e *handoff.Envelope) { e.Purpose = "a loan" },
		"SessionKind is another":                   func(e *handoff.Envelope) { e.SessionKind = didit.KindBusiness },
		"Token is required":                        func(e *handoff.Envelope) { e.Token = didit.ShareToken{} },
		"the token has expired":                    func(e *handoff.Envelope) { e.ExpiresAt = time.Now() },
		"the token names another ForApplicationID": func(e *handoff.Envelope) { e.Token = foreign },
	} {
		p := newPulling(t, func(ctx context.Context, q handoff.Request) (*handoff.Envelope, error) {
			e, err := granted(ctx, q)
			change(e)
			return e, err
		})
		_, err := p.requester.Request(t.Context(), request("job-1"))
		refused := new(handoff.RefusedError)
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, http.StatusUnprocessableEntity, refused.StatusCode)
		assert.Contains(t, p.a.text(), says)
		assert.Empty(t, p.a.last(t).TokenFingerprint)
	}
}

// TestGrantIsVerified: what does not come from the partner, or is not what was asked
// for, is no grant.
func TestGrantIsVerified(t *testing.T) {
	t.Parallel()
	grant := func() *message {
		m := push("job-1")
		return m.set("type", "grant")
	}
	for says, m := range map[string]*message{
		"":                        grant(),
		"no signature fits":       {secret: otherText, id: "job-1", at: time.Now(), fields: grant().fields},
		"timestamp":               {secret: secretText, id: "job-1", at: time.Now().Add(-6 * time.Minute), fields: grant().fields},
		"another type":            push("job-1"),
		"ID is not what":          grant().set("id", "job-2"),
		"ForApplicationID is not": grant().set("for_application_id", other),
		"FromApplicationID is no": grant().set("from_application_id", other),
		"Reference is not":        grant().set("reference", "customer-8"),
		"SessionKind is not":      grant().set("session_kind", "business"),
		"version":                 grant().set("version", 2),
		"expired":                 grant().set("expires_at", time.Now().Add(-time.Second).UTC().Format(time.RFC3339)),
		"Token is required":       grant().set("share_token", nil),
		"exactly one":             {secret: secretText, id: "job-1", at: time.Now(), fields: grant().fields, header: func(h http.Header) { h.Del("Webhook-Id") }},
		"a key stands twice":      {secret: secretText, id: "job-1", at: time.Now(), body: []byte(`{"version":1,"version":1}`)},
	} {
		if says == "ID is not what" {
			m.id = "job-2"
		}
		client := &http.Client{Transport: &wire{handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			r := m.build(t)
			maps.Copy(w.Header(), r.Header)
			w.Write(m.text(t))
		})}}
		requester, err := handoff.NewRequester(where, secret(t, secretText), handoff.WithHTTPClient(client))
		require.NoError(t, err)
		e, err := requester.Request(t.Context(), request("job-1"))
		if says == "" {
			require.NoError(t, err)
			continue
		}
		assert.Nil(t, e)
		require.ErrorContains(t, err, says)
		assert.NotContains(t, err.Error(), "planted")
	}
}
