package jobs

import (
	"errors"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/handoff"
)

// spare is how long a token has to live for another try to deliver it; with less, another
// one is minted.
const spare = 30 * time.Second

// defaultTTL is Didit's, for tokens whose claims cannot be read.
const defaultTTL = time.Hour

// share makes one run of a share.
func (r *run) share() error {
	if err := r.claim(false); err != nil {
		return err
	}
	if r.stop {
		return r.end(StateStopped, "stopped by an operator; a token that was minted before expires by itself", nil)
	}
	s, err := r.minted()
	if s == nil && err == nil {
		s, err = r.mint()
	}
	if s == nil {
		return err // nil where Didit's refusal has ended the ticket
	}
	err = called(func() error { return r.e.config.Deliver(r.ctx, &r.Ticket, s) })
	switch {
	case errors.Is(err, handoff.ErrRejected):
		return r.refuse(refusal(handoff.ErrRejected))
	case err != nil:
		return err
	}
	return r.end(StateDone, "", nil)
}

// minted is the token that an earlier run has minted and not delivered, nil where there is
// none that lives.
func (r *run) minted() (*didit.SharedSession, error) {
	if len(r.token) == 0 || time.Until(r.tokenEnds) < spare {
		return nil, nil //nolint:nilnil // none is no error
	}
	token, err := r.e.config.Sealer.open(r.ID, r.token)
	switch {
	case errors.Is(err, errKeyGone):
		return nil, err
	case err != nil:
		return nil, nil //nolint:nilnil,nilerr // another one harms nobody
	}
	s := &didit.SharedSession{Token: token, SessionID: r.SessionID, ForApplicationID: r.params.ForApplicationID, SessionKind: didit.KindUser}
	if claims, err := token.Claims(); err == nil && claims.SessionKind != "" {
		s.SessionKind = claims.SessionKind
	}
	return s, nil
}

// mint shares the session, and seals the token until it is delivered. Without a token and
// an error the ticket has ended.
func (r *run) mint() (*didit.SharedSession, error) {
	if err := r.limited(); err != nil {
		return nil, err
	}
	ttl := time.Duration(r.params.TTLSeconds) * time.Second
	s, err := r.e.client.ShareSession(r.ctx, r.SessionID, didit.ShareSessionParams{
		ForApplicationID: r.params.ForApplicationID, TTL: ttl, Status: r.params.Status,
	})
	_, unanswered := errors.AsType[*didit.CallError](err)
	switch {
	case err != nil && r.ctx.Err() != nil:
		return nil, err
	case unanswered:
		// Nothing was refused, and a token that was minted and lost harms nobody.
		return nil, &waiting{reason: told(err), wait: didit.RetryAfter(err), err: err}
	case err != nil:
		return nil, r.failed(err)
	}
	ends := s.ExpiresAt()
	if ends.IsZero() {
		if ttl == 0 {
			ttl = defaultTTL
		}
		ends = time.Now().Add(ttl)
	}
	r.tokenID = s.Token.Fingerprint()
	n, err := r.exec(`UPDATE {didit}didit_tickets SET token = $1, token_id = $2, token_ends_ms = $3 WHERE id = $4 AND run = $5 AND stop = 0 AND `+isOpen,
		r.e.config.Sealer.seal(r.ID, s.Token), r.tokenID, millis(ends), r.ID, r.owner)
	switch {
	case err != nil:
		return nil, err // a token that the next try does not have is not delivered
	case n == 0:
		return nil, errEnded
	}
	return s, nil
}
