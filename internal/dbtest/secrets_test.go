package dbtest_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/bulk"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/handoff"
	"github.com/didit-go/didit/internal/dbtest"
	"github.com/didit-go/didit/sqlstore"
	"github.com/didit-go/didit/webhook"
)

// TestNoSecrets lets everything that writes to the database see tokens, keys, vendor data
// and a person's data, and looks for them in the files and the dump.
func TestNoSecrets(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		const vendorData, purpose = "planted-vendor-data", "planted-purpose"
		ledgerKey := []byte("planted-ledger-key-of-32-bytes-00")
		s := openStore(t, dbtest.Open(t, source), d, sqlstore.WithLedgerKey(ledgerKey))
		server := didittest.NewServer()
		defer server.Close()
		a, b := server.AddApplication("Bank"), server.AddApplication("Fintech")
		transport := new(http.Transport)
		defer transport.CloseIdleConnections()
		audited := didit.WithAuditHook(s.Ledger().Hook())
		planted := []string{
			a.APIKey, b.APIKey, b.WebhookSecret, string(ledgerKey), hex.EncodeToString(ledgerKey), vendorData, purpose,
		}

		// Shares and imports in bulk, one of which is refused.
		shared := bulk.Share(t.Context(), a.Client(audited), bulk.Items(
			bulk.ShareItem{SessionID: a.AddSession(didittest.SessionFixture{VendorData: vendorData}), Params: didit.ShareSessionParams{ForApplicationID: b.ID}},
			bulk.ShareItem{SessionID: a.AddSession(didittest.SessionFixture{Status: didit.StatusDeclined}), Params: didit.ShareSessionParams{ForApplicationID: b.ID}},
		), bulk.Options{Checkpoint: s.Checkpoint("shares")})
		var items []bulk.ImportItem
		for r := range shared.All() {
			if r.Err == nil {
				items = append(items, bulk.ImportItem{Params: didit.ImportSharedSessionParams{
					Token: r.Value.Token, WorkflowID: b.Workflow(didit.KindUser), Review: didit.TrustSourceReview, VendorData: vendorData,
				}})
			}
		}
		require.NoError(t, shared.Err())
		require.NotEmpty(t, items)
		for _, i := range items {
			planted = append(planted, strings.Split(i.Params.Token.Reveal(), ".")...)
		}
		imported := bulk.Import(t.Context(), b.Client(audited), bulk.Items(items...), bulk.Options{Checkpoint: s.Checkpoint("imports")})
		for r := range imported.All() {
			require.NoError(t, r.Err)
		}
		require.NoError(t, imported.Err())

		// A hand-off.
		secret, err := handoff.ParseSecret("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
		require.NoError(t, err)
		planted = append(planted, "MDEyMzQ1Njc4OWFiY2Rl", "0123456789abcdef0123456789abcdef")
		receiver, err := handoff.NewReceiver(b.ID, handoff.Secrets{a.ID: {secret}}, handoff.Importer(b.Client(audited), handoff.ImportPolicy{
			Partners: []string{a.ID}, Workflows: didit.Workflows{User: b.Workflow(didit.KindUser)}, Review: didit.TrustSourceReview,
		}, nil), handoff.WithReplayStore(s.Replays()))
		require.NoError(t, err)
		at := httptest.NewServer(receiver)
		defer at.Close()
		sender, err := handoff.NewSender(at.URL, secret, handoff.WithHTTPClient(at.Client()))
		require.NoError(t, err)
		one, err := a.Client(audited).ShareSession(t.Context(), a.AddSession(didittest.SessionFixture{}), didit.ShareSessionParams{ForApplicationID: b.ID})
		require.NoError(t, err)
		planted = append(planted, strings.Split(one.Token.Reveal(), ".")...)
		_, err = sender.Send(t.Context(), handoff.Envelope{
			ID: "job-1", Token: one.Token, SessionKind: one.SessionKind, SourceSessionID: one.SessionID, FromApplicationID: a.ID,
			ForApplicationID: b.ID, ExpiresAt: one.ExpiresAt(), Reference: vendorData + "-2", Purpose: purpose,
		})
		require.NoError(t, err)

		// An event of a person.
		verifier, err := webhook.NewVerifier(b.WebhookSecret)
		require.NoError(t, err)
		var person string
		events := httptest.NewServer(verifier.Handler(func(_ context.Context, e *webhook.Event) error {
			person = e.Session.IDVerifications[0].DocumentNumber
			return nil
		}, webhook.WithDeduplication(s.Deliveries())))
		defer events.Close()
		b.DeliverTo(events.URL)
		b.SetStatus(b.AddSession(didittest.SessionFixture{Status: didit.StatusInProgress, VendorData: vendorData}), didit.StatusApproved)
		server.FlushWebhooks()
		require.NotEmpty(t, person)
		planted = append(planted, person)

		dump := dbtest.Dump(t, source)
		db := dbtest.Open(t, source)
		for table, rows := range map[string]int{"didit_ledger": 5, "didit_checkpoints": 2, "didit_replays": 1, "didit_deliveries": 1} {
			assert.GreaterOrEqual(t, count(t, db, `SELECT COUNT(*) FROM `+table), rows, table)
		}
		assert.Contains(t, dump, one.SessionID, "what is stored is found")
		for i, text := range planted {
			if strings.Contains(dump, text) {
				t.Errorf("planted[%d] is in the database", i)
			}
		}
		var out bytes.Buffer
		require.NoError(t, s.Ledger().WriteCSV(t.Context(), &out, sqlstore.Filter{From: time.Now().Add(-time.Hour)}))
		for i, text := range planted {
			if strings.Contains(out.String(), text) {
				t.Errorf("planted[%d] is in the CSV", i)
			}
		}
	})
}
