package handoff_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/handoff"
)

// A bank hands a person to a fintech, which imports them.
func Example() {
	server := didittest.NewServer()
	defer server.Close()
	bank, fintech := server.AddApplication("Bank"), server.AddApplication("Fintech")
	secret, err := handoff.ParseSecret("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
	if err != nil {
		fmt.Println(err)
		return
	}

	// The fintech's side.
	receiver, err := handoff.NewReceiver(fintech.ID, handoff.Secrets{bank.ID: {secret}},
		handoff.Importer(fintech.Client(), handoff.ImportPolicy{
			Partners:  []string{bank.ID},
			Workflows: didit.Workflows{User: fintech.Workflow(didit.KindUser)},
			Review:    didit.TrustSourceReview,
		}, func(_ context.Context, e handoff.Envelope, s *didit.ImportedSession) error {
			fmt.Println("the fintech has", e.Reference, "as", s.Status)
			return nil
		}))
	if err != nil {
		fmt.Println(err)
		return
	}
	at := httptest.NewServer(receiver) // https in production
	defer at.Close()

	// The bank's side.
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	shared, err := bank.Client().ShareSession(ctx, bank.AddSession(didittest.SessionFixture{}), didit.ShareSessionParams{ForApplicationID: fintech.ID})
	if err != nil {
		fmt.Println(err)
		return
	}
	sender, err := handoff.NewSender(at.URL, secret, handoff.WithHTTPClient(at.Client()))
	if err != nil {
		fmt.Println(err)
		return
	}
	receipt, err := sender.Send(ctx, handoff.Envelope{
		ID: "job-4711", Token: shared.Token, SessionKind: shared.SessionKind, SourceSessionID: shared.SessionID,
		FromApplicationID: bank.ID, ForApplicationID: fintech.ID, ExpiresAt: shared.ExpiresAt(),
		Reference: "customer-7", Purpose: "open an account",
	})
	switch {
	case errors.Is(err, handoff.ErrRejected):
		fmt.Println("the fintech does not want them")
	case err != nil:
		fmt.Println(err)
	default:
		fmt.Println(receipt.ID, receipt.Status)
	}
	// Output:
	// the fintech has customer-7 as Approved
	// job-4711 imported
}
