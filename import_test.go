package didit_test

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
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
			assert.Equal(t, map[string]any{"share_token": a.body["share_token"], "workflow_id": testkit.WorkflowID, "trust_review": false,
				"vendor_data": vendor}, a.body)
			assert.False(t, s.Recovered)
			assert.Equal(t, testkit.CopyID, s.SessionID)
			assert.Equal(t, int64(43762), s.SessionNumber)
			assert.Equal(t, didit.StatusInReview, s.Status)
			assert.Equal(t, testkit.WorkflowID, s.WorkflowID)
			assert.Equal(t, vendor, s.VendorData)
			assert.Equal(t, didit.KindUser, s.SessionKind, "from the token, where the answer does not say")
			assert.Equal(t, testkit.SourceID, s.SharedFromSession, "likewise")
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
		"source's id":     `{"session_id":"` + testkit.SourceID + `"}`,
		"other workflow":  `{"session_id":"` + testkit.CopyID + `","workflow_id":"` + testkit.BusinessWorkflowID + `"}`,
		"other kind":      `{"session_id":"` + testkit.CopyID + `","session_kind":"business"}`,
		"other vendor":    `{"session_id":"` + testkit.CopyID + `","vendor_data":"somebody"}`,
		"other source":    `{"session_id":"` + testkit.CopyID + `","shared_from_session":"` + testkit.OtherSourceID + `"}`,
		"a list":          `[{"session_id":"` + testkit.CopyID + `"}]`,
		"trailing":        `{"session_id":"` + testkit.CopyID + `"} {}`,
		"a long list":     `{"session_id":"` + testkit.CopyID + `","reviews":[` + strings.Repeat("{},", 100_000) + `{}]}`,
		"beyond the size": `{"session_id":"` + testkit.CopyID + `","x":"` + strings.Repeat("x", 17<<20) + `"}`,
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
			p.Token = tokenOf(map[string]any{"for_application_id": testkit.ApplicationA})
		}, []string{"Token"}, didit.ErrShareTokenForeign},
		{"from a stranger", func(p *didit.ImportSharedSessionParams) {
			p.FromApplicationIDs = []string{testkit.ApplicationB, testkit.ApplicationC}
		},
			[]string{"Token"}, didit.ErrShareTokenInvalid},
		{"another session", func(p *didit.ImportSharedSessionParams) { p.SourceSessionID = testkit.OtherSourceID },
			[]string{"Token"}, didit.ErrShareTokenInvalid},
		{"bad ids", func(p *didit.ImportSharedSessionParams) {
			p.WorkflowID, p.SourceSessionID, p.FromApplicationIDs = "w", "s", []string{testkit.ApplicationA, "a"}
		}, []string{"SourceSessionID", "FromApplicationIDs[1]", "WorkflowID"}, nil},
		{"both ways", func(p *didit.ImportSharedSessionParams) { p.Workflows.User = testkit.WorkflowID }, []string{"WorkflowID"}, nil},
		{"no workflow of the kind", func(p *didit.ImportSharedSessionParams) {
			p.WorkflowID, p.Workflows.Business = "", testkit.WorkflowID
		}, []string{"Workflows.User"}, nil},
		{"a bad workflow of the kind", func(p *didit.ImportSharedSessionParams) { p.WorkflowID, p.Workflows.User = "", "x" },
			[]string{"Workflows.User"}, nil},
		{"workflows for a token that cannot be read", func(p *didit.ImportSharedSessionParams) {
			p.Token, p.WorkflowID, p.Workflows = didit.NewShareToken("opaque"), "", didit.Workflows{User: testkit.WorkflowID, Business: testkit.WorkflowID}
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
	require.NoError(t, didit.ShareSessionParams{ForApplicationID: testkit.ApplicationB}.Validate())
	err := didit.ShareSessionParams{ForApplicationID: "7", TTL: time.Second, Status: didit.StatusExpired}.Validate()
	require.ErrorAs(t, err, &invalid)
	assert.Len(t, invalid.Problems, 3)
	require.ErrorIs(t, err, didit.ErrInvalidTTL)

	// What cannot be checked is refused.
	for _, change := range []func(*didit.ImportSharedSessionParams){
		func(p *didit.ImportSharedSessionParams) { p.SourceSessionID = testkit.SourceID },
		func(p *didit.ImportSharedSessionParams) { p.FromApplicationIDs = []string{testkit.ApplicationA} },
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
	tests := []struct {
		name   string
		token  didit.ShareToken
		params func(p *didit.ImportSharedSessionParams)
		want   map[string]any
	}{
		{"user", tokenOf(nil), func(p *didit.ImportSharedSessionParams) {}, map[string]any{"workflow_id": testkit.WorkflowID, "trust_review": true}},
		{"business", tokenOf(map[string]any{"session_kind": "business"}), func(p *didit.ImportSharedSessionParams) {},
			map[string]any{"workflow_id": testkit.BusinessWorkflowID, "trust_review": true}},
		{"for nobody in particular", tokenOf(map[string]any{"for_application_id": nil}), func(p *didit.ImportSharedSessionParams) {},
			map[string]any{"workflow_id": testkit.WorkflowID, "trust_review": true}},
		{"no kind means user", tokenOf(map[string]any{"session_kind": nil}), func(p *didit.ImportSharedSessionParams) {},
			map[string]any{"workflow_id": testkit.WorkflowID, "trust_review": true}},
		{"review again, upper case, accepted partner", tokenOf(nil), func(p *didit.ImportSharedSessionParams) {
			p.Workflows, p.WorkflowID, p.Review = didit.Workflows{}, strings.ToUpper(testkit.WorkflowID), didit.ReviewAgain
			p.SourceSessionID, p.FromApplicationIDs = strings.ToUpper(testkit.SourceID), []string{testkit.ApplicationC, strings.ToUpper(testkit.ApplicationA)}
			p.VendorData = "7"
		}, map[string]any{"workflow_id": testkit.WorkflowID, "trust_review": false, "vendor_data": "7"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a := &account{post: posts(answer(http.StatusOK, `{"session_id":"`+testkit.CopyID+`"}`))}
			params := didit.ImportSharedSessionParams{Token: test.token, Workflows: didit.Workflows{User: testkit.WorkflowID, Business: testkit.BusinessWorkflowID},
				Review: didit.TrustSourceReview}
			test.params(&params)
			_, err := a.client(t).ImportSharedSession(t.Context(), params)
			require.NoError(t, err)
			test.want["share_token"] = test.token.Reveal()
			assert.Equal(t, test.want, a.body)
		})
	}
}
