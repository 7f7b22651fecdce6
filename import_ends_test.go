package didit_test

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

// world is a Didit, and a key for it, that does not change.
type world struct {
	name   string
	claims map[string]any
	opaque bool
	does   func(a *account)
	rounds int // the most that it may take
}

const (
	fewRounds  = 3
	withToken  = 70  // until a token of 24 h has ended, and some minutes
	dayAfter   = 100 // and a day more, where the search fails for a passing reason
	signInPage = "<html>Sign in</html>"
)

func everything(f func() (*http.Response, error)) func(*account) {
	return func(a *account) { a.post, a.list, a.decision = posts(f), f, f }
}

func worlds() []world {
	poison := func(status int) func(*account) {
		return func(a *account) {
			a.post, a.sessions = posts(lost), []bSession{made(func(s *bSession) { s.decision = status })}
		}
	}
	refusing := func(status int, body string, sessions ...bSession) func(*account) {
		return posting(answer(status, body), sessions...)
	}
	notSent := func() (*http.Response, error) { return nil, syscall.ECONNREFUSED }
	return []world{
		{name: "fine", does: posting(answer(201, created201)), rounds: 1},
		{name: "a forged token", does: refusing(400, badToken400), rounds: 1},
		{name: "the workflow is not found", does: refusing(404, `{"detail":"Workflow not found."}`), rounds: 1},
		{name: "the key's 401", does: everything(answer(401, `{"detail":"Invalid API key."}`)), rounds: 1},
		{name: "a firewall's page", does: everything(answer(403, "<html>Blocked</html>")), rounds: 1},
		{name: "redirects", does: everything(answer(302, "")), rounds: 1},
		{name: "a copy that is not yours", does: refusing(400, badToken400, made(func(s *bSession) { s.decisionVendor = "somebody" })), rounds: fewRounds},
		{name: "already imported, not found", does: refusing(403, already403), rounds: fewRounds},
		{name: "already imported, deleted since", does: refusing(403, already403, made(func(s *bSession) { s.decision = 404 })), rounds: fewRounds},
		{name: "already imported under another customer", does: refusing(403, already403, elseInRow()), rounds: fewRounds},
		{name: "already imported, sessions without a source", does: refusing(403, already403, unsourced(), from("")), rounds: fewRounds},
		{name: "already imported, no rights to list", does: func(a *account) { a.post, a.list = posts(answer(403, already403)), answer(403, generic403) }, rounds: fewRounds},
		{name: "already imported, no rights to decisions", does: func(a *account) {
			a.post, a.sessions, a.decision = posts(answer(403, already403)), []bSession{copyOf(vendor)}, answer(403, generic403)
		}, rounds: fewRounds},
		{name: "more sessions than may be read", does: posting(lost, many(600, testkit.OtherSourceID)...), rounds: fewRounds},
		{name: "more pages than may be read", does: posting(lost, rows(many(2000, "-"))...), rounds: fewRounds},
		{name: "garbage for a token, lost", opaque: true, does: posting(lost), rounds: fewRounds},
		{name: "garbage for a token, refused", opaque: true, does: refusing(400, badToken400), rounds: fewRounds},
		{name: "a token without an end, lost", claims: map[string]any{"exp": nil}, does: posting(lost), rounds: fewRounds},
		{name: "a token of a week, lost", claims: map[string]any{"exp": time.Now().Add(30 * 365 * 24 * time.Hour).Unix()}, does: posting(lost), rounds: fewRounds},
		{name: "no rights to search, refused", does: func(a *account) { a.post, a.list = posts(answer(400, badToken400)), answer(403, generic403) }, rounds: fewRounds},

		{name: "no answer to imports", does: posting(lost), rounds: withToken},
		{name: "no answer to imports, no rights to search", does: func(a *account) { a.post, a.list = posts(lost), answer(403, generic403) }, rounds: withToken},
		{name: "no answer to imports, no rights to decisions", does: func(a *account) {
			a.post, a.sessions, a.decision = posts(lost), []bSession{copyOf(vendor)}, answer(403, generic403)
		}, rounds: withToken},
		{name: "no answer to imports, sessions without a source", does: posting(lost, unsourced(), from("")), rounds: withToken},
		{name: "503 for imports", does: posting(answer(503, "")), rounds: withToken},
		{name: "501 for imports", does: posting(answer(501, "")), rounds: withToken},
		{name: "JSON of no use for imports", does: posting(answer(201, `{}`)), rounds: withToken},
		{name: "a sign-in page for imports", does: posting(answer(200, signInPage)), rounds: withToken},
		{name: "429 for imports", does: posting(answer(429, `{"detail":"Slow down."}`)), rounds: withToken},
		{name: "the list is not found", does: func(a *account) { a.post, a.list = posts(lost), answer(404, `{"detail":"Not found."}`) }, rounds: withToken},
		{name: "the list is of no use", does: func(a *account) { a.post, a.list = posts(lost), answer(200, `{"results":7}`) }, rounds: withToken},
		{name: "a row whose decision is garbage", does: poison(200), rounds: withToken},

		{name: "a row whose decision is a 500", does: poison(500), rounds: dayAfter},
		{name: "no answer to anything", does: everything(lost), rounds: dayAfter},
		{name: "no connection", does: everything(notSent), rounds: dayAfter},
		{name: "500 for everything", does: everything(answer(500, "")), rounds: dayAfter},
		{name: "429 for everything", does: everything(answer(429, "")), rounds: dayAfter},
		{name: "a sign-in page for everything", does: everything(answer(200, signInPage)), rounds: dayAfter},
	}
}

// TestRetryableEnds: a queue that makes an import again while Retryable is true ends,
// in every world that does not change.
func TestRetryableEnds(t *testing.T) {
	t.Parallel()
	for _, data := range []string{vendor, ""} {
		for i, w := range worlds() {
			t.Run(w.name+"/"+data, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { worlds()[i].check(t, data) })
			})
		}
	}
}

func (w world) check(t *testing.T, data string) {
	a := new(account)
	w.does(a)
	claims := map[string]any{"exp": time.Now().Add(24 * time.Hour).Unix()}
	maps.Copy(claims, w.claims)
	params := importParams(tokenOf(claims))
	if w.opaque {
		params.Token = opaque()
	}
	params.VendorData = data
	client := a.client(t, didit.WithMaxRetries(1), didit.WithMaxRetryAfter(0))
	began := time.Now()
	var err error
	for round := 1; ; round++ {
		require.LessOrEqual(t, round, w.rounds, "rounds, %v after the first: %v", time.Since(began), err)
		_, err = client.ImportSharedSession(t.Context(), params)
		if !didit.Retryable(err) {
			break
		}
		if errors.Is(err, didit.ErrAlreadyImported) {
			require.NotErrorIs(t, err, didit.ErrResultLost)
		}
		require.Positive(t, didit.RetryAfter(err))
		time.Sleep(didit.RetryAfter(err))
		params.Resume = true
	}
	assert.Zero(t, didit.RetryAfter(err))
	if w.name == "fine" {
		require.NoError(t, err)
		return
	}
	require.Error(t, err)
	if errors.Is(err, io.ErrUnexpectedEOF) { // nobody knows what became of it
		require.NotErrorIs(t, err, didit.ErrInvalidParams)
	}
}
