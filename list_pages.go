package didit

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"github.com/google/go-querystring/query"

	"github.com/didit-go/didit/internal/route"
	"github.com/didit-go/didit/internal/transport"
)

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
