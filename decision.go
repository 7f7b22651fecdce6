package didit

import (
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"strconv"
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

func liftBlock[B any](block *B, list *[]B) {
	// A value of another type than an object leaves a block without anything in it.
	if block == nil || len(*list) > 0 || reflect.ValueOf(block).Elem().IsZero() {
		return
	}
	*list = []B{*block}
}

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

// Review is a change of status by a person or by the API.
type Review struct {
	User      string        `json:"user"` // "API Client" for the API, "Unknown" where it cannot be told
	NewStatus SessionStatus `json:"new_status"`
	Comment   string        `json:"comment"`
	CreatedAt Timestamp     `json:"created_at,omitzero"`
}
