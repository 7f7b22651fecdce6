package didit_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
)

// A session as a webhook of version v2 has it, with the forms that only some senders
// use.
func TestDecisionOfVersion2(t *testing.T) {
	t.Parallel()
	s := parseFixture(t, "decision_user_v2")
	assert.Equal(t, int64(298), s.SessionNumber)
	assert.Equal(t, didit.Features{{Feature: "ID_VERIFICATION"}, {Feature: "NFC"}}, s.Features)

	require.Len(t, s.IDVerifications, 1)
	id := s.IDVerifications[0]
	assert.Equal(t, 38, id.Age)
	assert.Equal(t, new(didit.Score(0)), id.FrontImageCameraFrontFaceMatchScore, "compared, and nothing alike")
	assert.Equal(t, new(didit.Score(68.5)), id.BackImageCameraFrontFaceMatchScore)
	assert.Equal(t, rawList(`{"type": "PDF417"}`), id.Barcodes)
	assert.JSONEq(t, `{"screen_capture": 0.1}`, string(id.DocumentLiveness))
	assert.Equal(t, didit.ParsedAddress{ID: "5f1c", IsBestMatch: true, Street1: "3 Kite Lane"}, id.ParsedAddress)
	assert.Equal(t, []didit.Match{{SessionNumber: 41, FrontImageURL: "https://media.example.com/front_match.jpg"}}, id.Matches)
	assert.Equal(t, []didit.Warning{{Risk: "POSSIBLE_DUPLICATED_USER"}, {Risk: "DOCUMENT_EXPIRED", LogType: didit.LogTypeError}}, id.Warnings)

	require.Len(t, s.NFCVerifications, 1)
	nfc := s.NFCVerifications[0]
	assert.Equal(t, didit.ChipData{
		LastName: "MUSTER", FirstName: "ERIKA", Gender: "F", IssuingCountry: "UTO", ExpirationDate: "2031-05-06", BirthDate: "1990-01-31",
		DocumentNumber: "UT0000311", OptionalData: "L8988901C", MRZString: "P<UTOMUSTER<<ERIKA", MRZType: "TD3",
	}, nfc.ChipData)
	assert.Equal(t, "PACE", nfc.ChipProtocol)
	assert.JSONEq(t, `{"certificate": "invented"}`, string(nfc.JPKI))

	require.Len(t, s.LivenessChecks, 1)
	assert.Equal(t, "PASSIVE", s.LivenessChecks[0].Method)

	require.Len(t, s.AMLScreenings, 1)
	aml := s.AMLScreenings[0]
	assert.Equal(t, 3, aml.TotalHits)
	assert.Equal(t, "Gustav Muster", aml.Hits[0].RCAName)
	assert.Equal(t, didit.ScreenedData{DocumentType: "P", PersonalNumber: "99000311R"}, aml.ScreenedData)
	assert.InDelta(t, 61.5, float64(aml.HighestRisk()), 0, "the false positive is left out")

	require.Len(t, s.IPAnalyses, 1)
	assert.Equal(t, didit.IPAnalysis{
		Check: check("", didit.FeatureApproved, nil), TimeZoneOffset: "+0600",
		IP: &didit.GeoPosition{
			Location:               &didit.Coordinates{Latitude: 40.25, Longitude: -3.5},
			DistanceFromIDDocument: &didit.GeoDistance{Distance: 11.38, Direction: "S"},
		},
		IDDocument:  &didit.GeoPosition{Location: &didit.Coordinates{Latitude: 40.5, Longitude: -3.5}},
		POADocument: &didit.GeoPosition{},
	}, s.IPAnalyses[0])

	require.Len(t, s.QuestionnaireResponses, 1)
	assert.Equal(t, 2, s.QuestionnaireResponses[0].Version)
	assert.Equal(t, []didit.QuestionnaireItem{{
		Title: "How did you hear of the shop?", ElementType: "MULTIPLE_CHOICE", Choices: rawList(`{"value": "a friend"}`),
		IsRequired: true, Placeholder: "Pick one", Value: rawJSON(`"a friend"`),
	}}, s.QuestionnaireResponses[0].Sections[0].Items)

	assert.Equal(t, map[string][]string{
		"id_verifications": {"DOCUMENT_EXPIRED"}, "aml_screenings": {"POSSIBLE_MATCH_FOUND"},
	}, reasons(s))
}

// reasons are the risks that decided, by the list of the check.
func reasons(s *didit.Session) map[string][]string {
	risks := map[string][]string{}
	for name, check := range s.Checks() {
		for _, w := range check.Reasons() {
			risks[name] = append(risks[name], w.Risk)
		}
	}
	return risks
}

// Where both spellings of a key were sent, the one of the reference stands.
func TestDecisionKeysOfTheReferenceStand(t *testing.T) {
	t.Parallel()
	s := parseBlocks(t, `
		"nfc_verifications":[{"chip_data":{"surname":"a","last_name":"b","name":"a","first_name":"b","sex":"M","gender":"F",
			"country":"AAA","issuing_country":"UTO","expiry_date":"2001-01-01","expiration_date":"2031-01-01"}},{"chip_data":null}],
		"liveness_checks":[{"method":"FLASHING","face_liveness_method":"PASSIVE"}],
		"ip_analyses":[{"ip":{"location":{"latitude":1}},"locations_info":{"ip":{"location":{"latitude":2}}}},{"locations_info":null}],
		"questionnaire_responses":[{"title":"list"}],"questionnaire":{"title":"singular"},"questionnaires":[{"title":"plural"}],
		"key_people_checks":[{"submitted":{"parties":[{"roles":["ubo"],"role":"UBO","designation":"b"},{"role":"a","designation":"a"}]}}]`)
	assert.Equal(t, didit.ChipData{LastName: "b", FirstName: "b", Gender: "F", IssuingCountry: "UTO", ExpirationDate: "2031-01-01"}, s.NFCVerifications[0].ChipData)
	assert.Zero(t, s.NFCVerifications[1].ChipData)
	assert.Equal(t, "FLASHING", s.LivenessChecks[0].Method)
	assert.InDelta(t, 1, s.IPAnalyses[0].IP.Location.Latitude, 0)
	assert.Zero(t, s.IPAnalyses[1])
	assert.Equal(t, didit.QuestionnaireResponses{{Title: "list"}}, s.QuestionnaireResponses)
	assert.Equal(t, []didit.KeyPersonRole{{Role: "ubo"}, {Role: "b"}}, s.KeyPeopleChecks[0].Submitted.Parties[0].Roles)
	assert.Equal(t, []didit.KeyPersonRole{{Role: "a"}}, s.KeyPeopleChecks[0].Submitted.Parties[1].Roles)

	for members, title := range map[string]string{
		`"questionnaire":{"title":"singular"},"questionnaire_responses":null`: "singular",
		`"questionnaires":[{"title":"plural"}],"questionnaire":null`:          "plural",
	} {
		assert.Equal(t, didit.QuestionnaireResponses{{Title: title}}, parseBlocks(t, members).QuestionnaireResponses)
	}
}

// What is absent or null is told apart from zero where a reader would decide by it.
func TestDecisionNullIsNotZero(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]*didit.Score{"": nil, "null": nil, "0": new(didit.Score(0)), "0.0": new(didit.Score(0)), `"19.5"`: new(didit.Score(19.5))} {
		var id, poa string
		if text != "" {
			id = `"front_image_camera_front_face_match_score":` + text + `,"back_image_camera_front_face_match_score":` + text
			poa = `"name_match_score_expected_details":` + text + `,"name_match_score_id_verification":` + text
		}
		s := parseBlocks(t, `"id_verifications":[{`+id+`}],"poa_verifications":[{`+poa+`}]`)
		data, err := json.Marshal(s)
		require.NoError(t, err)
		again, err := didit.ParseSession(data)
		require.NoError(t, err)
		for _, decoded := range []*didit.Session{s, again} {
			assert.Equal(t, want, decoded.IDVerifications[0].FrontImageCameraFrontFaceMatchScore, text)
			assert.Equal(t, want, decoded.IDVerifications[0].BackImageCameraFrontFaceMatchScore, text)
			assert.Equal(t, want, decoded.POAVerifications[0].NameMatchScoreExpectedDetails, text)
			assert.Equal(t, want, decoded.POAVerifications[0].NameMatchScoreIDVerification, text)
		}
	}
}
