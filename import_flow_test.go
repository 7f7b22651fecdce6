package didit_test

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

// flow is one import: what is called, what Didit has and answers, and what comes of it.
type flow struct {
	name    string
	params  func(p *didit.ImportSharedSessionParams)
	token   func() didit.ShareToken
	account func(a *account)

	// A session that is returned.
	id        string
	recovered bool
	earlier   bool
	// Or an error: an APIError with this status, a CallError with this outcome, or else a ValidationError.
	status    int
	outcome   didit.Outcome
	answer    int // status of the CallError's Answer
	final     bool
	searchErr bool
	noFind    bool // no FindParams
	candidate []string
	is, isNot []error

	posts, lists, reads int // requests that arrived
	waited              time.Duration
}

// TestImportFlow is the flow of an import, case by case. Deliveries are counted at
// the other side; every wait is on a clock that costs nothing.
func TestImportFlow(t *testing.T) {
	t.Parallel()
	for _, flows := range []func() []flow{
		answeredFlows, lostFlows, refusedFlows, elsewhereFlows, alreadyFlows, resumeFlows, expiredFlows,
	} {
		for i, f := range flows() {
			t.Run(f.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					flows()[i].check(t) // made anew, on the clock of the bubble
				})
			})
		}
	}
}

func (f flow) check(t *testing.T) {
	a := &account{post: posts(func() (*http.Response, error) { return nil, errors.New("not expected") })}
	f.account(a)
	token := tokenOf(nil)
	if f.token != nil {
		token = f.token()
	}
	params := importParams(token)
	if f.params != nil {
		f.params(&params)
	}
	began := time.Now()
	s, err := a.client(t).ImportSharedSession(t.Context(), params)
	assert.Equal(t, f.posts, a.posts, "imports sent")
	assert.Equal(t, f.lists, a.lists, "pages read")
	reads := 0
	for _, n := range a.decisions {
		reads += n
	}
	assert.Equal(t, f.reads, reads, "decisions read")
	assert.Equal(t, f.waited, time.Since(began), "waited")
	if f.id != "" {
		f.checkSession(t, s, err)
		return
	}
	require.Error(t, err)
	assert.Nil(t, s)
	for _, target := range f.is {
		require.ErrorIs(t, err, target)
	}
	for _, target := range f.isNot {
		require.NotErrorIs(t, err, target)
	}
	if f.outcome != "" {
		f.checkCall(t, err)
		return
	}
	var call *didit.CallError
	require.NotErrorAs(t, err, &call)
	var api *didit.APIError
	require.Equal(t, f.status != 0, errors.As(err, &api), "%v", err)
	if f.status != 0 {
		assert.Equal(t, f.status, api.StatusCode)
	}
}

func (f flow) checkSession(t *testing.T, s *didit.ImportedSession, err error) {
	t.Helper()
	require.NoError(t, err)
	assert.Equal(t, f.id, s.SessionID)
	assert.Equal(t, f.recovered, s.Recovered)
	assert.Equal(t, f.earlier, s.Earlier)
	assert.Equal(t, testkit.SourceID, s.SharedFromSession)
	assert.Equal(t, didit.KindUser, s.SessionKind)
	if f.recovered {
		require.Len(t, s.IDVerifications, 1, "a recovered session is what GetSession gives")
	}
}

func (f flow) checkCall(t *testing.T, err error) {
	t.Helper()
	var call *didit.CallError
	require.ErrorAs(t, err, &call)
	assert.Equal(t, f.outcome, call.Outcome)
	assert.Equal(t, f.posts, call.Attempts)
	assert.Equal(t, f.searchErr, call.SearchErr != nil, "SearchErr: %v", call.SearchErr)
	assert.Equal(t, f.noFind, call.FindParams == nil, "FindParams")
	assert.Equal(t, f.candidate, call.Candidates)
	require.Equal(t, f.answer != 0, call.Answer != nil)
	if call.Answer != nil {
		assert.Equal(t, f.answer, call.Answer.StatusCode)
	}
	assert.Equal(t, f.final, !didit.Retryable(err))
	if f.final {
		assert.Zero(t, didit.RetryAfter(err))
		return
	}
	assert.GreaterOrEqual(t, didit.RetryAfter(err), time.Minute)
	assert.Contains(t, err.Error(), "with Resume", "what to do next")
}
