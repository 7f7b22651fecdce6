package didit

import (
	"cmp"
	"encoding/json"
)

// PhoneVerification is one telephone number.
//
// https://docs.didit.me/reference/data-models
type PhoneVerification struct {
	Check
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
//
// https://docs.didit.me/reference/data-models
type EmailVerification struct {
	Check
	Email                string            `json:"email"`
	IsBreached           bool              `json:"is_breached"`
	Breaches             []json.RawMessage `json:"breaches,omitempty"`
	IsDisposable         bool              `json:"is_disposable"`
	IsUndeliverable      bool              `json:"is_undeliverable"`
	VerificationAttempts int               `json:"verification_attempts"`
	VerifiedAt           Timestamp         `json:"verified_at,omitzero"`
	Lifecycle            []LifecycleEvent  `json:"lifecycle,omitempty"`
	Matches              []Match           `json:"matches,omitempty"`
}

// AMLScreening is a search of sanction lists, politically exposed persons and media.
//
// https://docs.didit.me/core-technology/aml-screening/aml-risk-score
type AMLScreening struct {
	Check
	TotalHits                     int          `json:"total_hits"`
	EntityType                    string       `json:"entity_type"` // "person", "company"
	Hits                          []AMLHit     `json:"hits,omitempty"`
	Score                         Score        `json:"score"` // from 0 to 100; 0 also where there is none: go by Status
	ScreenedData                  ScreenedData `json:"screened_data"`
	IsOngoingMonitoringEnabled    bool         `json:"is_ongoing_monitoring_enabled"`
	NextOngoingMonitoringBillDate string       `json:"next_ongoing_monitoring_bill_date"`
}

// HighestRisk is the risk of the gravest hit that is not a false positive, which is
// what Didit holds against the workflow's thresholds; 0 where there is no such hit.
func (a *AMLScreening) HighestRisk() Score {
	var highest Score
	for i := range a.Hits {
		if a.Hits[i].ReviewStatus != AMLFalsePositive {
			highest = max(highest, a.Hits[i].Risk())
		}
	}
	return highest
}

// ScreenedData is who was searched for.
type ScreenedData struct {
	FullName       string `json:"full_name"`
	Nationality    string `json:"nationality"`
	DateOfBirth    string `json:"date_of_birth"`
	DocumentNumber string `json:"document_number"`
	DocumentType   string `json:"document_type"`
	PersonalNumber string `json:"personal_number"`
}

// AMLReviewStatus says how an [AMLHit] was reviewed. It is an open set.
type AMLReviewStatus string

// The review statuses that are documented. Didit itself sets AMLUnreviewed or
// AMLFalsePositive by the match score; people set any.
const (
	AMLUnreviewed     AMLReviewStatus = "Unreviewed"
	AMLConfirmedMatch AMLReviewStatus = "Confirmed Match"
	AMLFalsePositive  AMLReviewStatus = "False Positive"
	AMLInconclusive   AMLReviewStatus = "Inconclusive"
)

// AMLHit is one entry that may be the person or the company. What lists and media
// say is kept as it was sent, because every source says it differently.
type AMLHit struct {
	ID                    string          `json:"id"`
	URL                   string          `json:"url"`
	Caption               string          `json:"caption"`
	RCAName               string          `json:"rca_name"` // the relative or close associate that the entry is there for
	Match                 bool            `json:"match"`
	Target                bool            `json:"target"`
	Score                 Score           `json:"score"`
	MatchScore            Score           `json:"match_score"` // how likely it is the same, from 0 to 100
	RiskScore             Score           `json:"risk_score"`  // how grave it is if so, from 0 to 100: see Risk
	ReviewStatus          AMLReviewStatus `json:"review_status"`
	Datasets              []string        `json:"datasets,omitempty"`
	FirstSeen             Timestamp       `json:"first_seen,omitzero"`
	LastSeen              Timestamp       `json:"last_seen,omitzero"`
	Properties            json.RawMessage `json:"properties,omitempty"`
	Features              json.RawMessage `json:"features,omitempty"` // what of it is alike
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

// Risk is RiskScore, or where there is none the score of the categories in RiskView;
// 0 where there is neither.
func (h *AMLHit) Risk() Score {
	var view struct {
		Categories struct {
			Score Score `json:"score"`
		} `json:"categories"`
	}
	if h.RiskScore == 0 {
		_ = json.Unmarshal(h.RiskView, &view) // no view, or one of another form, has no score
	}
	return cmp.Or(h.RiskScore, view.Categories.Score)
}

// IPAnalysis is the device and the network that a session was done with.
//
// https://docs.didit.me/reference/data-models
type IPAnalysis struct {
	Check
	DeviceBrand       string `json:"device_brand"`
	DeviceModel       string `json:"device_model"`
	BrowserFamily     string `json:"browser_family"`
	OSFamily          string `json:"os_family"`
	Platform          string `json:"platform"`
	DeviceFingerprint string `json:"device_fingerprint"`

	IPAddress      string         `json:"ip_address"`
	IPCountry      string         `json:"ip_country"`
	IPCountryCode  string         `json:"ip_country_code"` // alpha-2
	IPState        string         `json:"ip_state"`
	IPCity         string         `json:"ip_city"`
	Latitude       float64        `json:"latitude"` // degrees; both are 0 also where none were sent
	Longitude      float64        `json:"longitude"`
	ISP            string         `json:"isp"`
	Organization   string         `json:"organization"`
	IsVPNOrTor     bool           `json:"is_vpn_or_tor"`
	IsDataCenter   bool           `json:"is_data_center"`
	TimeZone       string         `json:"time_zone"`
	TimeZoneOffset StringOrNumber `json:"time_zone_offset"` // "-8" or "+0100"

	// Where the address and the documents are, and how far from each other; nil: unknown.
	IP          *GeoPosition `json:"ip,omitempty"`
	IDDocument  *GeoPosition `json:"id_document,omitempty"`
	POADocument *GeoPosition `json:"poa_document,omitempty"`

	Matches []Match `json:"matches,omitempty"`

	ipKeys
}

// ipKeys is where version v2 has the places. It is empty once a session is decoded.
type ipKeys struct {
	LocationsInfo *struct {
		IP          *GeoPosition `json:"ip"`
		IDDocument  *GeoPosition `json:"id_document"`
		POADocument *GeoPosition `json:"poa_document"`
	} `json:"locations_info,omitempty"`
}

func (a *IPAnalysis) settle() {
	if l := a.LocationsInfo; l != nil {
		a.IP = cmp.Or(a.IP, l.IP)
		a.IDDocument = cmp.Or(a.IDDocument, l.IDDocument)
		a.POADocument = cmp.Or(a.POADocument, l.POADocument)
	}
	a.ipKeys = ipKeys{}
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
