// Journey is a session's whole life: A creates it, the person verifies, A reads the
// decision and shares it; B imports it, reads it, decides, keeps the report, and
// deletes it when it must. It runs on the embedded stand-in, where one call plays the
// person:
//
//	go run ./examples/journey
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

func main() {
	if err := journey(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func journey(ctx context.Context) error {
	server := didittest.NewServer()
	defer server.Close()
	appA, appB := server.AddApplication("Partner A"), server.AddApplication("Partner B")
	a, b := appA.Client(), appB.Client()

	// A wants somebody verified, and sends them to the session's URL.
	created, err := a.CreateSession(ctx, didit.CreateSessionParams{
		WorkflowID: appA.Workflow(didit.KindUser),
		VendorData: "customer-7",
		Callback:   "https://shop.example.com/verified",
	})
	if err != nil {
		return err
	}
	fmt.Println("A created", created.SessionID, created.Status)

	// The person verifies. A is told by webhook; see examples/webhook.
	appA.SetStatus(created.SessionID, didit.StatusApproved)

	session, err := a.GetSession(ctx, created.SessionID)
	if err != nil {
		return err
	}
	fmt.Println("A reads  ", session.SessionID, session.Status, session.Decision)
	if document := session.PrimaryIDVerification(); document == nil || !session.Status.Shareable() {
		return errors.New("nothing to share")
	}

	// A shares it with B, who is told the token over a channel of their own.
	shared, err := a.ShareSession(ctx, session.SessionID, didit.ShareSessionParams{
		ForApplicationID: appB.ID, TTL: 10 * time.Minute, Status: session.Status,
	})
	if err != nil {
		return err
	}
	fmt.Println("A shares ", shared.Token)

	// B imports it and reviews it again.
	imported, err := b.ImportSharedSession(ctx, didit.ImportSharedSessionParams{
		Token: shared.Token, WorkflowID: appB.Workflow(didit.KindUser), Review: didit.ReviewAgain, VendorData: "client-42",
		SourceSessionID: session.SessionID, FromApplicationIDs: []string{appA.ID},
	})
	if err != nil {
		return err
	}
	fmt.Println("B owns   ", imported.SessionID, imported.Status)

	copied, err := b.GetSession(ctx, imported.SessionID)
	if err != nil {
		return err
	}
	fmt.Println("B reads  ", copied.SessionID, len(copied.AllWarnings()), "warnings")
	err = b.UpdateSessionStatus(ctx, copied.SessionID, didit.UpdateSessionStatusParams{NewStatus: didit.StatusApproved, Comment: "checked again"})
	if err != nil {
		return err
	}
	for row, err := range b.ListSessions(ctx, didit.ListSessionsParams{VendorData: "client-42"}) {
		if err != nil {
			return err
		}
		fmt.Println("B lists  ", row.SessionID, row.Status)
	}
	var report bytes.Buffer
	if _, err := b.SessionPDF(ctx, copied.SessionID, &report); err != nil {
		return err
	}
	fmt.Println("B keeps   a report of", report.Len(), "bytes")

	// The person asks to be forgotten.
	if err := b.DeleteSession(ctx, copied.SessionID); err != nil {
		return err
	}
	if _, err := b.GetSession(ctx, copied.SessionID); !errors.Is(err, didit.ErrNotFound) {
		return fmt.Errorf("it is still there: %w", err)
	}
	fmt.Println("B deleted", copied.SessionID)
	return nil
}
