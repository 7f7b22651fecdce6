package main

import (
	"context"
	"crypto/rand"
	"net/http"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/handoff"
)

// newFintech is B: it imports what the bank pushes, and asks the bank for people.
func newFintech(c config, client *didit.Client, bank string, opts []handoff.Option) (http.Handler, handOver, error) {
	pushSecret, err := handoff.ParseSecret(c.PushSecret)
	if err != nil {
		return nil, nil, err
	}
	pullSecret, err := handoff.ParseSecret(c.PullSecret)
	if err != nil {
		return nil, nil, err
	}
	importer := handoff.Importer(client, handoff.ImportPolicy{
		Partners:  []string{c.Partner},
		Workflows: didit.Workflows{User: c.Workflow},
		Review:    didit.TrustSourceReview,
	}, nil)
	receiver, err := handoff.NewReceiver(c.Self, handoff.Secrets{c.Partner: {pushSecret}}, importer, opts...)
	if err != nil {
		return nil, nil, err
	}
	requester, err := handoff.NewRequester(bank, pullSecret, opts...)
	if err != nil {
		return nil, nil, err
	}
	pull := func(ctx context.Context, reference, purpose string) (string, error) {
		e, err := requester.Request(ctx, handoff.Request{
			ID: "pull-" + rand.Text(), FromApplicationID: c.Partner, ForApplicationID: c.Self, Reference: reference, Purpose: purpose,
		})
		if err != nil {
			return "", err
		}
		receipt, err := importer(ctx, *e)
		if err != nil {
			return "", err
		}
		return receipt.SessionID, nil
	}
	return receiver, pull, nil
}
