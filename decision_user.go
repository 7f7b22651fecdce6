package didit

import (
	"cmp"
	"encoding/json"
)

// IDVerification is one identity document. Its links to images and videos expire.
//
// https://docs.didit.me/reference/data-models
type IDVerification struct {
	Check
	VerificationMethod string `json:"verification_method"` // "document", "id_lookup", "wallet"
	Assurance          string `json:"assurance"`           // "documentary", "data_match", "cryptographic"

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

	// How alike, from 0 to 100, the face before the front camera was while a side of the
	// document was photographed; nil where no face was seen, which is common and says
	// nothing. A low score says that somebody else held the document: integrations that
	// are known refuse under 20. Didit's pages do not describe it.
	FrontImageCameraFrontFaceMatchScore *Score `json:"front_image_camera_front_face_match_score,omitempty"`
	BackImageCameraFrontFaceMatchScore  *Score `json:"back_image_camera_front_face_match_score,omitempty"`

	DateOfBirth      string `json:"date_of_birth"` // "1990-01-31", as are the other dates
	Age              int    `json:"age"`           // years, when it was verified
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
	Barcodes               []json.RawMessage `json:"barcodes,omitempty"`
	DocumentLiveness       json.RawMessage   `json:"document_liveness,omitempty"` // whether the document itself was there, not a screen or a copy
	ExtraFiles             []json.RawMessage `json:"extra_files,omitempty"`
	FrontImageQualityScore ImageQuality      `json:"front_image_quality_score"`
	BackImageQualityScore  ImageQuality      `json:"back_image_quality_score"`
	Matches                []Match           `json:"matches,omitempty"`

	FallbackFrom       json.RawMessage `json:"fallback_from,omitempty"`
	IDLookup           json.RawMessage `json:"id_lookup,omitempty"`
	WalletProvider     string          `json:"wallet_provider"`
	WalletVerification json.RawMessage `json:"wallet_verification,omitempty"`
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

// ParsedAddress is an address taken apart.
type ParsedAddress struct {
	ID               StringOrNumber `json:"id"`
	AddressType      string         `json:"address_type"`
	Category         string         `json:"category"`
	Label            string         `json:"label"`
	FormattedAddress string         `json:"formatted_address"`
	Street1          string         `json:"street_1"`
	Street2          string         `json:"street_2"`
	City             string         `json:"city"`
	Region           string         `json:"region"`
	PostalCode       string         `json:"postal_code"`
	Country          string         `json:"country"`
	IsVerified       bool           `json:"is_verified"`
	IsBestMatch      bool           `json:"is_best_match"`               // the geocoder was sure of it
	DocumentLocation *Coordinates   `json:"document_location,omitempty"` // nil: unknown
}

// NFCVerification is what was read from a document's chip. Its links to images expire.
//
// https://docs.didit.me/reference/data-models
type NFCVerification struct {
	Check
	IsNFCSkipped       bool               `json:"is_nfc_skipped"`
	SkipReason         NFCSkipReason      `json:"skip_reason"`
	PortraitImage      string             `json:"portrait_image"`
	SignatureImage     string             `json:"signature_image"`
	ChipData           ChipData           `json:"chip_data"`
	Authenticity       ChipAuthenticity   `json:"authenticity"`
	CertificateSummary CertificateSummary `json:"certificate_summary"`
	ChipProtocol       string             `json:"chip_protocol"`
	JPKI               json.RawMessage    `json:"jpki,omitempty"` // what a Japanese My Number card says of itself
}

// NFCSkipReason is why a chip was not read, an open set.
type NFCSkipReason string

// The reasons that are documented.
const (
	NFCSkipUserSkipped                 NFCSkipReason = "USER_SKIPPED"
	NFCSkipDocumentWithoutChip         NFCSkipReason = "DOCUMENT_WITHOUT_CHIP"
	NFCSkipChipCertificateUnavailable  NFCSkipReason = "CHIP_CERTIFICATE_UNAVAILABLE"
	NFCSkipDeviceWithoutNFC            NFCSkipReason = "DEVICE_WITHOUT_NFC"
	NFCSkipIntegrationWithoutNFCAccess NFCSkipReason = "INTEGRATION_WITHOUT_NFC_ACCESS"
	NFCSkipMRZKeyUnavailable           NFCSkipReason = "MRZ_KEY_UNAVAILABLE"
)

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

	MRZString    string         `json:"mrz_string"` // the machine-readable zone as it is on the chip
	MRZType      string         `json:"mrz_type"`   // "TD1", "TD3", ...
	OptionalData StringOrNumber `json:"optional_data"`

	chipKeys
}

// chipKeys are other names of fields of ChipData. They are empty once a session is
// decoded.
type chipKeys struct {
	Surname    string `json:"surname,omitempty"`
	Name       string `json:"name,omitempty"`
	Sex        string `json:"sex,omitempty"`
	Country    string `json:"country,omitempty"`
	ExpiryDate string `json:"expiry_date,omitempty"`
}

func (c *ChipData) settle() {
	c.LastName = cmp.Or(c.LastName, c.Surname)
	c.FirstName = cmp.Or(c.FirstName, c.Name)
	c.Gender = cmp.Or(c.Gender, c.Sex)
	c.IssuingCountry = cmp.Or(c.IssuingCountry, c.Country)
	c.ExpirationDate = cmp.Or(c.ExpirationDate, c.ExpiryDate)
	c.chipKeys = chipKeys{}
}

// ChipAuthenticity is whether the chip's content is what its issuer signed; false
// where that was not checked.
type ChipAuthenticity struct {
	SODIntegrity bool `json:"sod_integrity"` // the signed index of the chip's content
	DGIntegrity  bool `json:"dg_integrity"`  // the content itself
}

// CertificateSummary is the certificate that the chip was signed with.
type CertificateSummary struct {
	Issuer         string         `json:"issuer"`
	Subject        string         `json:"subject"`
	SerialNumber   StringOrNumber `json:"serial_number"`
	NotValidAfter  string         `json:"not_valid_after"` // in no single format
	NotValidBefore string         `json:"not_valid_before"`
}

// LivenessCheck is whether a living person was in front of the camera. Its links to
// the image and the video expire.
//
// https://docs.didit.me/reference/data-models
type LivenessCheck struct {
	Check
	Method         string  `json:"method"` // "ACTIVE_3D", "FLASHING", "PASSIVE"; some answers have lower case
	Score          Score   `json:"score"`  // from 0 to 100; lists have been seen with 0 to 1
	ReferenceImage string  `json:"reference_image"`
	VideoURL       string  `json:"video_url"`
	AgeEstimation  Score   `json:"age_estimation"` // years
	FaceQuality    Score   `json:"face_quality"`
	FaceLuminance  Score   `json:"face_luminance"`
	Matches        []Match `json:"matches,omitempty"` // other sessions with this face

	livenessKeys
}

// livenessKeys are other names of fields of LivenessCheck. They are empty once a
// session is decoded.
type livenessKeys struct {
	FaceLivenessMethod string `json:"face_liveness_method,omitempty"`
}

func (c *LivenessCheck) settle() {
	c.Method = cmp.Or(c.Method, c.FaceLivenessMethod)
	c.livenessKeys = livenessKeys{}
}

// FaceMatch compares the person in front of the camera with the document's portrait.
// Its links to images expire.
//
// https://docs.didit.me/reference/data-models
type FaceMatch struct {
	Check
	Score                Score  `json:"score"` // from 0 to 100
	SourceImageSessionID string `json:"source_image_session_id"`
	SourceImage          string `json:"source_image"`
	TargetImage          string `json:"target_image"`
}

// POAVerification is one proof of address. Its link to the document expires.
//
// https://docs.didit.me/reference/data-models
type POAVerification struct {
	Check
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
	NameMatchScoreExpectedDetails   *Score `json:"name_match_score_expected_details,omitempty"` // from 0 to 100; nil: nothing to compare with
	NameMatchScoreIDVerification    *Score `json:"name_match_score_id_verification,omitempty"`  // likewise
	ExpectedDetailsAddress          string `json:"expected_details_address"`
	ExpectedDetailsFormattedAddress string `json:"expected_details_formatted_address"`

	ExpectedDetailsParsedAddress ParsedAddress     `json:"expected_details_parsed_address"`
	ExtraFields                  json.RawMessage   `json:"extra_fields,omitempty"`
	ExtraFiles                   []json.RawMessage `json:"extra_files,omitempty"`
	DetectedCodes                []json.RawMessage `json:"detected_codes,omitempty"` // bar codes and the like
}

// DatabaseValidation compares the person's data with registers of a country.
//
// https://docs.didit.me/reference/data-models
type DatabaseValidation struct {
	Check
	IssuingState   string            `json:"issuing_state"`
	ValidationType string            `json:"validation_type"` // "one_by_one", "two_by_two", "not_enabled"
	ScreenedData   json.RawMessage   `json:"screened_data,omitempty"`
	Validations    []RegisterMatch   `json:"validations,omitempty"`
	Errors         []json.RawMessage `json:"errors,omitempty"`
	MatchType      string            `json:"match_type"` // "full_match", "partial_match", "no_match"
}

// RegisterMatch is the answer of one register.
type RegisterMatch struct {
	ServiceID     string          `json:"service_id"`
	ServiceName   string          `json:"service_name"`
	Validation    json.RawMessage `json:"validation,omitempty"` // the result by field
	OutcomeCode   StringOrNumber  `json:"outcome_code"`
	OutcomeDetail StringOrNumber  `json:"outcome_detail"`
	SourceData    json.RawMessage `json:"source_data,omitempty"`
}

// DocumentAIDocument is a step in which other documents were read. Links in its
// items expire.
//
// https://docs.didit.me/reference/data-models
type DocumentAIDocument struct {
	Check
	Items []json.RawMessage `json:"items,omitempty"` // as the workflow defines them
}
