package webhook_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/webhook"
)

// TestTwoReadings: the stand-in signs by its own reading of Didit's documentation.
// What it sends is verified, each signature alone, and signed the same by Sign.
func TestTwoReadings(t *testing.T) {
	t.Parallel()
	for _, dialect := range didittest.Dialects() {
		server := didittest.NewServer(didittest.WithDialect(dialect))
		defer server.Close()
		app := server.AddApplication("Partner A")
		app.DeliverTo("http://127.0.0.1:1/") // nobody listens; what was sent is kept
		for _, kind := range []didit.SessionKind{didit.KindUser, didit.KindBusiness} {
			id := app.AddSession(didittest.SessionFixture{Kind: kind, VendorData: "Zoë \u2028 <&> 😀", Metadata: map[string]any{"n": 1.5, "m": 2.0, "ünï": "\x7f"}})
			for _, event := range didittest.EventTypes() {
				app.Send(id, event)
			}
			app.SetStatus(id, didit.StatusResubmitted)
		}
		app.SendTest()
		server.FlushWebhooks()
		sent := app.Deliveries()
		require.Len(t, sent, 2*(len(didittest.EventTypes())+1)+1)
		v, err := webhook.NewVerifier(app.WebhookSecret, webhook.WithClock(server.Now))
		require.NoError(t, err)
		for _, d := range sent {
			own, err := webhook.Sign(app.WebhookSecret, d.At, d.Body)
			require.NoError(t, err)
			for _, name := range []string{"X-Signature", "X-Signature-V2", "X-Signature-Simple"} {
				assert.Equal(t, own.Get(name), d.Header.Get(name), "%s of %s", name, d.Event)
			}
			for _, name := range []string{"X-Signature", "X-Signature-V2"} {
				e, err := v.Verify(http.Header{name: d.Header[name], "X-Timestamp": d.Header["X-Timestamp"]}, d.Body)
				require.NoError(t, err)
				assert.Equal(t, string(d.Event), string(e.Type))
				assert.Equal(t, d.EventID, e.ID)
				assert.Equal(t, d.EventID == "", e.Test)
				if d.SessionID != "" {
					assert.Equal(t, d.SessionID, e.SessionID)
					assert.True(t, strings.HasPrefix(e.VendorData, "Zoë \u2028"), fmt.Sprint(len(e.VendorData)))
				}
			}
		}
	}
}
