package didit_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
)

func TestFeatureStatus(t *testing.T) {
	t.Parallel()
	for _, known := range []didit.FeatureStatus{
		"Not Started", "Not Finished", "In Review", "Approved", "Declined", "Expired", "Resub Requested",
	} {
		assert.True(t, known.Known(), known)
	}
	for _, unknown := range []didit.FeatureStatus{"", "APPROVED", "RESUB_REQUESTED", "Brand New"} {
		assert.False(t, unknown.Known(), unknown)
	}
}

func TestFeatures(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		features string
		want     didit.Features
	}{
		"names":        {`["NFC","AML"]`, didit.Features{{Feature: "NFC"}, {Feature: "AML"}}},
		"escaped":      {`["N\u0046C","a\"b"]`, didit.Features{{Feature: "NFC"}, {Feature: `a"b`}}},
		"not UTF-8":    {"[\"NFC\",\"\xff\"]", didit.Features{{Feature: "NFC"}, {Feature: "\uFFFD"}}},
		"with nodes":   {`[{"feature":"NFC","node_id":"feature_nfc_1"}]`, didit.Features{{Feature: "NFC", NodeID: "feature_nfc_1"}}},
		"legacy nodes": {`[{"feature":"NFC","node_id":null}]`, didit.Features{{Feature: "NFC"}}},
		"with status":  {`[{"feature":"NFC","status":"Somewhere"}]`, didit.Features{{Feature: "NFC", Status: "Somewhere"}}},
		"mixed":        {`["NFC",{"feature":"AML"},7]`, didit.Features{{Feature: "NFC"}, {Feature: "AML"}, {}}},
		"empty":        {`[]`, didit.Features{}},
		"null":         {`null`, nil},
		"a text":       {`"NFC"`, didit.Features{{Feature: "NFC"}}},
		"one text":     {`"NFC + FACE"`, didit.Features{{Feature: "NFC"}, {Feature: "FACE"}}},
		"no two":       {`["NFC","A+B"]`, didit.Features{{Feature: "NFC"}, {Feature: "A+B"}}},
		"of a node":    {`[{"feature":"A+B","status":"Approved"}]`, didit.Features{{Feature: "A+B", Status: didit.FeatureApproved}}},
		"a plus":       {`"+"`, didit.Features{{Feature: "+"}}},
		"a number":     {`7`, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := parseBlocks(t, `"features":`+test.features+`,"callback":"after"`)
			assert.Equal(t, test.want, s.Features)
			assert.Equal(t, "after", s.Callback)
			assert.Equal(t, strings.Contains(test.features, "N") && test.want != nil, s.Features.Has("NFC"))
			assert.False(t, s.Features.Has("LIVENESS"))
		})
	}
}

func TestScore(t *testing.T) {
	t.Parallel()
	tests := map[string]didit.Score{
		`96.25`: 96.25, `96`: 96, `0`: 0, `-1.5`: -1.5, `9.5e1`: 95, `"96.25"`: 96.25, `" 12 "`: 12, `null`: 0, `""`: 0, `"high"`: 0,
		`"NaN"`: 0, `"Inf"`: 0, `1e999`: 0, `true`: 0, `{"value":1}`: 0, `[1]`: 0,
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			score := didit.Score(7)
			require.NoError(t, json.Unmarshal([]byte(text), &score))
			assert.InDelta(t, float64(want), float64(score), 0)

			s := parseBlocks(t, `"face_matches":[{"score":`+text+`,"source_image":"after"}]`)
			require.Len(t, s.FaceMatches, 1)
			assert.InDelta(t, float64(want), float64(s.FaceMatches[0].Score), 0)
			assert.Equal(t, "after", s.FaceMatches[0].SourceImage)
		})
	}
}

//nolint:paralleltest // AllocsPerRun counts what the whole process allocates
func TestScoreCostsNoAllocation(t *testing.T) {
	var score didit.Score
	data := []byte(`"96.25"`)
	assert.Zero(t, testing.AllocsPerRun(100, func() { _ = score.UnmarshalJSON(data) }))
}

func TestStringOrNumber(t *testing.T) {
	t.Parallel()
	tests := map[string]didit.StringOrNumber{
		`"+0100"`: "+0100", `"a\nb"`: "a\nb", `-8`: "-8", `5.5`: "5.5", `true`: "true", `null`: "", `{"a":1}`: "", `[1]`: "",
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			got := didit.StringOrNumber("old")
			require.NoError(t, json.Unmarshal([]byte(text), &got))
			assert.Equal(t, want, got)
		})
	}
}

func TestTimestamp(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		`"2026-10-01T09:36:00Z"`:           "2026-10-01T09:36:00Z",
		`"2026-10-01T09:36:00.123456Z"`:    "2026-10-01T09:36:00.123456Z",
		`"2026-10-01T11:36:00+02:00"`:      "2026-10-01T09:36:00Z",
		`"2026-10-01T09:36:00.5"`:          "2026-10-01T09:36:00.5Z",
		`"2026-10-01"`:                     "2026-10-01T00:00:00Z",
		`null`:                             "",
		`""`:                               "",
		`"yesterday"`:                      "",
		`"1990-31-31T00:00:00Z"`:           "",
		`"0000-01-01T00:00:00+01:00"`:      "",
		`"9999-12-31T23:59:59-01:00"`:      "",
		`1700000000`:                       "",
		`{"at":"2026-10-01T09:36:00Z"}`:    "",
		`"2026-10-01T09:36:00Z and so on"`: "",
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			s := parseBlocks(t, `"phone_verifications":[{"verified_at":`+text+`,"warnings":[{"risk":"after"}]}]`)
			require.Len(t, s.PhoneVerifications, 1)
			assert.Len(t, s.PhoneVerifications[0].Warnings, 1)
			got := s.PhoneVerifications[0].VerifiedAt
			data, err := json.Marshal(s)
			require.NoError(t, err)
			if want == "" {
				assert.True(t, got.IsZero())
				assert.NotContains(t, string(data), "verified_at")
				return
			}
			assert.Equal(t, stampAt(t, want), got)
			assert.Contains(t, string(data), `"verified_at":"`+want+`"`)
		})
	}
}

func TestChecks(t *testing.T) {
	t.Parallel()
	s := parseFixture(t, "decision_user")
	business := parseFixture(t, "decision_business")
	s.RegistryChecks, s.KeyPeopleChecks, s.DocumentVerifications = business.RegistryChecks, business.KeyPeopleChecks, business.DocumentVerifications
	s.FaceMatches = append(s.FaceMatches, didit.FaceMatch{Check: check("second", didit.FeatureDeclined, nil)})
	var got []string
	for name, check := range s.Checks() {
		got = append(got, name+" "+string(check.Status))
		check.Status = didit.FeatureExpired
	}
	assert.Equal(t, []string{
		"id_verifications Approved", "nfc_verifications Not Finished", "liveness_checks Approved", "face_matches In Review", "face_matches Declined",
		"poa_verifications Approved", "database_validations Approved", "document_ai_documents Approved", "registry_checks Approved",
		"key_people_checks Not Finished", "document_verifications Resub Requested", "phone_verifications Approved", "email_verifications Approved",
		"aml_screenings In Review", "ip_analyses Approved", "questionnaire_responses Approved",
	}, got)
	assert.Equal(t, didit.FeatureExpired, s.FaceMatches[1].Status, "a check is the block's own")

	for range s.Checks() {
		break
	}
	for name := range new(didit.Decision).Checks() {
		t.Error(name)
	}
}

func TestReasons(t *testing.T) {
	t.Parallel()
	s := parseFixture(t, "decision_user")
	var risks []string
	for _, check := range s.Checks() {
		for _, w := range check.Reasons() {
			risks = append(risks, w.Risk)
		}
	}
	assert.Equal(t, []string{"LOW_FACE_MATCH_SIMILARITY", "POSSIBLE_MATCH_FOUND"}, risks)
	assert.Equal(t, "POSSIBLE_MATCH_FOUND", s.AMLScreenings[0].Reasons()[0].Risk)
	assert.Nil(t, s.IPAnalyses[0].Reasons(), "a warning decides nothing")
}
