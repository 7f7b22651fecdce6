package handoff

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/transport"
)

// Sender is A's side of a push. Any number of goroutines may use it.
type Sender struct{ poster *poster }

// NewSender makes a sender for one partner. url is where the partner's receiver is:
// https, or http on a loopback address. secret is the one of this direction. The error
// is a *[didit.ValidationError] that names every bad argument.
func NewSender(url string, secret Secret, opts ...Option) (*Sender, error) {
	p, err := newPoster(AuditSend, url, secret, opts)
	if err != nil {
		return nil, err
	}
	return &Sender{poster: p}, nil
}

// Send delivers an envelope until the receiver gives a receipt or refuses it, until the
// envelope expires or ctx ends, with waits that grow to 8 s or are what the receiver
// asks for. A wait that would not end in time is not begun.
//
// It may be called again with the same envelope, in another process too: the receiver
// handles an ID once and gives the same receipt. The same ID with another envelope is
// refused, so keep the envelope, encrypted, until Send has returned.
//
// The error is a *[RefusedError] where the receiver will not take it, an
// *[UnsettledError] where no answer ended it, and a *[didit.ValidationError] where
// nothing was sent.
func (s *Sender) Send(ctx context.Context, e Envelope) (*Receipt, error) {
	var p problems
	now := s.poster.now()
	e.check(&p, now)
	if len(p) == 0 && !e.ExpiresAt.After(now) {
		p.add("ExpiresAt", "has passed", didit.ErrShareTokenExpired)
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	m := e.message(typePush)
	body, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	var receipt *Receipt
	d := &delivery{poster: s.poster, id: e.ID, body: body, until: e.ExpiresAt, read: func(_ http.Header, body []byte) error {
		r, err := readReceipt(body)
		if err != nil {
			return transport.BadAnswer("is not a receipt")
		}
		if problem := r.problem(e.ID); problem != "" {
			return transport.BadAnswer(problem)
		}
		receipt = r
		return nil
	}}
	err = d.run(ctx)
	var event AuditEvent
	event.about(m)
	if receipt != nil && err == nil {
		event.SessionID, event.ReceiptStatus = receipt.SessionID, receipt.Status
	}
	if err = d.finish(ctx, event, err); err != nil {
		return nil, err
	}
	return receipt, nil
}
