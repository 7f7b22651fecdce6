package webhook_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/webhook"
)

// TestPreviousSecret: both secrets count while one replaces the other.
func TestPreviousSecret(t *testing.T) {
	t.Parallel()
	body := event(nil)
	header, err := webhook.Sign(" "+oldSecret+"\n", now, body)
	require.NoError(t, err)
	_, err = verifier(t).Verify(header, body)
	require.ErrorIs(t, err, webhook.ErrSignature)
	both := verifier(t, webhook.WithPreviousSecret(oldSecret))
	_, err = both.Verify(header, body)
	require.NoError(t, err)
	_, err = both.Verify(sign(t, body), body)
	require.NoError(t, err)
}

// TestBadSecrets are refused in every place where a secret is given, and never shown.
func TestBadSecrets(t *testing.T) {
	t.Parallel()
	const short, quotes, bearer = "must have at least 16 bytes", "must not be in quotes", `must not have "Bearer " before it`
	for _, test := range []struct{ secret, want string }{
		{"", short},
		{" \n\t", short},
		{"fifteen-bytes-1", short},
		{"  fifteen-bytes-1  ", short},
		{`"` + secret + `"`, quotes},
		{"'" + secret + "'\n", quotes},
		{secret + `"`, quotes},
		{"`" + secret, quotes},
		{"“" + secret + "”", quotes},
		{`""`, quotes},
		{"Bearer " + secret, bearer},
		{"bearer " + secret, bearer},
	} {
		_, err := webhook.NewVerifier(test.secret)
		refused(t, err, test.secret, "secret "+test.want)
		_, err = webhook.NewVerifier(secret, webhook.WithPreviousSecret(test.secret))
		refused(t, err, test.secret, "WithPreviousSecret "+test.want)
		_, err = webhook.Sign(test.secret, now, event(nil))
		refused(t, err, test.secret, "secret "+test.want)
	}
	for _, good := range []string{"sixteen-bytes-12", "\t" + secret + "\r\n", "it's a \"secret\" inside", "Bearers-of-16-bytes"} {
		_, err := webhook.NewVerifier(good)
		require.NoError(t, err, good)
	}
}

func refused(t *testing.T, err error, secret, want string) {
	t.Helper()
	var invalid *didit.ValidationError
	require.ErrorAs(t, err, &invalid)
	require.ErrorIs(t, err, didit.ErrInvalidParams)
	assert.Contains(t, err.Error(), want)
	if secret = strings.TrimSpace(secret); len(secret) > 2 {
		assert.NotContains(t, err.Error(), secret)
	}
}

// TestBadOptions: all that is wrong is said at once.
func TestBadOptions(t *testing.T) {
	t.Parallel()
	_, err := webhook.NewVerifier("", webhook.WithPreviousSecret(" short "), webhook.WithTolerance(0), webhook.WithClock(nil), nil)
	var invalid *didit.ValidationError
	require.ErrorAs(t, err, &invalid)
	var fields []string
	for _, p := range invalid.Problems {
		fields = append(fields, p.Field)
	}
	assert.Equal(t, []string{"secret", "WithPreviousSecret", "WithTolerance", "WithClock", "NewVerifier"}, fields)
}

// TestNoVerifier: one that NewVerifier did not make takes nothing.
func TestNoVerifier(t *testing.T) {
	t.Parallel()
	body := event(nil)
	for _, v := range []*webhook.Verifier{nil, new(webhook.Verifier)} {
		_, err := v.Verify(sign(t, body), body)
		require.ErrorIs(t, err, webhook.ErrSignature)
		assert.Panics(t, func() { v.Handler(works) })
	}
}

// brokenStore is a store whose nil pointer is not a nil interface.
type brokenStore struct{ webhook.DeliveryStore }

// TestBadHandlerOptions panic when the program starts, in words that name the option.
func TestBadHandlerOptions(t *testing.T) {
	t.Parallel()
	v := verifier(t)
	for _, test := range []struct {
		want string
		make func()
	}{
		{"webhook: Handler must not be given a nil callback", func() { v.Handler(nil) }},
		{"webhook: Handler must not be given a nil HandlerOption", func() { v.Handler(works, nil) }},
		{"webhook: WithMaxBody must be positive", func() { webhook.WithMaxBody(0) }},
		{"webhook: WithDeduplication must not be given a nil DeliveryStore", func() { webhook.WithDeduplication(nil) }},
		{"webhook: WithDeduplication must not be given a nil DeliveryStore", func() { webhook.WithDeduplication((*brokenStore)(nil)) }},
		{"webhook: WithLogger must not be given a nil Logger", func() { webhook.WithLogger(nil) }},
		{"webhook: ForApplication must not be empty: is the variable set?", func() { webhook.ForApplication(" ") }},
		{"webhook: ForApplication must not be in quotes", func() { webhook.ForApplication("'" + appID + "'") }},
		{`webhook: ForApplication must not have "Bearer " before it`, func() { webhook.ForApplication("Bearer " + appID) }},
	} {
		assert.PanicsWithValue(t, test.want, test.make)
	}
}
