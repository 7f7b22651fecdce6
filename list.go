package didit

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"time"
)

// ListSessionsParams says which sessions are listed. All fields are optional; a
// session is listed where every filter that is given holds.
type ListSessionsParams struct {
	SessionKind      SessionKind     // KindUser (default), KindBusiness or KindAll
	VendorData       string          // exactly this, white space around it aside
	Statuses         []SessionStatus // one of these
	WorkflowIDs      []string        // one of these; UUIDs
	Countries        []string        // one of these; ISO 3166-1 alpha-3, "ESP"
	DateFrom, DateTo time.Time       // when the session was created: days in UTC, both inclusive
	Search           string          // a reference, or part of one; for KindUser only
	PageSize         int             // rows per request, up to 10,000; 0: 50, 1: 2
}

// SessionSummary is one row of a list. It prints its id, kind and status only.
type SessionSummary struct {
	SessionID         string          `json:"session_id"`
	SessionURL        string          `json:"session_url,omitempty"`
	WorkflowID        string          `json:"workflow_id,omitempty"`
	VendorData        string          `json:"vendor_data,omitempty"`
	FullName          string          `json:"full_name,omitempty"` // of a business, the company's
	Country           string          `json:"country,omitempty"`
	DocumentType      string          `json:"document_type,omitempty"`
	SessionKind       SessionKind     `json:"session_kind,omitempty"`
	SessionNumber     int64           `json:"session_number,omitempty"`
	Status            SessionStatus   `json:"status,omitempty"`
	SharedFromSession string          `json:"shared_from_session,omitempty"` // when the row has it
	Features          []Feature       `json:"features,omitempty"`
	CreatedAt         time.Time       `json:"created_at,omitzero"`
	Raw               json.RawMessage `json:"-"` // the row as received
}

// ListSessions walks your application's sessions, newest first. It reads a page when
// the loop needs it and keeps no more than a few pages' ids. KindAll is walked as
// people and then companies, because Didit's own pages of both lose rows.
//
// Sessions come and go while a list is walked. One that stays is not missed, but may
// come twice: store by SessionID. An error ends the walk: wrong params, a refusal, a
// page that cannot be read, or a list that does not end. Leaving the loop ends the
// requests. The sequence may be walked again and starts from the newest.
//
// A field of a row that has another type than documented is zero, and Raw has it as it
// came. A row without a session_id that is a UUID makes its page unreadable.
//
//	for row, err := range client.ListSessions(ctx, params) {
//		if err != nil {
//			return err
//		}
//		...
//	}
//
// https://docs.didit.me/sessions-api/list-sessions
func (c *Client) ListSessions(ctx context.Context, params ListSessionsParams) iter.Seq2[*SessionSummary, error] {
	return func(yield func(*SessionSummary, error) bool) {
		var err error
		ctx, story := c.begin(ctx, opList.name)
		defer func() { story.end(nil, err) }()
		q, err := c.listQuery(ctx, params)
		if err != nil {
			yield(nil, err)
			return
		}
		err = c.eachRow(ctx, q, yield)
	}
}

// eachRow yields the rows of all pages. The error that it returns it has yielded.
func (c *Client) eachRow(ctx context.Context, q listQuery, yield func(*SessionSummary, error) bool) error {
	kinds := []SessionKind{q.SessionKind}
	if q.SessionKind == KindAll {
		kinds = []SessionKind{KindUser, KindBusiness}
	}
	for _, kind := range kinds {
		q.SessionKind, q.Offset = kind, 0
		p := pages{c: c, q: q}
		for !p.done {
			rows, err := p.next(ctx)
			if err != nil {
				yield(nil, err)
				return err
			}
			for i := range rows {
				if !yield(&rows[i].SessionSummary, nil) {
					return nil
				}
			}
		}
	}
	return nil
}

// listQuery is the query of one page.
type listQuery struct {
	SessionKind SessionKind     `url:"session_kind"`
	VendorData  string          `url:"vendor_data,omitempty"`
	Statuses    []SessionStatus `url:"status,comma,omitempty"`
	WorkflowIDs []string        `url:"workflow_id,comma,omitempty"`
	Countries   []string        `url:"country,comma,omitempty"`
	DateFrom    string          `url:"date_from,omitempty"`
	DateTo      string          `url:"date_to,omitempty"`
	Search      string          `url:"search,omitempty"`
	Limit       int             `url:"limit"`
	Offset      int             `url:"offset"`
}

const defaultPageSize = 50

func (c *Client) listQuery(ctx context.Context, params ListSessionsParams) (listQuery, error) {
	p := c.usable(ctx)
	q := listQuery{
		SessionKind: params.SessionKind, VendorData: trimText(params.VendorData), Statuses: params.Statuses,
		Countries: params.Countries, DateFrom: day(params.DateFrom), DateTo: day(params.DateTo),
		Search: strings.TrimSpace(params.Search), Limit: params.PageSize,
	}
	switch q.SessionKind {
	case "":
		q.SessionKind = KindUser
	case KindUser, KindBusiness, KindAll:
	default:
		p.add("SessionKind", "must be user, business or all", nil)
	}
	checkText(&p, "VendorData", params.VendorData)
	checkText(&p, "Search", params.Search)
	if q.Search != "" && (q.SessionKind == KindBusiness || q.SessionKind == KindAll) {
		p.add("Search", "is for KindUser only: Didit ignores it for companies and would list them all", nil)
	}
	for i, s := range params.Statuses {
		if !s.Known() {
			p.add(fmt.Sprintf("Statuses[%d]", i), `is not a status of Didit's, such as "In Review"`, nil)
		}
	}
	for i, id := range params.WorkflowIDs {
		q.WorkflowIDs = append(q.WorkflowIDs, checkID(&p, fmt.Sprintf("WorkflowIDs[%d]", i), id))
	}
	for i, country := range params.Countries {
		if len(country) != 3 || strings.ContainsFunc(country, func(r rune) bool { return r < 'A' || r > 'Z' }) {
			p.add(fmt.Sprintf("Countries[%d]", i), "must be three upper-case letters (ISO 3166-1 alpha-3), such as ESP", nil)
		}
	}
	if !params.DateFrom.IsZero() && !params.DateTo.IsZero() && q.DateFrom > q.DateTo {
		p.add("DateTo", "must not be before DateFrom", nil)
	}
	switch {
	case q.Limit == 0:
		q.Limit = defaultPageSize
	case q.Limit == 1:
		q.Limit = 2 // one row of every page overlaps
	case q.Limit < 0 || q.Limit > 10_000:
		p.add("PageSize", "must be 0 to 10,000", nil)
	}
	return q, p.err()
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}
