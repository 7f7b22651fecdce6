package docs_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/handoff"
	"github.com/didit-go/didit/webhook"
)

func finished(enqueue func(context.Context, string) error) (http.Handler, error) {
	verifier, err := webhook.NewVerifier(os.Getenv("DIDIT_WEBHOOK_SECRET"))
	if err != nil {
		return nil, err
	}
	return verifier.Handler(func(ctx context.Context, e *webhook.Event) error {
		if !e.Status.Shareable() {
			return nil
		}
		return enqueue(ctx, e.SessionID) // answer within 5 s, work elsewhere, and read the session anew there
	}, webhook.WithDeduplication(webhook.NewMemoryStore(10_000)), webhook.LiveOnly()), nil
}

func TestFinished(t *testing.T) {
	secret := "an invented secret of 32 bytes.."
	t.Setenv("DIDIT_WEBHOOK_SECRET", secret)
	var queued []string
	handler, err := finished(func(_ context.Context, id string) error {
		queued = append(queued, id)
		return nil
	})
	require.NoError(t, err)
	deliver := func(event, session string, status didit.SessionStatus) int {
		now := time.Now()
		body := fmt.Appendf(nil, `{"event_id":%q,"webhook_type":"status.updated","timestamp":%d,"environment":"live","session_id":%q,"status":%q}`,
			event, now.Unix(), session, status)
		header, err := webhook.Sign(secret, now, body)
		require.NoError(t, err)
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/didit", bytes.NewReader(body))
		r.Header = header
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w.Code
	}
	const session = "0b0b0b0b-4444-4444-8444-000000000004"
	assert.Equal(t, 200, deliver("event-1", session, didit.StatusInProgress))
	assert.Empty(t, queued)
	assert.Equal(t, 200, deliver("event-2", session, didit.StatusApproved))
	assert.Equal(t, 200, deliver("event-2", session, didit.StatusApproved))
	assert.Equal(t, []string{session}, queued)
}

// push has what the guide's code takes from around it.
type push struct {
	client                  *didit.Client
	sender                  *handoff.Sender
	partnerB                string
	refused, done, imported string
}

func (p *push) handOver(ctx context.Context, sessionID, jobID string) error {
	client, sender, partnerB := p.client, p.sender, p.partnerB
	markRefused := func(id string) error { p.refused = id; return nil }
	markDone := func(id, session string) error { p.done, p.imported = id, session; return nil }

	shared, err := client.ShareSession(ctx, sessionID, didit.ShareSessionParams{
		ForApplicationID: partnerB, TTL: 10 * time.Minute,
	})
	if err != nil {
		return err
	}
	receipt, err := sender.Send(ctx, handoff.Envelope{ // sender, err := handoff.NewSender("https://b.example/handoff", secret)
		ID: jobID, Token: shared.Token, SessionKind: shared.SessionKind, SourceSessionID: shared.SessionID,
		FromApplicationID: client.ApplicationID(), ForApplicationID: partnerB, ExpiresAt: shared.ExpiresAt(),
		Reference: "customer-7", Purpose: "open an account", // what both of you call them, and what they agreed to
	})
	switch {
	case errors.Is(err, handoff.ErrRejected):
		return markRefused(jobID) // B's last word: not this person, not this purpose
	case err != nil:
		return err // B may have it: send the same envelope again; another token goes under another ID
	}
	return markDone(jobID, receipt.SessionID)
}

// TestPush: Partner A's code hands a person to Partner B's.
func TestPush(t *testing.T) {
	t.Parallel()
	server := didittest.NewServer()
	defer server.Close()
	a, b := server.AddApplication("A"), server.AddApplication("B")
	secret := newSecret(t)
	var copies []string
	receiver, err := receive(b.ID, handoff.Secrets{a.ID: {secret}}, b.Client(), a.ID, b.Workflow(didit.KindUser), func(_ context.Context, reference, sessionID string) error {
		copies = append(copies, reference, sessionID)
		return nil
	})
	require.NoError(t, err)
	at := httptest.NewServer(receiver)
	defer at.Close()
	sender, err := handoff.NewSender(at.URL, secret, handoff.WithHTTPClient(at.Client()))
	require.NoError(t, err)
	p := &push{client: a.Client(), sender: sender, partnerB: b.ID}
	require.NoError(t, p.handOver(t.Context(), a.AddSession(didittest.SessionFixture{}), "job-1"))
	assert.Equal(t, "job-1", p.done)
	assert.Equal(t, []string{"customer-7", p.imported}, copies)
	assert.Empty(t, p.refused)
}

func grantor(self string, secrets handoff.Secrets, client *didit.Client, consented func(reference, purpose string) (string, bool)) (http.Handler, error) {
	handler, err := handoff.NewGrantor(self, secrets, func(ctx context.Context, q handoff.Request) (*handoff.Envelope, error) {
		sessionID, agreed := consented(q.Reference, q.Purpose)
		if !agreed {
			return nil, handoff.ErrRejected
		}
		shared, err := client.ShareSession(ctx, sessionID, didit.ShareSessionParams{ForApplicationID: q.ForApplicationID, TTL: time.Minute})
		if err != nil {
			return nil, err
		}
		return &handoff.Envelope{Token: shared.Token, SessionKind: shared.SessionKind, SourceSessionID: shared.SessionID, ExpiresAt: shared.ExpiresAt()}, nil
	})
	return handler, err
}

// TestPull: Partner B's code asks Partner A's for a person.
func TestPull(t *testing.T) {
	t.Parallel()
	server := didittest.NewServer()
	defer server.Close()
	a, b := server.AddApplication("A"), server.AddApplication("B")
	session := a.AddSession(didittest.SessionFixture{})
	secret := newSecret(t)
	handler, err := grantor(a.ID, handoff.Secrets{b.ID: {secret}}, a.Client(), func(reference, purpose string) (string, bool) {
		return session, reference == "customer-7" && purpose == "open an account"
	})
	require.NoError(t, err)
	at := httptest.NewServer(handler)
	defer at.Close()
	requester, err := handoff.NewRequester(at.URL, secret, handoff.WithHTTPClient(at.Client()))
	require.NoError(t, err)
	client := b.Client()
	importer := handoff.Importer(client, handoff.ImportPolicy{
		Partners: []string{a.ID}, Workflows: didit.Workflows{User: b.Workflow(didit.KindUser)}, Review: didit.ReviewAgain,
	}, nil)
	require.NoError(t, pull(t.Context(), requester, importer, client, a.ID))
	require.Len(t, b.Sessions(), 1)
	assert.Equal(t, session, b.Sessions()[0].SharedFrom)
}

// newSecret makes the secret of one direction.
func newSecret(t *testing.T) handoff.Secret {
	t.Helper()
	secret, err := handoff.ParseSecret("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
	require.NoError(t, err)
	return secret
}
