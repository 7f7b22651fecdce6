package didit

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/didit-go/didit/internal/answer"
)

// Check is what every block has: the step of the workflow, how it ended, and the
// risks that it found.
//
// https://docs.didit.me/reference/data-models
type Check struct {
	NodeID   string        `json:"node_id"` // empty in older sessions
	Status   FeatureStatus `json:"status"`
	Warnings []Warning     `json:"warnings,omitempty"` // what was found, of any weight: see Reasons
}

// Reasons are the warnings that decided, which are those of log type error; nil if
// there are none. Didit sends no other reason for a decline.
func (c *Check) Reasons() []Warning {
	var reasons []Warning
	for _, w := range c.Warnings {
		if w.LogType == LogTypeError {
			reasons = append(reasons, w)
		}
	}
	return reasons
}

// FeatureStatus says where one feature of a session stands. It is an open set: a status
// that is not listed here decodes as it was sent.
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

// apart takes apart the names of features that were sent as one text, "OCR + FACE".
func (f Features) apart() Features {
	if len(f) != 1 || f[0] != (Feature{Feature: f[0].Feature}) || !strings.ContainsAny(f[0].Feature, "+,") {
		return f
	}
	var names Features
	for name := range strings.FieldsFuncSeq(f[0].Feature, func(r rune) bool { return r == '+' || r == ',' || r == ' ' }) {
		names = append(names, Feature{Feature: name})
	}
	if len(names) < 2 {
		return f // a name after all
	}
	return names
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
		f.Feature = answer.Text(data)
		return nil
	}
	type plain Feature
	return answer.Lenient(json.Unmarshal(data, (*plain)(f)), data, (*plain)(f))
}

// Warning is a risk that a feature found.
//
// https://docs.didit.me/reference/data-models
type Warning struct {
	Feature          string          `json:"feature"`            // "FACEMATCH" here is "FACE_MATCH" in [Features]
	Risk             string          `json:"risk" answer:"text"` // "DOCUMENT_EXPIRED", ...; of a warning that was sent as a text, that text
	AdditionalData   json.RawMessage `json:"additional_data,omitempty"`
	LogType          LogType         `json:"log_type"`
	ShortDescription string          `json:"short_description"`
	LongDescription  string          `json:"long_description"`
	NodeID           string          `json:"node_id"`
}

// LogType is how much a [Warning] weighs, an open set.
type LogType string

// The weights that are documented.
const (
	LogTypeError       LogType = "error"
	LogTypeWarning     LogType = "warning"
	LogTypeInformation LogType = "information"
)

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
	MatchImageURL        string          `json:"match_image_url"` // expires
	FrontImageURL        string          `json:"front_image_url"` // of a document; expires likewise
	Status               string          `json:"status"`
	IsBlocklisted        bool            `json:"is_blocklisted"`
	IsAllowlisted        bool            `json:"is_allowlisted"`
	APIService           string          `json:"api_service"`
}

// Coordinates are a place on earth, in degrees.
type Coordinates struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}

// maxKeyed is how many members an object may have that stands for a list: as many as
// a list.
const maxKeyed = 10_000

// Score is a number that Didit sends as a number or as text. What is neither, null
// and NaN included, is 0; where that matters a field is a *Score, and nil for null.
// Most scores run from 0 to 100.
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

// StringOrNumber is a string that Didit sends as text or as a number. What is neither is "".
type StringOrNumber string

// UnmarshalJSON reads a string, a number or a boolean; it never fails.
func (t *StringOrNumber) UnmarshalJSON(data []byte) error {
	*t = ""
	switch {
	case len(data) == 0 || data[0] == '{' || data[0] == '[' || data[0] == 'n':
	case data[0] == '"':
		*t = StringOrNumber(answer.Text(data))
	default:
		*t = StringOrNumber(data)
	}
	return nil
}

// Timestamp is an instant in UTC. One that cannot be read is zero.
type Timestamp struct{ time.Time }

// UnmarshalJSON reads the forms that Didit sends; it never fails, for the error
// would stop the decoding and quote what was sent.
func (t *Timestamp) UnmarshalJSON(data []byte) error {
	return (*answer.Time)(&t.Time).UnmarshalJSON(data)
}
