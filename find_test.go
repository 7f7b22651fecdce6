package didit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

// TestFind is what a later search needs, as it is stored.
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
		testkit.SourceID, find.CreatedAfter.Format(time.RFC3339Nano)), string(stored))
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
	byVendor := didit.FindImportedSessionParams{SourceSessionID: strings.ToUpper(testkit.SourceID), SessionKind: didit.KindUser, VendorData: vendor}
	byTime := didit.FindImportedSessionParams{SourceSessionID: testkit.SourceID, SessionKind: didit.KindUser, CreatedAfter: time.Now()}
	old := copyOf(vendor)
	old.created = time.Now().Add(-time.Hour)
	tests := []struct {
		name       string
		find       didit.FindImportedSessionParams
		sessions   []bSession
		list       func() (*http.Response, error)
		want       string
		is, isNot  []error
		candidates []string
	}{
		{name: "by vendor data, however old", find: byVendor, sessions: []bSession{old}, want: testkit.CopyID},
		{name: "by time: named, not returned", find: byTime, sessions: []bSession{copyOf("x")}, candidates: []string{testkit.CopyID}, is: []error{didit.ErrOutcomeUnknown}},
		{name: "white space around vendor data", find: func() didit.FindImportedSessionParams { p := byVendor; p.VendorData += " "; return p }(),
			sessions: []bSession{copyOf(vendor)}, want: testkit.CopyID},
		{name: "under other vendor data", find: byVendor, sessions: []bSession{{id: testkit.CopyID, vendor: vendor, source: testkit.SourceID, decisionVendor: "x"}},
			candidates: []string{testkit.CopyID}, is: []error{didit.ErrOutcomeUnknown}},
		{name: "a row that is nobody's copy", find: byVendor, sessions: []bSession{{id: testkit.CopyID, vendor: vendor, rowSource: "-", source: testkit.SourceID}}, is: []error{didit.ErrImportNotFound}},
		{name: "before its time, with no source", find: func() didit.FindImportedSessionParams {
			p := byVendor
			p.CreatedAfter = time.Now()
			return p
		}(), sessions: []bSession{{id: testkit.CopyID, vendor: vendor, created: time.Now().Add(-time.Hour)}}, is: []error{didit.ErrImportNotFound}},
		{name: "by time, too old", find: byTime, sessions: []bSession{old}, is: []error{didit.ErrImportNotFound, didit.ErrNotFound}},
		{name: "by time, of a time that nobody says", find: byTime, sessions: []bSession{{id: testkit.CopyID, source: testkit.SourceID}}, candidates: []string{testkit.CopyID},
			is: []error{didit.ErrOutcomeUnknown}},
		{name: "nothing", find: byVendor, is: []error{didit.ErrImportNotFound, didit.ErrNotFound}, isNot: []error{didit.ErrOutcomeUnknown}},
		{name: "its decision is gone", find: byVendor, sessions: []bSession{{id: testkit.CopyID, vendor: vendor, decision: 404}},
			is: []error{didit.ErrImportNotFound}},
		{name: "cannot be told", find: byVendor, sessions: []bSession{{id: testkit.CopyID, vendor: vendor}}, candidates: []string{testkit.CopyID},
			is: []error{didit.ErrOutcomeUnknown}, isNot: []error{didit.ErrImportNotFound}},
		{name: "a decision that is forbidden", find: byVendor, sessions: []bSession{{id: testkit.CopyID, vendor: vendor, decision: 403}},
			candidates: []string{testkit.CopyID}, is: []error{didit.ErrOutcomeUnknown, didit.ErrForbidden}, isNot: []error{didit.ErrImportNotFound}},
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

// TestFindBrokenOff: a list that broke off may be whole the next time.
func TestFindBrokenOff(t *testing.T) {
	t.Parallel()
	c := testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		resp := testkit.Answer(r, 200, "")
		resp.ContentLength = 200
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"results":[`), failing{}))
		return resp, nil
	}))
	find := didit.FindImportedSessionParams{SourceSessionID: testkit.SourceID, SessionKind: didit.KindUser, VendorData: "x"}
	_, err := c.FindImportedSession(t.Context(), find)
	require.Error(t, err)
	assert.True(t, didit.Retryable(err), err)
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
