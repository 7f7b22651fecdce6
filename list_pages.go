package didit

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/go-querystring/query"

	"github.com/didit-go/didit/internal/answer"
	"github.com/didit-go/didit/internal/route"
	"github.com/didit-go/didit/internal/transport"
)

// pages walks a list of one kind, while rows come and go. Each page begins with the
// last row of the one before. Where a page has no known row, rows were deleted
// meanwhile and others moved up behind the walk, so it steps back, to the list's
// beginning if need be: a row twice is better than a row missed.
type pages struct {
	c    *Client
	q    listQuery
	done bool

	recent  [4]map[string]bool // ids of the last pages that brought something, the last first
	last    string             // id of the last row of the last of them
	end     string             // id of the last row of the page before
	back    bool               // stepping back
	reached int                // offset of the furthest page that it stepped back from
	empty   int                // pages in a row that brought nothing
	behind  int                // times in a row that rows moved too far for a page to bring anything
}

// next returns the rows of the next page that the pages before did not have. There
// may be none.
func (p *pages) next(ctx context.Context) ([]row, error) {
	page, err := p.fetch(ctx)
	if err != nil {
		return nil, err
	}
	overlaps := p.q.Offset == 0
	fresh := make([]row, 0, len(page.rows))
	ids := make(map[string]bool, len(page.rows))
	for _, r := range page.rows {
		known := p.knows(r.SessionID)
		overlaps = overlaps || known
		if !known && !ids[r.SessionID] {
			fresh = append(fresh, r)
		}
		ids[r.SessionID] = true
	}
	endless := false
	switch {
	case !overlaps:
		if !p.back {
			p.back, p.reached = true, max(p.reached, p.q.Offset)
			p.behind++
		}
		if endless = p.behind > maxBehind; !endless {
			p.q.Offset = max(0, p.q.Offset-(p.q.Limit-1))
			return nil, nil
		}
	case len(fresh) > 0:
		copy(p.recent[1:], p.recent[:])
		p.recent[0], p.last = ids, page.rows[len(page.rows)-1].SessionID
		p.empty, p.behind = 0, 0
	case p.stuck(page.rows, ids):
		p.empty++
		endless = p.empty >= 2 && page.more
	}
	if endless {
		p.done = true
		return nil, &CallError{Operation: opList.name, Outcome: OutcomeResultLost, Attempts: 1, read: true,
			Err: transport.BadAnswer("the list does not end: page after page brought nothing new"), next: "it may be called again"}
	}
	p.back, p.done = false, !page.more
	if len(page.rows) > 0 {
		p.end = page.rows[len(page.rows)-1].SessionID
	}
	p.q.Offset += max(0, len(page.rows)-1)
	return fresh, nil
}

func (p *pages) knows(id string) bool {
	for _, ids := range p.recent {
		if ids[id] {
			return true
		}
	}
	return false
}

// maxBehind bounds how often in a row moving rows may excuse a page that brings
// nothing.
const maxBehind = 8

// stuck reports whether a page that brought nothing speaks against the server. One
// does not that lies before where the walk had been: after a step back, or where so
// many rows were added that known ones fill the page.
func (p *pages) stuck(rows []row, ids map[string]bool) bool {
	if p.q.Offset < p.reached && len(rows) > 1 {
		return false // the next page lies further on
	}
	if len(rows) == 0 || ids[p.last] || rows[len(rows)-1].SessionID == p.end {
		return true
	}
	p.behind++
	return p.behind > maxBehind
}

func (p *pages) fetch(ctx context.Context) (*listAnswer, error) {
	values, err := query.Values(p.q)
	if err != nil {
		return nil, err // a mistake in listQuery's type
	}
	a := &listAnswer{kind: p.q.SessionKind}
	r := &request{
		query: values.Encode(), into: a, inner: true,
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

// hasNext reads "next" of a page only as a flag: its URL is never requested.
func hasNext(next json.RawMessage) bool {
	return len(next) > 0 && string(next) != "null" && string(next) != `""`
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
		return transport.BadAnswer("is not a list of sessions")
	}
	a.more = hasNext(page.Next)
	a.rows = make([]row, 0, len(page.Results))
	// All rows at once: a decoder for each of them would cost more than they do.
	typed := struct {
		Results []wireRow `json:"results"`
	}{make([]wireRow, 0, len(page.Results))}
	if err := answer.Lenient(json.Unmarshal(body, &typed), body, &typed); err != nil {
		return err
	}
	for i, raw := range page.Results {
		w := &typed.Results[i]
		id, ok := route.UUID(w.SessionID)
		if !ok {
			return transport.BadAnswer("has a row without a usable session_id")
		}
		s := SessionSummary{
			SessionID: id, SessionURL: w.SessionURL, WorkflowID: w.WorkflowID, VendorData: w.VendorData,
			FullName: w.FullName, Country: w.Country, DocumentType: w.DocumentType, SessionKind: w.SessionKind,
			SessionNumber: w.SessionNumber, Status: w.Status, SharedFromSession: w.SharedFromSession.Text,
			Features: w.Features, CreatedAt: time.Time(w.CreatedAt), Raw: raw,
		}
		if s.SessionKind == "" {
			s.SessionKind = a.kind
		}
		if s.FullName == "" {
			s.FullName = w.CompanyName
		}
		a.rows = append(a.rows, row{s, w.SharedFromSession.Sent})
	}
	return nil
}

type wireRow struct {
	SessionID         string          `json:"session_id"`
	SessionURL        string          `json:"session_url"`
	WorkflowID        string          `json:"workflow_id"`
	VendorData        string          `json:"vendor_data"`
	FullName          string          `json:"full_name"`
	CompanyName       string          `json:"company_name"`
	Country           string          `json:"country"`
	DocumentType      string          `json:"document_type"`
	SessionKind       SessionKind     `json:"session_kind"`
	SessionNumber     int64           `json:"session_number"`
	Status            SessionStatus   `json:"status"`
	SharedFromSession answer.NullText `json:"shared_from_session"`
	Features          Features        `json:"features"`
	CreatedAt         answer.Time     `json:"created_at"`
}
