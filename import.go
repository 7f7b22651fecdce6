package didit

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/didit-go/didit/internal/route"
	"github.com/didit-go/didit/internal/transport"
)

// ReviewPolicy says whether the source application's review is trusted.
type ReviewPolicy string

// The policies.
const (
	TrustSourceReview ReviewPolicy = "trust_source" // the copy keeps the source's status
	ReviewAgain       ReviewPolicy = "review_again" // the copy starts In Review
)

// Workflows names a workflow per kind of session.
type Workflows struct{ User, Business string }

// ImportSharedSessionParams says which session is imported, and into what.
type ImportSharedSessionParams struct {
	Token      ShareToken
	WorkflowID string       // workflow of our application that the copy is attached to
	Workflows  Workflows    // or one per kind, chosen by the token's kind; exactly one of the two ways is given
	Review     ReviewPolicy // required: it is a compliance decision, so it has no default
	VendorData string       // our own reference for the person or company; what makes a lost import findable. Use the same in every call

	Resume             bool     // an earlier call with this token may have reached Didit (a redelivered job): look before sending
	SourceSessionID    string   // optional: the session that the partner announced; another one is refused
	FromApplicationIDs []string // optional: the partners that we accept; a token from another application is refused
}

// Find returns what a later look for the copy needs. Store it before the call if a
// crash must lose nothing. The error matches ErrShareTokenInvalid where the token's
// claims cannot be read or are no good to look by.
func (p ImportSharedSessionParams) Find() (FindImportedSessionParams, error) {
	claims, err := p.Token.Claims()
	if err != nil {
		return FindImportedSessionParams{}, err
	}
	return claims.find(p.VendorData, time.Now())
}

// ImportedSession is our own copy of a shared session.
type ImportedSession struct {
	Session
	// Recovered says that Didit's answer was lost or said "already imported": this is
	// the session that it had made, with the review and workflow of the call that
	// made it.
	Recovered bool `json:"recovered,omitempty"`
	// Duplicates are other copies of the same source, should Didit ever have made
	// some; this one has the lowest number.
	Duplicates []string `json:"duplicates,omitempty"`
}

// ImportSharedSession redeems a share token: it returns our own copy of the session
// behind it. Didit redeems a token once and has no idempotency key, so this call
// never sends a second request once the first may have arrived. Where the answer is
// lost, or says that the session was imported already, it looks for the copy among
// our sessions.
//
// It may be called again with the same token and vendor data any number of times.
// After an error for which [Retryable] is true, call again after a minute with
// Resume set. What a [CallError] says has to be believed: OutcomeUnknown and
// ResultLost mean that a copy may be there. Set VendorData: a copy can be told by
// it even where the token's claims prove nothing.
//
// Looks read at most 25 pages of the list and 500 decisions and take at most 60 s,
// all together. Two imports of one source at the same time are as safe as Didit's
// own check, so hold a lock or a unique job per source session.
//
// https://docs.didit.me/sessions-api/share-session/import
func (c *Client) ImportSharedSession(ctx context.Context, params ImportSharedSessionParams) (*ImportedSession, error) {
	p := c.usable(ctx)
	if err := p.err(); err != nil {
		return nil, err
	}
	im := importing{c: c, ctx: ctx, params: params, began: c.now()}
	s, err := im.run()
	if c.audit != nil {
		e := AuditEvent{Action: AuditImport, SourceSessionID: im.claims.SessionID, SessionKind: im.claims.SessionKind,
			FromApplicationID: im.claims.FromApplicationID, ForApplicationID: im.claims.ForApplicationID,
			WorkflowID: im.body.WorkflowID, Review: params.Review, TokenFingerprint: params.Token.Fingerprint()}
		if s != nil {
			e.SessionID, e.SourceSessionID, e.SessionKind = s.SessionID, s.SharedFromSession, s.SessionKind
			if s.Recovered {
				e.Outcome = AuditRecovered
			}
		}
		c.record(ctx, im.began, e, &im.req, err)
	}
	return s, err
}

// importing is one call of ImportSharedSession.
type importing struct {
	c      *Client
	ctx    context.Context //nolint:containedctx // one call's state, gone with it
	params ImportSharedSessionParams
	began  time.Time

	claims ShareClaims
	body   importBody
	req    request
	answer *ImportedSession

	look    *look // see mayLook
	lookErr error // of the last look, or why there can be none

	readable bool // the claims could be read
	own      bool // our POST got no usable answer
	said     bool // Didit said in this call that the session was imported already
}

type importBody struct {
	ShareToken  string `json:"share_token"`
	WorkflowID  string `json:"workflow_id"`
	TrustReview bool   `json:"trust_review"`
	VendorData  string `json:"vendor_data,omitempty"`
}

// check refuses what can be known locally.
func (im *importing) check() error {
	var p problems
	params := &im.params
	if problem := params.Token.problem(); problem != "" {
		p.add("Token", problem, ErrShareTokenInvalid)
	}
	im.claims, im.readable = params.Token.claims()
	im.checkClaims(&p)
	im.body = importBody{
		ShareToken: params.Token.Reveal(), WorkflowID: im.workflow(&p),
		TrustReview: params.Review == TrustSourceReview, VendorData: params.VendorData,
	}
	if params.Review != TrustSourceReview && params.Review != ReviewAgain {
		p.add("Review", "must be TrustSourceReview or ReviewAgain: it is a decision that has no default", nil)
	}
	checkText(&p, "VendorData", params.VendorData)
	if im.readable && im.expiredFor(expiryGrace) && !params.Resume && params.VendorData == "" {
		p.add("Token", "has expired", ErrShareTokenExpired)
	}
	return p.err()
}

// checkClaims holds the token's claims against what the caller expects of it. Claims
// that cannot be read are no error: the token is Didit's, its format may change.
func (im *importing) checkClaims(p *problems) {
	announced := im.params.SourceSessionID
	if announced != "" {
		announced = checkID(p, "SourceSessionID", announced)
	}
	accepted := false
	for i, id := range im.params.FromApplicationIDs {
		accepted = checkID(p, fmt.Sprintf("FromApplicationIDs[%d]", i), id) == im.claims.FromApplicationID || accepted
	}
	if !im.readable {
		im.claims.SessionID = announced
		return
	}
	if im.foreign() {
		p.add("Token", "was minted for another application", ErrShareTokenForeign)
	}
	if announced != "" && im.claims.SessionID != announced {
		p.add("Token", "is not of the announced session (SourceSessionID)", ErrShareTokenInvalid)
	}
	if len(im.params.FromApplicationIDs) > 0 && !accepted {
		p.add("Token", "is from an application that is not accepted (FromApplicationIDs)", ErrShareTokenInvalid)
	}
}

// foreign reports whether the token says that it is for another application.
func (im *importing) foreign() bool {
	target := im.claims.ForApplicationID
	return target != "" && im.c.applicationID != "" && target != im.c.applicationID
}

// workflow chooses the workflow that the copy is attached to.
func (im *importing) workflow(p *problems) string {
	w := im.params.Workflows
	switch {
	case im.params.WorkflowID != "" && w != Workflows{}:
		p.add("WorkflowID", "must not be given together with Workflows", nil)
	case im.params.WorkflowID != "":
		return checkID(p, "WorkflowID", im.params.WorkflowID)
	case w == Workflows{}:
		p.add("WorkflowID", "or Workflows is required", nil)
	}
	chosen, field := "", ""
	for _, kind := range [...]struct {
		kind      SessionKind
		id, field string
	}{{KindUser, w.User, "Workflows.User"}, {KindBusiness, w.Business, "Workflows.Business"}} {
		id := kind.id
		if id != "" {
			id = checkID(p, kind.field, id)
		}
		if im.readable && im.claims.SessionKind == kind.kind {
			chosen, field = id, kind.field
			if kind.id == "" && w != (Workflows{}) {
				p.add(field, "is required: the token is of that kind", nil)
			}
		}
	}
	if field == "" && w != (Workflows{}) {
		p.add("Workflows", "cannot be chosen from: the token's kind cannot be read; give WorkflowID", nil)
	}
	return chosen
}

// Decode reads the answer to the import. One that contradicts the call is not
// believed.
func (im *importing) Decode(_ int, body []byte) error {
	w := new(wireSession)
	if err := w.decode(body); err != nil {
		return err
	}
	id, ok := route.UUID(w.SessionID)
	kind, from := im.claims.SessionKind, im.claims.SessionID
	switch {
	case !ok:
		return transport.Unfit("has no usable session_id")
	case id == from:
		return transport.Unfit("names the source session as the copy")
	case w.WorkflowID != "" && !strings.EqualFold(w.WorkflowID, im.body.WorkflowID):
		return transport.Unfit("names another workflow")
	case w.SessionKind != "" && kind != "" && w.SessionKind != kind:
		return transport.Unfit("names another kind of session")
	case w.VendorData != "" && im.body.VendorData != "" && !sameText(w.VendorData, im.body.VendorData):
		return transport.Unfit("names other vendor data")
	case w.SharedFromSession.id != "" && from != "" && !strings.EqualFold(w.SharedFromSession.id, from):
		return transport.Unfit("names another source session")
	}
	s := &w.ImportedSession
	s.SessionID = id
	if s.SessionKind == "" {
		s.SessionKind = kind
	}
	if s.SharedFromSession == "" {
		s.SharedFromSession = from
	}
	im.answer = s
	return nil
}
