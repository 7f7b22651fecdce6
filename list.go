package didit

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/google/go-querystring/query"

	"github.com/didit-go/didit/internal/route"
	"github.com/didit-go/didit/internal/transport"
)

// ListSessionsParams filters a list; what is given has to hold together. The list
// of companies heeds only SessionKind, VendorData, Statuses, WorkflowIDs, Countries
// and the dates.
type ListSessionsParams struct {
	SessionKind      SessionKind // KindUser (default), KindBusiness or KindAll
	VendorData       string      // exactly
	Statuses         []SessionStatus
	WorkflowIDs      []string
	Countries        []string  // ISO 3166-1 alpha-3
	DateFrom, DateTo time.Time // days in UTC, inclusive, of creation
	Search           string
	PageSize         int // rows per request; 0: 50
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

// ListSessions walks our own sessions, newest first, a page at a time. KindAll is
// walked as users and then businesses, because Didit's own pages of both lose rows.
// An error ends the walk; so does leaving the loop, and with it the requests. Rows
// move while a list is walked: a row may come twice, but is not missed. It may be
// called again and starts from the newest.
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
		q, err := c.listQuery(ctx, params)
		if err != nil {
			yield(nil, err)
			return
		}
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
					return
				}
				for i := range rows {
					if !yield(&rows[i].SessionSummary, nil) {
						return
					}
				}
			}
		}
	}
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
		SessionKind: params.SessionKind, VendorData: params.VendorData, Statuses: params.Statuses,
		Countries: params.Countries, DateFrom: day(params.DateFrom), DateTo: day(params.DateTo),
		Search: params.Search, Limit: params.PageSize,
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
	for i, s := range params.Statuses {
		if !s.Known() {
			p.add(fmt.Sprintf("Statuses[%d]", i), "is not a status of Didit's", nil)
		}
	}
	for i, id := range params.WorkflowIDs {
		q.WorkflowIDs = append(q.WorkflowIDs, checkID(&p, fmt.Sprintf("WorkflowIDs[%d]", i), id))
	}
	for i, country := range params.Countries {
		if len(country) != 3 || strings.ContainsFunc(country, func(r rune) bool { return r < 'A' || r > 'Z' }) {
			p.add(fmt.Sprintf("Countries[%d]", i), "must be three upper-case letters (ISO 3166-1 alpha-3)", nil)
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

// pages walks a list of one kind. Each page begins with the last row of the one
// before; where that is not there, rows were deleted meanwhile and others moved up
// behind us, so it steps back.
type pages struct {
	c     *Client
	q     listQuery
	known map[string]bool // ids of the last page
	empty int             // pages in a row that brought nothing
	done  bool
}

// next returns the rows of the next page that the page before did not have.
func (p *pages) next(ctx context.Context) ([]row, error) {
	page, err := p.fetch(ctx)
	if err != nil {
		return nil, err
	}
	overlaps := p.q.Offset == 0
	fresh := make([]row, 0, len(page.rows))
	ids := make(map[string]bool, len(page.rows))
	for _, r := range page.rows {
		overlaps = overlaps || p.known[r.SessionID]
		if !p.known[r.SessionID] && !ids[r.SessionID] {
			fresh = append(fresh, r)
		}
		ids[r.SessionID] = true
	}
	if !overlaps {
		p.q.Offset = max(0, p.q.Offset-(p.q.Limit-1))
		return nil, nil
	}
	p.done = !page.more
	if len(fresh) > 0 {
		p.empty = 0
	} else if p.empty++; p.empty >= 2 && page.more {
		p.done = true
		return nil, &CallError{Operation: opList.name, Outcome: OutcomeResultLost, Attempts: 1,
			Err: transport.Unfit("the list does not end: two pages in a row brought nothing new, and Didit says that there are more"), next: "it may be called again"}
	}
	if len(page.rows) > 0 {
		p.known = ids
		p.q.Offset += len(page.rows) - 1
	}
	return fresh, nil
}

func (p *pages) fetch(ctx context.Context) (*listAnswer, error) {
	values, err := query.Values(p.q)
	if err != nil {
		return nil, err // a mistake in listQuery's type
	}
	a := &listAnswer{kind: p.q.SessionKind}
	r := &request{
		url: &url.URL{Path: opList.path, RawQuery: values.Encode()}, into: a,
		sent: append([]string{p.q.VendorData, p.q.Search}, p.q.WorkflowIDs...),
	}
	if err := p.c.call(ctx, opList, r); err != nil {
		return nil, err
	}
	return a, nil
}

// row is a summary and whether it says from where the session was shared.
type row struct {
	SessionSummary
	sourceKnown bool
}

type listAnswer struct {
	kind SessionKind
	rows []row
	more bool
}

func (a *listAnswer) Decode(_ int, body []byte) error {
	var page struct {
		Next    json.RawMessage   `json:"next"` // only whether there is one: its URL is not followed
		Results []json.RawMessage `json:"results"`
	}
	if err := decode(body, &page); err != nil {
		return err
	}
	if page.Results == nil {
		return transport.Unfit("is not a list of sessions")
	}
	a.more = len(page.Next) > 0 && string(page.Next) != "null" && string(page.Next) != `""`
	a.rows = make([]row, 0, len(page.Results))
	for _, raw := range page.Results {
		var w wireRow
		if err := lenient(json.Unmarshal(raw, &w)); err != nil {
			return err
		}
		id, ok := route.UUID(w.SessionID)
		if !ok {
			return transport.Unfit("has a row without a usable session_id")
		}
		s := SessionSummary{
			SessionID: id, SessionURL: w.SessionURL, WorkflowID: w.WorkflowID, VendorData: w.VendorData,
			FullName: w.FullName, Country: w.Country, DocumentType: w.DocumentType, SessionKind: w.SessionKind,
			SessionNumber: w.SessionNumber, Status: w.Status, SharedFromSession: w.SharedFromSession.id,
			Features: w.Features, CreatedAt: time.Time(w.CreatedAt), Raw: raw,
		}
		if s.SessionKind == "" {
			s.SessionKind = a.kind
		}
		if s.FullName == "" {
			s.FullName = w.CompanyName
		}
		a.rows = append(a.rows, row{s, w.SharedFromSession.known})
	}
	return nil
}

type wireRow struct {
	SessionID         string        `json:"session_id"`
	SessionURL        string        `json:"session_url"`
	WorkflowID        string        `json:"workflow_id"`
	VendorData        string        `json:"vendor_data"`
	FullName          string        `json:"full_name"`
	CompanyName       string        `json:"company_name"`
	Country           string        `json:"country"`
	DocumentType      string        `json:"document_type"`
	SessionKind       SessionKind   `json:"session_kind"`
	SessionNumber     int64         `json:"session_number"`
	Status            SessionStatus `json:"status"`
	SharedFromSession source        `json:"shared_from_session"`
	Features          Features      `json:"features"`
	CreatedAt         moment        `json:"created_at"`
}

// String is the id, kind and status.
func (s SessionSummary) String() string {
	return printSession("didit.SessionSummary", s.SessionID, s.SessionKind, s.Status)
}

// GoString is String.
func (s SessionSummary) GoString() string { return s.String() }

// Format prints String for every verb.
func (s SessionSummary) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// LogValue is String.
func (s SessionSummary) LogValue() slog.Value { return slog.StringValue(s.String()) }

// String names the kind.
func (p ListSessionsParams) String() string {
	kind := p.SessionKind
	if kind != KindBusiness && kind != KindAll {
		kind = KindUser
	}
	return "didit.ListSessionsParams(" + string(kind) + ")"
}

// GoString is String.
func (p ListSessionsParams) GoString() string { return p.String() }

// Format prints String for every verb.
func (p ListSessionsParams) Format(f fmt.State, _ rune) { io.WriteString(f, p.String()) }

// LogValue is String.
func (p ListSessionsParams) LogValue() slog.Value { return slog.StringValue(p.String()) }
