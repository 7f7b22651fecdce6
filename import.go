package didit

import (
	"context"
	"errors"
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
	WorkflowID string       // workflow of your application that the copy is attached to
	Workflows  Workflows    // or one per kind, chosen by the token's kind; exactly one of the two ways is given
	Review     ReviewPolicy // required: it is a compliance decision, so it has no default
	// VendorData is your own reference for the person or company, at most what Didit
	// takes; white space around it is trimmed. A copy is returned only where its vendor
	// data is this: without it an import whose answer is lost is not returned, only
	// named in Candidates. Use the same in every call with one token.
	VendorData string

	Resume             bool     // an earlier call with this token may have reached Didit (a redelivered job): search before sending
	SourceSessionID    string   // optional: the session that the partner announced; another one is refused
	FromApplicationIDs []string // optional: the partners that you accept; a token from another application is refused
}

// Validate makes the local checks that need no client: all of ImportSharedSession's,
// but whether the token is for your own application. The error is a
// *[ValidationError]. A queue refuses a job with it that no worker could do.
func (p ImportSharedSessionParams) Validate() error {
	im := importing{c: new(Client), params: p, began: time.Now()}
	return im.check()
}

// FindParams returns what a later search for the copy needs. Store it before the
// call if a crash must lose nothing; it holds vendor data. The error matches
// ErrShareTokenInvalid where the token's claims cannot be read, or are no good to
// search by.
func (p ImportSharedSessionParams) FindParams() (FindImportedSessionParams, error) {
	claims, err := p.Token.Claims()
	if err != nil {
		return FindImportedSessionParams{}, err
	}
	return claims.findParams(p.VendorData, time.Now(), p.Resume)
}

// ImportedSession is your own copy of a shared session.
type ImportedSession struct {
	Session
	// Recovered says that Didit's answer was lost or said "already imported": this is
	// the session that it had made, with the review and workflow of the call that
	// made it.
	Recovered bool `json:"recovered,omitempty"`
	// Earlier says of a recovered copy that it was made more than 5 minutes before this
	// token was issued: by an import of long ago, with the review, workflow and data
	// of then.
	Earlier bool `json:"earlier,omitempty"`
	// Duplicates are other copies of the same source with the same vendor data, should
	// Didit ever have made some; this one has the lowest number.
	Duplicates []string `json:"duplicates,omitempty"`
}

// ImportSharedSession redeems a share token: it returns your own copy of the session
// behind it. Didit redeems a token once and has no idempotency key, so this call
// never sends a second request once the first may have arrived. Where the answer is
// lost, or says that the session was imported already, it searches for the copy
// among your own sessions, by the token's source session and your vendor data.
//
// It may be called again with the same token and vendor data any number of times.
// After an error for which [Retryable] is true, call again after [RetryAfter] with
// Resume set. In a [CallError], OutcomeUnknown and OutcomeResultLost mean that there
// may be a copy. OutcomeAlreadyImported means that there was one before this call, which
// may be another customer's.
//
// All searches of one call read at most 25 pages of the list and 500 decisions and
// take at most 60 s; after a plain refusal it is one page and 20 decisions. Two
// imports of one source at the same time are as safe as Didit's own check, so hold a
// lock or a unique job per source session.
//
// Errors match ErrInvalidParams, ErrShareTokenInvalid, ErrShareTokenExpired and
// ErrShareTokenForeign without a call; ErrShareTokenInvalid and its kinds,
// ErrAlreadyImported, ErrWorkflowNotFound, ErrWorkflowKindMismatch, ErrUnauthorized,
// ErrForbidden, ErrRateLimited and ErrServer from Didit; ErrNotSent,
// ErrOutcomeUnknown and ErrResultLost.
//
// https://docs.didit.me/sessions-api/share-session/import
func (c *Client) ImportSharedSession(ctx context.Context, params ImportSharedSessionParams) (s *ImportedSession, err error) {
	im := importings.Get().(*importing) //nolint:errcheck,forcetypeassert // the pool holds nothing else
	defer im.release()
	ctx, story := c.begin(ctx, importName)
	defer func() { story.end(&im.req, err) }()
	p := c.usable(ctx)
	if err := p.err(); err != nil {
		return nil, err
	}
	*im = importing{c: c, ctx: ctx, params: params, text: im.text, began: c.now()}
	s, err = im.run()
	im.tell(&story, s)
	if c.audit == nil {
		return s, err
	}
	e := AuditEvent{
		Action: AuditImport, SourceSessionID: im.claims.SessionID, SessionKind: im.claims.SessionKind,
		FromApplicationID: im.claims.FromApplicationID, ForApplicationID: im.claims.ForApplicationID,
		WorkflowID: im.body.WorkflowID, Review: params.Review, TokenFingerprint: params.Token.Fingerprint(),
	}
	if s != nil {
		e.SessionID, e.SourceSessionID, e.SessionKind = s.SessionID, s.SharedFromSession, s.SessionKind
		if s.Recovered {
			e.Outcome = AuditRecovered
		}
	}
	if err = c.record(ctx, im.began, e, &im.req, err); err != nil {
		if call, ok := errors.AsType[*CallError](err); ok && s != nil {
			im.withheld(call)
		}
		return nil, err
	}
	return s, nil
}

// importBody is what is sent with the token.
type importBody struct {
	WorkflowID  string `json:"workflow_id"`
	TrustReview bool   `json:"trust_review"`
	VendorData  string `json:"vendor_data,omitempty"`
}

// check refuses what can be known locally.
func (im *importing) check() error {
	var p problems
	params := &im.params
	im.text = params.Token.appendText(im.text)
	if problem := tokenProblem(im.text); problem != "" {
		p.add("Token", problem, ErrShareTokenInvalid)
	} else {
		im.claims, im.readable = readClaims(im.text)
	}
	im.checkClaims(&p)
	params.VendorData = trimText(params.VendorData)
	im.body = importBody{
		WorkflowID: im.workflow(&p), TrustReview: params.Review == TrustSourceReview, VendorData: params.VendorData,
	}
	if params.Review != TrustSourceReview && params.Review != ReviewAgain {
		p.add("Review", "must be TrustSourceReview or ReviewAgain: it is a decision that has no default", nil)
	}
	checkText(&p, "VendorData", params.VendorData)
	if im.expiredFor(expiryGrace) && !params.Resume {
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
		if announced != "" || len(im.params.FromApplicationIDs) > 0 {
			p.add("Token", "has no claims that can be read, and so cannot be held against SourceSessionID and FromApplicationIDs", ErrShareTokenInvalid)
		}
		return
	}
	if im.foreign() {
		p.add("Token", "was minted for another application", ErrShareTokenForeign)
	}
	if announced != "" && im.claims.SessionID != announced {
		p.add("Token", "is for another session than SourceSessionID", ErrShareTokenInvalid)
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
	s := new(ImportedSession)
	if _, err := decodeSession(body, &s.Session); err != nil {
		return err
	}
	id, ok := route.UUID(s.SessionID)
	kind, from := im.claims.SessionKind, im.claims.SessionID
	switch {
	case !ok:
		return transport.BadAnswer("has no usable session_id")
	case id == from:
		return transport.BadAnswer("names the source session as the copy")
	case s.WorkflowID != "" && !strings.EqualFold(s.WorkflowID, im.body.WorkflowID):
		return transport.BadAnswer("names another workflow")
	case s.SessionKind != "" && kind != "" && s.SessionKind != kind:
		return transport.BadAnswer("names another kind of session")
	case s.VendorData != "" && im.body.VendorData != "" && trimText(s.VendorData) != im.body.VendorData:
		return transport.BadAnswer("names other vendor data")
	case s.SharedFromSession != "" && from != "" && !strings.EqualFold(s.SharedFromSession, from):
		return transport.BadAnswer("names another source session")
	}
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
