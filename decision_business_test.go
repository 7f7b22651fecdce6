package didit_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
)

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
	registry := s.RegistryChecks[0]
	assert.Contains(t, string(registry.Company.Raw), `"share_capital": 100000`, "fields that have no Go name")
	registry.Company.Raw = nil
	fromRegistry := true
	warning := warn("KYB_REGISTRY", "NAME_DIFFERS", didit.LogTypeWarning, "Name differs", "The register has another spelling.", "feature_kyb_registry_1")
	warning[0].AdditionalData = rawJSON(`{"submitted": "Sampleton Charts"}`)
	assert.Equal(t, didit.RegistryCheck{
		Check:        check("feature_kyb_registry_1", didit.FeatureApproved, warning),
		DataResolved: true,
		Company: didit.Company{
			UUID: "8f7d0a52-4444-4000-8000-000000000003", CompanyName: "Sampleton Charts Ltd", AlternativeNames: []string{"Sampleton Maps"},
			RegistrationNumber: "00123456", CountryCode: "UT", CompanyType: "Limited company", RegistryStatus: "Active", Status: didit.FeatureApproved,
			VerificationStatus: "verified", IsFromRegistry: &fromRegistry, IncorporationDate: "2012-06-01",
			RegisteredAddress: "1 Harbour Road, Sampleton", TaxNumber: "UT-TAX-1", VATNumber: "UT-VAT-1",
		},
		OwnershipStructure: rawJSON(`{"name": "Sampleton Charts Ltd", "shareholders": [{"name": "Bruno Teller", "percentage": 75}]}`),
	}, registry)

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
		Check: check("feature_kyb_key_people_1", didit.FeatureNotFinished,
			warn("KYB_KEY_PEOPLE", "KEY_PERSON_NOT_VERIFIED", didit.LogTypeError, "Not verified", "An owner has not been verified yet.", "feature_kyb_key_people_1")),
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
	}, people)

	assert.Equal(t, []didit.DocumentVerification{{
		Check:  check("feature_kyb_documents_1", didit.FeatureResubRequested, warn("KYB_DOCUMENTS", "DOCUMENT_MISSING", didit.LogTypeError, "Document missing", "The ownership structure is missing.", "feature_kyb_documents_1")),
		Items:  []didit.CompanyDocument{{UUID: "8f7d0a52-5555-4000-8000-000000000004", FileURL: "https://media.example.com/incorporation.pdf"}},
		Groups: didit.DocumentGroups{"LEGAL_PRESENCE": {Total: 1, Approved: 1}}, RequiredGroups: []string{"LEGAL_PRESENCE", "OWNERSHIP_STRUCTURE"},
	}}, s.DocumentVerifications)

	require.Len(t, s.AMLScreenings, 1)
	assert.Equal(t, "company", s.AMLScreenings[0].EntityType)
	require.Len(t, s.PhoneVerifications, 1)
	assert.True(t, s.PhoneVerifications[0].VerifiedAt.IsZero())
	require.Len(t, s.EmailVerifications, 1)
	require.Len(t, s.IPAnalyses, 1)
	assert.Equal(t, didit.StringOrNumber("-8"), s.IPAnalyses[0].TimeZoneOffset)
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

// A company's decision as it was captured in the sandbox, its values invented.
func TestDecisionBusinessCaptured(t *testing.T) {
	t.Parallel()
	s := parseFixture(t, "decision_business_captured")
	assert.Empty(t, s.SharedFromSession)
	assert.Empty(t, s.Reviews)
	assert.Empty(t, s.DocumentAIDocuments)
	assert.Equal(t, didit.StatusDeclined, s.StatusOverride)
	assert.Equal(t, map[string][]string{"registry_checks": {"KYB_REGISTRY_DATA_MISMATCH_WITH_EXPECTED"}}, reasons(s))

	company := s.RegistryChecks[0].Company
	assert.Equal(t, "Active", company.RegistryStatus, "the register's word")
	assert.Equal(t, didit.FeatureDeclined, company.Status, "the check's")
	assert.Equal(t, didit.StringOrNumber("2"), company.RegistryTier)
	assert.Equal(t, didit.CompanyDetails{
		CompanyName: "Sampleton Kites", RegistrationNumber: "00998877", CountryCode: "UT", LegalAddress: "7 Windy Row",
	}, company.UserProvidedData)
	assert.Equal(t, stampAt(t, "2026-09-30T08:05:00.25Z"), company.ConfirmedByUserAt)
	assert.True(t, company.Officers[0].HasRole("director"), "a designation")
	assert.True(t, company.BeneficialOwners[0].HasRole("UBO"), "a role alone")

	people := s.KeyPeopleChecks[0]
	assert.Equal(t, []didit.KeyPersonRole{{Role: "director"}}, people.Registry.Officers[0].Roles, "one text")
	assert.Equal(t, []didit.KeyPersonRole{{Role: "ubo"}, {Role: "shareholder", OwnershipPercent: 60, VotingPercent: 55.5}},
		people.Registry.BeneficialOwners[0].Roles, "a text and an object")
	party := people.Submitted.Parties[0]
	assert.Equal(t, "USER", party.Source)
	assert.Equal(t, "b51f0e6d-7777-4a29-8170-6f5e4d3c2b02", party.KYCSessionID)
	assert.False(t, party.HasRole("director"))

	documents := s.DocumentVerifications[0]
	assert.Equal(t, didit.DocumentGroups{
		"LEGAL_PRESENCE": {Total: 7, Approved: 1, Pending: 1, Declined: 1, InReview: 1, Other: 1, Missing: 2},
	}, documents.Groups)
	assert.JSONEq(t, `{"company_name": "match"}`, string(documents.Items[0].CrossCheckResult.Critical))
	assert.Equal(t, stampAt(t, "2026-09-30T08:10:00.123456Z"), documents.Items[0].CreatedAt)
}

// A session that was skipped or deleted does not count, whatever its status says.
func TestKeyPersonVerified(t *testing.T) {
	t.Parallel()
	approved := didit.KeyPerson{KYCSessionStatus: didit.StatusApproved}
	assert.True(t, approved.Verified())
	skipped, deleted := approved, approved
	skipped.IsSkipped, deleted.KYCSessionDeleted = true, true
	for _, p := range []didit.KeyPerson{skipped, deleted, {}, {KYCSessionStatus: didit.StatusInReview}} {
		assert.False(t, p.Verified())
	}
}

func TestDocumentGroups(t *testing.T) {
	t.Parallel()
	var g didit.DocumentGroups
	for data, want := range map[string]didit.DocumentGroups{
		`{"A":{"total":2.0},"B":null,"C":[]}`: {"A": {Total: 2}, "B": {}, "C": {}}, `{}`: nil, `null`: nil, `[1]`: nil, `"A"`: nil,
	} {
		require.NoError(t, json.Unmarshal([]byte(data), &g))
		assert.Equal(t, want, g, data)
	}
	many := `{"n":{}` + strings.Repeat(`,"n":{}`, 9_999)
	require.NoError(t, json.Unmarshal([]byte(many+"}"), &g))
	assert.Len(t, g, 1)
	require.Error(t, json.Unmarshal([]byte(many+`,"n":{}}`), &g))
	assert.Empty(t, g)
}
