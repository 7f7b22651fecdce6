package handoff_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/handoff"
)

// world is both partners' applications on a stand-in.
type world struct {
	server *didittest.Server
	a, b   *didittest.Application
	policy handoff.ImportPolicy
}

func newWorld(t testing.TB, opts ...didittest.Option) *world {
	t.Helper()
	w := &world{server: didittest.NewServer(opts...)}
	t.Cleanup(w.server.Close)
	w.a, w.b = w.server.AddApplication("Bank"), w.server.AddApplication("Fintech")
	w.policy = handoff.ImportPolicy{
		Partners: []string{w.a.ID}, Workflows: didit.Workflows{User: w.b.AddWorkflow(didit.KindUser)}, Review: didit.TrustSourceReview,
	}
	return w
}

// client is one of B's that does not wait between tries.
func (w *world) client() *didit.Client {
	return w.b.Client(didit.WithRetryWait(0, 0), didit.WithMaxRetries(0))
}

// shared mints a token of a new person, or of the session, and puts it into an envelope.
func (w *world) shared(t testing.TB, id, session string) handoff.Envelope {
	t.Helper()
	if session == "" {
		session = w.a.AddSession(didittest.SessionFixture{})
	}
	s, err := w.a.Client().ShareSession(t.Context(), session, didit.ShareSessionParams{ForApplicationID: w.b.ID})
	require.NoError(t, err)
	return handoff.Envelope{
		ID: id, Token: s.Token, SessionKind: s.SessionKind, SourceSessionID: s.SessionID, FromApplicationID: w.a.ID,
		ForApplicationID: w.b.ID, ExpiresAt: s.ExpiresAt(), Reference: "customer-" + id, Purpose: "open an account",
	}
}

// push is a sender and a receiver between the two.
func (w *world) push(t testing.TB, f func(context.Context, handoff.Envelope) (*handoff.Receipt, error)) *pushing {
	t.Helper()
	p := &pushing{a: new(side), b: new(side)}
	clock := handoff.WithClock(w.server.Now)
	receiver, err := handoff.NewReceiver(w.b.ID, handoff.Secrets{w.a.ID: {secret(t, secretText)}}, f, append(p.b.options(), clock)...)
	require.NoError(t, err)
	p.wire = &wire{handler: receiver}
	p.sender, err = handoff.NewSender(where, secret(t, secretText), append(p.a.options(), clock, handoff.WithHTTPClient(p.client()))...)
	require.NoError(t, err)
	return p
}

func TestImporter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var told []string
	p := w.push(t, handoff.Importer(w.client(), w.policy, func(_ context.Context, e handoff.Envelope, s *didit.ImportedSession) error {
		told = append(told, e.ID+" "+s.SessionID)
		return nil
	}))
	e := w.shared(t, "1", "")
	receipt, err := p.sender.Send(t.Context(), e)
	require.NoError(t, err)
	all := w.b.Sessions()
	require.Len(t, all, 1)
	assert.Equal(t, &handoff.Receipt{ID: "1", Status: handoff.StatusImported, SessionID: all[0].ID}, receipt)
	assert.Equal(t, "customer-1", all[0].VendorData)
	assert.Equal(t, []string{"1 " + all[0].ID}, told)

	// Another process, which remembers nothing, gives the same session.
	p = w.push(t, handoff.Importer(w.client(), w.policy, nil))
	again, err := p.sender.Send(t.Context(), e)
	require.NoError(t, err)
	assert.Equal(t, receipt, again)

	// So does another token of the same session, for the same person.
	second := w.shared(t, "2", e.SourceSessionID)
	second.Reference = e.Reference
	again, err = p.sender.Send(t.Context(), second)
	require.NoError(t, err)
	assert.Equal(t, receipt.SessionID, again.SessionID)
	assert.Len(t, w.b.Sessions(), 1)
}

// TestImporterRejects: each is the last word, and nothing was sent to Didit.
func TestImporterRejects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good, another := w.shared(t, "1", ""), w.shared(t, "2", "")
	company := w.shared(t, "3", w.a.AddSession(didittest.SessionFixture{Kind: didit.KindBusiness}))
	rejecting := w.policy
	rejecting.VendorData = func(handoff.Envelope) (string, error) { return "", handoff.ErrRejected }
	empty := w.policy
	empty.VendorData = func(handoff.Envelope) (string, error) { return " ", nil }
	strangers := w.policy
	strangers.Partners = []string{other}
	w.server.ResetRequests()
	for name, test := range map[string]struct {
		change func(*handoff.Envelope)
		policy handoff.ImportPolicy
		reason string
	}{
		"a token swapped between envelopes": {func(e *handoff.Envelope) { e.Token = another.Token }, w.policy, "names another SourceSessionID"},
		"another application's":             {func(e *handoff.Envelope) { e.ForApplicationID = other }, w.policy, "for another application"},
		"another kind":                      {func(e *handoff.Envelope) { *e = company; e.SessionKind = didit.KindUser }, w.policy, "names another SessionKind"},
		"no workflow":                       {func(e *handoff.Envelope) { *e = company }, w.policy, "no workflow"},
		"another end":                       {func(e *handoff.Envelope) { e.ExpiresAt = e.ExpiresAt.Add(-time.Minute) }, w.policy, "names another ExpiresAt"},
		"a partner that is not accepted":    {nil, strangers, "not accepted"},
		"a token that cannot be read":       {func(e *handoff.Envelope) { e.Token = didit.NewShareToken("planted") }, w.policy, "cannot be read"},
		"the callback says so":              {nil, rejecting, ""},
		"no vendor data":                    {nil, empty, "no reference"},
	} {
		e := good
		if test.change != nil {
			test.change(&e)
		}
		receipt, err := handoff.Importer(w.client(), test.policy, nil)(t.Context(), e)
		assert.Nil(t, receipt)
		require.ErrorIs(t, err, handoff.ErrRejected, name)
		require.ErrorContains(t, err, test.reason)
	}
	assert.Empty(t, w.server.Requests())

	p := w.push(t, handoff.Importer(w.client(), w.policy, nil))
	swapped := good
	swapped.Token = another.Token
	_, err := p.sender.Send(t.Context(), swapped)
	require.ErrorIs(t, err, handoff.ErrRejected)
	assert.Contains(t, p.b.last(t).Reason, "names another SourceSessionID")
	assert.Empty(t, p.a.last(t).SessionID)
}

// TestImporterRefusedByDidit: what Didit will not redeem is the last word for the first
// delivery, and only then.
func TestImporterRefusedByDidit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.shared(t, "1", "")
	w.a.DeleteSession(e.SourceSessionID)
	p := w.push(t, handoff.Importer(w.client(), w.policy, nil))
	_, err := p.sender.Send(t.Context(), e)
	require.ErrorIs(t, err, handoff.ErrRejected)
	assert.Equal(t, "its token cannot be redeemed", p.b.last(t).Reason)

	// Without a memory nobody knows whether an earlier delivery is still under way.
	_, err = handoff.Importer(w.client(), w.policy, nil)(t.Context(), e)
	require.Error(t, err)
	require.NotErrorIs(t, err, handoff.ErrRejected)
	require.ErrorIs(t, err, didit.ErrShareTokenInvalid)
}

// TestImporterForSomebodyElse: the session is there already, under other vendor data.
func TestImporterForSomebodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := handoff.Importer(w.client(), w.policy, nil)
	first := w.shared(t, "1", "")
	_, err := f(t.Context(), first)
	require.NoError(t, err)
	second := w.shared(t, "2", first.SourceSessionID)
	_, err = f(t.Context(), second)
	require.ErrorIs(t, err, handoff.ErrRejected)
	require.ErrorIs(t, err, didit.ErrAlreadyImported)
	assert.NotContains(t, err.Error(), "customer")
	assert.Len(t, w.b.Sessions(), 1)
}

// TestImporterOpen: an open outcome is never a receipt and never a refusal, and the
// next delivery brings the session.
func TestImporterOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var fails atomic.Int32
	down := errors.New("the ledger is down")
	f := handoff.Importer(w.client(), w.policy, func(context.Context, handoff.Envelope, *didit.ImportedSession) error {
		if fails.Add(-1) >= 0 {
			return down
		}
		return nil
	})
	e := w.shared(t, "1", "")
	p := w.push(t, f)
	deliver := func() int {
		body := push("1")
		body.at = w.server.Now()
		body.body = wireOf(t, e)
		return body.send(t, p.handler).Code
	}
	// The search before the import fails.
	w.server.Inject(didittest.Fault{Operation: didittest.OpListSessions, Kind: didittest.FaultErrorBefore})
	assert.Equal(t, http.StatusServiceUnavailable, deliver())
	assert.Empty(t, w.b.Sessions())
	// The import's answer is lost, and so are the searches after it.
	w.server.Inject(didittest.Fault{Operation: didittest.OpImportSharedSession, Kind: didittest.FaultAnswerLost})
	searches := w.server.Inject(didittest.Fault{Operation: didittest.OpListSessions, Kind: didittest.FaultErrorBefore, Skip: 1, Times: -1})
	assert.Equal(t, http.StatusServiceUnavailable, deliver())
	assert.Len(t, w.b.Sessions(), 1)
	assert.Contains(t, p.b.text(), "utcome unknown")
	searches.Stop()
	// done fails once, then all is well.
	fails.Store(1)
	assert.Equal(t, http.StatusServiceUnavailable, deliver())
	assert.Contains(t, p.b.text(), "the ledger is down")
	assert.Equal(t, http.StatusOK, deliver())
	all := w.b.Sessions()
	require.Len(t, all, 1)
	assert.Equal(t, all[0].ID, p.b.last(t).SessionID)
}

// TestImporterDone: done is told again until it has taken it.
func TestImporterDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	down := errors.New("the ledger is down")
	calls := 0
	f := handoff.Importer(w.client(), w.policy, func(context.Context, handoff.Envelope, *didit.ImportedSession) error {
		if calls++; calls == 1 {
			return down
		}
		return nil
	})
	e := w.shared(t, "1", "")
	_, err := f(t.Context(), e)
	require.ErrorIs(t, err, down)
	receipt, err := f(t.Context(), e)
	require.NoError(t, err)
	require.Len(t, w.b.Sessions(), 1)
	assert.Equal(t, w.b.Sessions()[0].ID, receipt.SessionID)
	assert.Equal(t, 2, calls)
}

// TestImporterAtOnce: two hand-offs of one session at the same time make one copy, of a
// Didit too that does not see to it.
func TestImporterAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, didittest.WithReimport(true), didittest.WithLatency(20*time.Millisecond))
	f := handoff.Importer(w.client(), w.policy, nil)
	first := w.shared(t, "1", "")
	second := w.shared(t, "2", first.SourceSessionID)
	second.Reference = first.Reference
	results := make(chan error, 2)
	for _, e := range []handoff.Envelope{first, second} {
		go func() {
			for {
				_, err := f(t.Context(), e)
				if err != nil && strings.Contains(err.Error(), "under way") {
					continue
				}
				results <- err
				return
			}
		}()
	}
	require.NoError(t, <-results)
	require.NoError(t, <-results)
	assert.Len(t, w.b.Sessions(), 1)
}

func TestImporterPanics(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	noReview, noWorkflow := w.policy, w.policy
	noReview.Review, noWorkflow.Workflows = "", didit.Workflows{}
	assert.Panics(t, func() { handoff.Importer(nil, w.policy, nil) })
	assert.Panics(t, func() { handoff.Importer(w.client(), noReview, nil) })
	assert.Panics(t, func() { handoff.Importer(w.client(), noWorkflow, nil) })
}

// wireOf is an envelope as its sender puts it on the wire.
func wireOf(t testing.TB, e handoff.Envelope) []byte {
	t.Helper()
	m := push(e.ID)
	m.set("from_application_id", e.FromApplicationID).set("for_application_id", e.ForApplicationID).
		set("session_kind", e.SessionKind).set("source_session_id", e.SourceSessionID).
		set("expires_at", e.ExpiresAt.Format(time.RFC3339)).set("reference", e.Reference).set("share_token", e.Token.Reveal())
	return m.text(t)
}
