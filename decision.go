package didit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"reflect"
	"strconv"
	"time"
	"unicode/utf8"
)

// Decision is what Didit checked: one list per feature, in which each item is one
// step of the workflow. A list is empty until its feature has run, and stays empty
// where the workflow does not have it. Singular blocks of older decisions are in the
// same lists. Parts without a fixed form are kept as they were sent, a null as "null".
//
// It prints how many items each list has, nothing of a person. A single block, such
// as IDVerifications[0], prints its fields: whoever prints one means to.
//
// Every link to an image, a video or a document in it expires within the hour: read
// the session again rather than keep one. A key without media access gets none.
//
// https://docs.didit.me/sessions-api/retrieve-session
type Decision struct {
	Features Features `json:"features,omitempty"` // the steps of the workflow

	// People (KindUser).
	IDVerifications     []IDVerification     `json:"id_verifications,omitempty"`
	NFCVerifications    []NFCVerification    `json:"nfc_verifications,omitempty"`
	LivenessChecks      []LivenessCheck      `json:"liveness_checks,omitempty"`
	FaceMatches         []FaceMatch          `json:"face_matches,omitempty"`
	POAVerifications    []POAVerification    `json:"poa_verifications,omitempty"`
	DatabaseValidations []DatabaseValidation `json:"database_validations,omitempty"`
	DocumentAIDocuments []DocumentAIDocument `json:"document_ai_documents,omitempty"`

	// Companies (KindBusiness).
	RegistryChecks        []RegistryCheck        `json:"registry_checks,omitempty"`
	KeyPeopleChecks       []KeyPeopleCheck       `json:"key_people_checks,omitempty"`
	DocumentVerifications []DocumentVerification `json:"document_verifications,omitempty"`

	// Both.
	PhoneVerifications     []PhoneVerification    `json:"phone_verifications,omitempty"`
	EmailVerifications     []EmailVerification    `json:"email_verifications,omitempty"`
	AMLScreenings          []AMLScreening         `json:"aml_screenings,omitempty"`
	IPAnalyses             []IPAnalysis           `json:"ip_analyses,omitempty"`
	QuestionnaireResponses QuestionnaireResponses `json:"questionnaire_responses,omitempty"`
	Reviews                []Review               `json:"reviews,omitempty"`

	// What the session was created with, and why its chip was not read.
	ExpectedDetails *ExpectedDetails `json:"expected_details,omitempty"`
	ContactDetails  *ContactDetails  `json:"contact_details,omitempty"`
	Callback        string           `json:"callback,omitempty"`
	NFCSkipReason   NFCSkipReason    `json:"nfc_skip_reason,omitempty"`
}

// PrimaryIDVerification is the identity document to go by: the first that was
// approved, else the first of all; nil if there is none. It points into d.
func (d *Decision) PrimaryIDVerification() *IDVerification {
	for i := range d.IDVerifications {
		if d.IDVerifications[i].Status == FeatureApproved {
			return &d.IDVerifications[i]
		}
	}
	if len(d.IDVerifications) > 0 {
		return &d.IDVerifications[0]
	}
	return nil
}

// AllWarnings are the warnings of every block, in the order of the fields of
// Decision and, within one, of its items; nil if there are none.
func (d *Decision) AllWarnings() []Warning {
	var all []Warning
	for i := range d.IDVerifications {
		all = append(all, d.IDVerifications[i].Warnings...)
	}
	for i := range d.NFCVerifications {
		all = append(all, d.NFCVerifications[i].Warnings...)
	}
	for i := range d.LivenessChecks {
		all = append(all, d.LivenessChecks[i].Warnings...)
	}
	for i := range d.FaceMatches {
		all = append(all, d.FaceMatches[i].Warnings...)
	}
	for i := range d.POAVerifications {
		all = append(all, d.POAVerifications[i].Warnings...)
	}
	for i := range d.DatabaseValidations {
		all = append(all, d.DatabaseValidations[i].Warnings...)
	}
	for i := range d.DocumentAIDocuments {
		all = append(all, d.DocumentAIDocuments[i].Warnings...)
	}
	for i := range d.RegistryChecks {
		all = append(all, d.RegistryChecks[i].Warnings...)
	}
	for i := range d.KeyPeopleChecks {
		all = append(all, d.KeyPeopleChecks[i].Warnings...)
	}
	for i := range d.DocumentVerifications {
		all = append(all, d.DocumentVerifications[i].Warnings...)
	}
	for i := range d.PhoneVerifications {
		all = append(all, d.PhoneVerifications[i].Warnings...)
	}
	for i := range d.EmailVerifications {
		all = append(all, d.EmailVerifications[i].Warnings...)
	}
	for i := range d.AMLScreenings {
		all = append(all, d.AMLScreenings[i].Warnings...)
	}
	for i := range d.IPAnalyses {
		all = append(all, d.IPAnalyses[i].Warnings...)
	}
	for i := range d.QuestionnaireResponses {
		all = append(all, d.QuestionnaireResponses[i].Warnings...)
	}
	return all
}

// String says how many items each list has, leaving out the empty ones.
func (d Decision) String() string {
	b := []byte("didit.Decision(")
	start := len(b)
	for _, list := range [...]struct {
		name string
		n    int
	}{
		{"features", len(d.Features)},
		{"id_verifications", len(d.IDVerifications)},
		{"nfc_verifications", len(d.NFCVerifications)},
		{"liveness_checks", len(d.LivenessChecks)},
		{"face_matches", len(d.FaceMatches)},
		{"poa_verifications", len(d.POAVerifications)},
		{"database_validations", len(d.DatabaseValidations)},
		{"document_ai_documents", len(d.DocumentAIDocuments)},
		{"registry_checks", len(d.RegistryChecks)},
		{"key_people_checks", len(d.KeyPeopleChecks)},
		{"document_verifications", len(d.DocumentVerifications)},
		{"phone_verifications", len(d.PhoneVerifications)},
		{"email_verifications", len(d.EmailVerifications)},
		{"aml_screenings", len(d.AMLScreenings)},
		{"ip_analyses", len(d.IPAnalyses)},
		{"questionnaire_responses", len(d.QuestionnaireResponses)},
		{"reviews", len(d.Reviews)},
	} {
		if list.n == 0 {
			continue
		}
		if len(b) > start {
			b = append(b, ", "...)
		}
		b = append(append(b, list.name...), ": "...)
		b = strconv.AppendInt(b, int64(list.n), 10)
	}
	return string(append(b, ')'))
}

// GoString is String.
func (d Decision) GoString() string { return d.String() }

// Format prints String for every verb.
func (d Decision) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, d.String()) }

// LogValue is String.
func (d Decision) LogValue() slog.Value { return slog.StringValue(d.String()) }

// singularBlocks are the keys that blocks had before there could be several of each.
// They are sent by older API versions and to webhook destinations of version v2.
type singularBlocks struct {
	IDVerification     *IDVerification     `json:"id_verification"`
	NFC                *NFCVerification    `json:"nfc"`
	Liveness           *LivenessCheck      `json:"liveness"`
	FaceMatch          *FaceMatch          `json:"face_match"`
	POA                *POAVerification    `json:"poa"`
	Phone              *PhoneVerification  `json:"phone"`
	Email              *EmailVerification  `json:"email"`
	AML                *AMLScreening       `json:"aml"`
	IPAnalysis         *IPAnalysis         `json:"ip_analysis"`
	DatabaseValidation *DatabaseValidation `json:"database_validation"`
}

// lift moves the blocks that were sent into the lists of d that are empty.
func (s *singularBlocks) lift(d *Decision) {
	liftBlock(s.IDVerification, &d.IDVerifications)
	liftBlock(s.NFC, &d.NFCVerifications)
	liftBlock(s.Liveness, &d.LivenessChecks)
	liftBlock(s.FaceMatch, &d.FaceMatches)
	liftBlock(s.POA, &d.POAVerifications)
	liftBlock(s.Phone, &d.PhoneVerifications)
	liftBlock(s.Email, &d.EmailVerifications)
	liftBlock(s.AML, &d.AMLScreenings)
	liftBlock(s.IPAnalysis, &d.IPAnalyses)
	liftBlock(s.DatabaseValidation, &d.DatabaseValidations)
}

func liftBlock[B any](block *B, list *[]B) {
	// A value of another type than an object leaves a block without anything in it.
	if block == nil || len(*list) > 0 || reflect.ValueOf(block).Elem().IsZero() {
		return
	}
	*list = []B{*block}
}

// FeatureStatus is where one feature stands. It is an open set: a status that is
// not listed here decodes as it was sent.
type FeatureStatus string

// The statuses of features, fewer than those of sessions.
const (
	FeatureNotStarted     FeatureStatus = "Not Started"
	FeatureNotFinished    FeatureStatus = "Not Finished"
	FeatureInReview       FeatureStatus = "In Review"
	FeatureApproved       FeatureStatus = "Approved"
	FeatureDeclined       FeatureStatus = "Declined"
	FeatureExpired        FeatureStatus = "Expired"
	FeatureResubRequested FeatureStatus = "Resub Requested"
)

// Known reports whether s is one of the constants.
func (s FeatureStatus) Known() bool {
	switch s {
	case FeatureNotStarted, FeatureNotFinished, FeatureInReview, FeatureApproved, FeatureDeclined, FeatureExpired, FeatureResubRequested:
		return true
	}
	return false
}

// NFCSkipReason is why a chip was not read, an open set.
type NFCSkipReason string

// The reasons that are documented.
const (
	NFCUserSkipped                 NFCSkipReason = "USER_SKIPPED"
	NFCDocumentWithoutChip         NFCSkipReason = "DOCUMENT_WITHOUT_CHIP"
	NFCChipCertificateUnavailable  NFCSkipReason = "CHIP_CERTIFICATE_UNAVAILABLE"
	NFCDeviceWithoutNFC            NFCSkipReason = "DEVICE_WITHOUT_NFC"
	NFCIntegrationWithoutNFCAccess NFCSkipReason = "INTEGRATION_WITHOUT_NFC_ACCESS"
	NFCMRZKeyUnavailable           NFCSkipReason = "MRZ_KEY_UNAVAILABLE"
)

// LogType is how much a [Warning] weighs, an open set.
type LogType string

// The weights that are documented.
const (
	LogError       LogType = "error"
	LogWarning     LogType = "warning"
	LogInformation LogType = "information"
)

// Score is a number that Didit sends as a number or as text. What is neither, null
// and NaN included, is 0. Most scores run from 0 to 100.
type Score float64

// UnmarshalJSON reads a number or a number in quotes; it never fails.
func (s *Score) UnmarshalJSON(data []byte) error {
	*s = 0
	text := bytes.TrimSpace(bytes.Trim(data, `"`))
	if f, err := strconv.ParseFloat(string(text), 64); err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
		*s = Score(f)
	}
	return nil
}

// Text is a string that Didit sends as text or as a number. What is neither is "".
type Text string

// UnmarshalJSON reads a string, a number or a boolean; it never fails.
func (t *Text) UnmarshalJSON(data []byte) error {
	*t = ""
	switch {
	case len(data) == 0 || data[0] == '{' || data[0] == '[' || data[0] == 'n':
	case data[0] == '"':
		*t = Text(unquote(data))
	default:
		*t = Text(data)
	}
	return nil
}

// unquote reads a JSON string. Names have no escapes as a rule, and a decoder for
// each of them would cost more than they do.
func unquote(data []byte) string {
	if len(data) >= 2 && bytes.IndexByte(data, '\\') < 0 && utf8.Valid(data) {
		return string(data[1 : len(data)-1])
	}
	var text string
	_ = json.Unmarshal(data, &text) // the decoder that calls has found it valid
	return text
}

// Timestamp is an instant in UTC. One that cannot be read is zero.
type Timestamp struct{ time.Time }

// UnmarshalJSON reads the forms that Didit sends; it never fails, for the error
// would stop the decoding and quote what was sent.
func (t *Timestamp) UnmarshalJSON(data []byte) error {
	var m moment
	_ = m.UnmarshalJSON(data) // never fails either
	t.Time = time.Time(m)
	return nil
}

// Features are the steps of a session's workflow.
type Features []Feature

// Has reports whether a feature such as "ID_VERIFICATION" is among them.
func (f Features) Has(name string) bool {
	for i := range f {
		if f[i].Feature == name {
			return true
		}
	}
	return false
}

// Feature is one step of a workflow. Didit sends its name alone, or the name with
// the node (include=events) or with the status (rows of lists).
type Feature struct {
	Feature string        `json:"feature"` // "ID_VERIFICATION", "LIVENESS", "KYB_REGISTRY", ...
	NodeID  string        `json:"node_id,omitempty"`
	Status  FeatureStatus `json:"status,omitempty"`
}

// UnmarshalJSON reads a name or an object.
func (f *Feature) UnmarshalJSON(data []byte) error {
	*f = Feature{}
	if len(data) > 0 && data[0] == '"' {
		f.Feature = unquote(data)
		return nil
	}
	type plain Feature
	return lenient(json.Unmarshal(data, (*plain)(f)))
}

// Warning is a risk that a feature found.
//
// https://docs.didit.me/reference/data-models
type Warning struct {
	Feature          string          `json:"feature"` // "FACEMATCH" here is "FACE_MATCH" in [Features]
	Risk             string          `json:"risk"`    // "DOCUMENT_EXPIRED", ...
	AdditionalData   json.RawMessage `json:"additional_data,omitempty"`
	LogType          LogType         `json:"log_type"`
	ShortDescription string          `json:"short_description"`
	LongDescription  string          `json:"long_description"`
	NodeID           string          `json:"node_id"`
}

// Match is another session, list entry or template that resembles this one. Much of
// it is empty where Source is not "session".
type Match struct {
	SessionID            string          `json:"session_id"`
	SessionNumber        int64           `json:"session_number"`
	SimilarityPercentage Score           `json:"similarity_percentage"`
	Score                Score           `json:"score"`  // some features send this instead
	Source               string          `json:"source"` // "session", "imported", "list_entry", "retained_template"
	VendorData           string          `json:"vendor_data"`
	VendorUserID         string          `json:"vendor_user_id"`
	BiometricTemplateID  string          `json:"biometric_template_id"`
	VerificationDate     string          `json:"verification_date"`
	UserDetails          json.RawMessage `json:"user_details,omitempty"`
	MatchImageURL        string          `json:"match_image_url"` // expires within the hour
	Status               string          `json:"status"`
	IsBlocklisted        bool            `json:"is_blocklisted"`
	IsAllowlisted        bool            `json:"is_allowlisted"`
	APIService           string          `json:"api_service"`
}

// Review is a change of status by a person or by the API.
type Review struct {
	User      string        `json:"user"` // "API Client" for the API, "Unknown" where it cannot be told
	NewStatus SessionStatus `json:"new_status"`
	Comment   string        `json:"comment"`
	CreatedAt Timestamp     `json:"created_at,omitzero"`
}

// Coordinates are a place on earth, in degrees.
type Coordinates struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}

// ParsedAddress is an address taken apart.
type ParsedAddress struct {
	AddressType      string       `json:"address_type"`
	Category         string       `json:"category"`
	Label            string       `json:"label"`
	FormattedAddress string       `json:"formatted_address"`
	Street1          string       `json:"street_1"`
	Street2          string       `json:"street_2"`
	City             string       `json:"city"`
	Region           string       `json:"region"`
	PostalCode       string       `json:"postal_code"`
	Country          string       `json:"country"`
	IsVerified       bool         `json:"is_verified"`
	DocumentLocation *Coordinates `json:"document_location,omitempty"` // nil: unknown
}

// ImageQuality is how well a side of a document was photographed, from 0 to 100.
type ImageQuality struct {
	FocusScore             Score  `json:"focus_score"`
	BrightnessScore        Score  `json:"brightness_score"`
	BrightnessIssue        string `json:"brightness_issue"`
	IsDocumentFullyVisible bool   `json:"is_document_fully_visible"`
	ResolutionScore        Score  `json:"resolution_score"`
	OverallScore           Score  `json:"overall_score"`
}

// IDVerification is one identity document. Its links to images and videos expire
// within the hour.
type IDVerification struct {
	NodeID             string        `json:"node_id"` // empty in older sessions
	Status             FeatureStatus `json:"status"`
	VerificationMethod string        `json:"verification_method"` // "document", "id_lookup", "wallet"
	Assurance          string        `json:"assurance"`           // "documentary", "data_match", "cryptographic"

	DocumentType    string `json:"document_type"` // "Identity Card", "Passport", ...
	DocumentSubtype string `json:"document_subtype"`
	DocumentNumber  string `json:"document_number"`
	PersonalNumber  string `json:"personal_number"`

	PortraitImage         string `json:"portrait_image"`
	FrontImage            string `json:"front_image"`
	FrontVideo            string `json:"front_video"`
	BackImage             string `json:"back_image"`
	BackVideo             string `json:"back_video"`
	FullFrontImage        string `json:"full_front_image"`
	FullBackImage         string `json:"full_back_image"`
	FrontImageCameraFront string `json:"front_image_camera_front"`
	BackImageCameraFront  string `json:"back_image_camera_front"`

	DateOfBirth      string `json:"date_of_birth"` // "1990-01-31", as are the other dates
	Age              int    `json:"age"`
	ExpirationDate   string `json:"expiration_date"`
	DateOfIssue      string `json:"date_of_issue"`
	IssuingState     string `json:"issuing_state"` // alpha-3
	IssuingStateName string `json:"issuing_state_name"`

	FirstName        string        `json:"first_name"`
	LastName         string        `json:"last_name"`
	FullName         string        `json:"full_name"`
	Gender           string        `json:"gender"` // "M", "F", "U"
	Address          string        `json:"address"`
	FormattedAddress string        `json:"formatted_address"`
	ParsedAddress    ParsedAddress `json:"parsed_address"`
	PlaceOfBirth     string        `json:"place_of_birth"`
	MaritalStatus    string        `json:"marital_status"`
	Nationality      string        `json:"nationality"` // alpha-3

	ExtraFields            json.RawMessage   `json:"extra_fields,omitempty"` // what only this kind of document has
	MRZ                    json.RawMessage   `json:"mrz,omitempty"`
	ExtraFiles             []json.RawMessage `json:"extra_files,omitempty"`
	FrontImageQualityScore ImageQuality      `json:"front_image_quality_score"`
	BackImageQualityScore  ImageQuality      `json:"back_image_quality_score"`
	Warnings               []Warning         `json:"warnings,omitempty"`
	Matches                []Match           `json:"matches,omitempty"`

	FallbackFrom       json.RawMessage `json:"fallback_from,omitempty"`
	IDLookup           json.RawMessage `json:"id_lookup,omitempty"`
	WalletProvider     string          `json:"wallet_provider"`
	WalletVerification json.RawMessage `json:"wallet_verification,omitempty"`
}

// NFCVerification is what was read from a document's chip. Its links to images
// expire within the hour.
type NFCVerification struct {
	NodeID             string             `json:"node_id"`
	Status             FeatureStatus      `json:"status"`
	IsNFCSkipped       bool               `json:"is_nfc_skipped"`
	SkipReason         NFCSkipReason      `json:"skip_reason"`
	PortraitImage      string             `json:"portrait_image"`
	SignatureImage     string             `json:"signature_image"`
	ChipData           ChipData           `json:"chip_data"`
	Authenticity       ChipAuthenticity   `json:"authenticity"`
	CertificateSummary CertificateSummary `json:"certificate_summary"`
	Warnings           []Warning          `json:"warnings,omitempty"`
}

// ChipData is what the chip says of its holder. Dates are as "1990-01-31".
type ChipData struct {
	DocumentType   string `json:"document_type"`
	IssuingCountry string `json:"issuing_country"`
	DocumentNumber string `json:"document_number"`
	ExpirationDate string `json:"expiration_date"`
	FirstName      string `json:"first_name"`
	LastName       string `json:"last_name"`
	BirthDate      string `json:"birth_date"`
	Gender         string `json:"gender"`
	Nationality    string `json:"nationality"`
	Address        string `json:"address"`
	PlaceOfBirth   string `json:"place_of_birth"`
}

// ChipAuthenticity is whether the chip's content is what its issuer signed; false
// where that was not checked.
type ChipAuthenticity struct {
	SODIntegrity bool `json:"sod_integrity"` // the signed index of the chip's content
	DGIntegrity  bool `json:"dg_integrity"`  // the content itself
}

// CertificateSummary is the certificate that the chip was signed with.
type CertificateSummary struct {
	Issuer         string `json:"issuer"`
	Subject        string `json:"subject"`
	SerialNumber   Text   `json:"serial_number"`
	NotValidAfter  string `json:"not_valid_after"` // in no single format
	NotValidBefore string `json:"not_valid_before"`
}

// LivenessCheck is whether a living person was in front of the camera. Its links to
// the image and the video expire within the hour.
type LivenessCheck struct {
	NodeID         string        `json:"node_id"`
	Status         FeatureStatus `json:"status"`
	Method         string        `json:"method"` // "ACTIVE_3D", "FLASHING", "PASSIVE"; some answers have lower case
	Score          Score         `json:"score"`
	ReferenceImage string        `json:"reference_image"`
	VideoURL       string        `json:"video_url"`
	AgeEstimation  Score         `json:"age_estimation"` // years
	FaceQuality    Score         `json:"face_quality"`
	FaceLuminance  Score         `json:"face_luminance"`
	Matches        []Match       `json:"matches,omitempty"` // other sessions with this face
	Warnings       []Warning     `json:"warnings,omitempty"`
}

// FaceMatch compares the person in front of the camera with the document's portrait.
// Its links to images expire within the hour.
type FaceMatch struct {
	NodeID               string        `json:"node_id"`
	Status               FeatureStatus `json:"status"`
	Score                Score         `json:"score"`
	SourceImageSessionID string        `json:"source_image_session_id"`
	SourceImage          string        `json:"source_image"`
	TargetImage          string        `json:"target_image"`
	Warnings             []Warning     `json:"warnings,omitempty"`
}

// POAVerification is one proof of address. Its link to the document expires within
// the hour.
type POAVerification struct {
	NodeID           string          `json:"node_id"`
	Status           FeatureStatus   `json:"status"`
	DocumentFile     string          `json:"document_file"`
	IssuingState     string          `json:"issuing_state"`
	DocumentType     string          `json:"document_type"` // "UTILITY_BILL", "BANK_STATEMENT", "GOVERNMENT_ISSUED_DOCUMENT", ...
	DocumentSubtype  string          `json:"document_subtype"`
	DocumentLanguage string          `json:"document_language"`
	DocumentMetadata json.RawMessage `json:"document_metadata,omitempty"`
	Issuer           string          `json:"issuer"`
	IssueDate        string          `json:"issue_date"` // "2026-01-31"
	ExpirationDate   string          `json:"expiration_date"`

	POAAddress          string        `json:"poa_address"`
	POAFormattedAddress string        `json:"poa_formatted_address"`
	POAParsedAddress    ParsedAddress `json:"poa_parsed_address"`

	NameOnDocument                  string `json:"name_on_document"`
	NameMatchScoreExpectedDetails   Score  `json:"name_match_score_expected_details"`
	NameMatchScoreIDVerification    Score  `json:"name_match_score_id_verification"`
	ExpectedDetailsAddress          string `json:"expected_details_address"`
	ExpectedDetailsFormattedAddress string `json:"expected_details_formatted_address"`

	ExpectedDetailsParsedAddress ParsedAddress     `json:"expected_details_parsed_address"`
	ExtraFields                  json.RawMessage   `json:"extra_fields,omitempty"`
	ExtraFiles                   []json.RawMessage `json:"extra_files,omitempty"`
	DetectedCodes                []json.RawMessage `json:"detected_codes,omitempty"` // bar codes and the like
	Warnings                     []Warning         `json:"warnings,omitempty"`
}

// DatabaseValidation compares the person's data with registers of a country.
type DatabaseValidation struct {
	NodeID         string            `json:"node_id"`
	Status         FeatureStatus     `json:"status"`
	IssuingState   string            `json:"issuing_state"`
	ValidationType string            `json:"validation_type"` // "one_by_one", "two_by_two", "not_enabled"
	ScreenedData   json.RawMessage   `json:"screened_data,omitempty"`
	Validations    []RegisterMatch   `json:"validations,omitempty"`
	Errors         []json.RawMessage `json:"errors,omitempty"`
	MatchType      string            `json:"match_type"` // "full_match", "partial_match", "no_match"
	Warnings       []Warning         `json:"warnings,omitempty"`
}

// RegisterMatch is the answer of one register.
type RegisterMatch struct {
	ServiceID     string          `json:"service_id"`
	ServiceName   string          `json:"service_name"`
	Validation    json.RawMessage `json:"validation,omitempty"` // the result by field
	OutcomeCode   Text            `json:"outcome_code"`
	OutcomeDetail Text            `json:"outcome_detail"`
	SourceData    json.RawMessage `json:"source_data,omitempty"`
}

// DocumentAIDocument is a step in which other documents were read. Links in its
// items expire within the hour.
type DocumentAIDocument struct {
	NodeID   string            `json:"node_id"`
	Status   FeatureStatus     `json:"status"`
	Items    []json.RawMessage `json:"items,omitempty"` // as the workflow defines them
	Warnings []Warning         `json:"warnings,omitempty"`
}

// PhoneVerification is one telephone number.
type PhoneVerification struct {
	NodeID               string           `json:"node_id"`
	Status               FeatureStatus    `json:"status"`
	PhoneNumberPrefix    string           `json:"phone_number_prefix"` // "+34"
	PhoneNumber          string           `json:"phone_number"`
	FullNumber           string           `json:"full_number"`  // both
	CountryCode          string           `json:"country_code"` // alpha-2
	CountryName          string           `json:"country_name"`
	Carrier              Carrier          `json:"carrier"`
	IsDisposable         bool             `json:"is_disposable"`
	IsVirtual            bool             `json:"is_virtual"`
	VerificationMethod   string           `json:"verification_method"`
	VerificationAttempts int              `json:"verification_attempts"`
	VerifiedAt           Timestamp        `json:"verified_at,omitzero"`
	Lifecycle            []LifecycleEvent `json:"lifecycle,omitempty"`
	Matches              []Match          `json:"matches,omitempty"`
	Warnings             []Warning        `json:"warnings,omitempty"`
}

// Carrier is who operates a telephone number.
type Carrier struct {
	Name string `json:"name"`
	Type string `json:"type"` // "mobile", ...
}

// LifecycleEvent is one step of verifying a telephone number or an address.
type LifecycleEvent struct {
	Type      string          `json:"type"`
	Timestamp Timestamp       `json:"timestamp,omitzero"`
	Details   json.RawMessage `json:"details,omitempty"`
	Fee       Score           `json:"fee"`
}

// EmailVerification is one e-mail address.
type EmailVerification struct {
	NodeID               string            `json:"node_id"`
	Status               FeatureStatus     `json:"status"`
	Email                string            `json:"email"`
	IsBreached           bool              `json:"is_breached"`
	Breaches             []json.RawMessage `json:"breaches,omitempty"`
	IsDisposable         bool              `json:"is_disposable"`
	IsUndeliverable      bool              `json:"is_undeliverable"`
	VerificationAttempts int               `json:"verification_attempts"`
	VerifiedAt           Timestamp         `json:"verified_at,omitzero"`
	Lifecycle            []LifecycleEvent  `json:"lifecycle,omitempty"`
	Matches              []Match           `json:"matches,omitempty"`
	Warnings             []Warning         `json:"warnings,omitempty"`
}

// AMLScreening is a search of sanction lists, politically exposed persons and media.
type AMLScreening struct {
	NodeID                        string        `json:"node_id"`
	Status                        FeatureStatus `json:"status"`
	TotalHits                     int           `json:"total_hits"`
	EntityType                    string        `json:"entity_type"` // "person", "company"
	Hits                          []AMLHit      `json:"hits,omitempty"`
	Score                         Score         `json:"score"`
	ScreenedData                  ScreenedData  `json:"screened_data"`
	IsOngoingMonitoringEnabled    bool          `json:"is_ongoing_monitoring_enabled"`
	NextOngoingMonitoringBillDate string        `json:"next_ongoing_monitoring_bill_date"`
	Warnings                      []Warning     `json:"warnings,omitempty"`
}

// ScreenedData is who was searched for.
type ScreenedData struct {
	FullName       string `json:"full_name"`
	Nationality    string `json:"nationality"`
	DateOfBirth    string `json:"date_of_birth"`
	DocumentNumber string `json:"document_number"`
}

// AMLHit is one entry that may be the person or the company. What lists and media
// say is kept as it was sent, because every source says it differently.
type AMLHit struct {
	ID                    string          `json:"id"`
	URL                   string          `json:"url"`
	Caption               string          `json:"caption"`
	Match                 bool            `json:"match"`
	Target                bool            `json:"target"`
	Score                 Score           `json:"score"`
	MatchScore            Score           `json:"match_score"` // how likely it is the same
	RiskScore             Score           `json:"risk_score"`  // how grave it is if so
	ReviewStatus          string          `json:"review_status"`
	Datasets              []string        `json:"datasets,omitempty"`
	FirstSeen             Timestamp       `json:"first_seen,omitzero"`
	LastSeen              Timestamp       `json:"last_seen,omitzero"`
	Properties            json.RawMessage `json:"properties,omitempty"`
	RiskView              json.RawMessage `json:"risk_view,omitempty"`
	ScoreBreakdown        json.RawMessage `json:"score_breakdown,omitempty"`
	PEPMatches            json.RawMessage `json:"pep_matches,omitempty"`
	SanctionMatches       json.RawMessage `json:"sanction_matches,omitempty"`
	WarningMatches        json.RawMessage `json:"warning_matches,omitempty"`
	AdverseMediaMatches   json.RawMessage `json:"adverse_media_matches,omitempty"`
	AdverseMediaDetails   json.RawMessage `json:"adverse_media_details,omitempty"`
	LinkedEntities        json.RawMessage `json:"linked_entities,omitempty"`
	AdditionalInformation json.RawMessage `json:"additional_information,omitempty"`
}

// IPAnalysis is the device and the network that a session was done with.
type IPAnalysis struct {
	NodeID            string        `json:"node_id"`
	Status            FeatureStatus `json:"status"`
	DeviceBrand       string        `json:"device_brand"`
	DeviceModel       string        `json:"device_model"`
	BrowserFamily     string        `json:"browser_family"`
	OSFamily          string        `json:"os_family"`
	Platform          string        `json:"platform"`
	DeviceFingerprint string        `json:"device_fingerprint"`

	IPAddress      string  `json:"ip_address"`
	IPCountry      string  `json:"ip_country"`
	IPCountryCode  string  `json:"ip_country_code"` // alpha-2
	IPState        string  `json:"ip_state"`
	IPCity         string  `json:"ip_city"`
	Latitude       float64 `json:"latitude"`
	Longitude      float64 `json:"longitude"`
	ISP            string  `json:"isp"`
	Organization   string  `json:"organization"`
	IsVPNOrTor     bool    `json:"is_vpn_or_tor"`
	IsDataCenter   bool    `json:"is_data_center"`
	TimeZone       string  `json:"time_zone"`
	TimeZoneOffset Text    `json:"time_zone_offset"` // "-8" or "+0100"

	// Where the address and the documents are, and how far from each other; nil: unknown.
	IP          *GeoPosition `json:"ip,omitempty"`
	IDDocument  *GeoPosition `json:"id_document,omitempty"`
	POADocument *GeoPosition `json:"poa_document,omitempty"`

	Matches  []Match   `json:"matches,omitempty"`
	Warnings []Warning `json:"warnings,omitempty"`
}

// GeoPosition is a place and its distance from the others; nil: unknown.
type GeoPosition struct {
	Location                *Coordinates `json:"location,omitempty"`
	DistanceFromIP          *GeoDistance `json:"distance_from_ip,omitempty"`
	DistanceFromIDDocument  *GeoDistance `json:"distance_from_id_document,omitempty"`
	DistanceFromPOADocument *GeoDistance `json:"distance_from_poa_document,omitempty"`
}

// GeoDistance is how far a place is, and in which direction.
type GeoDistance struct {
	Distance  Score  `json:"distance"`  // kilometres
	Direction string `json:"direction"` // "N", "NE", ...
}

// QuestionnaireResponses are the questionnaires of a session. Didit sends them as a
// list, older versions as an object keyed by question node: each of its members is
// one item here, with its key as NodeID and what was sent for it in Answer.
type QuestionnaireResponses []QuestionnaireResponse

// UnmarshalJSON reads the list and the object.
func (q *QuestionnaireResponses) UnmarshalJSON(data []byte) error {
	*q = nil
	switch {
	case len(data) == 0:
	case data[0] == '[':
		return lenient(json.Unmarshal(data, (*[]QuestionnaireResponse)(q)))
	case data[0] == '{':
		var one QuestionnaireResponse
		if err := lenient(json.Unmarshal(data, &one)); err != nil {
			return err
		}
		if one.QuestionnaireID != "" || len(one.Sections) > 0 {
			*q = QuestionnaireResponses{one} // a single questionnaire, in no list
			return nil
		}
		return q.keyed(data)
	}
	return nil
}

// maxKeyed is how many members the object form may have: as many as a list.
const maxKeyed = 10_000

// keyed reads the object keyed by question node, in the order in which it was sent.
// Its data has been found valid, so that the decoder has nothing to report.
func (q *QuestionnaireResponses) keyed(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	_, _ = dec.Token() // the brace
	for dec.More() {
		if len(*q) == maxKeyed {
			*q = nil
			return errors.New("more than 10,000 questionnaire responses")
		}
		var r QuestionnaireResponse
		key, _ := dec.Token()
		_ = dec.Decode(&r.Answer)
		answer := r.Answer
		_ = json.Unmarshal(answer, &r) // of an answer that is no object, nothing
		r.Answer = answer
		if node, ok := key.(string); ok && r.NodeID == "" {
			r.NodeID = node
		}
		*q = append(*q, r)
	}
	return nil
}

// QuestionnaireResponse is one questionnaire with its answers.
type QuestionnaireResponse struct {
	NodeID                string                 `json:"node_id"`
	Status                FeatureStatus          `json:"status"`
	QuestionnaireID       string                 `json:"questionnaire_id"`
	Title                 string                 `json:"title"`
	Description           string                 `json:"description"`
	Languages             []string               `json:"languages,omitempty"`
	DefaultLanguage       string                 `json:"default_language"`
	IsActive              bool                   `json:"is_active"`
	IsSimpleQuestionnaire bool                   `json:"is_simple_questionnaire"`
	QuestionnaireGroupID  string                 `json:"questionnaire_group_id"`
	Version               int                    `json:"version"`
	PublishedAt           Timestamp              `json:"published_at,omitzero"`
	Sections              []QuestionnaireSection `json:"sections,omitempty"`
	Warnings              []Warning              `json:"warnings,omitempty"`
	Answer                json.RawMessage        `json:"answer,omitempty"` // the object form only
}

// QuestionnaireSection is a part of a questionnaire.
type QuestionnaireSection struct {
	Title       string              `json:"title"`
	Description string              `json:"description"`
	Items       []QuestionnaireItem `json:"items,omitempty"`
}

// QuestionnaireItem is a question and what was answered to it.
type QuestionnaireItem struct {
	UUID        string          `json:"uuid"`
	ElementType string          `json:"element_type"` // "SHORT_TEXT", ...
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Value       json.RawMessage `json:"value,omitempty"`
	Answer      json.RawMessage `json:"answer,omitempty"` // some answers have this instead
}

// RegistryCheck is what a company register says.
//
// https://docs.didit.me/reference/data-models
type RegistryCheck struct {
	NodeID             string          `json:"node_id"`
	Status             FeatureStatus   `json:"status"`
	DataResolved       bool            `json:"data_resolved"` // the register has answered, or the data was entered by hand
	Company            Company         `json:"company"`
	OwnershipStructure json.RawMessage `json:"ownership_structure,omitempty"`
	Warnings           []Warning       `json:"warnings,omitempty"`
}

// Company is a registered company. Didit sends some 37 fields, most of which only
// some registers have; Raw has them all.
type Company struct {
	UUID               string          `json:"uuid"`
	CompanyName        string          `json:"company_name"`
	AlternativeNames   []string        `json:"alternative_names,omitempty"`
	RegistrationNumber Text            `json:"registration_number"`
	CountryCode        string          `json:"country_code"`
	CompanyType        string          `json:"company_type"`
	RegistryStatus     string          `json:"registry_status"` // the register's own word; Status is the check's
	Status             FeatureStatus   `json:"status"`
	VerificationStatus string          `json:"verification_status"`
	IsFromRegistry     *bool           `json:"is_from_registry,omitempty"` // false: entered by hand; nil: not said
	IncorporationDate  string          `json:"incorporation_date"`
	RegisteredAddress  Text            `json:"registered_address"`
	TaxNumber          Text            `json:"tax_number"`
	VATNumber          Text            `json:"vat_number"`
	Raw                json.RawMessage `json:"-"` // as received
}

// UnmarshalJSON reads the typed fields and keeps all in Raw.
func (c *Company) UnmarshalJSON(data []byte) error {
	type plain Company
	*c = Company{}
	if err := lenient(json.Unmarshal(data, (*plain)(c))); err != nil {
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
	NodeID        string          `json:"node_id"`
	Status        FeatureStatus   `json:"status"`
	Registry      RegistryPeople  `json:"registry"`
	Submitted     SubmittedPeople `json:"submitted"`
	UBOKYCSummary *UBOKYCSummary  `json:"ubo_kyc_summary,omitempty"` // nil: owners are not verified one by one
	Warnings      []Warning       `json:"warnings,omitempty"`
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
	if err := lenient(json.Unmarshal(data, (*plain)(p))); err != nil {
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
		r.Role = unquote(data)
		return nil
	}
	type plain KeyPersonRole
	return lenient(json.Unmarshal(data, (*plain)(r)))
}

// DocumentVerification is a step in which a company's documents were read. Links in
// its items expire within the hour.
type DocumentVerification struct {
	NodeID         string            `json:"node_id"`
	Status         FeatureStatus     `json:"status"`
	Items          []json.RawMessage `json:"items,omitempty"`
	Groups         json.RawMessage   `json:"groups,omitempty"`
	RequiredGroups []string          `json:"required_groups,omitempty"` // "LEGAL_PRESENCE", "OWNERSHIP_STRUCTURE", ...
	Warnings       []Warning         `json:"warnings,omitempty"`
}
