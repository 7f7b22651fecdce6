package didit

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/didit-go/didit/internal/answer"
)

// RegistryCheck is what a company register says.
//
// https://docs.didit.me/reference/data-models
type RegistryCheck struct {
	Check
	DataResolved       bool            `json:"data_resolved"` // the register has answered, or the data was entered by hand
	Company            Company         `json:"company"`
	OwnershipStructure json.RawMessage `json:"ownership_structure,omitempty"`
}

// Company is a registered company. Registers differ in what they say of one; Raw has
// it all.
type Company struct {
	UUID               string           `json:"uuid"`
	NodeID             string           `json:"node_id"`
	CompanyName        string           `json:"company_name"`
	AlternativeNames   []string         `json:"alternative_names,omitempty"`
	RegistrationNumber StringOrNumber   `json:"registration_number"`
	CountryCode        string           `json:"country_code"`
	Region             string           `json:"region"`
	CompanyType        string           `json:"company_type"`
	IncorporationDate  string           `json:"incorporation_date"` // "2012-06-01"
	RegisteredAddress  StringOrNumber   `json:"registered_address"`
	Addresses          []CompanyAddress `json:"addresses,omitempty"`
	Officers           []KeyPerson      `json:"officers,omitempty"`
	BeneficialOwners   []KeyPerson      `json:"beneficial_owners,omitempty"`
	TaxNumber          StringOrNumber   `json:"tax_number"`
	VATNumber          StringOrNumber   `json:"vat_number"`
	RegistryTier       StringOrNumber   `json:"registry_tier"`
	RegistryData       json.RawMessage  `json:"registry_data,omitempty"`
	RegistryMonitoring json.RawMessage  `json:"registry_monitoring,omitempty"`

	Status              FeatureStatus  `json:"status"`              // of the check
	RegistryStatus      string         `json:"registry_status"`     // of the company, in the register's own words: "Active", "Dissolved", ...
	VerificationStatus  string         `json:"verification_status"` // "verified", "failed", "unknown"
	FetchStatus         string         `json:"fetch_status"`        // of the register's answer
	VATValidationStatus string         `json:"vat_validation_status"`
	RiskLevel           StringOrNumber `json:"risk_level"`
	DataResolved        bool           `json:"data_resolved"`

	IsFromRegistry    *bool           `json:"is_from_registry,omitempty"` // false: entered by hand; nil: not said
	IsEditable        bool            `json:"is_editable"`
	UserProvidedData  CompanyDetails  `json:"user_provided_data"`
	ConfirmedByUserAt Timestamp       `json:"confirmed_by_user_at,omitzero"`
	Raw               json.RawMessage `json:"-"` // as received
}

// UnmarshalJSON reads the typed fields and keeps all in Raw.
func (c *Company) UnmarshalJSON(data []byte) error {
	type plain Company
	*c = Company{}
	if err := answer.Lenient(json.Unmarshal(data, (*plain)(c)), data, (*plain)(c)); err != nil {
		return err
	}
	if data[0] == '{' {
		c.Raw = bytes.Clone(data)
	}
	return nil
}

// CompanyAddress is one of a company's addresses.
type CompanyAddress struct {
	Type    string `json:"type"` // "registered", ...
	Address string `json:"address"`
}

// CompanyDetails is what the company says of itself.
type CompanyDetails struct {
	CompanyName        string         `json:"company_name"`
	RegistrationNumber StringOrNumber `json:"registration_number"`
	CountryCode        string         `json:"country_code"`
	LegalAddress       StringOrNumber `json:"legal_address"`
}

// KeyPeopleCheck is who owns and directs a company: by the register, and by what the
// company said.
//
// https://docs.didit.me/reference/data-models
type KeyPeopleCheck struct {
	Check
	Registry      RegistryPeople  `json:"registry"`
	Submitted     SubmittedPeople `json:"submitted"`
	UBOKYCSummary *UBOKYCSummary  `json:"ubo_kyc_summary,omitempty"` // nil: owners are not verified one by one
}

// RegistryPeople are the people and companies that the register names.
type RegistryPeople struct {
	Officers         []KeyPerson `json:"officers,omitempty"`
	BeneficialOwners []KeyPerson `json:"beneficial_owners,omitempty"`
}

// SubmittedPeople are the people and companies that the company named.
type SubmittedPeople struct {
	Parties []KeyPerson `json:"parties,omitempty"`
}

// UBOKYCSummary counts the beneficial owners by how far their own verification is.
type UBOKYCSummary struct {
	Total    int `json:"total"`
	Approved int `json:"approved"`
	Flagged  int `json:"flagged"`
	Pending  int `json:"pending"`
}

// KeyPerson is a person or a company behind a company. Registers differ in what they
// say of one; Raw has it all.
type KeyPerson struct {
	UUID                string          `json:"uuid"`
	EntityType          string          `json:"entity_type"` // "person" or "company"
	Source              string          `json:"source"`      // of submitted parties: "USER", or the register
	Name                string          `json:"name"`
	FullName            string          `json:"full_name"`
	FirstName           string          `json:"first_name"`
	LastName            string          `json:"last_name"`
	DateOfBirth         string          `json:"date_of_birth"`
	Nationality         string          `json:"nationality"`
	Email               string          `json:"email"`
	Roles               []KeyPersonRole `json:"roles,omitempty"`
	OwnershipPercentage Score           `json:"ownership_percentage"`
	CustomFields        json.RawMessage `json:"custom_fields,omitempty"`

	IsActive             *bool `json:"is_active,omitempty"` // nil: not said
	IsSkipped            bool  `json:"is_skipped"`
	RequiresVerification bool  `json:"requires_verification"`

	// The party's own session, which counts only where Verified says so.
	KYCSessionID      string        `json:"kyc_session_id"`
	KYCSessionStatus  SessionStatus `json:"kyc_session_status"`
	KYCSessionURL     string        `json:"kyc_session_url"`
	KYCSessionDeleted bool          `json:"kyc_session_deleted"`

	VerificationWorkflowType     string   `json:"verification_workflow_type"`
	VerificationWorkflowID       string   `json:"verification_workflow_id"`
	VerificationWorkflowLabel    string   `json:"verification_workflow_label"`
	VerificationWorkflowFeatures Features `json:"verification_workflow_features,omitempty"`

	Raw json.RawMessage `json:"-"` // as received

	personKeys
}

// personKeys are where some registers have a role. They are empty once a person is
// decoded.
type personKeys struct {
	Role        string `json:"role,omitempty"`
	Designation string `json:"designation,omitempty"`
}

// UnmarshalJSON reads the typed fields and keeps all in Raw.
func (p *KeyPerson) UnmarshalJSON(data []byte) error {
	type plain KeyPerson
	*p = KeyPerson{}
	if err := answer.Lenient(json.Unmarshal(data, (*plain)(p)), data, (*plain)(p)); err != nil {
		return err
	}
	if data[0] == '{' {
		p.Raw = bytes.Clone(data)
	}
	for _, role := range []string{p.Role, p.Designation} {
		if role != "" && !p.HasRole(role) {
			p.Roles = append(p.Roles, KeyPersonRole{Role: role})
		}
	}
	p.personKeys = personKeys{}
	return nil
}

// HasRole reports whether the party has the role, in any case: "ubo", "director".
func (p *KeyPerson) HasRole(role string) bool {
	for i := range p.Roles {
		if strings.EqualFold(p.Roles[i].Role, role) {
			return true
		}
	}
	return false
}

// Verified reports whether the party's own session is approved and still counts: that
// of a party who was skipped or whose session was deleted does not.
func (p *KeyPerson) Verified() bool {
	return p.KYCSessionStatus == StatusApproved && !p.IsSkipped && !p.KYCSessionDeleted
}

// KeyPersonRole is what a party is in the company, and how much of it is theirs, in
// percent.
type KeyPersonRole struct {
	Role             string `json:"role"`
	OwnershipPercent Score  `json:"ownership_percent"`
	VotingPercent    Score  `json:"voting_percent"`
}

// UnmarshalJSON reads a name or an object.
func (r *KeyPersonRole) UnmarshalJSON(data []byte) error {
	*r = KeyPersonRole{}
	if data[0] == '"' {
		r.Role = answer.Text(data)
		return nil
	}
	type plain KeyPersonRole
	return answer.Lenient(json.Unmarshal(data, (*plain)(r)), data, (*plain)(r))
}

// DocumentVerification is a step in which a company's documents were read.
//
// https://docs.didit.me/reference/data-models
type DocumentVerification struct {
	Check
	Items          []CompanyDocument `json:"items,omitempty"`
	Groups         DocumentGroups    `json:"groups,omitempty"`
	RequiredGroups []string          `json:"required_groups,omitempty"`
}

// CompanyDocument is one of a company's documents.
type CompanyDocument struct {
	UUID             string          `json:"uuid"`
	DocumentType     string          `json:"document_type"`
	DocumentSubtype  string          `json:"document_subtype"`
	DocumentGroup    string          `json:"document_group"`
	FileURL          string          `json:"file_url"` // expires
	Status           FeatureStatus   `json:"status"`
	CreatedAt        Timestamp       `json:"created_at,omitzero"`
	CrossCheckResult CrossCheck      `json:"cross_check_result"`
	OCRData          json.RawMessage `json:"ocr_data,omitempty"` // what was read
	IsConfirmed      bool            `json:"is_confirmed"`
}

// CrossCheck compares a document with what the register and the company say.
type CrossCheck struct {
	People      json.RawMessage `json:"people,omitempty"`
	Critical    json.RawMessage `json:"critical,omitempty"`
	NonCritical json.RawMessage `json:"non_critical,omitempty"`
}

// DocumentGroups are the groups of documents by name: "LEGAL_PRESENCE",
// "OWNERSHIP_STRUCTURE", ...
type DocumentGroups map[string]DocumentGroup

// UnmarshalJSON reads an object of at most 10,000 groups.
func (g *DocumentGroups) UnmarshalJSON(data []byte) error {
	*g = nil
	complete := answer.Members(data, maxKeyed, func(name string, value []byte) {
		var group DocumentGroup
		_ = answer.Lenient(json.Unmarshal(value, &group), value, &group) // it was found valid
		if *g == nil {
			*g = DocumentGroups{}
		}
		(*g)[name] = group
	})
	if !complete {
		*g = nil
		return errors.New("more than 10,000 groups of documents")
	}
	return nil
}

// DocumentGroup counts the documents of one group by their statuses.
type DocumentGroup struct {
	Total    int `json:"total"`
	Approved int `json:"approved"`
	Pending  int `json:"pending"`
	Declined int `json:"declined"`
	InReview int `json:"in_review"`
	Other    int `json:"other"`
	Missing  int `json:"missing"`
}
