package didit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
)

// TestImportAnswers reads all three documented answers.
func TestImportAnswers(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"import_short.json", "import_plural.json", "import_singular.json"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile("testdata/" + name)
			require.NoError(t, err)
			a := &account{post: posts(answer(http.StatusCreated, string(body)))}
			s, err := a.client(t).ImportSharedSession(t.Context(), importParams(tokenOf(nil)))
			require.NoError(t, err)
			assert.Equal(t, map[string]any{"share_token": a.body["share_token"], "workflow_id": idWorkflow, "trust_review": false,
				"vendor_data": vendor}, a.body)
			assert.False(t, s.Recovered)
			assert.Equal(t, idCopy, s.SessionID)
			assert.Equal(t, int64(43762), s.SessionNumber)
			assert.Equal(t, didit.StatusInReview, s.Status)
			assert.Equal(t, idWorkflow, s.WorkflowID)
			assert.Equal(t, vendor, s.VendorData)
			assert.Equal(t, didit.KindUser, s.SessionKind, "from the token, where the answer does not say")
			assert.Equal(t, idSource, s.SharedFromSession, "likewise")
			assert.Equal(t, time.Date(2026, 5, 17, 10, 0, 0, 123456000, time.UTC), s.CreatedAt)
			assert.Equal(t, time.Date(2026, 5, 24, 10, 0, 0, 123456000, time.UTC), s.ExpiresAt)
			assert.JSONEq(t, string(body), string(s.Raw))
			if name != "import_short.json" {
				require.Len(t, s.IDVerifications, 1)
				assert.Equal(t, "Ada", s.IDVerifications[0].FirstName)
			}
		})
	}
}

// TestImportAnswersThatContradict are not believed: they count as unreadable.
func TestImportAnswersThatContradict(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"no session id":   `{"status":"Approved"}`,
		"no usable id":    `{"session_id":"7"}`,
		"source's id":     `{"session_id":"` + idSource + `"}`,
		"other workflow":  `{"session_id":"` + idCopy + `","workflow_id":"` + idOther + `"}`,
		"other kind":      `{"session_id":"` + idCopy + `","session_kind":"business"}`,
		"other vendor":    `{"session_id":"` + idCopy + `","vendor_data":"somebody"}`,
		"other source":    `{"session_id":"` + idCopy + `","shared_from_session":"` + idOther + `"}`,
		"a list":          `[{"session_id":"` + idCopy + `"}]`,
		"trailing":        `{"session_id":"` + idCopy + `"} {}`,
		"a long list":     `{"session_id":"` + idCopy + `","reviews":[` + strings.Repeat("{},", 100_000) + `{}]}`,
		"beyond the size": `{"session_id":"` + idCopy + `","x":"` + strings.Repeat("x", 17<<20) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := &account{post: posts(answer(http.StatusCreated, body))}
			_, err := a.client(t, didit.WithRetryWait(0, 0)).ImportSharedSession(t.Context(), importParams(tokenOf(nil)))
			require.ErrorIs(t, err, didit.ErrResultLost)
			assert.Equal(t, 1, a.posts)
			assert.Equal(t, 4, a.lists)
			assert.NotContains(t, err.Error(), "somebody")
		})
	}
}

// TestImportChecks refuses locally what can be known, all at once, and sends nothing.
func TestImportChecks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		params func(p *didit.ImportSharedSessionParams)
		fields []string
		is     error
	}{
		{"nothing", func(p *didit.ImportSharedSessionParams) { *p = didit.ImportSharedSessionParams{} },
			[]string{"Token", "WorkflowID", "Review"}, didit.ErrShareTokenInvalid},
		{"odd characters", func(p *didit.ImportSharedSessionParams) { p.Token = didit.NewShareToken("a.b.c d") },
			[]string{"Token"}, didit.ErrShareTokenInvalid},
		{"too long", func(p *didit.ImportSharedSessionParams) { p.Token = didit.NewShareToken(strings.Repeat("a", 8<<10+1)) },
			[]string{"Token"}, didit.ErrShareTokenInvalid},
		{"for another application", func(p *didit.ImportSharedSessionParams) {
			p.Token = tokenOf(map[string]any{"for_application_id": idPartnerA})
		}, []string{"Token"}, didit.ErrShareTokenForeign},
		{"from a stranger", func(p *didit.ImportSharedSessionParams) { p.FromApplicationIDs = []string{idPartnerB, idOther} },
			[]string{"Token"}, didit.ErrShareTokenInvalid},
		{"another session", func(p *didit.ImportSharedSessionParams) { p.SourceSessionID = idOther },
			[]string{"Token"}, didit.ErrShareTokenInvalid},
		{"bad ids", func(p *didit.ImportSharedSessionParams) {
			p.WorkflowID, p.SourceSessionID, p.FromApplicationIDs = "w", "s", []string{idPartnerA, "a"}
		}, []string{"SourceSessionID", "FromApplicationIDs[1]", "WorkflowID"}, nil},
		{"both ways", func(p *didit.ImportSharedSessionParams) { p.Workflows.User = idWorkflow }, []string{"WorkflowID"}, nil},
		{"no workflow of the kind", func(p *didit.ImportSharedSessionParams) {
			p.WorkflowID, p.Workflows.Business = "", idWorkflow
		}, []string{"Workflows.User"}, nil},
		{"a bad workflow of the kind", func(p *didit.ImportSharedSessionParams) { p.WorkflowID, p.Workflows.User = "", "x" },
			[]string{"Workflows.User"}, nil},
		{"workflows for a token that cannot be read", func(p *didit.ImportSharedSessionParams) {
			p.Token, p.WorkflowID, p.Workflows = didit.NewShareToken("opaque"), "", didit.Workflows{User: idWorkflow, Business: idWorkflow}
		}, []string{"Workflows"}, nil},
		{"another policy", func(p *didit.ImportSharedSessionParams) { p.Review = "maybe" }, []string{"Review"}, nil},
		{"vendor data that JSON cannot carry", func(p *didit.ImportSharedSessionParams) { p.VendorData = "\xff" }, []string{"VendorData"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := &account{}
			params := importParams(tokenOf(nil))
			test.params(&params)
			_, err := a.client(t).ImportSharedSession(t.Context(), params)
			require.ErrorIs(t, err, didit.ErrInvalidParams)
			if test.is != nil {
				require.ErrorIs(t, err, test.is)
			}
			var invalid *didit.ValidationError
			require.ErrorAs(t, err, &invalid)
			var fields []string
			for _, p := range invalid.Problems {
				fields = append(fields, p.Field)
			}
			assert.Equal(t, test.fields, fields)
			assert.Zero(t, a.posts+a.lists)
		})
	}
}

// TestValidate makes the checks that need no client.
func TestValidate(t *testing.T) {
	t.Parallel()
	require.NoError(t, importParams(tokenOf(nil)).Validate())
	require.ErrorIs(t, importParams(expiredSince(time.Minute)).Validate(), didit.ErrShareTokenExpired)
	var invalid *didit.ValidationError
	require.ErrorAs(t, didit.ImportSharedSessionParams{}.Validate(), &invalid)
	assert.Len(t, invalid.Problems, 3)
	require.NoError(t, didit.ShareSessionParams{ForApplicationID: idPartnerB}.Validate())
	err := didit.ShareSessionParams{ForApplicationID: "7", TTL: time.Second, Status: didit.StatusExpired}.Validate()
	require.ErrorAs(t, err, &invalid)
	assert.Len(t, invalid.Problems, 3)
	require.ErrorIs(t, err, didit.ErrInvalidTTL)

	// What cannot be checked is refused.
	for _, change := range []func(*didit.ImportSharedSessionParams){
		func(p *didit.ImportSharedSessionParams) { p.SourceSessionID = idSource },
		func(p *didit.ImportSharedSessionParams) { p.FromApplicationIDs = []string{idPartnerA} },
	} {
		params := importParams(opaque())
		require.NoError(t, params.Validate())
		change(&params)
		require.ErrorIs(t, params.Validate(), didit.ErrShareTokenInvalid)
	}
}

// TestImportSends what is asked for: the workflow of the token's kind, and always the
// review policy.
func TestImportSends(t *testing.T) {
	t.Parallel()
	const businessWorkflow = "c2a7e8d4-3b16-4f0a-8e57-7f5c6b4d3005"
	tests := []struct {
		name   string
		token  didit.ShareToken
		params func(p *didit.ImportSharedSessionParams)
		want   map[string]any
	}{
		{"user", tokenOf(nil), func(p *didit.ImportSharedSessionParams) {}, map[string]any{"workflow_id": idWorkflow, "trust_review": true}},
		{"business", tokenOf(map[string]any{"session_kind": "business"}), func(p *didit.ImportSharedSessionParams) {},
			map[string]any{"workflow_id": businessWorkflow, "trust_review": true}},
		{"for nobody in particular", tokenOf(map[string]any{"for_application_id": nil}), func(p *didit.ImportSharedSessionParams) {},
			map[string]any{"workflow_id": idWorkflow, "trust_review": true}},
		{"no kind means user", tokenOf(map[string]any{"session_kind": nil}), func(p *didit.ImportSharedSessionParams) {},
			map[string]any{"workflow_id": idWorkflow, "trust_review": true}},
		{"review again, upper case, accepted partner", tokenOf(nil), func(p *didit.ImportSharedSessionParams) {
			p.Workflows, p.WorkflowID, p.Review = didit.Workflows{}, strings.ToUpper(idWorkflow), didit.ReviewAgain
			p.SourceSessionID, p.FromApplicationIDs = strings.ToUpper(idSource), []string{idOther, strings.ToUpper(idPartnerA)}
			p.VendorData = "7"
		}, map[string]any{"workflow_id": idWorkflow, "trust_review": false, "vendor_data": "7"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := &account{post: posts(answer(http.StatusOK, `{"session_id":"`+idCopy+`"}`))}
			params := didit.ImportSharedSessionParams{Token: test.token, Workflows: didit.Workflows{User: idWorkflow, Business: businessWorkflow},
				Review: didit.TrustSourceReview}
			test.params(&params)
			_, err := a.client(t).ImportSharedSession(t.Context(), params)
			require.NoError(t, err)
			test.want["share_token"] = test.token.Reveal()
			assert.Equal(t, test.want, a.body)
		})
	}
}

// TestImportContextEnds comes back at once, with both errors, wherever the context ends.
func TestImportContextEnds(t *testing.T) {
	t.Parallel()
	t.Run("before", func(t *testing.T) {
		t.Parallel()
		a := &account{}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := a.client(t).ImportSharedSession(ctx, importParams(tokenOf(nil)))
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, didit.ErrNotSent)
		assert.Zero(t, a.posts)
	})
	t.Run("in flight", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		a := &account{post: posts(func() (*http.Response, error) {
			cancel()
			return nil, ctx.Err()
		})}
		_, err := a.client(t).ImportSharedSession(ctx, importParams(tokenOf(nil)))
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, didit.ErrOutcomeUnknown)
		assert.Equal(t, 1, strings.Count(err.Error(), "context canceled"), "%v", err)
		assert.Equal(t, 1, a.posts)
		assert.Zero(t, a.lists)
	})
	t.Run("between looks", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			a := &account{post: posts(lost)}
			began := time.Now()
			_, err := a.client(t).ImportSharedSession(ctx, importParams(tokenOf(nil)))
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			require.ErrorIs(t, err, didit.ErrOutcomeUnknown)
			assert.Equal(t, 2*time.Second, time.Since(began))
			assert.Equal(t, 2, a.lists)
		})
	})
	t.Run("in the look after a refusal", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		a := &account{post: posts(answer(400, badToken400)), list: func() (*http.Response, error) {
			cancel()
			return nil, ctx.Err()
		}}
		_, err := a.client(t).ImportSharedSession(ctx, importParams(tokenOf(nil)))
		require.ErrorIs(t, err, didit.ErrShareTokenInvalid)
		require.NotErrorIs(t, err, didit.ErrOutcomeUnknown, "a refusal speaks for itself")
	})
	t.Run("in the search after a refusal, resume", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		lists := 0
		a := &account{post: posts(answer(400, badToken400))}
		a.list = func() (*http.Response, error) {
			if lists++; lists == 1 {
				return answer(200, `{"next":null,"results":[]}`)()
			}
			cancel()
			return nil, ctx.Err()
		}
		params := importParams(tokenOf(nil))
		params.Resume = true
		_, err := a.client(t).ImportSharedSession(ctx, params)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, didit.ErrOutcomeUnknown)
		require.ErrorIs(t, err, didit.ErrShareTokenInvalid)
	})
}

// TestImportNotSent: nothing can have happened, so nothing is looked for.
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

// TestImportRateLimited: Didit did nothing, so nothing is looked for.
func TestImportRateLimited(t *testing.T) {
	t.Parallel()
	a := &account{post: posts(answer(429, `{"detail":"Request was throttled."}`))}
	_, err := a.client(t, didit.WithMaxRetryAfter(0)).ImportSharedSession(t.Context(), importParams(tokenOf(nil)))
	require.ErrorIs(t, err, didit.ErrRateLimited)
	assert.Equal(t, 1, a.posts)
	assert.Zero(t, a.lists)
}

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
	second.id, second.number = idCopy2, 9
	unnumbered.id, unnumbered.number = idPartnerA, 0
	other.id, other.number, other.decisionVendor = idOther, 3, "somebody"
	a := &account{post: posts(answer(403, already403)), sessions: []own{unnumbered, second, copyOf(vendor), other}}
	s, err := a.client(t).ImportSharedSession(t.Context(), importParams(tokenOf(nil)))
	require.NoError(t, err)
	assert.Equal(t, idCopy, s.SessionID, "the lowest number")
	assert.Equal(t, []string{idCopy2, idPartnerA}, s.Duplicates, "another customer's is none")
}

// TestFind is what a later look needs, as it is stored.
func TestFind(t *testing.T) {
	t.Parallel()
	params := importParams(tokenOf(map[string]any{"iat": time.Now().Add(-time.Hour).Unix(), "session_kind": "business"}))
	params.VendorData = " " + vendor + "\n"
	find, err := params.FindParams()
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), find.CreatedAfter, time.Minute, "never a time that a token claims")
	params.Resume = true
	earlier, err := params.FindParams()
	require.NoError(t, err)
	assert.WithinDuration(t, find.CreatedAfter.Add(-24*time.Hour-5*time.Minute), earlier.CreatedAfter, time.Minute)
	stored, err := json.Marshal(find)
	require.NoError(t, err)
	assert.JSONEq(t, fmt.Sprintf(`{"source_session_id":%q,"session_kind":"business","vendor_data":"customer-1","created_after":%q}`,
		idSource, find.CreatedAfter.Format(time.RFC3339Nano)), string(stored))
	var again didit.FindImportedSessionParams
	require.NoError(t, json.Unmarshal(stored, &again))
	assert.Equal(t, find.SourceSessionID, again.SourceSessionID)
	assert.True(t, find.CreatedAfter.Equal(again.CreatedAfter))

	now := time.Now()
	for name, claims := range map[string]map[string]any{
		"no end":              {"exp": nil},
		"a week":              {"exp": now.Add(7 * 24 * time.Hour).Unix()},
		"a week from nowhere": {"iat": nil, "exp": now.Add(7 * 24 * time.Hour).Unix()},
		"no id":               {"session_id": "1"},
		"another kind":        {"session_kind": "animal"},
	} {
		_, err := importParams(tokenOf(claims)).FindParams()
		require.ErrorIs(t, err, didit.ErrShareTokenInvalid, name)
	}
	_, err = importParams(didit.NewShareToken("opaque")).FindParams()
	require.ErrorIs(t, err, didit.ErrShareTokenInvalid)
	_, err = importParams(tokenOf(map[string]any{"iat": nil})).FindParams()
	require.NoError(t, err)
}

func TestFindImportedSession(t *testing.T) {
	t.Parallel()
	byVendor := didit.FindImportedSessionParams{SourceSessionID: strings.ToUpper(idSource), SessionKind: didit.KindUser, VendorData: vendor}
	byTime := didit.FindImportedSessionParams{SourceSessionID: idSource, SessionKind: didit.KindUser, CreatedAfter: time.Now()}
	old := copyOf(vendor)
	old.created = time.Now().Add(-time.Hour)
	tests := []struct {
		name       string
		find       didit.FindImportedSessionParams
		sessions   []own
		list       func() (*http.Response, error)
		want       string
		is, isNot  []error
		candidates []string
	}{
		{name: "by vendor data, however old", find: byVendor, sessions: []own{old}, want: idCopy},
		{name: "by time: named, not returned", find: byTime, sessions: []own{copyOf("x")}, candidates: []string{idCopy}, is: []error{didit.ErrOutcomeUnknown}},
		{name: "white space around vendor data", find: func() didit.FindImportedSessionParams { p := byVendor; p.VendorData += " "; return p }(),
			sessions: []own{copyOf(vendor)}, want: idCopy},
		{name: "under other vendor data", find: byVendor, sessions: []own{{id: idCopy, vendor: vendor, source: idSource, decisionVendor: "x"}},
			candidates: []string{idCopy}, is: []error{didit.ErrOutcomeUnknown}},
		{name: "a row that is nobody's copy", find: byVendor, sessions: []own{{id: idCopy, vendor: vendor, rowSource: "-", source: idSource}}, is: []error{didit.ErrImportNotFound}},
		{name: "before its time, with no source", find: func() didit.FindImportedSessionParams {
			p := byVendor
			p.CreatedAfter = time.Now()
			return p
		}(), sessions: []own{{id: idCopy, vendor: vendor, created: time.Now().Add(-time.Hour)}}, is: []error{didit.ErrImportNotFound}},
		{name: "by time, too old", find: byTime, sessions: []own{old}, is: []error{didit.ErrImportNotFound, didit.ErrNotFound}},
		{name: "by time, of a time that nobody says", find: byTime, sessions: []own{{id: idCopy, source: idSource}}, candidates: []string{idCopy},
			is: []error{didit.ErrOutcomeUnknown}},
		{name: "nothing", find: byVendor, is: []error{didit.ErrImportNotFound, didit.ErrNotFound}, isNot: []error{didit.ErrOutcomeUnknown}},
		{name: "its decision is gone", find: byVendor, sessions: []own{{id: idCopy, vendor: vendor, decision: 404}},
			is: []error{didit.ErrImportNotFound}},
		{name: "cannot be told", find: byVendor, sessions: []own{{id: idCopy, vendor: vendor}}, candidates: []string{idCopy},
			is: []error{didit.ErrOutcomeUnknown}, isNot: []error{didit.ErrImportNotFound}},
		{name: "a decision that is forbidden", find: byVendor, sessions: []own{{id: idCopy, vendor: vendor, decision: 403}},
			candidates: []string{idCopy}, is: []error{didit.ErrOutcomeUnknown, didit.ErrForbidden}, isNot: []error{didit.ErrImportNotFound}},
		{name: "a 404 of the list", find: byVendor, list: answer(404, `{"detail":"Not found."}`),
			is: []error{didit.ErrOutcomeUnknown}, isNot: []error{didit.ErrNotFound}},
		{name: "no answer", find: byVendor, list: lost, is: []error{didit.ErrOutcomeUnknown, io.ErrUnexpectedEOF}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var events []didit.AuditEvent
			a := &account{sessions: test.sessions, list: test.list}
			c := a.client(t, didit.WithRetryWait(0, 0), didit.WithAuditHook(func(_ context.Context, e didit.AuditEvent) error { events = append(events, e); return nil }))
			s, err := c.FindImportedSession(t.Context(), test.find)
			require.Len(t, events, 1)
			assert.Equal(t, didit.AuditFind, events[0].Action)
			if test.want != "" {
				require.NoError(t, err)
				assert.Equal(t, test.want, s.SessionID)
				assert.True(t, s.Recovered)
				assert.False(t, s.Earlier)
				assert.Equal(t, test.want, events[0].SessionID)
				return
			}
			require.Error(t, err)
			for _, target := range test.is {
				require.ErrorIs(t, err, target)
			}
			for _, target := range test.isNot {
				require.NotErrorIs(t, err, target)
			}
			if call, ok := errors.AsType[*didit.CallError](err); ok {
				assert.Equal(t, test.candidates, call.Candidates)
				assert.NotNil(t, call.FindParams)
				assert.Equal(t, didit.AuditUnknown, events[0].Outcome)
			} else {
				assert.Equal(t, didit.AuditRefused, events[0].Outcome)
			}
		})
	}
	_, err := new(account).client(t).FindImportedSession(t.Context(), didit.FindImportedSessionParams{SessionKind: didit.KindAll, WorkflowID: "w"})
	var invalid *didit.ValidationError
	require.ErrorAs(t, err, &invalid)
	assert.Len(t, invalid.Problems, 4)
}

// TestImportAudit: one event per call, with what happened.
func TestImportAudit(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		account account
		params  func(p *didit.ImportSharedSessionParams)
		want    didit.AuditOutcome
		status  int
		id      string
	}{
		{"ok", account{post: posts(answer(201, `{"session_id":"`+idCopy+`"}`))}, nil, didit.AuditOK, 201, idCopy},
		{"recovered", account{post: posts(lost), sessions: []own{copyOf(vendor)}}, nil, didit.AuditRecovered, 0, idCopy},
		{"refused", account{post: posts(answer(400, badToken400))}, nil, didit.AuditRefused, 400, ""},
		{"refused locally", account{}, func(p *didit.ImportSharedSessionParams) { p.Review = "" }, didit.AuditRefused, 0, ""},
		{"unknown", account{post: posts(answer(502, ""))}, nil, didit.AuditUnknown, 502, ""},
		{"lost", account{post: posts(answer(201, "{"))}, nil, didit.AuditResultLost, 0, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var events []didit.AuditEvent
			params := importParams(tokenOf(nil))
			if test.params != nil {
				test.params(&params)
			}
			c := test.account.client(t, didit.WithRetryWait(0, 0), didit.WithAuditHook(func(_ context.Context, e didit.AuditEvent) error { events = append(events, e); return nil }))
			_, _ = c.ImportSharedSession(t.Context(), params)
			require.Len(t, events, 1)
			e := events[0]
			assert.Equal(t, didit.AuditImport, e.Action)
			assert.Equal(t, test.want, e.Outcome)
			assert.Equal(t, test.status, e.StatusCode)
			assert.Equal(t, test.id, e.SessionID)
			assert.Equal(t, idSource, e.SourceSessionID)
			assert.Equal(t, didit.KindUser, e.SessionKind)
			assert.Equal(t, idPartnerA, e.FromApplicationID)
			assert.Equal(t, idPartnerB, e.ForApplicationID)
			assert.Equal(t, params.Token.Fingerprint(), e.TokenFingerprint)
		})
	}
}

// TestImportLogs: a whole import is one line, and one that was recovered is no
// failure. How it came to that is debug.
func TestImportLogs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		post  func() (*http.Response, error)
		has   []own
		level string
		want  map[string]any
	}{
		{"ok", answer(201, created201), nil, "INFO", map[string]any{"outcome": "ok", "session_id": idCopy, "attempts": 1., "status": 201.}},
		{"recovered", lost, []own{copyOf(vendor)}, "INFO", map[string]any{"outcome": "recovered", "session_id": idCopy, "attempts": 1.}},
		{"refused", answer(400, badToken400), nil, "WARN", map[string]any{"outcome": "refused", "attempts": 1., "status": 400.}},
		{"already imported", answer(403, already403), nil, "WARN", map[string]any{"outcome": "already_imported", "attempts": 1., "status": 403.}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var log strings.Builder
			a := &account{post: posts(test.post), sessions: test.has}
			params := importParams(tokenOf(nil))
			logger := slog.New(slog.NewJSONHandler(&log, nil))
			_, _ = a.client(t, didit.WithRetryWait(0, 0), didit.WithLogger(logger)).ImportSharedSession(t.Context(), params)
			require.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
			var line map[string]any
			require.NoError(t, json.Unmarshal([]byte(log.String()), &line))
			assert.Equal(t, test.level, line["level"])
			assert.Equal(t, "ImportSharedSession", line["operation"])
			assert.Equal(t, idSource, line["source_session_id"])
			assert.Equal(t, "verification.didit.me", line["host"])
			for name, want := range test.want {
				assert.Equal(t, want, line[name], name)
			}
			assert.NotContains(t, log.String(), vendor)
			assert.NotContains(t, log.String(), params.Token.Reveal()[:20])

			log.Reset()
			logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			_, _ = a.client(t, didit.WithRetryWait(0, 0), didit.WithLogger(logger)).ImportSharedSession(t.Context(), params)
			assert.Equal(t, test.name != "ok", strings.Contains(log.String(), `"operation":"ListSessions"`), "the search")
		})
	}
}
