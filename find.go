package didit

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/didit-go/didit/internal/route"
)

// FindImportedSessionParams is what a search for an imported copy needs. Its JSON is
// a stored format.
type FindImportedSessionParams struct {
	SourceSessionID string      `json:"source_session_id"`
	SessionKind     SessionKind `json:"session_kind"`
	VendorData      string      `json:"vendor_data,omitempty"` // narrows the search, and then decides alone
	// CreatedAfter bounds the search without VendorData: the newest sessions are
	// searched back to this time, with 5 minutes of clock difference. Sessions that do
	// not say where they come from are no copies where they are older.
	CreatedAfter time.Time `json:"created_after,omitzero"`
	WorkflowID   string    `json:"workflow_id,omitempty"` // optional
}

// findParams is what a search by the claims needs. It never takes a time from them:
// they may be forged.
func (c ShareClaims) findParams(vendorData string, now time.Time, resume bool) (FindImportedSessionParams, error) {
	id, ok := route.UUID(c.SessionID)
	var p problems
	switch {
	case !ok:
		p.add("Token", "names no session", ErrShareTokenInvalid)
	case c.SessionKind != KindUser && c.SessionKind != KindBusiness:
		p.add("Token", "names a kind of session that cannot be searched for", ErrShareTokenInvalid)
	case c.ExpiresAt.IsZero():
		p.add("Token", "does not say when it expires", ErrShareTokenInvalid)
	case c.IssuedAt.IsZero() && c.ExpiresAt.Sub(now) > maxLifetime, !c.IssuedAt.IsZero() && c.ExpiresAt.Sub(c.IssuedAt) > maxLifetime:
		p.add("Token", "claims to live longer than 24 h", ErrShareTokenInvalid)
	}
	if resume {
		now = now.Add(-maxLifetime) // an earlier call may have made it, but not before there was a token
	}
	return FindImportedSessionParams{
		SourceSessionID: id, SessionKind: c.SessionKind, VendorData: trimText(vendorData), CreatedAfter: now,
	}, p.err()
}

// issued is when a token was issued, by its claims.
func (c ShareClaims) issued() time.Time {
	if c.IssuedAt.IsZero() && !c.ExpiresAt.IsZero() {
		return c.ExpiresAt.Add(-maxTTL)
	}
	return c.IssuedAt
}

// FindImportedSession searches once for the copy that an earlier import made. It
// changes nothing and may be called at any time, from any process, with the
// FindParams of a [CallError] or of [ImportSharedSessionParams].
//
// It returns a copy only where its vendor data is the params'; without vendor data
// there is none to return, and copies are named in Candidates. The error matches
// ErrImportNotFound only if the search reached its end and every row was identified,
// or is older than CreatedAfter. Otherwise it is a [CallError]; its Candidates may be
// the copy. The search is bounded by its context only.
//
// https://docs.didit.me/sessions-api/list-sessions
func (c *Client) FindImportedSession(ctx context.Context, params FindImportedSessionParams) (s *ImportedSession, err error) {
	ctx, story := c.begin(ctx, findName)
	defer func() { story.end(nil, err) }()
	p := c.usable(ctx)
	if err := p.err(); err != nil {
		return nil, err
	}
	began := c.now()
	story.sourceID, _ = route.UUID(params.SourceSessionID)
	s, err = c.findImported(ctx, params)
	if s != nil {
		story.sessionID = s.SessionID
	}
	if c.audit == nil {
		return s, err
	}
	e := AuditEvent{
		Action: AuditFind, SourceSessionID: params.SourceSessionID,
		SessionKind: params.SessionKind, WorkflowID: params.WorkflowID,
	}
	if s != nil {
		e.SessionID = s.SessionID
	}
	if err = c.record(ctx, began, e, nil, err); err != nil {
		if call, ok := errors.AsType[*CallError](err); ok && s != nil {
			call.FindParams = &params
		}
		return nil, err
	}
	return s, nil
}

func (c *Client) findImported(ctx context.Context, params FindImportedSessionParams) (*ImportedSession, error) {
	if err := params.check(); err != nil {
		return nil, err
	}
	s := search{c: c, params: params}
	if !params.CreatedAfter.IsZero() {
		s.since = params.CreatedAfter.Add(-clockSkew)
	}
	err := s.run(ctx, allPages)
	if found := s.choose(); found != nil {
		return found, nil
	}
	candidates := s.candidates()
	if err == nil && len(candidates) == 0 {
		return nil, &both{&sentinel{text: "didit: " + findName}, ErrImportNotFound, ": "}
	}
	err = cmp.Or(err, s.broken)
	e := &CallError{
		Operation: findName, Outcome: OutcomeUnknown, SearchErr: err, FindParams: &params, Candidates: candidates,
		read: true, final: !s.passing && ctx.Err() == nil, next: "search again later",
	}
	if e.final {
		e.next = "searching again would tell no more"
	}
	var call *CallError
	switch {
	case ctx.Err() != nil:
		e.Err, e.SearchErr = ctx.Err(), nil
	case errors.As(err, &call):
		e.Err, e.Answer = call.Err, call.Answer
	case !errors.Is(err, ErrNotFound): // a 404 of the list must not read as "no such copy"
		errors.As(err, &e.Answer)
	}
	return nil, e
}

// check refuses what can be known locally.
func (p *FindImportedSessionParams) check() error {
	var all problems
	p.SourceSessionID = checkID(&all, "SourceSessionID", p.SourceSessionID)
	if k := p.SessionKind; k != KindUser && k != KindBusiness {
		all.add("SessionKind", "must be user or business", nil)
	}
	p.VendorData = trimText(p.VendorData)
	if p.VendorData == "" && p.CreatedAfter.IsZero() {
		all.add("CreatedAfter", "is required without VendorData", nil)
	}
	checkText(&all, "VendorData", p.VendorData)
	if p.WorkflowID != "" {
		p.WorkflowID = checkID(&all, "WorkflowID", p.WorkflowID)
	}
	return all.err()
}
