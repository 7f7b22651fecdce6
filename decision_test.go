package didit_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
)

func warn(feature, risk string, log didit.LogType, short, long, node string) []didit.Warning {
	return []didit.Warning{{
		Feature: feature, Risk: risk, AdditionalData: rawJSON("null"), LogType: log,
		ShortDescription: short, LongDescription: long, NodeID: node,
	}}
}

func TestDecisionOldSingularBlocks(t *testing.T) {
	t.Parallel()
	s := parseFixture(t, "decision_user_old")
	require.Len(t, s.IDVerifications, 1)
	assert.Equal(t, "Passport", s.IDVerifications[0].DocumentType)
	assert.Equal(t, "1988-12-24", s.IDVerifications[0].DateOfBirth)
	assert.Equal(t, "Dora Legend", s.IDVerifications[0].FullName)
	assert.Empty(t, s.IDVerifications[0].NodeID)
	require.Len(t, s.NFCVerifications, 1)
	assert.Equal(t, "UT0000311", s.NFCVerifications[0].ChipData.DocumentNumber)
	assert.True(t, s.NFCVerifications[0].Authenticity.SODIntegrity)
	require.Len(t, s.LivenessChecks, 1)
	assert.Equal(t, "passive", s.LivenessChecks[0].Method)
	assert.InDelta(t, 0.98, float64(s.LivenessChecks[0].Score), 0)
	require.Len(t, s.FaceMatches, 1)
	assert.InDelta(t, 97.1, float64(s.FaceMatches[0].Score), 0)
	require.Len(t, s.POAVerifications, 1)
	assert.Equal(t, "Bank of Sampleton", s.POAVerifications[0].Issuer)
	require.Len(t, s.PhoneVerifications, 1)
	assert.Equal(t, "+995550311", s.PhoneVerifications[0].FullNumber)
	require.Len(t, s.EmailVerifications, 1)
	assert.Equal(t, "dora@example.com", s.EmailVerifications[0].Email)
	require.Len(t, s.AMLScreenings, 1)
	assert.Equal(t, didit.FeatureApproved, s.AMLScreenings[0].Status)
	require.Len(t, s.IPAnalyses, 1)
	assert.Equal(t, "203.0.113.9", s.IPAnalyses[0].IPAddress)
	require.Len(t, s.DatabaseValidations, 1)
	assert.Equal(t, "full_match", s.DatabaseValidations[0].MatchType)
	assert.Empty(t, s.QuestionnaireResponses)
	require.Len(t, s.Reviews, 1)
	assert.Equal(t, "reviewer@example.com", s.Reviews[0].User)
	assert.Len(t, s.AllWarnings(), 1)
}

func TestDecisionSingularBlocksDoNotReplaceLists(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		members string
		want    []string // the status of each liveness check
	}{
		"singular":          {`"liveness":{"status":"Approved"}`, []string{"Approved"}},
		"null":              {`"liveness":null`, nil},
		"nothing in it":     {`"liveness":{}`, nil},
		"another type":      {`"liveness":"skipped"`, nil},
		"beside empty list": {`"liveness_checks":[],"liveness":{"status":"Approved"}`, []string{"Approved"}},
		"beside null":       {`"liveness":{"status":"Approved"},"liveness_checks":null`, []string{"Approved"}},
		"beside a list":     {`"liveness":{"status":"Approved"},"liveness_checks":[{"status":"Declined"}]`, []string{"Declined"}},
		"two in the list":   {`"liveness_checks":[{"status":"Declined"},{"status":"Approved"}]`, []string{"Declined", "Approved"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, check := range parseBlocks(t, test.members).LivenessChecks {
				got = append(got, string(check.Status))
			}
			assert.Equal(t, test.want, got)
		})
	}
}

func TestDecisionPartsOfAnotherForm(t *testing.T) {
	t.Parallel()
	s := parseBlocks(t, `
		"registry_checks":[{"company":"unknown","status":"Approved"},{"company":{"company_name":7,"registration_number":123,"is_from_registry":false}},{"company":null}],
		"key_people_checks":[{"registry":{"officers":["Bruno",{"name":"Cleo","roles":"director"}]},"ubo_kyc_summary":null,"status":"Declined"}],
		"id_verifications":[{"age":"unknown","warnings":{},"extra_files":null,"parsed_address":"12 Mapmaker Row","nationality":"UTO"}],
		"aml_screenings":{"status":"Approved"},
		"callback":"after"`)
	require.Len(t, s.RegistryChecks, 3)
	assert.Zero(t, s.RegistryChecks[0].Company)
	assert.Equal(t, didit.FeatureApproved, s.RegistryChecks[0].Status)
	assert.Equal(t, didit.StringOrNumber("123"), s.RegistryChecks[1].Company.RegistrationNumber)
	require.NotNil(t, s.RegistryChecks[1].Company.IsFromRegistry)
	assert.False(t, *s.RegistryChecks[1].Company.IsFromRegistry)
	assert.Contains(t, string(s.RegistryChecks[1].Company.Raw), `"company_name":7`)
	assert.Nil(t, s.RegistryChecks[2].Company.Raw)
	require.Len(t, s.KeyPeopleChecks, 1)
	require.Len(t, s.KeyPeopleChecks[0].Registry.Officers, 2)
	assert.Zero(t, s.KeyPeopleChecks[0].Registry.Officers[0])
	assert.Equal(t, "Cleo", s.KeyPeopleChecks[0].Registry.Officers[1].Name)
	assert.Nil(t, s.KeyPeopleChecks[0].UBOKYCSummary)
	assert.Equal(t, didit.FeatureDeclined, s.KeyPeopleChecks[0].Status)
	require.Len(t, s.IDVerifications, 1)
	assert.Equal(t, didit.IDVerification{Nationality: "UTO"}, s.IDVerifications[0])
	require.Len(t, s.AMLScreenings, 1, "one where a list is due")
	assert.Equal(t, didit.FeatureApproved, s.AMLScreenings[0].Status)
	assert.Equal(t, "after", s.Callback)

	require.Error(t, new(didit.Company).UnmarshalJSON([]byte(`{`)))
	require.Error(t, new(didit.KeyPerson).UnmarshalJSON([]byte(`{`)))
}

func TestDecisionUnknownValuesSurvive(t *testing.T) {
	t.Parallel()
	members := `
		"nfc_skip_reason":"MOON_PHASE",
		"features":["ASTROLOGY"],
		"id_verifications":[{"status":"Brand New","verification_method":"telepathy","assurance":"wishful","warnings":[{"log_type":"rumour","feature":"ASTROLOGY"}]}],
		"nfc_verifications":[{"skip_reason":"NO_HANDS"}],
		"liveness_checks":[{"method":"DANCING"}],
		"reviews":[{"new_status":"Pondered"}]`
	s := parseBlocks(t, members)
	data, err := json.Marshal(s)
	require.NoError(t, err)
	again, err := didit.ParseSession(data)
	require.NoError(t, err)
	for _, decoded := range []*didit.Session{s, again} {
		assert.Equal(t, didit.NFCSkipReason("MOON_PHASE"), decoded.NFCSkipReason)
		assert.True(t, decoded.Features.Has("ASTROLOGY"))
		assert.Equal(t, didit.FeatureStatus("Brand New"), decoded.IDVerifications[0].Status)
		assert.Equal(t, "telepathy", decoded.IDVerifications[0].VerificationMethod)
		assert.Equal(t, "wishful", decoded.IDVerifications[0].Assurance)
		assert.Equal(t, didit.LogType("rumour"), decoded.IDVerifications[0].Warnings[0].LogType)
		assert.Equal(t, didit.NFCSkipReason("NO_HANDS"), decoded.NFCVerifications[0].SkipReason)
		assert.Equal(t, "DANCING", decoded.LivenessChecks[0].Method)
		assert.Equal(t, didit.SessionStatus("Pondered"), decoded.Reviews[0].NewStatus)
	}
}

func TestDecisionKeepsEveryTypedFieldInJSON(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"decision_user", "decision_business", "decision_user_old", "decision_user_v2", "decision_business_captured"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := parseFixture(t, name)
			first, err := json.Marshal(s)
			require.NoError(t, err)
			again, err := didit.ParseSession(first)
			require.NoError(t, err)
			second, err := json.Marshal(again)
			require.NoError(t, err)
			assert.JSONEq(t, string(first), string(second))
			assert.Len(t, again.AllWarnings(), len(s.AllWarnings()))
		})
	}
}

func TestAllWarnings(t *testing.T) {
	t.Parallel()
	var d didit.Decision
	assert.Nil(t, d.AllWarnings())

	// Every list of the decision whose items have warnings gets two items of one and
	// two warnings; a list that the method forgot would be missing.
	v := reflect.ValueOf(&d).Elem()
	var want []string
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Type.Kind() != reflect.Slice || field.Type.Elem().Kind() != reflect.Struct {
			continue
		}
		if _, ok := field.Type.Elem().FieldByName("Warnings"); !ok {
			continue
		}
		list := reflect.MakeSlice(field.Type, 2, 2)
		for item := range 2 {
			for n := range item + 1 {
				risk := fmt.Sprintf("%s[%d].%d", field.Name, item, n)
				warnings := list.Index(item).FieldByName("Warnings")
				warnings.Set(reflect.Append(warnings, reflect.ValueOf(didit.Warning{Risk: risk})))
				want = append(want, risk)
			}
		}
		v.Field(i).Set(list)
	}
	require.Len(t, want, 3*15)
	var got []string
	for _, warning := range d.AllWarnings() {
		got = append(got, warning.Risk)
	}
	assert.Equal(t, want, got)

	d.IDVerifications[0].Warnings = append(d.IDVerifications[0].Warnings, didit.Warning{})[:1]
	all := d.AllWarnings()
	all[0].Risk = "changed"
	_ = append(all[:1], didit.Warning{Risk: "overwritten"})
	assert.Equal(t, want[0], d.IDVerifications[0].Warnings[0].Risk, "the warnings are a copy")

	user := parseFixture(t, "decision_user").AllWarnings()
	require.Len(t, user, 11)
	assert.Equal(t, "POSSIBLE_DUPLICATED_USER", user[0].Risk)
	assert.Equal(t, "VPN_DETECTED", user[10].Risk)
}

func TestDecisionPrintsNoPersonalData(t *testing.T) {
	t.Parallel()
	secrets := []string{
		"Alma", "Vardeny", "UT0000001", "1990-01-31", "550100", "alma@", "Mapmaker", "media.example", "203.0.113", "VPN_DETECTED", "hit-1",
		"Sampleton", "Bruno", "00123456", "shop.example", "Look at the faces",
	}
	for _, name := range []string{"decision_user", "decision_business"} {
		s := parseFixture(t, name)
		d := s.Decision
		type holder struct {
			D didit.Decision
			P *didit.Decision
		}
		var printed []string
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			printed = append(printed, fmt.Sprintf(verb, d), fmt.Sprintf(verb, &d), fmt.Sprintf(verb, []didit.Decision{d}),
				fmt.Sprintf(verb, holder{d, nil}), fmt.Sprintf(verb, s))
		}
		var text, structured bytes.Buffer
		slog.New(slog.NewTextHandler(&text, nil)).Info("decided", "decision", d, "pointer", &d)
		slog.New(slog.NewJSONHandler(&structured, nil)).Info("decided", "decision", d, "pointer", &d)
		printed = append(printed, text.String(), structured.String(), d.GoString())
		for _, secret := range secrets {
			for _, line := range printed {
				assert.NotContains(t, line, secret)
			}
		}
	}

	user := parseFixture(t, "decision_user")
	assert.Equal(t, "didit.Decision(features: 12, id_verifications: 1, nfc_verifications: 1, liveness_checks: 1, face_matches: 1, "+
		"poa_verifications: 1, database_validations: 1, document_ai_documents: 1, phone_verifications: 1, email_verifications: 1, "+
		"aml_screenings: 1, ip_analyses: 1, questionnaire_responses: 1, reviews: 1)", user.Decision.String())
	assert.Contains(t, fmt.Sprint(parseFixture(t, "decision_business").Decision),
		"registry_checks: 1, key_people_checks: 1, document_verifications: 1")
	assert.Equal(t, "didit.Decision()", didit.Decision{}.String())
	assert.Contains(t, fmt.Sprintf("%+v", user.IDVerifications[0]), "Vardeny", "whoever prints a block means to")
}
