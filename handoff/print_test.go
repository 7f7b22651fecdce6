package handoff_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/handoff"
)

// TestNothingIsPrinted: no printer shows a secret, a token or what was sent with it, by
// itself or inside something of the caller's.
func TestNothingIsPrinted(t *testing.T) {
	t.Parallel()
	s := secret(t, secretText)
	sender, err := handoff.NewSender(where+"?key=planted", s)
	require.NoError(t, err)
	requester, err := handoff.NewRequester(where+"?key=planted", s)
	require.NoError(t, err)
	receiver, err := handoff.NewReceiver(fintech, handoff.Secrets{bank: {s}}, imported)
	require.NoError(t, err)
	e, q := envelope("job-1"), request("job-1")
	type own struct {
		S handoff.Secret
		s handoff.Secret
		E handoff.Envelope
		e *handoff.Envelope
		q []handoff.Request
		m map[string][]handoff.Secret
		p *handoff.Sender
	}
	for _, v := range []any{
		s, &s, handoff.Secrets{bank: {s}}, e, &e, q, &q, sender, requester, receiver,
		own{s, s, e, &e, []handoff.Request{q}, map[string][]handoff.Secret{bank: {s}}, sender},
	} {
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
		data, _ := json.Marshal(v) //nolint:errchkjson // it fails for what holds a token
		for _, printed := range append([]string{log.String(), string(data)},
			fmt.Sprintf("%v", v), fmt.Sprintf("%+v", v), fmt.Sprintf("%#v", v), fmt.Sprintf("%s", v), fmt.Sprintf("%q", v), fmt.Sprintf("%x", v), fmt.Sprintf("%d", v)) {
			for _, planted := range []string{"planted", "0123456789", "MDEyMzQ1", "customer-7", "48 49 50", "3031323334", "706c616e746564"} {
				_, others := v.(own)
				if planted == "customer-7" && (others || printed == string(data)) {
					continue // a reference is no secret: a request has a JSON form, and fmt reads plain fields of what is unexported
				}
				assert.NotContains(t, printed, planted, "%T", v)
			}
		}
	}
	_, err = json.Marshal(e)
	require.ErrorIs(t, err, didit.ErrTokenNotSerializable)
	assert.Equal(t, "handoff.Envelope(job-1, "+e.Token.String()+")", e.String())
	assert.Equal(t, "handoff.Envelope((no id), "+e.Token.String()+")", handoff.Envelope{ID: "a b", Token: e.Token}.String())
	assert.Equal(t, "handoff.Secret(none)", handoff.Secret{}.String())
}

func TestErrorsAsText(t *testing.T) {
	t.Parallel()
	for text, err := range map[string]error{
		"handoff: job-1 was refused: status 422, code rejected":                                                                                 &handoff.RefusedError{ID: "job-1", Code: "rejected", StatusCode: 422},
		"handoff: (no id) was refused: status 404: was it the partner's endpoint that answered?":                                                &handoff.RefusedError{ID: "a b", StatusCode: 404},
		"handoff: job-1 is not settled after 2 attempts; nothing has reached the partner: make the same call again":                             &handoff.UnsettledError{ID: "job-1", Attempts: 2, NotSent: true},
		"handoff: job-1 is not settled after 2 attempts: last answer: status 503, code busy; the partner may have it: make the same call again": &handoff.UnsettledError{ID: "job-1", Attempts: 2, StatusCode: 503, Code: "busy"},
	} {
		require.EqualError(t, err, text)
	}
	require.ErrorIs(t, &handoff.RefusedError{Code: "expired"}, didit.ErrShareTokenExpired)
	require.NotErrorIs(t, &handoff.RefusedError{Code: "expired"}, handoff.ErrRejected)
	require.ErrorIs(t, &handoff.UnsettledError{NotSent: true}, didit.ErrNotSent)
	require.ErrorIs(t, &handoff.UnsettledError{}, didit.ErrOutcomeUnknown)
}
