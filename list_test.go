package didit_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

// Every query, byte for byte: the zero value, all set, each alone.
func TestListQueries(t *testing.T) {
	t.Parallel()
	madrid := time.FixedZone("", 2*60*60)
	for name, test := range map[string]struct {
		params didit.ListSessionsParams
		want   string
	}{
		"zero":        {didit.ListSessionsParams{}, "limit=50&offset=0&session_kind=user"},
		"user":        {didit.ListSessionsParams{SessionKind: didit.KindUser}, "limit=50&offset=0&session_kind=user"},
		"business":    {didit.ListSessionsParams{SessionKind: didit.KindBusiness}, "limit=50&offset=0&session_kind=business"},
		"vendor data": {didit.ListSessionsParams{VendorData: "a b&c=d/é"}, "limit=50&offset=0&session_kind=user&vendor_data=a+b%26c%3Dd%2F%C3%A9"},
		"status":      {didit.ListSessionsParams{Statuses: []didit.SessionStatus{didit.StatusApproved}}, "limit=50&offset=0&session_kind=user&status=Approved"},
		"statuses": {didit.ListSessionsParams{Statuses: []didit.SessionStatus{didit.StatusApproved, didit.StatusInReview}},
			"limit=50&offset=0&session_kind=user&status=Approved%2CIn+Review"},
		"no statuses": {didit.ListSessionsParams{Statuses: []didit.SessionStatus{}}, "limit=50&offset=0&session_kind=user"},
		"workflows": {didit.ListSessionsParams{WorkflowIDs: []string{strings.ToUpper(testkit.WorkflowID), testkit.BusinessWorkflowID}},
			"limit=50&offset=0&session_kind=user&workflow_id=" + testkit.WorkflowID + "%2C" + testkit.BusinessWorkflowID},
		"countries": {didit.ListSessionsParams{Countries: []string{"ESP", "FRA"}}, "country=ESP%2CFRA&limit=50&offset=0&session_kind=user"},
		"from":      {didit.ListSessionsParams{DateFrom: time.Date(2026, 5, 18, 1, 0, 0, 0, madrid)}, "date_from=2026-05-17&limit=50&offset=0&session_kind=user"},
		"to":        {didit.ListSessionsParams{DateTo: time.Date(2026, 5, 17, 23, 59, 0, 0, time.UTC)}, "date_to=2026-05-17&limit=50&offset=0&session_kind=user"},
		"search":    {didit.ListSessionsParams{Search: "43762"}, "limit=50&offset=0&search=43762&session_kind=user"},
		"trimmed": {didit.ListSessionsParams{VendorData: " customer-1\n", Search: "\t43762 "},
			"limit=50&offset=0&search=43762&session_kind=user&vendor_data=customer-1"},
		"white space alone": {didit.ListSessionsParams{SessionKind: didit.KindBusiness, VendorData: " \n", Search: "\t"}, "limit=50&offset=0&session_kind=business"},
		"page size":         {didit.ListSessionsParams{PageSize: 7}, "limit=7&offset=0&session_kind=user"},
		"page of one":       {didit.ListSessionsParams{PageSize: 1}, "limit=2&offset=0&session_kind=user"},
		"all": {didit.ListSessionsParams{
			VendorData: "v", Statuses: []didit.SessionStatus{didit.StatusKYCExpired}, WorkflowIDs: []string{testkit.WorkflowID}, Countries: []string{"ESP"},
			DateFrom: time.Date(2026, 5, 17, 0, 0, 0, 0, time.UTC), DateTo: time.Date(2026, 5, 17, 0, 0, 0, 0, time.UTC), Search: "s", PageSize: 10_000,
		}, "country=ESP&date_from=2026-05-17&date_to=2026-05-17&limit=10000&offset=0&search=s&session_kind=user&status=Kyc+Expired&vendor_data=v&workflow_id=" + testkit.WorkflowID},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen []testkit.Seen
			c := testkit.Client(t, testkit.Recorder(&seen, 200, `{"results":[],"next":null}`))
			before := slices.Clone(test.params.WorkflowIDs)
			for _, err := range c.ListSessions(t.Context(), test.params) {
				require.NoError(t, err)
			}
			require.Len(t, seen, 1)
			assert.Equal(t, didit.DefaultBaseURL+"/v3/sessions/?"+test.want, seen[0].URL)
			assert.Equal(t, before, test.params.WorkflowIDs, "the caller's slice is left alone")
		})
	}
}

func TestListWrongFilters(t *testing.T) {
	t.Parallel()
	for range 2 { // walked twice, refused twice
		n := 0
		for row, err := range testkit.Client(t, testkit.Mock(t)).ListSessions(t.Context(), didit.ListSessionsParams{
			SessionKind: "vessel", VendorData: "\xff", Search: "\xff", Statuses: []didit.SessionStatus{didit.StatusApproved, "APPROVED"},
			WorkflowIDs: []string{testkit.WorkflowID, "x"}, Countries: []string{"ESP", "es", "ES1", "ESPA", ""},
			DateFrom: time.Date(2026, 5, 18, 0, 0, 0, 0, time.UTC), DateTo: time.Date(2026, 5, 17, 0, 0, 0, 0, time.UTC), PageSize: -1,
		}) {
			n++
			assert.Nil(t, row)
			assert.Equal(t, []string{"SessionKind", "VendorData", "Search", "Statuses[1]", "WorkflowIDs[1]", "Countries[1]", "Countries[2]", "Countries[3]", "Countries[4]",
				"DateTo", "PageSize"}, testkit.Fields(t, err))
		}
		assert.Equal(t, 1, n)
	}
	for _, err := range testkit.Client(t, testkit.Mock(t)).ListSessions(t.Context(), didit.ListSessionsParams{PageSize: 10_001}) {
		assert.Equal(t, []string{"PageSize"}, testkit.Fields(t, err))
	}
}

// The list of companies does not heed Search: it would give all of them.
func TestListSearchIsForUsers(t *testing.T) {
	t.Parallel()
	for _, kind := range []didit.SessionKind{didit.KindBusiness, didit.KindAll} {
		for row, err := range testkit.Client(t, testkit.Mock(t)).ListSessions(t.Context(), didit.ListSessionsParams{SessionKind: kind, Search: "43762"}) {
			assert.Nil(t, row)
			assert.Equal(t, []string{"Search"}, testkit.Fields(t, err), kind)
		}
	}
}

func TestListRows(t *testing.T) {
	t.Parallel()
	m := testkit.Mock(t)
	for kind, file := range map[string]string{"user": "list_user.json", "business": "list_business.json"} {
		m.RegisterResponder("GET", didit.DefaultBaseURL+"/v3/sessions/?limit=50&offset=0&session_kind="+kind, httpmock.NewStringResponder(200, string(fixture(t, file))))
	}
	var rows []*didit.SessionSummary
	for row, err := range testkit.Client(t, m).ListSessions(t.Context(), didit.ListSessionsParams{SessionKind: didit.KindAll}) {
		require.NoError(t, err)
		rows = append(rows, row)
	}
	require.Len(t, rows, 2)
	raw := rows[0].Raw
	assert.Contains(t, string(raw), `"didit_internal_id"`)
	rows[0].Raw = nil
	assert.Equal(t, &didit.SessionSummary{
		SessionID: testkit.SessionID, SessionKind: didit.KindUser, SessionNumber: 43762, SessionURL: "https://verify.didit.me/session/3FaJ9wLqX2Mz",
		DocumentType: "Passport", FullName: "Oriane Vasquelle", Country: "ESP", Status: didit.StatusInReview, VendorData: "customer-oriane-4711",
		CreatedAt: time.Date(2026, 5, 17, 10, 0, 0, 123456000, time.UTC),
		Features:  []didit.Feature{{Feature: "ID_VERIFICATION", Status: "Approved"}, {Feature: "LIVENESS", Status: "In Review"}},
	}, rows[0])
	assert.Contains(t, string(rows[1].Raw), `"registration_number"`)
	rows[1].Raw = nil
	assert.Equal(t, &didit.SessionSummary{
		SessionID: "7a2c1d63-8b64-4d30-8e1f-301a5b2a1b02", SessionKind: didit.KindBusiness, SessionNumber: 77, Status: didit.StatusApproved,
		FullName: "Brumelac Trading SL", Country: "ESP", CreatedAt: time.Date(2026, 5, 17, 10, 0, 0, 0, time.UTC),
	}, rows[1])
}

// A row without a kind is of the kind that was asked for; one with a source says so.
func TestListRowsThatSayLess(t *testing.T) {
	t.Parallel()
	var seen []testkit.Seen
	c := testkit.Client(t, testkit.Recorder(&seen, 200, `{"results":[{"session_id":"`+strings.ToUpper(testkit.SessionID)+`","shared_from_session":"`+testkit.SourceID+`","status":"New One",
		"session_number":"x","features":{"a":1},"created_at":7,"full_name":null}]}`))
	for row, err := range c.ListSessions(t.Context(), didit.ListSessionsParams{SessionKind: didit.KindBusiness}) {
		require.NoError(t, err)
		assert.Equal(t, testkit.SessionID, row.SessionID)
		assert.Equal(t, didit.KindBusiness, row.SessionKind)
		assert.Equal(t, testkit.SourceID, row.SharedFromSession)
		assert.Equal(t, didit.SessionStatus("New One"), row.Status)
		assert.Zero(t, row.CreatedAt)
	}
	for _, bad := range []string{``, `[]`, `{}`, `{"results":null}`, `{"results":{}}`, `{"results":[7]}`, `{"results":[{}]}`, `{"results":[{"session_id":"x"}]}`, `{"results":[`} {
		n := 0
		for row, err := range testkit.Client(t, testkit.Recorder(&seen, 200, bad), didit.WithMaxRetries(0)).ListSessions(t.Context(), didit.ListSessionsParams{}) {
			n++
			assert.Nil(t, row)
			assert.Equal(t, unusable(bad), testkit.Matches(err), bad)
		}
		assert.Equal(t, 1, n, bad)
	}
}
