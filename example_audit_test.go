package didit_test

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// The record of who got whose data: one event per call, as JSON.
func ExampleWithAuditHook() {
	server := didittest.NewServer()
	defer server.Close()
	appA, appB := server.AddApplication("Partner A"), server.AddApplication("Partner B")
	client := appA.Client(didit.WithAuditHook(func(_ context.Context, e didit.AuditEvent) error {
		fmt.Printf("%s %s: %s\n", e.Action, e.Outcome, cmp.Or(e.Reason, e.TTL.String()))
		return nil
	}))
	sessionID := appA.AddSession(didittest.SessionFixture{})
	_, _ = client.ShareSession(context.Background(), sessionID, didit.ShareSessionParams{ForApplicationID: appB.ID, TTL: time.Minute})
	_, _ = client.ShareSession(context.Background(), sessionID, didit.ShareSessionParams{ForApplicationID: appA.ID})
	// Output:
	// share ok: 1m0s
	// share refused: a session cannot be shared with its own application
}
