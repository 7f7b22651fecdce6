package handoff

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/didit-go/didit/internal/transport"
)

// requestTime bounds a request whose context does not.
const requestTime = 15 * time.Minute

// Requester is B's side of a pull. Any number of goroutines may use it.
type Requester struct{ poster *poster }

// NewRequester makes a requester for one partner. url is where the partner's grantor is:
// https, or http on a loopback address. secret is the one of this direction; the
// partner's answers are signed with it too. The error is a *[didit.ValidationError] that
// names every bad argument.
func NewRequester(url string, secret Secret, opts ...Option) (*Requester, error) {
	p, err := newPoster(AuditRequest, url, secret, opts)
	if err != nil {
		return nil, err
	}
	return &Requester{poster: p}, nil
}

// Request asks for one person until the grantor answers with an envelope or refuses, or
// ctx ends, at most 15 minutes, with waits as in [Sender.Send]. The envelope is what was
// asked for and signed by the partner; whether its token is any good, the import says:
// give it to [Importer]'s function.
//
// It may be called again with the same request: the grantor mints another token then.
//
// The error is a *[RefusedError] where the grantor will not give it, an
// *[UnsettledError] where no answer ended it, and a *[didit.ValidationError] where
// nothing was sent.
func (r *Requester) Request(ctx context.Context, q Request) (*Envelope, error) {
	var p problems
	if q.check(&p); len(p) > 0 {
		return nil, p.err()
	}
	m := q.message()
	body, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	var envelope *Envelope
	d := &delivery{poster: r.poster, id: q.ID, body: body, read: func(header http.Header, body []byte) error {
		e, problem := r.poster.grant(&q, header, body)
		if problem != "" {
			return transport.BadAnswer("is no grant that can be used: " + problem)
		}
		envelope = e
		return nil
	}}
	err = d.run(ctx)
	var event AuditEvent
	if envelope != nil && err == nil {
		m = envelope.message(typeGrant)
	}
	event.about(m)
	if err = d.finish(ctx, event, err); err != nil {
		return nil, err
	}
	return envelope, nil
}

// grant verifies an answer, then reads it, then compares it with what was asked for.
func (p *poster) grant(q *Request, header http.Header, body []byte) (*Envelope, string) {
	s, err := readSignature(header)
	if err != nil {
		return nil, err.Error()
	}
	if _, ok := s.fits(p.secrets, body); !ok {
		return nil, errSignature.Error()
	}
	if !s.fresh(p.now(), p.tolerance) {
		return nil, errStale.Error()
	}
	m, err := readMessage(s.id, body)
	switch {
	case err != nil:
		return nil, err.Error()
	case m.Type != typeGrant:
		return nil, "it is another type of message"
	}
	if problem := m.check(p.now()); problem != "" {
		return nil, problem
	}
	e := m.envelope()
	if field := q.misfit(e); field != "" {
		return nil, field + " is not what was asked for"
	}
	if !e.ExpiresAt.After(p.now()) {
		return nil, "the token has expired"
	}
	return e, ""
}
