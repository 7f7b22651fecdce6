package didit_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
)

func fixture(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name + ".json")
	require.NoError(t, err)
	return data
}

func parseFixture(t *testing.T, name string) *didit.Session {
	t.Helper()
	s, err := didit.ParseSession(fixture(t, name))
	require.NoError(t, err)
	return s
}

// parseBlocks decodes a session that has these members besides its id.
func parseBlocks(t *testing.T, members string) *didit.Session {
	t.Helper()
	s, err := didit.ParseSession([]byte(`{"session_id":"3c0a7f52-1d4e-4b6a-9f08-5a2b7c9d1e01",` + members + `}`))
	require.NoError(t, err)
	return s
}

func rawJSON(text string) json.RawMessage { return json.RawMessage(text) }

func rawList(items ...string) []json.RawMessage {
	list := make([]json.RawMessage, len(items))
	for i := range items {
		list[i] = rawJSON(items[i])
	}
	return list
}

func stampAt(t *testing.T, text string) didit.Timestamp {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	require.NoError(t, err)
	return didit.Timestamp{Time: at.UTC()}
}

func warn(feature, risk string, log didit.LogType, short, long, node string) []didit.Warning {
	return []didit.Warning{{
		Feature: feature, Risk: risk, AdditionalData: rawJSON("null"), LogType: log,
		ShortDescription: short, LongDescription: long, NodeID: node,
	}}
}

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
	assert.Equal(t, didit.NFCUserSkipped, s.NFCSkipReason)

	warning := warn("ID_VERIFICATION", "POSSIBLE_DUPLICATED_USER", didit.LogWarning, "Possible duplicate",
		"Another session has the same document number.", "feature_ocr_1")
	warning[0].AdditionalData = rawJSON(`{"duplicated_session_number": 41}`)
	assert.Equal(t, []didit.IDVerification{{
		NodeID: "feature_ocr_1", Status: didit.FeatureApproved, VerificationMethod: "document", Assurance: "documentary",
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
		Warnings: warning,
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
		NodeID: "feature_nfc_1", Status: didit.FeatureNotFinished, IsNFCSkipped: true, SkipReason: didit.NFCDeviceWithoutNFC,
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
		Warnings: warn("NFC", "NFC_SKIPPED", didit.LogInformation, "Chip not read", "The device has no NFC.", "feature_nfc_1"),
	}}, s.NFCVerifications)

	assert.Equal(t, []didit.LivenessCheck{{
		NodeID: "feature_liveness_1", Status: didit.FeatureApproved, Method: "ACTIVE_3D", Score: 96.25,
		ReferenceImage: media + "selfie.jpg", VideoURL: media + "selfie.mp4", AgeEstimation: 27.33, FaceQuality: 87.5, FaceLuminance: 51.2,
		Matches:  []didit.Match{{SimilarityPercentage: 88.5, Source: "list_entry"}},
		Warnings: warn("LIVENESS", "LOW_LUMINANCE", didit.LogInformation, "Dark", "The image is dark.", "feature_liveness_1"),
	}}, s.LivenessChecks)

	assert.Equal(t, []didit.FaceMatch{{
		NodeID: "feature_face_match_1", Status: didit.FeatureInReview, Score: 61.75,
		SourceImageSessionID: "2b3c4d5e-6f70-4182-93a4-b5c6d7e8f901", SourceImage: media + "source.jpg", TargetImage: media + "target.jpg",
		Warnings: warn("FACEMATCH", "LOW_FACE_MATCH_SIMILARITY", didit.LogError, "Low similarity", "The faces differ.", "feature_face_match_1"),
	}}, s.FaceMatches)

	assert.Equal(t, []didit.POAVerification{{
		NodeID: "feature_poa_1", Status: didit.FeatureApproved, DocumentFile: media + "bill.pdf", IssuingState: "UTO",
		DocumentType: "UTILITY_BILL", DocumentSubtype: "ELECTRICITY", DocumentLanguage: "en", DocumentMetadata: rawJSON(`{"file_size": 48213}`),
		Issuer: "Sampleton Power", IssueDate: "2026-09-15", ExpirationDate: "2026-12-15",
		POAAddress: "12 Mapmaker Row", POAFormattedAddress: "12 Mapmaker Row, Sampleton",
		POAParsedAddress: didit.ParsedAddress{Street1: "12 Mapmaker Row", City: "Sampleton"},
		NameOnDocument:   "A. Vardeny", NameMatchScoreExpectedDetails: 95, NameMatchScoreIDVerification: 93.5,
		ExpectedDetailsAddress: "12 Mapmaker Row, Sampleton", ExpectedDetailsFormattedAddress: "12 Mapmaker Row, Sampleton, Utopia",
		ExpectedDetailsParsedAddress: didit.ParsedAddress{City: "Sampleton", Country: "UT"},
		ExtraFields:                  rawJSON(`{"contract": "C-1"}`), ExtraFiles: rawList(`{"url": "` + media + `bill2.pdf"}`),
		DetectedCodes: rawList(`{"type": "QR", "value": "C-1"}`),
		Warnings: warn("PROOF_OF_ADDRESS", "POOR_DOCUMENT_QUALITY", didit.LogWarning, "Poor quality",
			"The document is blurred.", "feature_poa_1"),
	}}, s.POAVerifications)

	assert.Equal(t, []didit.DocumentAIDocument{{
		NodeID: "feature_document_ai_1", Status: didit.FeatureApproved, Items: rawList(`{"document": "payslip", "amount": 2100.5}`),
		Warnings: warn("DOCUMENT_AI", "FIELD_MISSING", didit.LogWarning, "Field missing", "The employer is missing.", "feature_document_ai_1"),
	}}, s.DocumentAIDocuments)

	assert.Equal(t, []didit.PhoneVerification{{
		NodeID: "feature_phone_1", Status: didit.FeatureApproved, PhoneNumberPrefix: "+995", PhoneNumber: "550100", FullNumber: "+995550100",
		CountryCode: "UT", CountryName: "Utopia", Carrier: didit.Carrier{Name: "Example Mobile", Type: "mobile"}, IsDisposable: true, IsVirtual: true,
		VerificationMethod: "sms", VerificationAttempts: 2, VerifiedAt: stampAt(t, "2026-10-01T09:35:00.5Z"),
		Lifecycle: []didit.LifecycleEvent{{
			Type: "PHONE_VERIFICATION_MESSAGE_SENT", Timestamp: stampAt(t, "2026-10-01T09:34:00Z"), Details: rawJSON(`{"status": "Success"}`), Fee: 0.03,
		}},
		Matches:  []didit.Match{{SessionNumber: 7, Source: "session", Status: "Declined"}},
		Warnings: warn("PHONE", "VOIP_NUMBER_DETECTED", didit.LogWarning, "Virtual number", "The number is virtual.", "feature_phone_1"),
	}}, s.PhoneVerifications)

	assert.Equal(t, []didit.EmailVerification{{
		NodeID: "feature_email_1", Status: didit.FeatureApproved, Email: "alma@example.com", IsBreached: true,
		Breaches: rawList(`{"name": "Invented breach"}`), IsDisposable: true, IsUndeliverable: true, VerificationAttempts: 3,
		VerifiedAt: stampAt(t, "2026-10-01T09:36:00Z"),
		Lifecycle: []didit.LifecycleEvent{{
			Type: "VALID_CODE_ENTERED", Timestamp: stampAt(t, "2026-10-01T09:36:00Z"), Details: rawJSON("null"),
		}},
		Matches:  []didit.Match{{SessionNumber: 8, Source: "imported"}},
		Warnings: warn("EMAIL", "BREACHED_EMAIL_DETECTED", didit.LogInformation, "Breached", "The address was in a breach.", "feature_email_1"),
	}}, s.EmailVerifications)

	assert.Equal(t, []didit.AMLScreening{{
		NodeID: "feature_aml_1", Status: didit.FeatureInReview, TotalHits: 1, EntityType: "person", Score: 62.5,
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
		Warnings: warn("AML", "POSSIBLE_MATCH_FOUND", didit.LogError, "Possible match", "A list has a similar name.", "feature_aml_1"),
	}}, s.AMLScreenings)

	assert.Equal(t, []didit.IPAnalysis{{
		NodeID: "feature_ip_1", Status: didit.FeatureApproved, DeviceBrand: "Example", DeviceModel: "Phone 1", BrowserFamily: "Firefox",
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
		Warnings:    warn("LOCATION", "VPN_DETECTED", didit.LogWarning, "VPN", "A VPN was used.", "feature_ip_1"),
	}}, s.IPAnalyses)

	assert.Equal(t, []didit.DatabaseValidation{{
		NodeID: "feature_database_1", Status: didit.FeatureApproved, IssuingState: "UTO", ValidationType: "two_by_two",
		ScreenedData: rawJSON(`{"first_name": "Alma", "tax_number": "99000099R"}`),
		Validations: []didit.RegisterMatch{{
			ServiceID: "uto_register", ServiceName: "Register of Utopia", Validation: rawJSON(`{"full_name": "full_match"}`),
			OutcomeCode: "MATCH", OutcomeDetail: "All fields agree", SourceData: rawJSON(`{"first_name": "ALMA"}`),
		}},
		Errors: rawList(`{"code": "timeout"}`), MatchType: "partial_match",
		Warnings: warn("DATABASE_VALIDATION", "PARTIAL_MATCH", didit.LogWarning, "Partial match", "One register did not answer.", "feature_database_1"),
	}}, s.DatabaseValidations)

	assert.Equal(t, didit.QuestionnaireResponses{{
		NodeID: "feature_questionnaire_1", Status: didit.FeatureApproved, QuestionnaireID: "8f7d0a52-1111-4000-8000-000000000001",
		Title: "About you", Description: "Two questions", Languages: []string{"en", "es"}, DefaultLanguage: "en", IsActive: true,
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

func TestDecisionBusinessFields(t *testing.T) {
	t.Parallel()
	s := parseFixture(t, "decision_business")

	assert.Equal(t, didit.Features{
		{Feature: "KYB_REGISTRY", NodeID: "feature_kyb_registry_1"},
		{Feature: "KYB_KEY_PEOPLE", NodeID: "feature_kyb_key_people_1"},
		{Feature: "KYB_DOCUMENTS", NodeID: "feature_kyb_documents_1"},
	}, s.Features)
	assert.Equal(t, &didit.ExpectedDetails{
		CompanyName: "Sampleton Charts Ltd", RegistryCountry: "UTO", RegistrationNumber: "00123456",
	}, s.ExpectedDetails)

	require.Len(t, s.RegistryChecks, 1)
	check := s.RegistryChecks[0]
	assert.Contains(t, string(check.Company.Raw), `"share_capital": 100000`, "fields that have no Go name")
	check.Company.Raw = nil
	fromRegistry := true
	warning := warn("KYB_REGISTRY", "NAME_DIFFERS", didit.LogWarning, "Name differs", "The register has another spelling.", "feature_kyb_registry_1")
	warning[0].AdditionalData = rawJSON(`{"submitted": "Sampleton Charts"}`)
	assert.Equal(t, didit.RegistryCheck{
		NodeID: "feature_kyb_registry_1", Status: didit.FeatureApproved, DataResolved: true,
		Company: didit.Company{
			UUID: "8f7d0a52-4444-4000-8000-000000000003", CompanyName: "Sampleton Charts Ltd", AlternativeNames: []string{"Sampleton Maps"},
			RegistrationNumber: "00123456", CountryCode: "UT", CompanyType: "Limited company", RegistryStatus: "Active", Status: didit.FeatureApproved,
			VerificationStatus: "verified", IsFromRegistry: &fromRegistry, IncorporationDate: "2012-06-01",
			RegisteredAddress: "1 Harbour Road, Sampleton", TaxNumber: "UT-TAX-1", VATNumber: "UT-VAT-1",
		},
		OwnershipStructure: rawJSON(`{"name": "Sampleton Charts Ltd", "shareholders": [{"name": "Bruno Teller", "percentage": 75}]}`),
		Warnings:           warning,
	}, check)

	require.Len(t, s.KeyPeopleChecks, 1)
	people := s.KeyPeopleChecks[0]
	require.Len(t, people.Registry.Officers, 1)
	require.Len(t, people.Registry.BeneficialOwners, 1)
	require.Len(t, people.Submitted.Parties, 1)
	assert.Contains(t, string(people.Registry.Officers[0].Raw), `"appointed_on": "2012-06-01"`)
	people.Registry.Officers[0].Raw = nil
	people.Registry.BeneficialOwners[0].Raw = nil
	people.Submitted.Parties[0].Raw = nil
	assert.Equal(t, didit.KeyPeopleCheck{
		NodeID: "feature_kyb_key_people_1", Status: didit.FeatureNotFinished,
		Registry: didit.RegistryPeople{
			Officers: []didit.KeyPerson{{Name: "Bruno Teller", EntityType: "person", Roles: []didit.KeyPersonRole{{Role: "director"}}}},
			BeneficialOwners: []didit.KeyPerson{{
				Name: "Cleo Marker", EntityType: "person", Roles: []didit.KeyPersonRole{{Role: "ubo", OwnershipPercent: 25}}, OwnershipPercentage: 25,
			}},
		},
		Submitted: didit.SubmittedPeople{Parties: []didit.KeyPerson{{
			Name: "Bruno Teller", FullName: "Bruno A. Teller", FirstName: "Bruno", LastName: "Teller", EntityType: "person", Source: "REGISTRY",
			DateOfBirth: "1980-02-29", Nationality: "UTO", Email: "bruno@example.com",
			Roles: []didit.KeyPersonRole{{Role: "ubo", OwnershipPercent: 75}}, OwnershipPercentage: 75, RequiresVerification: true, IsSkipped: true,
			KYCSessionID: "d73b2a80-6e5d-4c4b-a392-8170605f4e03", KYCSessionStatus: didit.StatusInProgress,
		}}},
		UBOKYCSummary: &didit.UBOKYCSummary{Total: 4, Approved: 2, Flagged: 1, Pending: 1},
		Warnings: warn("KYB_KEY_PEOPLE", "KEY_PERSON_NOT_VERIFIED", didit.LogError, "Not verified",
			"An owner has not been verified yet.", "feature_kyb_key_people_1"),
	}, people)

	assert.Equal(t, []didit.DocumentVerification{{
		NodeID: "feature_kyb_documents_1", Status: didit.FeatureResubRequested,
		Items:  rawList(`{"uuid": "8f7d0a52-5555-4000-8000-000000000004", "document_file": "https://media.example.com/incorporation.pdf"}`),
		Groups: rawJSON(`{"LEGAL_PRESENCE": ["CERTIFICATE_OF_INCORPORATION"]}`), RequiredGroups: []string{"LEGAL_PRESENCE", "OWNERSHIP_STRUCTURE"},
		Warnings: warn("KYB_DOCUMENTS", "DOCUMENT_MISSING", didit.LogError, "Document missing",
			"The ownership structure is missing.", "feature_kyb_documents_1"),
	}}, s.DocumentVerifications)

	require.Len(t, s.AMLScreenings, 1)
	assert.Equal(t, "company", s.AMLScreenings[0].EntityType)
	require.Len(t, s.PhoneVerifications, 1)
	assert.True(t, s.PhoneVerifications[0].VerifiedAt.IsZero())
	require.Len(t, s.EmailVerifications, 1)
	require.Len(t, s.IPAnalyses, 1)
	assert.Equal(t, didit.Text("-8"), s.IPAnalyses[0].TimeZoneOffset)
	assert.Nil(t, s.IPAnalyses[0].IP)

	require.Len(t, s.QuestionnaireResponses, 2)
	assert.Equal(t, "feature_questionnaire_1", s.QuestionnaireResponses[0].NodeID)
	assert.Equal(t, didit.FeatureApproved, s.QuestionnaireResponses[0].Status)
	assert.Equal(t, "About the company", s.QuestionnaireResponses[0].Title)
	assert.Contains(t, string(s.QuestionnaireResponses[0].Answer), "It draws maps.")
	assert.Equal(t, "feature_questionnaire_2", s.QuestionnaireResponses[1].NodeID)
	assert.JSONEq(t, `"None"`, string(s.QuestionnaireResponses[1].Answer))

	require.Len(t, s.Reviews, 1)
	assert.Equal(t, didit.StatusAwaitingUser, s.Reviews[0].NewStatus)
}

// The keys that Didit documents, by block; the fixtures must have each of them, or
// the tests above would prove less than they say.
var documentedKeys = map[string]string{
	"id_verifications": `node_id status verification_method assurance document_type document_subtype document_number personal_number
		portrait_image front_image front_video back_image back_video full_front_image full_back_image front_image_camera_front
		back_image_camera_front date_of_birth age expiration_date date_of_issue issuing_state issuing_state_name first_name last_name
		full_name gender address formatted_address place_of_birth marital_status nationality extra_fields mrz parsed_address extra_files
		front_image_quality_score back_image_quality_score warnings matches fallback_from id_lookup wallet_provider wallet_verification`,
	"nfc_verifications": `node_id status is_nfc_skipped skip_reason portrait_image signature_image chip_data authenticity
		certificate_summary warnings`,
	"liveness_checks": `node_id status method score reference_image video_url age_estimation face_quality face_luminance matches warnings`,
	"face_matches":    `node_id status score source_image_session_id source_image target_image warnings`,
	"poa_verifications": `node_id status document_file issuing_state document_type document_subtype document_language document_metadata issuer
		issue_date expiration_date poa_address poa_formatted_address poa_parsed_address name_on_document name_match_score_expected_details
		name_match_score_id_verification expected_details_address expected_details_formatted_address expected_details_parsed_address
		extra_fields extra_files detected_codes warnings`,
	"document_ai_documents": `node_id status items warnings`,
	"phone_verifications": `node_id status phone_number_prefix phone_number full_number country_code country_name carrier is_disposable
		is_virtual verification_method verification_attempts verified_at lifecycle matches warnings`,
	"email_verifications": `node_id status email is_breached breaches is_disposable is_undeliverable verification_attempts verified_at
		lifecycle matches warnings`,
	"aml_screenings": `node_id status total_hits entity_type hits score screened_data is_ongoing_monitoring_enabled
		next_ongoing_monitoring_bill_date warnings`,
	"ip_analyses": `node_id status device_brand device_model browser_family os_family platform device_fingerprint ip_country ip_country_code
		ip_state ip_city latitude longitude ip_address isp organization is_vpn_or_tor is_data_center time_zone time_zone_offset ip
		id_document poa_document matches warnings`,
	"database_validations": `node_id status issuing_state validation_type screened_data validations errors match_type warnings`,
	"questionnaire_responses": `node_id questionnaire_id title description languages default_language is_active is_simple_questionnaire
		questionnaire_group_id version published_at sections status`,
	"registry_checks":        `node_id status data_resolved company ownership_structure warnings`,
	"key_people_checks":      `node_id status registry submitted ubo_kyc_summary warnings`,
	"document_verifications": `node_id status items groups required_groups warnings`,
	"reviews":                `user new_status comment created_at`,
}

func TestDecisionFixturesAreComplete(t *testing.T) {
	t.Parallel()
	var user, business map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(fixture(t, "decision_user"), &user))
	require.NoError(t, json.Unmarshal(fixture(t, "decision_business"), &business))
	for block, keys := range documentedKeys {
		raw := user[block]
		if string(raw) == "null" {
			raw = business[block]
		}
		var items []map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(raw, &items), block)
		require.NotEmpty(t, items, block)
		for key := range strings.FieldsSeq(keys) {
			assert.Contains(t, items[0], key, block)
		}
	}
}

// A Go name that is its key without underscores cannot be bound to another key by
// mistake, and an untagged field would be read from a key of its Go name.
func TestDecisionNamesAreTheirKeys(t *testing.T) {
	t.Parallel()
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		for typ.Kind() == reflect.Slice || typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || seen[typ] {
			return
		}
		seen[typ] = true
		switch typ {
		case reflect.TypeFor[didit.Timestamp](), reflect.TypeFor[didit.ExpectedDetails](), reflect.TypeFor[didit.ContactDetails]():
			return
		}
		for field := range typ.Fields() {
			key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if key != "-" {
				assert.Equal(t, strings.ToLower(field.Name), strings.ReplaceAll(key, "_", ""), "%s.%s", typ, field.Name)
			}
			walk(field.Type)
		}
	}
	walk(reflect.TypeFor[didit.Decision]())
	assert.Greater(t, len(seen), 30)
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

func TestText(t *testing.T) {
	t.Parallel()
	tests := map[string]didit.Text{
		`"+0100"`: "+0100", `"a\nb"`: "a\nb", `-8`: "-8", `5.5`: "5.5", `true`: "true", `null`: "", `{"a":1}`: "", `[1]`: "",
	}
	for text, want := range tests {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			got := didit.Text("old")
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
		"a text":       {`"OCR + FACE"`, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := parseBlocks(t, `"features":`+test.features+`,"callback":"after"`)
			assert.Equal(t, test.want, s.Features)
			assert.Equal(t, "after", s.Callback)
			assert.Equal(t, len(test.want) > 0, s.Features.Has("NFC"))
			assert.False(t, s.Features.Has("LIVENESS"))
		})
	}
}

func TestQuestionnaireResponses(t *testing.T) {
	t.Parallel()
	answer := func(node, text string) didit.QuestionnaireResponse {
		return didit.QuestionnaireResponse{NodeID: node, Answer: rawJSON(text)}
	}
	full := answer("node_2", `{"status":"In Review","version":2}`)
	full.Status, full.Version = didit.FeatureInReview, 2
	named := answer("own", `{"node_id":"own"}`)
	tests := map[string]struct {
		responses string
		want      didit.QuestionnaireResponses
	}{
		"list":         {`[{"node_id":"a","title":"A"},{"node_id":"b"}]`, didit.QuestionnaireResponses{{NodeID: "a", Title: "A"}, {NodeID: "b"}}},
		"wrong inside": {`[{"node_id":"a","version":"three","title":"A"}]`, didit.QuestionnaireResponses{{NodeID: "a", Title: "A"}}},
		"by node": {
			`{"node_2":{"status":"In Review","version":2},"node_1":"Yes","node_3":null,"key":{"node_id":"own"}}`,
			didit.QuestionnaireResponses{full, answer("node_1", `"Yes"`), answer("node_3", "null"), named},
		},
		"one alone": {`{"questionnaire_id":"q","title":"A"}`, didit.QuestionnaireResponses{{QuestionnaireID: "q", Title: "A"}}},
		"empty":     {`{}`, nil},
		"null":      {`null`, nil},
		"a text":    {`"none"`, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := parseBlocks(t, `"questionnaire_responses":`+test.responses+`,"callback":"after"`)
			assert.Equal(t, test.want, s.QuestionnaireResponses)
			assert.Equal(t, "after", s.Callback)

			data, err := json.Marshal(s)
			require.NoError(t, err)
			again, err := didit.ParseSession(data)
			require.NoError(t, err)
			assert.Equal(t, test.want, again.QuestionnaireResponses, "the list form of what was keyed")
		})
	}
	var q didit.QuestionnaireResponses
	require.Error(t, q.UnmarshalJSON([]byte(`{"a":`)))
	require.Error(t, q.UnmarshalJSON([]byte(`[`)))
	require.NoError(t, q.UnmarshalJSON(nil))

	many := `{"n":0` + strings.Repeat(`,"n":0`, 9_999)
	require.NoError(t, q.UnmarshalJSON([]byte(many+"}")))
	assert.Len(t, q, 10_000)
	require.Error(t, q.UnmarshalJSON([]byte(many+`,"n":0}`)))
	assert.Empty(t, q)
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
	assert.Equal(t, didit.Text("123"), s.RegistryChecks[1].Company.RegistrationNumber)
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
	assert.Empty(t, s.AMLScreenings)
	assert.Equal(t, "after", s.Callback)

	require.Error(t, new(didit.Company).UnmarshalJSON([]byte(`{`)))
	require.Error(t, new(didit.KeyPerson).UnmarshalJSON([]byte(`{`)))
}

// A null where a block, a list or a value may be is what Didit sends for most fields
// of most sessions.
func TestDecisionOfNulls(t *testing.T) {
	t.Parallel()
	for block, keys := range documentedKeys {
		t.Run(block, func(t *testing.T) {
			t.Parallel()
			nulls := strings.Join(strings.Fields(keys), `":null,"`)
			s := parseBlocks(t, `"`+block+`":[{"`+nulls+`":null}]`)
			assert.Empty(t, s.AllWarnings())
			data, err := json.Marshal(s)
			require.NoError(t, err)
			again, err := didit.ParseSession(data)
			require.NoError(t, err)
			for i := range again.RegistryChecks {
				again.RegistryChecks[i].Company.Raw = nil // what Company itself was decoded from
			}
			assert.Equal(t, s.Decision, again.Decision)
			assert.Empty(t, parseBlocks(t, `"`+block+`":null`).Decision)
		})
	}
}

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
	for _, name := range []string{"decision_user", "decision_business", "decision_user_old"} {
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
				s.IDVerifications = append(s.IDVerifications, didit.IDVerification{Status: status})
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
