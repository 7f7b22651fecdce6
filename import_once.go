package didit

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/didit-go/didit/internal/answer"
)

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
