package jobs

import (
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/handoff"
)

// TestAfter: only what Didit says of the token or the params ends a ticket.
func TestAfter(t *testing.T) {
	t.Parallel()
	answer := func(status int) error { return &didit.APIError{StatusCode: status, Body: []byte(`{"detail": "no"}`)} }
	page := func(status int) error { return &didit.APIError{StatusCode: status, Body: []byte(`<html>no</html>`)} }
	for name, test := range map[string]struct {
		err  error
		want next
	}{
		"a limit":                  {answer(http.StatusTooManyRequests), wait},
		"an outage":                {answer(http.StatusServiceUnavailable), wait},
		"an open outcome":          {&didit.CallError{Outcome: didit.OutcomeUnknown}, wait},
		"a proxy in between":       {answer(http.StatusMethodNotAllowed), wait},
		"a proxy's bad request":    {page(http.StatusBadRequest), wait},
		"a proxy's missing page":   {page(http.StatusNotFound), wait},
		"a legal block":            {answer(http.StatusUnavailableForLegalReasons), wait},
		"a wrong key":              {answer(http.StatusUnauthorized), pause},
		"a key without the right":  {answer(http.StatusForbidden), pause},
		"bad params":               {answer(http.StatusBadRequest), refuse},
		"a session that is gone":   {answer(http.StatusNotFound), refuse},
		"params refused locally":   {&didit.ValidationError{}, refuse},
		"what the partner rejects": {handoff.ErrRejected, refuse},
	} {
		assert.Equal(t, test.want, after(test.err), name)
	}
}

// TestRefusals: a refusal that was stored matches the sentinel that it had, and its reason
// is in words of this package alone.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, r := range refusals {
		v := refusal(r.sentinel)
		assert.Equal(t, r.code, v.Code)
		assert.NotEmpty(t, v.Reason)
		assert.NotContains(t, v.Reason, "didit: ")
		require.ErrorIs(t, v.err(), r.sentinel)
	}
	v := refusal(&didit.APIError{StatusCode: http.StatusConflict, Message: "Didit's words"})
	assert.Equal(t, verdict{Code: "refused", Reason: "Didit refused it: conflict"}, v)
	require.NoError(t, errors.Unwrap(v.err()))
}
