package didit_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/didit-go/didit"
)

func TestDecisionUserFields(t *testing.T) {
	t.Parallel()
	s := parseFixture(t, "decision_user")
	media := "https://media.example.com/"

	assert.True(t, s.Features.Has("QUESTIONNAIRE"))
	assert.Len(t, s.Features, 12)
	assert.Equal(t, &didit.ExpectedDetails{
		FirstName: "Alma", LastName: "Vardeny", DateOfBirth: "1990-01-31", Gender: "F", Nationality: "UTO", Country: "UTO",
		Address: "12 Mapmaker Row, Sampleton", DocumentNumber: "UT0000001", IPAddress: "203.0.113.7", IDCountry: "UTO", POACountry: "UTO",
		ExpectedDocumentTypes: []string{"ID"},
	}, s.ExpectedDetails)
	assert.Equal(t, &didit.ContactDetails{
		Email: "alma@example.com", Phone: "+995550100", EmailLang: "en", SendNotificationEmails: true,
	}, s.ContactDetails)
	assert.Equal(t, "https://shop.example.com/verified", s.Callback)
	assert.Equal(t, didit.NFCSkipUserSkipped, s.NFCSkipReason)

	warning := warn("ID_VERIFICATION", "POSSIBLE_DUPLICATED_USER", didit.LogTypeWarning, "Possible duplicate",
		"Another session has the same document number.", "feature_ocr_1")
	warning[0].AdditionalData = rawJSON(`{"duplicated_session_number": 41}`)
	assert.Equal(t, []didit.IDVerification{{
		Check:              check("feature_ocr_1", didit.FeatureApproved, warning),
		VerificationMethod: "document", Assurance: "documentary",
		DocumentType: "Identity Card", DocumentSubtype: "ID_CARD_GENERIC", DocumentNumber: "UT0000001", PersonalNumber: "99000099R",
		PortraitImage: media + "portrait.jpg?X-Amz-Expires=3600", FrontImage: media + "front.jpg", FrontVideo: media + "front.mp4",
		BackImage: media + "back.jpg", BackVideo: media + "back.mp4", FullFrontImage: media + "full_front.jpg", FullBackImage: media + "full_back.jpg",
		FrontImageCameraFront: media + "front_camera.jpg", BackImageCameraFront: media + "back_camera.jpg",
		DateOfBirth: "1990-01-31", Age: 36, ExpirationDate: "2031-06-02", DateOfIssue: "2021-06-02", IssuingState: "UTO", IssuingStateName: "Utopia",
		FirstName: "Alma", LastName: "Vardeny", FullName: "Alma Vardeny", Gender: "F",
		Address: "12 Mapmaker Row, Sampleton", FormattedAddress: "12 Mapmaker Row, 00100 Sampleton, Utopia",
		ParsedAddress: didit.ParsedAddress{
			AddressType: "Street", Category: "Residential", Label: "Utopia Identity Card Address",
			FormattedAddress: "12 Mapmaker Row, 00100 Sampleton, Utopia", Street1: "12 Mapmaker Row", Street2: "Floor 3", City: "Sampleton",
			Region: "North", PostalCode: "00100", Country: "UT", IsVerified: true,
			DocumentLocation: &didit.Coordinates{Latitude: 40.7575, Longitude: -73.986},
		},
		PlaceOfBirth: "Port Sample", MaritalStatus: "SINGLE", Nationality: "UTO",
		ExtraFields: rawJSON(`{"first_surname": "Vardeny"}`), MRZ: rawJSON(`{"document_number": "UT0000001", "surname": "VARDENY"}`),
		ExtraFiles: rawList(`"` + media + `extra.pdf"`),
		FrontImageQualityScore: didit.ImageQuality{
			FocusScore: 99.5, BrightnessScore: 97.9, BrightnessIssue: "ok", IsDocumentFullyVisible: true, ResolutionScore: 40.9, OverallScore: 84.6,
		},
		BackImageQualityScore: didit.ImageQuality{
			FocusScore: 98.5, BrightnessScore: 92.6, BrightnessIssue: "too_dark", IsDocumentFullyVisible: true, ResolutionScore: 41, OverallScore: 83,
		},
		Matches: []didit.Match{{
			SessionID: "0d9c8b7a-6f5e-4d3c-8b2a-190817263544", SessionNumber: 41, SimilarityPercentage: 91.25, Score: 91.5, Source: "session",
			VendorData: "customer-0041", VendorUserID: "5e4d3c2b-1a09-4f8e-9d7c-6b5a49382716",
			BiometricTemplateID: "1f2e3d4c-5b6a-4798-8897-a6b5c4d3e2f1", VerificationDate: "2026-09-01",
			UserDetails: rawJSON(`{"full_name": "A. Vardeny"}`), MatchImageURL: media + "match.jpg", Status: "Approved",
			IsBlocklisted: true, IsAllowlisted: true, APIService: "hosted",
		}},
		FallbackFrom: rawJSON(`{"method": "wallet"}`), IDLookup: rawJSON(`{"country": "UTO"}`),
		WalletProvider: "Utopia Wallet", WalletVerification: rawJSON(`{"state": "none"}`),
	}}, s.IDVerifications)

	assert.Equal(t, []didit.NFCVerification{{
		Check: check("feature_nfc_1", didit.FeatureNotFinished,
			warn("NFC", "NFC_SKIPPED", didit.LogTypeInformation, "Chip not read", "The device has no NFC.", "feature_nfc_1")),
		IsNFCSkipped: true, SkipReason: didit.NFCSkipDeviceWithoutNFC,
		PortraitImage: media + "nfc_portrait.jpg", SignatureImage: media + "nfc_signature.jpg",
		ChipData: didit.ChipData{
			DocumentType: "ID", IssuingCountry: "UTO", DocumentNumber: "UT0000001", ExpirationDate: "2031-06-02", FirstName: "Alma", LastName: "Vardeny",
			BirthDate: "1990-01-31", Gender: "F", Nationality: "UTO", Address: "12 Mapmaker Row", PlaceOfBirth: "Port Sample",
		},
		Authenticity: didit.ChipAuthenticity{SODIntegrity: true, DGIntegrity: true},
		CertificateSummary: didit.CertificateSummary{
			Issuer: "Invented Signing Authority", Subject: "Invented Document Signer", SerialNumber: "118120836147342120164013",
			NotValidAfter: "2034-01-01 10:00:00", NotValidBefore: "2022-01-01 10:00:00",
		},
	}}, s.NFCVerifications)

	assert.Equal(t, []didit.LivenessCheck{{
		Check: check("feature_liveness_1", didit.FeatureApproved,
			warn("LIVENESS", "LOW_LUMINANCE", didit.LogTypeInformation, "Dark", "The image is dark.", "feature_liveness_1")),
		Method: "ACTIVE_3D", Score: 96.25,
		ReferenceImage: media + "selfie.jpg", VideoURL: media + "selfie.mp4", AgeEstimation: 27.33, FaceQuality: 87.5, FaceLuminance: 51.2,
		Matches: []didit.Match{{SimilarityPercentage: 88.5, Source: "list_entry"}},
	}}, s.LivenessChecks)

	assert.Equal(t, []didit.FaceMatch{{
		Check: check("feature_face_match_1", didit.FeatureInReview,
			warn("FACEMATCH", "LOW_FACE_MATCH_SIMILARITY", didit.LogTypeError, "Low similarity", "The faces differ.", "feature_face_match_1")),
		Score:                61.75,
		SourceImageSessionID: "2b3c4d5e-6f70-4182-93a4-b5c6d7e8f901", SourceImage: media + "source.jpg", TargetImage: media + "target.jpg",
	}}, s.FaceMatches)

	assert.Equal(t, []didit.POAVerification{{
		Check: check("feature_poa_1", didit.FeatureApproved,
			warn("PROOF_OF_ADDRESS", "POOR_DOCUMENT_QUALITY", didit.LogTypeWarning, "Poor quality", "The document is blurred.", "feature_poa_1")),
		DocumentFile: media + "bill.pdf", IssuingState: "UTO",
		DocumentType: "UTILITY_BILL", DocumentSubtype: "ELECTRICITY", DocumentLanguage: "en", DocumentMetadata: rawJSON(`{"file_size": 48213}`),
		Issuer: "Sampleton Power", IssueDate: "2026-09-15", ExpirationDate: "2026-12-15",
		POAAddress: "12 Mapmaker Row", POAFormattedAddress: "12 Mapmaker Row, Sampleton",
		POAParsedAddress: didit.ParsedAddress{Street1: "12 Mapmaker Row", City: "Sampleton"},
		NameOnDocument:   "A. Vardeny", NameMatchScoreExpectedDetails: new(didit.Score(95)), NameMatchScoreIDVerification: new(didit.Score(93.5)),
		ExpectedDetailsAddress: "12 Mapmaker Row, Sampleton", ExpectedDetailsFormattedAddress: "12 Mapmaker Row, Sampleton, Utopia",
		ExpectedDetailsParsedAddress: didit.ParsedAddress{City: "Sampleton", Country: "UT"},
		ExtraFields:                  rawJSON(`{"contract": "C-1"}`), ExtraFiles: rawList(`{"url": "` + media + `bill2.pdf"}`),
		DetectedCodes: rawList(`{"type": "QR", "value": "C-1"}`),
	}}, s.POAVerifications)

	assert.Equal(t, []didit.DocumentAIDocument{{
		Check: check("feature_document_ai_1", didit.FeatureApproved,
			warn("DOCUMENT_AI", "FIELD_MISSING", didit.LogTypeWarning, "Field missing", "The employer is missing.", "feature_document_ai_1")),
		Items: rawList(`{"document": "payslip", "amount": 2100.5}`),
	}}, s.DocumentAIDocuments)

	assert.Equal(t, []didit.PhoneVerification{{
		Check: check("feature_phone_1", didit.FeatureApproved,
			warn("PHONE", "VOIP_NUMBER_DETECTED", didit.LogTypeWarning, "Virtual number", "The number is virtual.", "feature_phone_1")),
		PhoneNumberPrefix: "+995", PhoneNumber: "550100", FullNumber: "+995550100",
		CountryCode: "UT", CountryName: "Utopia", Carrier: didit.Carrier{Name: "Example Mobile", Type: "mobile"}, IsDisposable: true, IsVirtual: true,
		VerificationMethod: "sms", VerificationAttempts: 2, VerifiedAt: stampAt(t, "2026-10-01T09:35:00.5Z"),
		Lifecycle: []didit.LifecycleEvent{{
			Type: "PHONE_VERIFICATION_MESSAGE_SENT", Timestamp: stampAt(t, "2026-10-01T09:34:00Z"), Details: rawJSON(`{"status": "Success"}`), Fee: 0.03,
		}},
		Matches: []didit.Match{{SessionNumber: 7, Source: "session", Status: "Declined"}},
	}}, s.PhoneVerifications)

	assert.Equal(t, []didit.EmailVerification{{
		Check: check("feature_email_1", didit.FeatureApproved,
			warn("EMAIL", "BREACHED_EMAIL_DETECTED", didit.LogTypeInformation, "Breached", "The address was in a breach.", "feature_email_1")),
		Email: "alma@example.com", IsBreached: true,
		Breaches: rawList(`{"name": "Invented breach"}`), IsDisposable: true, IsUndeliverable: true, VerificationAttempts: 3,
		VerifiedAt: stampAt(t, "2026-10-01T09:36:00Z"),
		Lifecycle: []didit.LifecycleEvent{{
			Type: "VALID_CODE_ENTERED", Timestamp: stampAt(t, "2026-10-01T09:36:00Z"), Details: rawJSON("null"),
		}},
		Matches: []didit.Match{{SessionNumber: 8, Source: "imported"}},
	}}, s.EmailVerifications)

	assert.Equal(t, []didit.AMLScreening{{
		Check: check("feature_aml_1", didit.FeatureInReview,
			warn("AML", "POSSIBLE_MATCH_FOUND", didit.LogTypeError, "Possible match", "A list has a similar name.", "feature_aml_1")),
		TotalHits: 1, EntityType: "person", Score: 62.5,
		Hits: []didit.AMLHit{{
			ID: "hit-1", URL: "https://lists.example.com/1", Caption: "A. Vardeni", Match: true, Target: true, Score: 0.92, MatchScore: 92, RiskScore: 73,
			ReviewStatus: "Unreviewed", Datasets: []string{"PEP"},
			FirstSeen: stampAt(t, "2025-01-18T00:00:00Z"), LastSeen: stampAt(t, "2026-01-18T00:00:00Z"),
			Properties: rawJSON(`{"name": ["A. Vardeni"]}`), RiskView: rawJSON(`{"categories": {"score": 62.5}}`), ScoreBreakdown: rawJSON(`{"name_score": 90}`),
			PEPMatches: rawJSON(`[{"list_name": "Invented list"}]`), SanctionMatches: rawJSON("[]"), WarningMatches: rawJSON("[]"),
			AdverseMediaMatches: rawJSON("[]"), AdverseMediaDetails: rawJSON(`{"sentiment": "none"}`), LinkedEntities: rawJSON("[]"),
			AdditionalInformation: rawJSON(`{"flag_summary": []}`),
		}},
		ScreenedData: didit.ScreenedData{
			FullName: "Alma Vardeny", Nationality: "UTO", DateOfBirth: "1990-01-31", DocumentNumber: "UT0000001",
		},
		IsOngoingMonitoringEnabled: true, NextOngoingMonitoringBillDate: "2027-10-01",
	}}, s.AMLScreenings)

	assert.Equal(t, []didit.IPAnalysis{{
		Check: check("feature_ip_1", didit.FeatureApproved,
			warn("LOCATION", "VPN_DETECTED", didit.LogTypeWarning, "VPN", "A VPN was used.", "feature_ip_1")),
		DeviceBrand: "Example", DeviceModel: "Phone 1", BrowserFamily: "Firefox",
		OSFamily: "Android", Platform: "mobile", DeviceFingerprint: "f00dfeed", IPAddress: "203.0.113.7", IPCountry: "Utopia", IPCountryCode: "UT",
		IPState: "North", IPCity: "Sampleton", Latitude: 40.4168, Longitude: -3.7038, ISP: "Example Telecom", Organization: "Example Org",
		IsVPNOrTor: true, IsDataCenter: true, TimeZone: "Europe/Madrid", TimeZoneOffset: "+0100",
		IP: &didit.GeoPosition{
			Location:                &didit.Coordinates{Latitude: 40.4168, Longitude: -3.7038},
			DistanceFromIDDocument:  &didit.GeoDistance{Distance: 12.5, Direction: "NE"},
			DistanceFromPOADocument: &didit.GeoDistance{Direction: "N"},
		},
		IDDocument: &didit.GeoPosition{
			Location:       &didit.Coordinates{Latitude: 40.5, Longitude: -3.6},
			DistanceFromIP: &didit.GeoDistance{Distance: 12.5, Direction: "SW"},
		},
		POADocument: &didit.GeoPosition{},
		Matches:     []didit.Match{{SessionNumber: 9, Source: "session"}},
	}}, s.IPAnalyses)

	assert.Equal(t, []didit.DatabaseValidation{{
		Check: check("feature_database_1", didit.FeatureApproved,
			warn("DATABASE_VALIDATION", "PARTIAL_MATCH", didit.LogTypeWarning, "Partial match", "One register did not answer.", "feature_database_1")),
		IssuingState: "UTO", ValidationType: "two_by_two",
		ScreenedData: rawJSON(`{"first_name": "Alma", "tax_number": "99000099R"}`),
		Validations: []didit.RegisterMatch{{
			ServiceID: "uto_register", ServiceName: "Register of Utopia", Validation: rawJSON(`{"full_name": "full_match"}`),
			OutcomeCode: "MATCH", OutcomeDetail: "All fields agree", SourceData: rawJSON(`{"first_name": "ALMA"}`),
		}},
		Errors: rawList(`{"code": "timeout"}`), MatchType: "partial_match",
	}}, s.DatabaseValidations)

	assert.Equal(t, didit.QuestionnaireResponses{{
		Check:           check("feature_questionnaire_1", didit.FeatureApproved, nil),
		QuestionnaireID: "8f7d0a52-1111-4000-8000-000000000001",
		Title:           "About you", Description: "Two questions", Languages: []string{"en", "es"}, DefaultLanguage: "en", IsActive: true,
		IsSimpleQuestionnaire: true, QuestionnaireGroupID: "8f7d0a52-2222-4000-8000-000000000001", Version: 3,
		PublishedAt: stampAt(t, "2026-05-01T00:00:00Z"),
		Sections: []didit.QuestionnaireSection{{
			Title: "General", Description: "Work",
			Items: []didit.QuestionnaireItem{{
				UUID: "8f7d0a52-3333-4000-8000-000000000001", ElementType: "SHORT_TEXT", Title: "What is your occupation?", Description: "In a word",
				Value: rawJSON(`"Cartographer"`), Answer: rawJSON(`{"text": "Cartographer"}`),
			}},
		}},
	}}, s.QuestionnaireResponses)

	assert.Equal(t, []didit.Review{{
		User: "API Client", NewStatus: didit.StatusInReview, Comment: "Look at the faces.", CreatedAt: stampAt(t, "2026-10-01T10:00:00Z"),
	}}, s.Reviews)

	assert.Empty(t, s.RegistryChecks)
	assert.Empty(t, s.KeyPeopleChecks)
	assert.Empty(t, s.DocumentVerifications)
}

func TestPrimaryIDVerification(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		statuses []didit.FeatureStatus
		want     int // -1: none
	}{
		"none":               {nil, -1},
		"one":                {[]didit.FeatureStatus{didit.FeatureDeclined}, 0},
		"approved later":     {[]didit.FeatureStatus{didit.FeatureDeclined, didit.FeatureInReview, didit.FeatureApproved}, 2},
		"two approved":       {[]didit.FeatureStatus{didit.FeatureExpired, didit.FeatureApproved, didit.FeatureApproved}, 1},
		"none was approved":  {[]didit.FeatureStatus{didit.FeatureInReview, didit.FeatureDeclined}, 0},
		"a status of no use": {[]didit.FeatureStatus{"APPROVED", "Brand New"}, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s didit.Session
			for _, status := range test.statuses {
				s.IDVerifications = append(s.IDVerifications, didit.IDVerification{Check: didit.Check{Status: status}})
			}
			got := s.PrimaryIDVerification()
			if test.want < 0 {
				assert.Nil(t, got)
				return
			}
			assert.Same(t, &s.IDVerifications[test.want], got)
		})
	}
}
