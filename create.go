package didit

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"github.com/didit-go/didit/internal/answer"
	"github.com/didit-go/didit/internal/route"
	"github.com/didit-go/didit/internal/transport"
)

// CreateSessionParams describes a session for a person or a company to go through.
// WorkflowID is required.
type CreateSessionParams struct {
	WorkflowID      string           // UUID; it decides between KYC and KYB
	VendorData      string           // your own reference for the person or company, trimmed
	Callback        string           // where the person is sent afterwards, a URL
	Language        string           // of the verification, "en", "pt-BR", ...
	Metadata        any              // kept with the session; anything that encodes as JSON
	ContactDetails  *ContactDetails  // how Didit reaches the person
	ExpectedDetails *ExpectedDetails // what the document is to be compared with
}

// ContactDetails is how Didit reaches the person.
type ContactDetails struct {
	Email                  string `json:"email,omitempty"`
	Phone                  string `json:"phone,omitempty"` // E.164, "+34600000000"
	EmailLang              string `json:"email_lang,omitempty"`
	SendNotificationEmails bool   `json:"send_notification_emails,omitempty"`
}

// ExpectedDetails is what is expected of the person or the company.
type ExpectedDetails struct {
	FirstName             string   `json:"first_name,omitempty"`
	LastName              string   `json:"last_name,omitempty"`
	DateOfBirth           string   `json:"date_of_birth,omitempty"` // "1990-01-31"
	Gender                string   `json:"gender,omitempty"`        // "M" or "F"
	Nationality           string   `json:"nationality,omitempty"`   // alpha-3
	Country               string   `json:"country,omitempty"`       // alpha-3
	Address               string   `json:"address,omitempty"`
	DocumentNumber        string   `json:"identification_number,omitempty"`
	IPAddress             string   `json:"ip_address,omitempty"`
	IDCountry             string   `json:"id_country,omitempty"`
	POACountry            string   `json:"poa_country,omitempty"`
	ExpectedDocumentTypes []string `json:"expected_document_types,omitempty"`
	CompanyName           string   `json:"company_name,omitempty"`
	RegistryCountry       string   `json:"registry_country,omitempty"`
	RegistrationNumber    string   `json:"registration_number,omitempty"`
}

// CreatedSession is a new session: send the person to SessionURL.
type CreatedSession struct {
	SessionID     string          `json:"session_id"`
	SessionURL    string          `json:"url"`
	SessionToken  string          `json:"session_token,omitempty"`
	VendorData    string          `json:"vendor_data,omitempty"`
	WorkflowID    string          `json:"workflow_id,omitempty"`
	SessionNumber int64           `json:"session_number,omitempty"`
	SessionKind   SessionKind     `json:"session_kind,omitempty"`
	Status        SessionStatus   `json:"status,omitempty"`
	Raw           json.RawMessage `json:"-"` // the body as received
}

// CreateSession starts a session, which the person goes through at its SessionURL.
// With vendor data, Didit returns an unfinished session of the same workflow, where
// there is one, instead of a new one.
//
// It is never sent again once it may have arrived. After [ErrOutcomeUnknown] or
// [ErrResultLost] list the sessions with the same vendor data before you call it again.
//
// https://docs.didit.me/sessions-api/create-session
func (c *Client) CreateSession(ctx context.Context, params CreateSessionParams) (created *CreatedSession, err error) {
	r := new(request)
	ctx, story := c.begin(ctx, opCreate.name)
	defer func() { story.end(r, err) }()
	p := c.usable(ctx)
	body := createBody{
		WorkflowID: checkID(&p, "WorkflowID", params.WorkflowID), VendorData: trimText(params.VendorData),
		Callback: params.Callback, Language: params.Language, Metadata: params.Metadata,
		ContactDetails: params.ContactDetails, ExpectedDetails: params.ExpectedDetails,
	}
	checkText(&p, "VendorData", params.VendorData)
	if u, err := url.Parse(params.Callback); err != nil || params.Callback != "" && u.Scheme == "" {
		p.add("Callback", `must be an absolute URL, such as "https://bank.example/verified"`, nil)
	}
	if d := params.ExpectedDetails; d != nil && d.DateOfBirth != "" {
		if _, err := time.Parse(time.DateOnly, d.DateOfBirth); err != nil {
			p.add("ExpectedDetails.DateOfBirth", `must be a date, such as "1990-01-31"`, nil)
		}
	}
	r.json = encode(&p, "Metadata", body)
	if err := p.err(); err != nil {
		return nil, err
	}
	created = new(CreatedSession)
	r.into = (*createAnswer)(created)
	if err := c.call(ctx, opCreate, r); err != nil {
		return nil, err
	}
	story.sessionID = created.SessionID
	return created, nil
}

type createBody struct {
	WorkflowID      string           `json:"workflow_id"`
	VendorData      string           `json:"vendor_data,omitempty"`
	Callback        string           `json:"callback,omitempty"`
	Language        string           `json:"language,omitempty"`
	Metadata        any              `json:"metadata,omitempty"`
	ContactDetails  *ContactDetails  `json:"contact_details,omitempty"`
	ExpectedDetails *ExpectedDetails `json:"expected_details,omitempty"`
}

type createAnswer CreatedSession

func (a *createAnswer) Decode(_ int, body []byte) error {
	*a = createAnswer{}
	if err := answer.Lenient(decode(body, a), body, a); err != nil {
		return err
	}
	if _, ok := route.UUID(a.SessionID); !ok {
		return transport.BadAnswer("has no usable session_id")
	}
	a.Raw = append(json.RawMessage(nil), body...)
	return nil
}
