package didit_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

// TestImportNotSent: nothing can have happened, so nothing is searched for.
func TestImportNotSent(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close() // its port refuses now
	c, err := didit.NewClient(didit.WithAPIKey("k"), didit.WithBaseURL(server.URL), didit.WithRetryWait(0, 0), didit.WithMaxRetries(2))
	require.NoError(t, err)
	_, err = c.ImportSharedSession(t.Context(), importParams(tokenOf(nil)))
	var call *didit.CallError
	require.ErrorAs(t, err, &call)
	assert.Equal(t, didit.OutcomeNotSent, call.Outcome)
	assert.Contains(t, err.Error(), "may be called again")
	assert.Equal(t, 3, call.Attempts)
	require.NoError(t, call.SearchErr)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	assert.NotNil(t, call.FindParams)
}

// TestImportRateLimited: Didit did nothing, so nothing is searched for.
func TestImportRateLimited(t *testing.T) {
	t.Parallel()
	a := &account{post: posts(answer(429, `{"detail":"Request was throttled."}`))}
	_, err := a.client(t, didit.WithMaxRetryAfter(0)).ImportSharedSession(t.Context(), importParams(tokenOf(nil)))
	require.ErrorIs(t, err, didit.ErrRateLimited)
	assert.Equal(t, 1, a.posts)
	assert.Zero(t, a.lists)
}

// TestNotSentNamesCandidates: what Resume's search saw is not hidden by a POST that
// did not leave.
func TestNotSentNamesCandidates(t *testing.T) {
	t.Parallel()
	a := &account{sessions: []bSession{unsourced()}}
	c := a.client(t, didit.WithLimiter(writesBlocked{}))
	p := importParams(tokenOf(nil))
	p.Resume = true
	_, err := c.ImportSharedSession(t.Context(), p)
	require.ErrorIs(t, err, didit.ErrNotSent)
	var call *didit.CallError
	require.ErrorAs(t, err, &call)
	assert.Equal(t, []string{testkit.CopyID}, call.Candidates)
}

type writesBlocked struct{}

func (writesBlocked) Wait(ctx context.Context) error {
	if didit.IsWrite(ctx) {
		return io.ErrClosedPipe
	}
	return nil
}

// TestAlreadyImportedSaysWhatIsKnown: a search that failed saw no copies, and no lack of
// them.
func TestAlreadyImportedSaysWhatIsKnown(t *testing.T) {
	t.Parallel()
	const claim = "no copy that this key sees"
	a := &account{post: posts(answer(403, already403))}
	_, err := a.client(t, didit.WithRetryWait(0, 0)).ImportSharedSession(t.Context(), importParams(tokenOf(nil)))
	require.ErrorContains(t, err, claim)
	a = &account{post: posts(answer(403, already403)), list: answer(503, "")}
	_, err = a.client(t, didit.WithMaxRetries(0), didit.WithRetryWait(0, 0)).ImportSharedSession(t.Context(), importParams(tokenOf(nil)))
	require.ErrorIs(t, err, didit.ErrAlreadyImported)
	assert.NotContains(t, err.Error(), claim)
}
