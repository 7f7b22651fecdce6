package didit_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/internal/testkit"
)

// TestSearchTakesAMinute: a list that answers too slowly does not hold the call.
func TestSearchTakesAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &account{post: posts(lost)}
		a.list = func() (*http.Response, error) {
			time.Sleep(25 * time.Second)
			return answer(http.StatusServiceUnavailable, "")()
		}
		began := time.Now()
		_, err := a.client(t).ImportSharedSession(t.Context(), importParams(tokenOf(nil)))
		require.ErrorIs(t, err, didit.ErrOutcomeUnknown)
		require.NotErrorIs(t, err, context.DeadlineExceeded, "the caller's context lives")
		assert.LessOrEqual(t, time.Since(began), 90*time.Second, "a minute, and the answer under way: this transport does not heed contexts")
	})
}

func TestDuplicates(t *testing.T) {
	t.Parallel()
	second, other, unnumbered := copyOf(vendor), copyOf(vendor), copyOf(vendor)
	second.id, second.number = testkit.SecondCopyID, 9
	unnumbered.id, unnumbered.number = rowID(1), 0
	other.id, other.number, other.decisionVendor = rowID(2), 3, "somebody"
	a := &account{post: posts(answer(403, already403)), sessions: []bSession{unnumbered, second, copyOf(vendor), other}}
	s, err := a.client(t).ImportSharedSession(t.Context(), importParams(tokenOf(nil)))
	require.NoError(t, err)
	assert.Equal(t, testkit.CopyID, s.SessionID, "the lowest number")
	assert.Equal(t, []string{testkit.SecondCopyID, rowID(1)}, s.Duplicates, "another customer's is none")
}

// TestNamingOthersTakesAMinute together with the search before it, and the answer
// under way.
func TestNamingOthersTakesAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &account{post: posts(answer(403, already403)), sessions: []bSession{elseInRow()}}
		a.list = func() (*http.Response, error) {
			if a.lists <= 4 {
				return answer(200, `{"next":null,"results":[]}`)()
			}
			time.Sleep(25 * time.Second)
			return answer(http.StatusServiceUnavailable, "")()
		}
		began := time.Now()
		_, err := a.client(t).ImportSharedSession(t.Context(), importParams(tokenOf(nil)))
		require.ErrorIs(t, err, didit.ErrAlreadyImported)
		assert.LessOrEqual(t, time.Since(began), 100*time.Second)
		assert.True(t, didit.Retryable(err))
	})
}

// TestNearlyYourVendorData: a copy under vendor data that is not the call's own is
// named, whatever the list's filter takes for the same.
func TestNearlyYourVendorData(t *testing.T) {
	t.Parallel()
	for _, v := range []string{"CUSTOMER-1", "customer-1\u200b", "customer-1 x", "customer", "ｃustomer-1", "\ufeffcustomer-1"} {
		for _, post := range []func() (*http.Response, error){lost, answer(403, already403), answer(400, badToken400), answer(201, "{")} {
			for _, resume := range []bool{false, true} {
				// the server's filter ignores case and takes all
				row := fmt.Sprintf(`{"session_id":%q,"session_number":3,"vendor_data":%q,"created_at":%q,"shared_from_session":%q}`, testkit.CopyID, v, time.Now().UTC().Format(time.RFC3339), testkit.SourceID)
				n := 0
				c := testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
					switch {
					case r.Method == http.MethodPost:
						n++
						return post()
					case r.URL.Path == "/v3/sessions/":
						return testkit.Answer(r, 200, `{"next":null,"results":[`+row+`]}`), nil
					}
					return testkit.Answer(r, 200, row), nil
				}))
				p := importParams(tokenOf(nil))
				p.Resume = resume
				s, err := c.ImportSharedSession(t.Context(), p)
				assert.Nil(t, s)
				require.Error(t, err)
				var call *didit.CallError
				require.ErrorAs(t, err, &call)
				assert.Equal(t, []string{testkit.CopyID}, call.Candidates)
				assert.LessOrEqual(t, n, 1)
				if call.FindParams != nil {
					_, err = c.FindImportedSession(t.Context(), *call.FindParams)
					require.Error(t, err)
					assert.NotErrorIs(t, err, didit.ErrNotFound)
				}
			}
		}
	}
}

// TestRowFillsGaps: what the decision leaves out, the row says.
func TestRowFillsGaps(t *testing.T) {
	t.Parallel()
	old := time.Now().Add(-240 * time.Hour).UTC().Format(time.RFC3339)
	rows := ""
	for id, number := range map[string]int{testkit.CopyID: 4, testkit.SecondCopyID: 9} {
		rows += fmt.Sprintf(`,{"session_id":%q,"session_number":%d,"vendor_data":%q,"created_at":%q,"shared_from_session":%q}`, id, number, vendor, old, testkit.SourceID)
	}
	c := testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		switch {
		case r.Method == http.MethodPost:
			return testkit.Answer(r, 403, already403), nil
		case r.URL.Path == "/v3/sessions/":
			return testkit.Answer(r, 200, `{"next":null,"results":[`+rows[1:]+`]}`), nil
		}
		return testkit.Answer(r, 200, fmt.Sprintf(`{"session_id":%q,"shared_from_session":%q}`, strings.Split(r.URL.Path, "/")[3], testkit.SourceID)), nil
	}))
	for range 10 {
		s, err := c.ImportSharedSession(t.Context(), importParams(tokenOf(nil)))
		require.NoError(t, err)
		assert.True(t, s.Earlier)
		assert.Equal(t, testkit.CopyID, s.SessionID)
	}
}

func TestManyDuplicates(t *testing.T) {
	t.Parallel()
	all := rows(many(400, testkit.SourceID))
	a := &account{post: posts(answer(403, already403)), sessions: all}
	s, err := a.client(t, didit.WithRetryWait(0, 0)).ImportSharedSession(t.Context(), importParams(tokenOf(nil)))
	require.NoError(t, err)
	assert.Len(t, s.Duplicates, 399)
	assert.Equal(t, all[399].id, s.SessionID)
}

// TestVendorDataIsTrimmedAsDidits: Python's white space is more than Go's.
func TestVendorDataIsTrimmedAsDidits(t *testing.T) {
	t.Parallel()
	server := didittest.NewServer()
	t.Cleanup(server.Close)
	a, b := server.AddApplication("a"), server.AddApplication("b")
	shared, err := a.Client().ShareSession(t.Context(), a.AddSession(didittest.SessionFixture{}), didit.ShareSessionParams{ForApplicationID: b.ID})
	require.NoError(t, err)
	p := didit.ImportSharedSessionParams{Token: shared.Token, WorkflowID: b.AddWorkflow(didit.KindUser), Review: didit.ReviewAgain, VendorData: "\x1ccustomer-1\x1f"}
	first, err := b.Client().ImportSharedSession(t.Context(), p)
	require.NoError(t, err)
	again, err := b.Client().ImportSharedSession(t.Context(), p)
	require.NoError(t, err)
	assert.Equal(t, first.SessionID, again.SessionID)
}

// TestWithheldEnds: a hook that fails for good does not keep a queue going.
func TestWithheldEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &account{post: posts(answer(201, created201), answer(403, already403)), sessions: []bSession{copyOf(vendor)}}
		c := a.client(t, didit.WithAuditHook(func(context.Context, didit.AuditEvent) error { return io.ErrShortWrite }))
		p := importParams(tokenOf(nil))
		for rounds := 1; ; rounds++ {
			s, err := c.ImportSharedSession(t.Context(), p)
			require.Error(t, err)
			assert.Nil(t, s)
			if !didit.Retryable(err) {
				break
			}
			require.Less(t, rounds, 100)
			time.Sleep(didit.RetryAfter(err))
			p.Resume = true
		}
		assert.Equal(t, 1, a.posts)
	})
}

// TestResumeCannotRead: while the session that may be the copy cannot be read, nothing is
// sent: Didit is not known to refuse a second import.
func TestResumeCannotRead(t *testing.T) {
	t.Parallel()
	for _, kind := range []didittest.FaultKind{didittest.FaultErrorBefore, didittest.FaultHTMLBefore, didittest.FaultTruncated, didittest.FaultRedirect} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			server := didittest.NewServer(didittest.WithRepeatedImports(true))
			defer server.Close()
			a, b := server.AddApplication("Partner A"), server.AddApplication("Partner B")
			client := b.Client(didit.WithMaxRetries(0))
			p := importParams(a.Share(a.AddSession(didittest.SessionFixture{}), b, 0))
			p.WorkflowID = b.Workflow(didit.KindUser)
			first, err := client.ImportSharedSession(t.Context(), p)
			require.NoError(t, err)
			server.Inject(didittest.Fault{Operation: didittest.OpGetSession, Kind: kind})
			p.Resume = true
			_, err = client.ImportSharedSession(t.Context(), p)
			require.ErrorIs(t, err, didit.ErrOutcomeUnknown)
			require.True(t, didit.Retryable(err))
			again, err := client.ImportSharedSession(t.Context(), p)
			require.NoError(t, err)
			assert.Equal(t, first.SessionID, again.SessionID)
			assert.Len(t, b.Sessions(), 1)
		})
	}
}
