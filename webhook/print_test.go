package webhook_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/webhook"
)

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

// TestPrintedEvent: ids, type and status, each only if it looks like one.
func TestPrintedEvent(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]webhook.Event{
		"webhook.Event(evt-1, status.updated, didit.Session(" + sessionID + ", user, Approved))": {
			ID: "evt-1", Type: webhook.EventStatusUpdated, SessionID: sessionID, SessionKind: didit.KindUser, Status: didit.StatusApproved,
			VendorData: "customer-1", Metadata: []byte(`"Zoë"`), Raw: []byte(`"Zoë"`)},
		"webhook.Event(no id, another type, didit.Session(no id))": {
			ID: "Zoë Muster", Type: "Zoë", SessionID: "Zoë", SessionKind: "Zoë", Status: "Zoë"},
	} {
		assert.Equal(t, want, e.String())
		assert.Equal(t, want, e.GoString())
		assert.Equal(t, want, fmt.Sprintf("%v", &e))
		assert.Equal(t, want, fmt.Sprintf("%#v", e))
		assert.Equal(t, want, e.LogValue().String())
	}
}

func TestPrintedState(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "acquired, in progress, done, ReservationState(0)",
		fmt.Sprintf("%v, %v, %v, %v", webhook.Acquired, webhook.InProgress, webhook.Done, webhook.ReservationState(0)))
}
