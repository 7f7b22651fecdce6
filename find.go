package didit

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// FindImportedSessionParams is what a look for an imported copy needs. Its JSON is
// a stored format.
type FindImportedSessionParams struct {
	SourceSessionID string      `json:"source_session_id"`
	SessionKind     SessionKind `json:"session_kind"`
	VendorData      string      `json:"vendor_data,omitempty"` // narrows the search, and then decides alone
	// CreatedAfter bounds the search without VendorData: the newest sessions are
	// searched back to this time, with 5 minutes of clock difference.
	CreatedAfter time.Time `json:"created_after,omitzero"`
	WorkflowID   string    `json:"workflow_id,omitempty"` // optional
}

// FindImportedSession looks once for the copy that an earlier import made. It
// changes nothing and may be called at any time, from any process, with the Find of
// a [CallError] or of [ImportSharedSessionParams].
//
// The error matches ErrImportNotFound only if the search reached its end and every
// row was identified. Otherwise it is a [CallError], whose Candidates may be the
// copy. The bounds are those of [Client.ImportSharedSession].
//
// https://docs.didit.me/sessions-api/list-sessions
func (c *Client) FindImportedSession(ctx context.Context, params FindImportedSessionParams) (*ImportedSession, error) {
	p := c.usable(ctx)
	if err := p.err(); err != nil {
		return nil, err
	}
	began := c.now()
	s, err := c.findImported(ctx, params)
	if c.audit != nil {
		e := AuditEvent{Action: AuditFind, SourceSessionID: params.SourceSessionID,
			SessionKind: params.SessionKind, WorkflowID: params.WorkflowID}
		if s != nil {
			e.SessionID = s.SessionID
		}
		c.record(ctx, began, e, nil, err)
	}
	return s, err
}

const opFind = "FindImportedSession"

func (c *Client) findImported(ctx context.Context, params FindImportedSessionParams) (*ImportedSession, error) {
	var p problems
	params.SourceSessionID = checkID(&p, "SourceSessionID", params.SourceSessionID)
	if k := params.SessionKind; k != KindUser && k != KindBusiness {
		p.add("SessionKind", "must be user or business", nil)
	}
	if params.VendorData == "" && params.CreatedAfter.IsZero() {
		p.add("CreatedAfter", "is required without VendorData", nil)
	}
	checkText(&p, "VendorData", params.VendorData)
	if params.WorkflowID != "" {
		params.WorkflowID = checkID(&p, "WorkflowID", params.WorkflowID)
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	l := look{c: c, find: params}
	err := l.search(ctx, walkAll)
	s := l.choose(func(s *Session) bool {
		if params.VendorData != "" {
			return sameText(s.VendorData, params.VendorData)
		}
		return !s.CreatedAt.Before(l.oldest())
	})
	switch candidates := l.candidates(); {
	case s != nil:
		return s, nil
	case err == nil && len(candidates) == 0:
		return nil, fmt.Errorf("didit: %s: %w", opFind, ErrImportNotFound)
	default:
		e := &CallError{Operation: opFind, Outcome: OutcomeUnknown, LookErr: err, Find: &params, Candidates: candidates, next: "look again later"}
		var call *CallError
		switch {
		case ctx.Err() != nil:
			e.Err, e.LookErr = ctx.Err(), nil
		case errors.As(err, &call):
			e.Err, e.Last = call.Err, call.Last
		case !errors.Is(err, ErrNotFound): // a 404 of the list must not read as "no such copy"
			errors.As(err, &e.Last)
		}
		return nil, e
	}
}
