package didit_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// TestCancelledAnywhere: whenever an import is cancelled, one that is said not to be
// sent never arrived, and none arrived twice. The caller's own trace still works.
func TestCancelledAnywhere(t *testing.T) {
	t.Parallel()
	for _, h2 := range []bool{false, true} {
		var seen [400]atomic.Int64
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				var i int
				_, _ = fmt.Sscanf(r.UserAgent(), "i/%d", &i)
				seen[i].Add(1)
				_, _ = io.Copy(io.Discard, r.Body)
			}
			w.WriteHeader(201)
			io.WriteString(w, created201)
		}))
		srv.Config.ErrorLog = log.New(io.Discard, "", 0)
		srv.EnableHTTP2 = h2
		srv.StartTLS()
		hc := srv.Client()
		var notSent []int
		counts := map[string]int{}
		for i := range 400 {
			n := &seen[i]
			if i%3 == 0 {
				hc.CloseIdleConnections()
			}
			c, err := didit.NewClient(didit.WithAPIKey("sk_test_x"), didit.WithUserAgent(fmt.Sprintf("i/%d", i)), didit.WithBaseURL(srv.URL), didit.WithHTTPClient(hc), didit.WithRetryWait(0, 0), didit.WithAttemptTimeout(time.Duration(i%2)*time.Minute))
			require.NoError(t, err)
			ctx, cancel := context.WithCancel(t.Context())
			traced := 0
			ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { traced++ }})
			stop := time.AfterFunc(time.Duration(rand.N(1500))*time.Microsecond, cancel)
			_, err = c.ImportSharedSession(ctx, importParams(tokenOf(nil)))
			stop.Stop()
			cancel()
			switch {
			case err == nil:
				counts["ok"]++
				assert.EqualValues(t, 1, n.Load())
				assert.Equal(t, 1, traced)
			case errors.Is(err, didit.ErrNotSent):
				counts["not sent"]++
				notSent = append(notSent, i)
				require.ErrorIs(t, err, context.Canceled)
			default:
				counts["other"]++
				require.ErrorIs(t, err, context.Canceled)
				assert.True(t, didit.Retryable(err))
			}
		}
		hc.CloseIdleConnections()
		srv.Close()
		for _, i := range notSent {
			assert.Zero(t, seen[i].Load(), "%v %d", h2, i)
		}
		for i := range seen {
			assert.LessOrEqual(t, seen[i].Load(), int64(1))
		}
	}
}

// TestRefusedWhileCancelled: a refusal that breaks off because the context ends says so.
func TestRefusedWhileCancelled(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 403, 401, 404, 429, 500, 200, 201, 302} {
		ctx, cancel := context.WithCancel(t.Context())
		posts := 0
		c := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
			posts++
			resp := rootAnswer(r, status, "")
			resp.ContentLength = 200
			resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"detail":"This`), cancelling{cancel}))
			return resp, nil
		}))
		_, err := c.ImportSharedSession(ctx, importParams(tokenOf(nil)))
		require.ErrorIs(t, err, context.Canceled, "%d %v", status, err)
		assert.Equal(t, 1, posts)
		cancel()
	}
}

type cancelling struct{ cancel context.CancelFunc }

func (c cancelling) Read([]byte) (int, error) { c.cancel(); return 0, context.Canceled }

// TestNamingOthersTakesAMinute together with the search before it, and the answer
// under way.
func TestNamingOthersTakesAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &account{post: posts(answer(403, already403)), sessions: []own{elseInRow()}}
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
				row := fmt.Sprintf(`{"session_id":%q,"session_number":3,"vendor_data":%q,"created_at":%q,"shared_from_session":%q}`, idCopy, v, time.Now().UTC().Format(time.RFC3339), idSource)
				n := 0
				c := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
					switch {
					case r.Method == http.MethodPost:
						n++
						return post()
					case r.URL.Path == "/v3/sessions/":
						return rootAnswer(r, 200, `{"next":null,"results":[`+row+`]}`), nil
					}
					return rootAnswer(r, 200, row), nil
				}))
				p := importParams(tokenOf(nil))
				p.Resume = resume
				s, err := c.ImportSharedSession(t.Context(), p)
				assert.Nil(t, s)
				require.Error(t, err)
				var call *didit.CallError
				require.ErrorAs(t, err, &call)
				assert.Equal(t, []string{idCopy}, call.Candidates)
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
	for id, number := range map[string]int{idCopy: 4, idCopy2: 9} {
		rows += fmt.Sprintf(`,{"session_id":%q,"session_number":%d,"vendor_data":%q,"created_at":%q,"shared_from_session":%q}`, id, number, vendor, old, idSource)
	}
	c := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
		switch {
		case r.Method == http.MethodPost:
			return rootAnswer(r, 403, already403), nil
		case r.URL.Path == "/v3/sessions/":
			return rootAnswer(r, 200, `{"next":null,"results":[`+rows[1:]+`]}`), nil
		}
		return rootAnswer(r, 200, fmt.Sprintf(`{"session_id":%q,"shared_from_session":%q}`, strings.Split(r.URL.Path, "/")[3], idSource)), nil
	}))
	for range 10 {
		s, err := c.ImportSharedSession(t.Context(), importParams(tokenOf(nil)))
		require.NoError(t, err)
		assert.True(t, s.Earlier)
		assert.Equal(t, idCopy, s.SessionID)
	}
}

func TestManyDuplicates(t *testing.T) {
	t.Parallel()
	all := rows(many(400, idSource))
	a := &account{post: posts(answer(403, already403)), sessions: all}
	s, err := a.client(t, didit.WithRetryWait(0, 0)).ImportSharedSession(t.Context(), importParams(tokenOf(nil)))
	require.NoError(t, err)
	assert.Len(t, s.Duplicates, 399)
	assert.Equal(t, all[399].id, s.SessionID)
}

// TestFindBrokenOff: a list that broke off may be whole the next time.
func TestFindBrokenOff(t *testing.T) {
	t.Parallel()
	c := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
		resp := rootAnswer(r, 200, "")
		resp.ContentLength = 200
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"results":[`), failing{}))
		return resp, nil
	}))
	find := didit.FindImportedSessionParams{SourceSessionID: rootSource, SessionKind: didit.KindUser, VendorData: "x"}
	_, err := c.FindImportedSession(t.Context(), find)
	require.Error(t, err)
	assert.True(t, didit.Retryable(err), err)
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

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
		a := &account{post: posts(answer(201, created201), answer(403, already403)), sessions: []own{copyOf(vendor)}}
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

// TestNotSentNamesCandidates: what Resume's search saw is not hidden by a POST that
// did not leave.
func TestNotSentNamesCandidates(t *testing.T) {
	t.Parallel()
	a := &account{sessions: []own{unsourced()}}
	c := a.client(t, didit.WithLimiter(writesBlocked{}))
	p := importParams(tokenOf(nil))
	p.Resume = true
	_, err := c.ImportSharedSession(t.Context(), p)
	require.ErrorIs(t, err, didit.ErrNotSent)
	var call *didit.CallError
	require.ErrorAs(t, err, &call)
	assert.Equal(t, []string{idCopy}, call.Candidates)
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
