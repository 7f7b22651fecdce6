package didit

import (
	"bytes"
	"encoding/json"

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

// Company is a registered company. Didit sends some 37 fields, most of which only
// some registers have; Raw has them all.
type Company struct {
	UUID               string          `json:"uuid"`
	CompanyName        string          `json:"company_name"`
	AlternativeNames   []string        `json:"alternative_names,omitempty"`
	RegistrationNumber StringOrNumber  `json:"registration_number"`
	CountryCode        string          `json:"country_code"`
	CompanyType        string          `json:"company_type"`
	RegistryStatus     string          `json:"registry_status"` // the register's own word; Status is the check's
	Status             FeatureStatus   `json:"status"`
	VerificationStatus string          `json:"verification_status"`
	IsFromRegistry     *bool           `json:"is_from_registry,omitempty"` // false: entered by hand; nil: not said
	IncorporationDate  string          `json:"incorporation_date"`
	RegisteredAddress  StringOrNumber  `json:"registered_address"`
	TaxNumber          StringOrNumber  `json:"tax_number"`
	VATNumber          StringOrNumber  `json:"vat_number"`
	Raw                json.RawMessage `json:"-"` // as received
}

// UnmarshalJSON reads the typed fields and keeps all in Raw.
func (c *Company) UnmarshalJSON(data []byte) error {
	type plain Company
	*c = Company{}
	if err := answer.Lenient(json.Unmarshal(data, (*plain)(c))); err != nil {
		return err
	}
	if data[0] == '{' {
		c.Raw = bytes.Clone(data)
	}
	return nil
}

// KeyPeopleCheck is who owns and directs a company: by the register, and by what the
// company said.
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
	Name                 string          `json:"name"`
	FullName             string          `json:"full_name"`
	FirstName            string          `json:"first_name"`
	LastName             string          `json:"last_name"`
	EntityType           string          `json:"entity_type"` // person or company
	Source               string          `json:"source"`      // of submitted parties: from the register or from the company
	DateOfBirth          string          `json:"date_of_birth"`
	Nationality          string          `json:"nationality"`
	Email                string          `json:"email"`
	Roles                []KeyPersonRole `json:"roles,omitempty"`
	OwnershipPercentage  Score           `json:"ownership_percentage"`
	RequiresVerification bool            `json:"requires_verification"`
	IsSkipped            bool            `json:"is_skipped"`
	KYCSessionID         string          `json:"kyc_session_id"` // the person's own session
	KYCSessionStatus     SessionStatus   `json:"kyc_session_status"`
	Raw                  json.RawMessage `json:"-"` // as received
}

// UnmarshalJSON reads the typed fields and keeps all in Raw.
func (p *KeyPerson) UnmarshalJSON(data []byte) error {
	type plain KeyPerson
	*p = KeyPerson{}
	if err := answer.Lenient(json.Unmarshal(data, (*plain)(p))); err != nil {
		return err
	}
	if data[0] == '{' {
		p.Raw = bytes.Clone(data)
	}
	return nil
}

// KeyPersonRole is what a person is in the company, and how much of it is theirs.
type KeyPersonRole struct {
	Role             string `json:"role"`
	OwnershipPercent Score  `json:"ownership_percent"`
}

// UnmarshalJSON reads a name or an object.
func (r *KeyPersonRole) UnmarshalJSON(data []byte) error {
	*r = KeyPersonRole{}
	if len(data) > 0 && data[0] == '"' {
		r.Role = answer.Text(data)
		return nil
	}
	type plain KeyPersonRole
	return answer.Lenient(json.Unmarshal(data, (*plain)(r)))
}

// DocumentVerification is a step in which a company's documents were read. Links in
// its items expire within the hour.
type DocumentVerification struct {
	Check
	Items          []json.RawMessage `json:"items,omitempty"`
	Groups         json.RawMessage   `json:"groups,omitempty"`
	RequiredGroups []string          `json:"required_groups,omitempty"` // "LEGAL_PRESENCE", "OWNERSHIP_STRUCTURE", ...
}
