package didit

import (
	"iter"
	"reflect"
	"strings"
)

// Decision is what Didit checked: one list per feature, in which each item is one
// step of the workflow. A list is empty until its feature has run, and stays empty
// where the workflow does not have it. Singular blocks of older decisions are in the
// same lists. A workflow can be told to return less, so no list is sure to be there.
// Parts without a fixed form are kept as they were sent, a null as "null".
//
// It prints how many items each list has, nothing of a person. A single block, such
// as IDVerifications[0], prints its fields: whoever prints one means to.
//
// Every link to an image, a video or a document in it expires, after an hour by
// Didit's pages: read the session again rather than keep one. A key without media
// access gets none.
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

	// StatusOverride was null wherever it was seen, and Didit's pages do not describe it.
	StatusOverride SessionStatus `json:"status_override,omitempty"`

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

// Checks walks every block of every list, in the order of the fields of Decision,
// with the JSON name of its list: which check declined, and why? What it yields points
// into d.
//
//	for name, check := range session.Checks() {
//		if check.Status == didit.FeatureDeclined {
//			log.Print(name, " was declined: ", check.Reasons())
//		}
//	}
func (d *Decision) Checks() iter.Seq2[string, *Check] {
	return func(yield func(string, *Check) bool) {
		for name, list := range d.lists() {
			for i := range list.Len() {
				embedded := list.Index(i).FieldByName("Check")
				if !embedded.IsValid() {
					break // a list of something else
				}
				if check, ok := reflect.TypeAssert[*Check](embedded.Addr()); ok && !yield(name, check) {
					return
				}
			}
		}
	}
}

// AllWarnings are the warnings of every block, in the order of [Decision.Checks]; nil
// if there are none.
func (d *Decision) AllWarnings() []Warning {
	var all []Warning
	for _, check := range d.Checks() {
		all = append(all, check.Warnings...)
	}
	return all
}

// lists walks the lists of d by their JSON names. What is said of all blocks is said by
// walking them, so that a new block is a type and a field of Decision.
func (d *Decision) lists() iter.Seq2[string, reflect.Value] {
	return func(yield func(string, reflect.Value) bool) {
		for field, list := range reflect.ValueOf(d).Elem().Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if list.Kind() == reflect.Slice && !yield(name, list) {
				return
			}
		}
	}
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

	// Of version v2 only, in any form.
	Questionnaire  QuestionnaireResponses `json:"questionnaire"`
	Questionnaires QuestionnaireResponses `json:"questionnaires"`
}

// lift moves what was sent under other keys to the fields of d, where those are empty.
func (s *singularBlocks) lift(d *Decision) {
	blocks := reflect.ValueOf(s).Elem()
	for i := range blocks.NumField() { //nolint:modernize // Fields allocates for each
		block := blocks.Field(i)
		// A value of another type than an object leaves a block without anything in it.
		if !block.IsZero() && !reflect.Indirect(block).IsZero() {
			d.take(block)
		}
	}
	d.Features = d.Features.apart()
	for i := range d.NFCVerifications {
		d.NFCVerifications[i].ChipData.settle()
	}
	for i := range d.LivenessChecks {
		d.LivenessChecks[i].settle()
	}
	for i := range d.IPAnalyses {
		d.IPAnalyses[i].settle()
	}
}

// take makes a block, or a list of them, the list of its type, where that is empty.
func (d *Decision) take(block reflect.Value) {
	fields := reflect.ValueOf(d).Elem()
	for i := range fields.NumField() { //nolint:modernize // likewise
		list := fields.Field(i)
		switch {
		case list.Kind() != reflect.Slice || list.Len() > 0:
		case list.Type() == block.Type():
			list.Set(block)
		case list.Type().Elem() == reflect.Indirect(block).Type():
			list.Grow(1)
			list.SetLen(1)
			list.Index(0).Set(block.Elem())
		}
	}
}

// Review is a change of status by a person or by the API.
type Review struct {
	User      string        `json:"user"` // "API Client" for the API, "Unknown" where it cannot be told
	NewStatus SessionStatus `json:"new_status"`
	Comment   string        `json:"comment"`
	CreatedAt Timestamp     `json:"created_at,omitzero"`
}
