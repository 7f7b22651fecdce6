package didit_test

import (
	"context"
	"fmt"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// A hook that tells how long each call took, and what became of it. examples/telemetry
// has OpenTelemetry and Prometheus.
func ExampleWithCallHook() {
	server := didittest.NewServer()
	defer server.Close()
	appA, appB := server.AddApplication("Partner A"), server.AddApplication("Partner B")
	timed := func(ctx context.Context, operation string) (context.Context, func(didit.AuditOutcome, error)) {
		began := time.Now()
		return ctx, func(outcome didit.AuditOutcome, _ error) {
			fmt.Println(operation, outcome, time.Since(began) < time.Minute)
		}
	}
	client := appA.Client(didit.WithCallHook(timed))
	params := didit.ShareSessionParams{ForApplicationID: appB.ID}
	_, _ = client.ShareSession(context.Background(), appA.AddSession(didittest.SessionFixture{}), params)
	_, _ = client.ShareSession(context.Background(), "not an id", params)
	// Output:
	// ShareSession ok true
	// ShareSession refused true
}
