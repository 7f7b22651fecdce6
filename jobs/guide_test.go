package jobs_test

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/handoff"
	"github.com/didit-go/didit/internal/dbtest"
	"github.com/didit-go/didit/jobs"
	"github.com/didit-go/didit/sqlstore"
	"github.com/didit-go/didit/webhook"
)

// What follows, down to the tests, is the code of the guides in docs.

func guideDeliver(config *jobs.Config, sender *handoff.Sender, self string, reference func(*jobs.Ticket) string) {
	config.Deliver = func(ctx context.Context, t *jobs.Ticket, s *didit.SharedSession) error {
		_, err := sender.Send(ctx, handoff.Envelope{
			ID: t.ID, Token: s.Token, SessionKind: s.SessionKind, SourceSessionID: s.SessionID,
			FromApplicationID: self, ForApplicationID: s.ForApplicationID, ExpiresAt: s.ExpiresAt(), Reference: reference(t),
		})
		return err
	}
}

func guideReceive(self string, secrets handoff.Secrets, engine *jobs.Engine, store *sqlstore.Store, partnerA, workflow string) (http.Handler, error) {
	handler, err := handoff.NewReceiver(self, secrets, func(ctx context.Context, e handoff.Envelope) (*handoff.Receipt, error) {
		_, err := engine.Import(ctx, didit.ImportSharedSessionParams{
			Token: e.Token, WorkflowID: workflow, Review: didit.ReviewAgain, VendorData: e.Reference,
			SourceSessionID: e.SourceSessionID, FromApplicationIDs: []string{partnerA},
		})
		if errors.Is(err, didit.ErrInvalidParams) || errors.Is(err, jobs.ErrConflict) {
			return nil, handoff.ErrRejected
		}
		if err != nil {
			return nil, err // A sends it again
		}
		return &handoff.Receipt{ID: e.ID, Status: handoff.StatusAccepted}, nil
	}, handoff.WithReplayStore(store.Replays())) // of sqlstore: several machines remember together
	return handler, err
}

func guideStores(ctx context.Context, db *sql.DB, ledgerKey []byte, verifier *webhook.Verifier, handle func(context.Context, *webhook.Event) error, serve func(*didit.Client, http.Handler) error) error {
	store, err := sqlstore.Open(ctx, db, sqlstore.PostgreSQL, sqlstore.WithLedgerKey(ledgerKey))
	if err != nil {
		return err
	}
	client, err := didit.NewClient(didit.WithAuditHook(store.Ledger().Hook())) // no share and no import without a row
	if err != nil {
		return err
	}
	handler := verifier.Handler(handle, webhook.WithDeduplication(store.Deliveries())) // an event once, on all machines
	return serve(client, handler)
}

func guideVerify(ctx context.Context, ledger *sqlstore.Ledger, anchored func() (n int64, hash []byte, err error), anchor func(n int64, hash []byte) error) error {
	if err := ledger.Verify(ctx); err != nil {
		return err // a *sqlstore.ChainError names the first row that is not right
	}
	n, hash, err := anchored() // what was written down the last time, elsewhere; 0 and nil at first
	if err != nil {
		return err
	}
	if err := ledger.VerifyFrom(ctx, n, hash); err != nil {
		return err // rows were cut off since then, even if others were appended
	}
	n, hash, err = ledger.Head(ctx)
	if err != nil {
		return err
	}
	return anchor(n, hash)
}

// TestGuideHandOff: Partner A's job delivers to the receiver whose imports are Partner B's jobs.
func TestGuideHandOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqlite(t))
	secret, err := handoff.ParseSecret("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
	require.NoError(t, err)
	b := w.start(w.config(w.b))
	store, err := sqlstore.Open(t.Context(), dbtest.Open(t, dbtest.SQLite(t)), sqlstore.SQLite)
	require.NoError(t, err)
	handler, err := guideReceive(w.b.ID, handoff.Secrets{w.a.ID: {secret}}, b, store, w.a.ID, w.workflow)
	require.NoError(t, err)
	at := httptest.NewServer(handler)
	defer at.Close()

	sender, err := handoff.NewSender(at.URL, secret, handoff.WithHTTPClient(at.Client()))
	require.NoError(t, err)
	config := w.config(w.a)
	guideDeliver(&config, sender, w.a.ID, func(*jobs.Ticket) string { return "customer-7" })
	w.url = sqlite(t)
	a := w.start(config)
	source := w.a.AddSession(didittest.SessionFixture{})
	ticket, err := a.Share(t.Context(), source, didit.ShareSessionParams{ForApplicationID: w.b.ID})
	require.NoError(t, err)
	w.ends(a, ticket.ID, jobs.StateDone)
	for imported, err := range b.Tickets(t.Context(), "") {
		require.NoError(t, err)
		w.ends(b, imported.ID, jobs.StateDone)
	}
	assert.Len(t, w.copies(source), 1)
}

// TestGuideStores: a share leaves a row in the ledger.
func TestGuideStores(t *testing.T) {
	const secret = "an invented secret of 32 bytes.."
	w := newWorld(t, postgres(t))
	t.Setenv("DIDIT_API_KEY", w.a.APIKey)
	db := dbtest.Open(t, w.url)
	verifier, err := webhook.NewVerifier(secret)
	require.NoError(t, err)
	err = guideStores(t.Context(), db, []byte(secret), verifier, func(context.Context, *webhook.Event) error { return nil }, func(client *didit.Client, _ http.Handler) error {
		_, err := client.ShareSession(t.Context(), "not an id", didit.ShareSessionParams{ForApplicationID: w.b.ID})
		return err
	})
	require.ErrorIs(t, err, didit.ErrInvalidParams)
	store, err := sqlstore.Open(t.Context(), db, sqlstore.PostgreSQL, sqlstore.WithLedgerKey([]byte(secret)))
	require.NoError(t, err)
	n, _, err := store.Ledger().Head(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 1, n) // refused locally, and recorded
}

// TestGuideLedger: a ledger that was cut off at its end is found by what was written down.
func TestGuideLedger(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, dbtest.SQLite(t))
	store, err := sqlstore.Open(t.Context(), db, sqlstore.SQLite, sqlstore.WithLedgerKey([]byte("a ledger's key of 32 bytes ......")))
	require.NoError(t, err)
	write := func(session string) {
		require.NoError(t, store.Ledger().Hook()(t.Context(), didit.AuditEvent{Action: didit.AuditShare, Outcome: didit.AuditOK, SessionID: session}))
	}
	for range 3 {
		write("a")
	}
	var n int64
	var hash []byte
	anchored := func() (int64, []byte, error) { return n, hash, nil }
	anchor := func(last int64, its []byte) error {
		n, hash = last, its
		return nil
	}
	require.NoError(t, guideVerify(t.Context(), store.Ledger(), anchored, anchor))
	assert.EqualValues(t, 3, n)
	write("b")
	require.NoError(t, guideVerify(t.Context(), store.Ledger(), anchored, anchor))
	_, err = db.ExecContext(t.Context(), `DROP TRIGGER didit_ledger_delete; DELETE FROM didit_ledger WHERE n = 4`)
	require.NoError(t, err)
	write("c")
	require.ErrorContains(t, guideVerify(t.Context(), store.Ledger(), anchored, anchor), "row 4")
}
