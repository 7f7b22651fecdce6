package handoff_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/handoff"
)

func TestParseSecret(t *testing.T) {
	t.Parallel()
	of := func(n int) string { return "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, n)) }
	for _, text := range []string{secretText, " " + secretText + "\n", of(24), of(64)} {
		s, err := handoff.ParseSecret(text)
		require.NoError(t, err)
		assert.False(t, s.IsZero())
	}
	for text, says := range map[string]string{
		"":                                       "is the variable set",
		"  \n":                                   "is the variable set",
		`"` + secretText + `"`:                   "quotes",
		"Bearer " + secretText:                   "Bearer",
		secretText[6:]:                           "whsec_",
		"whsec_not base64":                       "base64",
		"whsec_":                                 "24 bytes",
		of(23):                                   "24 bytes",
		secretText[:20] + "\n" + secretText[20:]: "base64",
	} {
		s, err := handoff.ParseSecret(text)
		require.ErrorIs(t, err, didit.ErrInvalidParams)
		require.ErrorContains(t, err, says)
		assert.True(t, s.IsZero())
		if len(text) > 10 {
			assert.NotContains(t, err.Error(), text[8:16])
		}
	}
}

func TestBadArguments(t *testing.T) {
	t.Parallel()
	a, b := secret(t, secretText), secret(t, otherText)
	good := handoff.Secrets{bank: {a}}
	clock := func() time.Time { return time.Now() }
	receiver := func(self string, secrets handoff.Secrets, opts ...handoff.Option) error {
		_, err := handoff.NewReceiver(self, secrets, imported, opts...)
		return err
	}
	sender := func(url string, s handoff.Secret, opts ...handoff.Option) error {
		_, err := handoff.NewSender(url, s, opts...)
		_, again := handoff.NewRequester(url, s, opts...)
		assert.Equal(t, err, again)
		return err
	}
	require.NoError(t, receiver(strings.ToUpper(fintech), good, handoff.WithClock(clock), handoff.WithTolerance(time.Second)))
	require.NoError(t, receiver(fintech, handoff.Secrets{bank: {a, b, secret(t, thirdText)}}))
	for _, url := range []string{where, "http://127.0.0.1:1/x", "http://localhost/x?a=b", "http://[::1]:1/"} {
		require.NoError(t, sender(url, a, handoff.WithPreviousSecret(b), handoff.WithPreviousSecret(b)), url)
	}
	_, err := handoff.NewReceiver(fintech, good, nil)
	require.ErrorContains(t, err, "f must not be nil")
	_, err = handoff.NewGrantor(fintech, good, nil)
	require.ErrorContains(t, err, "f must not be nil")
	for says, err := range map[string]error{
		"self is missing":                    receiver("", good),
		"self must be a UUID":                receiver("fintech", good),
		"at least one partner":               receiver(fintech, nil),
		"application ids as keys":            receiver(fintech, handoff.Secrets{"bank": {a}}),
		"name a partner once":                receiver(fintech, handoff.Secrets{bank: {a}, strings.ToUpper(bank): {b}}),
		"your own application":               receiver(fintech, handoff.Secrets{fintech: {a}}),
		"1 to 3 for each":                    receiver(fintech, handoff.Secrets{bank: {a, b, a, b}}),
		"1 to 3 for each partner":            receiver(fintech, handoff.Secrets{bank: {}}),
		"the zero Secret":                    receiver(fintech, handoff.Secrets{bank: {{}}}),
		"differ between partners":            receiver(fintech, handoff.Secrets{bank: {a}, other: {b, a}}),
		"WithHTTPClient is for a sender":     receiver(fintech, good, handoff.WithHTTPClient(http.DefaultClient)),
		"WithPreviousSecret is for a sender": receiver(fintech, good, handoff.WithPreviousSecret(b)),
		"WithReplayStore is for a receiver":  sender(where, a, handoff.WithReplayStore(handoff.NewMemoryReplayStore(0))),
		"WithReplayStore must not be nil":    receiver(fintech, good, handoff.WithReplayStore(nil)),
		"WithTolerance must be positive":     receiver(fintech, good, handoff.WithTolerance(0)),
		"WithClock must not be nil":          receiver(fintech, good, handoff.WithClock(nil)),
		"WithLogger must not be nil":         receiver(fintech, good, handoff.WithLogger(nil)),
		"WithAuditHook must not be nil":      receiver(fintech, good, handoff.WithAuditHook(nil)),
		"Option must not be nil":             receiver(fintech, good, nil),
		"WithHTTPClient must not be nil":     sender(where, a, handoff.WithHTTPClient(nil)),
		"secret must not be the zero Secret": sender(where, handoff.Secret{}),
		"WithPreviousSecret must not be the": sender(where, a, handoff.WithPreviousSecret(handoff.Secret{})),
		"must not be given more than twice":  sender(where, a, handoff.WithPreviousSecret(b), handoff.WithPreviousSecret(b), handoff.WithPreviousSecret(b)),
		"url must be https":                  sender("http://partner.example/handoff", a),
		"url must be an absolute URL":        sender("partner.example/handoff", a),
		"url must not have user info":        sender("https://me:planted@partner.example/", a),
		"url must not have a fragment":       sender(where+"#x", a),
		"url is not a URL":                   sender("https://[planted", a),
		"url must be https; http":            sender("http://localhost.example/", a),
	} {
		require.ErrorIs(t, err, didit.ErrInvalidParams, says)
		require.ErrorContains(t, err, says)
		assert.NotContains(t, fmt.Sprintf("%+v", err), "planted")
	}
}

// TestRotation: both sides change their secret, one after the other, and nothing is lost.
func TestRotation(t *testing.T) {
	t.Parallel()
	old, current := secret(t, secretText), secret(t, otherText)
	for _, step := range []struct {
		name   string
		sender []handoff.Secret
		theirs []handoff.Secret
		fits   bool
	}{
		{"before", []handoff.Secret{old}, []handoff.Secret{old}, true},
		{"the receiver takes both", []handoff.Secret{old}, []handoff.Secret{current, old}, true},
		{"the sender has changed", []handoff.Secret{current}, []handoff.Secret{current, old}, true},
		{"the sender signs with both", []handoff.Secret{current, old}, []handoff.Secret{old}, true},
		{"retired", []handoff.Secret{old}, []handoff.Secret{current}, false},
	} {
		receiver, err := handoff.NewReceiver(fintech, handoff.Secrets{bank: step.theirs}, imported)
		require.NoError(t, err)
		grantor, err := handoff.NewGrantor(bank, handoff.Secrets{fintech: step.theirs}, granted)
		require.NoError(t, err)
		opts := func(h http.Handler) []handoff.Option {
			all := []handoff.Option{handoff.WithHTTPClient((&wire{handler: h}).client())}
			for _, s := range step.sender[1:] {
				all = append(all, handoff.WithPreviousSecret(s))
			}
			return all
		}
		sender, err := handoff.NewSender(where, step.sender[0], opts(receiver)...)
		require.NoError(t, err)
		requester, err := handoff.NewRequester(where, step.sender[0], opts(grantor)...)
		require.NoError(t, err)
		_, pushed := sender.Send(t.Context(), envelope("one"))
		_, pulled := requester.Request(t.Context(), request("two"))
		for _, err := range []error{pushed, pulled} {
			if step.fits {
				require.NoError(t, err, step.name)
				continue
			}
			refused := new(handoff.RefusedError)
			require.ErrorAs(t, err, &refused, step.name)
			assert.Equal(t, http.StatusUnauthorized, refused.StatusCode)
		}
	}
}

// granted is a callback that gives everybody.
func granted(_ context.Context, q handoff.Request) (*handoff.Envelope, error) {
	e := envelope(q.ID)
	return &handoff.Envelope{Token: e.Token, SessionKind: e.SessionKind, SourceSessionID: e.SourceSessionID, ExpiresAt: e.ExpiresAt}, nil
}
