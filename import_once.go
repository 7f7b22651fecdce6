package didit

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/didit-go/didit/internal/answer"
	"github.com/didit-go/didit/internal/route"
)

// importing is one call of ImportSharedSession: the one POST, the search, and what
// both mean.
type importing struct {
	c      *Client
	ctx    context.Context //nolint:containedctx // one call's state, gone with it
	params ImportSharedSessionParams
	text   []byte // the token's
	began  time.Time

	claims   ShareClaims
	readable bool // the claims could be read
	body     importBody
	req      request
	answer   *ImportedSession

	search    *search // nil where the claims are no good to search by
	searchErr error   // of the last search, or why there can be none
	answered  bool    // Didit itself refused the POST
}

// importings are used again: nothing that a call leaves may point into one.
var importings = sync.Pool{New: func() any { return new(importing) }}

func (im *importing) release() {
	clear(im.text)
	*im = importing{text: im.text[:0]}
	importings.Put(im)
}

const (
	resumeLater = "call again after RetryAfter with Resume, the same token and vendor data"
	noMore      = "calling again would tell no more"
)

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
	if im.params.Resume {
		im.prepareSearch()
		if s, err := im.resume(); s != nil || err != nil {
			return s, err
		}
	}
	return im.post()
}

// resume searches for what an earlier call may have made. Where it returns neither a
// copy nor an error, the token may be sent.
func (im *importing) resume() (*ImportedSession, error) {
	expired := im.expiredFor(expiryGrace)
	if im.search == nil && !expired {
		return nil, nil //nolint:nilnil // see above
	}
	s := im.searchOnce(allPages)
	switch {
	case s != nil:
		return s, nil
	case im.foundOthers():
		return nil, im.open(OutcomeAlreadyImported, nil, nil)
	case expired && im.searchErr == nil && len(im.candidates()) == 0 && im.expiredFor(finalAfter):
		var p problems
		p.add("Token", "has expired, and there is no copy of its session that this key sees, with this vendor data", ErrShareTokenExpired)
		return nil, p.err()
	case expired:
		return nil, im.open(OutcomeUnknown, ErrShareTokenExpired, nil)
	case im.searchErr != nil && !denied(im.searchErr), im.search.broken != nil && !denied(im.search.broken):
		return nil, im.open(OutcomeUnknown, nil, nil)
	}
	return nil, nil //nolint:nilnil // see above
}

// post sends the import, once.
func (im *importing) post() (*ImportedSession, error) {
	im.req = request{into: im, inner: true, token: answer.Token{Expired: im.expiredFor(0), Foreign: im.foreign()}}
	var p problems
	im.req.json = im.encode(&p)
	if err := p.err(); err != nil {
		return nil, err
	}
	switch err := im.c.call(im.ctx, opImport, &im.req).(type) { //nolint:errorlint // call returns these as they are
	case nil:
		return im.answer, nil
	case *APIError:
		return im.refused(err)
	case *CallError:
		return im.unanswered(err)
	default:
		return nil, err
	}
}

// encode makes the body. The characters of a token need no escapes.
func (im *importing) encode(p *problems) []byte {
	const begin, end = `{"share_token":"`, `",`
	rest := encode(p, "params", &im.body)
	body := make([]byte, 0, len(begin)+len(im.text)+len(end)+len(rest))
	body = append(append(body, begin...), im.text...)
	return append(append(body, end...), rest[1:]...)
}

// unanswered searches for what a POST without a usable answer may have made.
func (im *importing) unanswered(failure *CallError) (*ImportedSession, error) {
	im.prepareSearch()
	if failure.Outcome == OutcomeNotSent {
		failure.FindParams, failure.Candidates = im.findParams(), im.candidates()
		return nil, failure
	}
	if im.req.res.CtxErr == nil {
		if s := im.repeat(); s != nil {
			return s, nil
		}
		if err := im.ctx.Err(); err != nil {
			failure.Err = join(err, failure.Err)
		}
	}
	return nil, im.complete(failure)
}

// refused decides what an answer that is no success means. It speaks of this call
// only; what an earlier one did only a search can tell.
func (im *importing) refused(refusal *APIError) (*ImportedSession, error) {
	im.prepareSearch()
	body := im.req.said
	im.answered = refusal.StatusCode != http.StatusTooManyRequests && fromDidit(refusal.StatusCode, body)
	switch {
	case !im.answered, errors.Is(refusal, ErrUnauthorized), badFields(refusal.StatusCode, body):
	case errors.Is(refusal, ErrAlreadyImported):
		if s := im.repeat(); s != nil {
			return s, nil
		}
		im.nameOthers()
		return nil, im.open(OutcomeAlreadyImported, nil, refusal)
	case im.params.Resume || im.params.VendorData != "":
		limit := allPages
		if !im.params.Resume {
			limit = onePage // a stranger's forged token must not cost hundreds of reads
		}
		s := im.searchOnce(limit)
		switch {
		case s != nil:
			return s, nil
		case im.foundOthers():
			return nil, im.open(OutcomeAlreadyImported, nil, refusal)
		}
	}
	if im.params.Resume {
		return nil, im.open(OutcomeUnknown, nil, refusal)
	}
	return nil, refusal
}

// fromDidit reports whether an answer that is no success came from Didit's
// application, and not from a proxy, a firewall or a sign-in page before it.
func fromDidit(status int, body *answer.ErrorBody) bool {
	switch status {
	case http.StatusMethodNotAllowed, http.StatusProxyAuthRequired, http.StatusMisdirectedRequest, http.StatusUpgradeRequired,
		http.StatusUnavailableForLegalReasons, http.StatusNetworkAuthenticationRequired:
		return false
	}
	return status >= 500 || status >= 400 && body.JSON
}

// badFields reports whether Didit refused the form of the request, before it looked
// at the token.
func badFields(status int, body *answer.ErrorBody) bool {
	return (status == http.StatusBadRequest || status == http.StatusUnprocessableEntity) &&
		body.Other("share_token", "workflow_id", "non_field_errors")
}

// open is the error of an import that cannot be said to have failed.
func (im *importing) open(outcome Outcome, cause error, refusal *APIError) error {
	e := &CallError{Operation: opImport.name, Outcome: outcome, Err: cause, Answer: refusal}
	if im.req.res != nil {
		e.Attempts = im.req.res.Attempts
	}
	if err := im.ctx.Err(); err != nil {
		e.Err = join(err, cause)
	}
	return im.complete(e)
}

// complete tells the caller of an open import what the search saw, and what to do.
func (im *importing) complete(e *CallError) *CallError {
	e.FindParams, e.Candidates = im.findParams(), im.candidates()
	if im.ctx.Err() == nil {
		e.SearchErr = im.searchErr // else it is the context's
	}
	e.final, e.next = false, resumeLater
	if !im.tellsMore(e.Outcome) {
		e.final, e.next = true, noMore
	}
	e.wait = im.pause()
	return e
}

// withheld tells the caller of an import whose record failed how to get its copy.
func (im *importing) withheld(e *CallError) {
	im.prepareSearch()
	e.FindParams, e.wait = im.findParams(), im.pause()
	if im.params.Resume && im.expiredFor(maxTTL) {
		e.final = true // a hook that fails for good must not keep a queue going
	}
}

// pause is how long to wait before another call: longer for an older token.
func (im *importing) pause() time.Duration {
	return min(max(importPause, im.began.Sub(im.claims.issued())/10), time.Hour)
}

// tellsMore reports whether another call, with Resume, can bring more knowledge.
func (im *importing) tellsMore(outcome Outcome) bool {
	switch {
	case im.search == nil, im.search.spent(), im.answered && denied(im.searchErr):
		return false
	case !im.params.Resume:
		return true
	case outcome == OutcomeAlreadyImported && im.search.complete(im.searchErr):
		return false
	case im.expiredFor(maxTTL):
		return false
	}
	return !im.expiredFor(finalAfter) || im.search.passing
}

func (im *importing) expiredFor(d time.Duration) bool {
	return !im.claims.ExpiresAt.IsZero() && im.began.Sub(im.claims.ExpiresAt) > d
}

// tell completes the story of the whole import: what was recovered is no failure.
func (im *importing) tell(story *story, s *ImportedSession) {
	story.sourceID, _ = route.UUID(im.claims.SessionID)
	if s != nil {
		story.sessionID = s.SessionID
		if s.Recovered {
			story.outcome = AuditRecovered
		}
	}
}
