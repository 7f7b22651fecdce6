package didit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/didit-go/didit/internal/answer"
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

// maxLifetime is the longest life that a token of Didit's has, and some minutes. One
// that claims to live longer is not Didit's.
const (
	clockSkew   = 5 * time.Minute
	maxLifetime = maxTTL + clockSkew
)

func (c ShareClaims) find(vendorData string, now time.Time) (FindImportedSessionParams, error) {
	id, ok := route.UUID(c.SessionID)
	var p problems
	switch {
	case !ok:
		p.add("Token", "names no session", ErrShareTokenInvalid)
	case c.SessionKind != KindUser && c.SessionKind != KindBusiness:
		p.add("Token", "names a kind of session that cannot be looked for", ErrShareTokenInvalid)
	case c.ExpiresAt.IsZero():
		p.add("Token", "does not say when it expires", ErrShareTokenInvalid)
	case c.IssuedAt.IsZero() && c.ExpiresAt.Sub(now) > maxLifetime, !c.IssuedAt.IsZero() && c.ExpiresAt.Sub(c.IssuedAt) > maxLifetime:
		p.add("Token", "claims to live longer than 24 h", ErrShareTokenInvalid)
	}
	after := c.IssuedAt
	if after.IsZero() {
		after = c.ExpiresAt.Add(-maxTTL)
	}
	if after.After(now) {
		after = now
	}
	return FindImportedSessionParams{SourceSessionID: id, SessionKind: c.SessionKind, VendorData: vendorData, CreatedAfter: after}, p.err()
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

const resumeLater = "call again in a minute with Resume, the same token and vendor data"

// How far the partners' clocks may be from Didit's.
const (
	expiryGrace = 30 * time.Second
	// finalAfter is how long after a token's end no earlier import can still be under way.
	finalAfter = 10 * time.Minute
)

func (im *importing) run() (*ImportedSession, error) {
	if err := im.check(); err != nil {
		return nil, err
	}
	expired := im.expiredFor(expiryGrace)
	if !expired && !im.params.Resume {
		return im.post()
	}
	if !im.mayLook() && expired {
		return nil, im.refusedLocally()
	}
	if im.mayLook() {
		s := im.search(walkAll)
		switch {
		case s != nil:
			return s, nil
		case im.lookErr != nil:
			return nil, im.unknown(nil, nil)
		case expired:
			return nil, im.refusedLocally()
		}
	}
	return im.post()
}

// mayLook prepares the look, where the token's claims are good to look by.
func (im *importing) mayLook() bool {
	if im.look != nil {
		return true
	}
	if !im.readable {
		_, im.lookErr = im.params.Token.Claims()
		return false
	}
	find, err := im.claims.find(im.params.VendorData, im.began)
	if err != nil {
		im.lookErr = err
		return false
	}
	im.look = &look{c: im.c, find: find, token: im.params.Token}
	return true
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

func (im *importing) expiredFor(d time.Duration) bool {
	return !im.claims.ExpiresAt.IsZero() && im.began.Sub(im.claims.ExpiresAt) > d
}

// refusedLocally is the end of an import whose token has expired: it is not sent.
func (im *importing) refusedLocally() error {
	var p problems
	p.add("Token", "has expired, and no copy of its session was found", ErrShareTokenExpired)
	if im.final() {
		return p.err()
	}
	return im.unknown(p.err(), nil)
}

// final reports whether a refusal is the last word. It speaks of this call only:
// where an earlier one may still be under way, it is not.
func (im *importing) final() bool {
	if !im.params.Resume {
		return true
	}
	return im.look != nil && im.lookErr == nil && len(im.candidates()) == 0 && im.expiredFor(finalAfter)
}

func (im *importing) post() (*ImportedSession, error) {
	im.req = request{into: im, token: answer.Token{Expired: im.expiredFor(0), Foreign: im.foreign()}}
	var p problems
	im.req.json = encode(&p, "params", &im.body)
	if err := p.err(); err != nil {
		return nil, err
	}
	err := im.c.call(im.ctx, opImport, &im.req)
	if err == nil {
		return im.answer, nil
	}
	failure, ok := errors.AsType[*CallError](err)
	if !ok {
		if refusal, ok := errors.AsType[*APIError](err); ok {
			return im.refused(refusal)
		}
		return nil, err
	}
	failure.once, failure.next = false, resumeLater // calling again is what it is made for
	failure.Find = im.find()
	if im.req.res.CtxErr == nil && failure.Outcome != NotSent {
		im.own = true
		if s := im.repeat(); s != nil {
			return s, nil
		}
		failure.LookErr = im.lookErr
		if err := im.ctx.Err(); err != nil {
			failure.LookErr = nil
			failure.Err = join(err, failure.Err)
		}
	}
	failure.Candidates = im.candidates()
	return nil, failure
}

// refused decides what an answer that is no success means.
func (im *importing) refused(refusal *APIError) (*ImportedSession, error) {
	said := answer.ParseErrorBody(refusal.Body)
	var s *ImportedSession
	switch {
	case errors.Is(refusal, ErrUnauthorized), refusal.StatusCode == http.StatusTooManyRequests,
		(refusal.StatusCode == http.StatusBadRequest || refusal.StatusCode == http.StatusUnprocessableEntity) &&
			said.Other("share_token", "workflow_id", "non_field_errors"):
		return nil, refusal
	case errors.Is(refusal, ErrAlreadyImported):
		im.said = true
		if s = im.repeat(); s == nil {
			return nil, im.lost(refusal)
		}
	case !im.mayLook() && im.final():
		return nil, refusal
	case !im.mayLook():
		return nil, im.unknown(nil, refusal)
	default:
		generic := refusal.StatusCode == http.StatusForbidden && said.Generic()
		walk := walkAll
		if generic || errors.Is(refusal, ErrWorkflowNotFound) || errors.Is(refusal, ErrWorkflowKindMismatch) {
			walk = walkOnePage
		}
		s = im.search(walk)
		denied := errors.Is(im.lookErr, ErrUnauthorized) || errors.Is(im.lookErr, ErrForbidden)
		switch {
		case s != nil:
		case generic && denied, im.lookErr == nil && im.final():
			return nil, refusal
		default:
			return nil, im.unknown(nil, refusal)
		}
	}
	return s, nil
}

// search looks once. It returns the copy where one was found that may be returned.
func (im *importing) search(walk int) *ImportedSession {
	im.lookErr = im.look.search(im.ctx, walk)
	return im.look.choose(im.ours)
}

// The looks after a lost answer, in minimum retry waits: the list may lag.
var looksAfter = [...]int{0, 2, 6, 12}

func (im *importing) repeat() *ImportedSession {
	if !im.mayLook() {
		return nil
	}
	for _, n := range looksAfter {
		if !sleep(im.ctx, time.Duration(n)*im.c.waitMin) {
			return nil
		}
		if s := im.search(walkAll); s != nil {
			return s
		}
		if im.look.spent() || errors.Is(im.lookErr, ErrUnauthorized) || errors.Is(im.lookErr, ErrForbidden) {
			return nil
		}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) bool {
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
		}
	}
	return ctx.Err() == nil
}

// ours reports whether a copy of the source may be returned. A token's claims prove
// no right to it: nobody but Didit can verify them.
func (im *importing) ours(s *Session) bool {
	if im.said {
		return true
	}
	if im.params.VendorData != "" {
		return sameText(s.VendorData, im.params.VendorData)
	}
	return im.own && s.CreatedAt.After(im.began.Add(-clockSkew))
}

// sameText compares vendor data, around which Didit may trim.
func sameText(a, b string) bool { return strings.TrimSpace(a) == strings.TrimSpace(b) }

func (im *importing) find() *FindImportedSessionParams {
	if !im.mayLook() {
		return nil
	}
	find := im.look.find
	return &find
}

func (im *importing) candidates() []string {
	if im.look == nil {
		return nil
	}
	return im.look.candidates()
}

// unknown is the error of an import that cannot be said to have failed.
func (im *importing) unknown(cause error, refusal *APIError) error {
	e := &CallError{
		Operation: opImport.name, Outcome: OutcomeUnknown, Err: cause, Last: refusal, LookErr: im.lookErr,
		Find: im.find(), Candidates: im.candidates(), next: resumeLater,
	}
	if im.req.res != nil {
		e.Attempts = im.req.res.Attempts
	}
	if err := im.ctx.Err(); err != nil {
		e.LookErr = nil
		e.Err = join(err, cause)
	}
	return e
}

// lost is the error of an import that was made but could not be found.
func (im *importing) lost(refusal *APIError) error {
	e := im.unknown(nil, refusal).(*CallError) //nolint:errcheck,errorlint,forcetypeassert // made just above
	e.Outcome = ResultLost
	return e
}

// join puts a context's error before what had happened when it ended.
func join(ctxErr, before error) error {
	if before == nil {
		return ctxErr
	}
	return &ended{ctxErr, before}
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

// look is the search for a copy among our own sessions.
type look struct {
	c     *Client
	find  FindImportedSessionParams
	token ShareToken // none for FindImportedSession

	pages, reads int                  // so far, all searches together
	took         time.Duration        // likewise
	read         map[string]*readCopy // decisions that were read, by id

	// What the last search saw.
	copies     []*Session // of the source
	unassigned []string   // ids of sessions whose source cannot be told
	unclaimed  []string   // ids of copies that choose left
}

type readCopy struct {
	*Session
	sourceKnown bool
}

const (
	maxLookPages = 25
	maxLookReads = 500
	maxLookTime  = time.Minute

	walkOnePage = 1
	walkAll     = maxLookPages + 1 // the budget ends it first
)

// spent reports whether nothing more may be read.
func (l *look) spent() bool {
	return l.pages >= maxLookPages || l.reads >= maxLookReads || l.took >= maxLookTime
}

var errLookSpent = transport.Unfit("was not found within 25 pages, 500 decisions and 60 s; the search was cut short")

func (l *look) oldest() time.Time { return l.find.CreatedAfter.Add(-clockSkew) }

// search walks the list. Without an error it reached the end, or as many pages as
// were asked for.
func (l *look) search(ctx context.Context, pages int) error {
	l.copies, l.unassigned, l.unclaimed = nil, nil, nil
	if l.c.logger != nil {
		l.c.logger.LogAttrs(ctx, slog.LevelInfo, "didit: looking for the imported copy",
			slog.String("token", l.token.Fingerprint()), slog.String("source_session_id", l.find.SourceSessionID))
	}
	began := time.Now()
	bounded, cancel := context.WithTimeout(ctx, maxLookTime-l.took)
	err := l.walk(bounded, pages)
	if bounded.Err() != nil && ctx.Err() == nil {
		err = errLookSpent
	}
	cancel()
	l.took += time.Since(began)
	return err
}

func (l *look) walk(ctx context.Context, pagesLeft int) error {
	p := pages{c: l.c, q: listQuery{SessionKind: l.find.SessionKind, VendorData: l.find.VendorData, Limit: defaultPageSize}}
	if l.find.WorkflowID != "" {
		p.q.WorkflowIDs = []string{l.find.WorkflowID}
	}
	seen := make(map[string]bool)
	for ; !p.done; pagesLeft-- {
		if pagesLeft == 0 {
			return nil
		}
		if l.pages >= maxLookPages {
			return errLookSpent
		}
		l.pages++
		rows, err := p.next(ctx)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if l.find.VendorData == "" && !r.CreatedAt.IsZero() && r.CreatedAt.Before(l.oldest()) {
				return nil // newest first: all that follow are older
			}
			if seen[r.SessionID] {
				continue
			}
			seen[r.SessionID] = true
			if err := l.see(ctx, r); err != nil {
				l.unassigned = append(l.unassigned, r.SessionID)
				return err
			}
		}
	}
	return nil
}

// see tells whether a row is the copy.
func (l *look) see(ctx context.Context, r row) error {
	if r.sourceKnown && !l.isSource(r.SharedFromSession) {
		return nil
	}
	d := l.read[r.SessionID]
	if d == nil {
		if l.reads >= maxLookReads {
			return errLookSpent
		}
		l.reads++
		s, known, err := l.c.readSession(ctx, r.SessionID)
		if errors.Is(err, ErrNotFound) {
			return nil // deleted meanwhile
		}
		if err != nil {
			return err
		}
		d = &readCopy{s, known}
		if l.read == nil {
			l.read = make(map[string]*readCopy)
		}
		l.read[r.SessionID] = d
	}
	switch {
	case d.sourceKnown && !l.isSource(d.SharedFromSession):
	case d.sourceKnown || r.sourceKnown:
		s := *d.Session
		s.SharedFromSession = l.find.SourceSessionID
		if s.SessionKind == "" {
			s.SessionKind = l.find.SessionKind
		}
		l.copies = append(l.copies, &s)
	default:
		l.unassigned = append(l.unassigned, r.SessionID)
	}
	return nil
}

func (l *look) isSource(id string) bool { return strings.EqualFold(id, l.find.SourceSessionID) }

// choose returns the copy with the lowest number of those that may be returned, or
// nil. All others become candidates then.
func (l *look) choose(ours func(*Session) bool) *ImportedSession {
	slices.SortStableFunc(l.copies, func(a, b *Session) int { return int(a.SessionNumber - b.SessionNumber) })
	i := slices.IndexFunc(l.copies, ours)
	var duplicates []string
	for j, s := range l.copies {
		if j != i {
			duplicates = append(duplicates, s.SessionID)
		}
	}
	if i < 0 {
		l.unclaimed = duplicates
		return nil
	}
	return &ImportedSession{Session: *l.copies[i], Recovered: true, Duplicates: duplicates}
}

// candidates lists our sessions that may be the copy.
func (l *look) candidates() []string { return slices.Concat(l.unclaimed, l.unassigned) }

// String is the fingerprint of the token, and the workflow.
func (p ImportSharedSessionParams) String() string {
	return "didit.ImportSharedSessionParams(" + p.Token.String() + ", workflow " + printID(p.WorkflowID) + ")"
}

// GoString is String.
func (p ImportSharedSessionParams) GoString() string { return p.String() }

// Format prints String for every verb.
func (p ImportSharedSessionParams) Format(f fmt.State, _ rune) { io.WriteString(f, p.String()) }

// LogValue is String.
func (p ImportSharedSessionParams) LogValue() slog.Value { return slog.StringValue(p.String()) }

// String is the id, kind and status.
func (s ImportedSession) String() string {
	return printSession("didit.ImportedSession", s.SessionID, s.SessionKind, s.Status)
}

// GoString is String.
func (s ImportedSession) GoString() string { return s.String() }

// Format prints String for every verb.
func (s ImportedSession) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// LogValue is String.
func (s ImportedSession) LogValue() slog.Value { return slog.StringValue(s.String()) }

// String is the source session's id and kind.
func (p FindImportedSessionParams) String() string {
	return printSession("didit.FindImportedSessionParams", p.SourceSessionID, p.SessionKind, "")
}

// GoString is String.
func (p FindImportedSessionParams) GoString() string { return p.String() }

// Format prints String for every verb.
func (p FindImportedSessionParams) Format(f fmt.State, _ rune) { io.WriteString(f, p.String()) }

// LogValue is String.
func (p FindImportedSessionParams) LogValue() slog.Value { return slog.StringValue(p.String()) }
