package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/handoff"
)

// purposes are what the partners have agreed that people agree to.
var purposes = []string{"open an account", "apply for a loan"}

// handOver is one side's own wish: the bank pushes, the fintech pulls. It returns the
// fintech's session.
type handOver func(ctx context.Context, reference, purpose string) (session string, err error)

type bank struct {
	config
	client *didit.Client
	sender *handoff.Sender
}

// newBank is A: it pushes to the fintech, and grants what the fintech asks for.
func newBank(c config, client *didit.Client, fintech string, opts []handoff.Option) (http.Handler, handOver, error) {
	pushSecret, err := handoff.ParseSecret(c.PushSecret)
	if err != nil {
		return nil, nil, err
	}
	pullSecret, err := handoff.ParseSecret(c.PullSecret)
	if err != nil {
		return nil, nil, err
	}
	b := &bank{config: c, client: client}
	if b.sender, err = handoff.NewSender(fintech, pushSecret, opts...); err != nil {
		return nil, nil, err
	}
	grantor, err := handoff.NewGrantor(c.Self, handoff.Secrets{c.Partner: {pullSecret}}, b.grant, opts...)
	return grantor, b.push, err
}

// grant decides whether the fintech may have this person for this purpose.
func (b *bank) grant(ctx context.Context, q handoff.Request) (*handoff.Envelope, error) {
	session, known := b.People[q.Reference]
	switch {
	case !known:
		return nil, fmt.Errorf("%w: not a customer", handoff.ErrRejected)
	case !slices.Contains(purposes, q.Purpose):
		return nil, fmt.Errorf("%w: the customer did not agree to that", handoff.ErrRejected)
	}
	return b.share(ctx, session)
}

func (b *bank) push(ctx context.Context, reference, purpose string) (string, error) {
	session, known := b.People[reference]
	if !known || !slices.Contains(purposes, purpose) {
		return "", errors.New("not a customer, or not a purpose that they can agree to")
	}
	e, err := b.share(ctx, session)
	if err != nil {
		return "", err
	}
	// In production the envelope is kept, encrypted, until Send has returned, so that a
	// process that is killed goes on with the same one.
	e.ID, e.FromApplicationID, e.ForApplicationID = "push-"+rand.Text(), b.Self, b.Partner
	e.Reference, e.Purpose = reference, purpose
	receipt, err := b.sender.Send(ctx, *e)
	if err != nil {
		return "", err
	}
	return receipt.SessionID, nil
}

// share mints a token with a short life.
func (b *bank) share(ctx context.Context, session string) (*handoff.Envelope, error) {
	s, err := b.client.ShareSession(ctx, session, didit.ShareSessionParams{ForApplicationID: b.Partner, TTL: 10 * time.Minute})
	if err != nil {
		return nil, err
	}
	return &handoff.Envelope{Token: s.Token, SessionKind: s.SessionKind, SourceSessionID: s.SessionID, ExpiresAt: s.ExpiresAt()}, nil
}
