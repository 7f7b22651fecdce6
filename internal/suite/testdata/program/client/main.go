// The program links what every user of the client links.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/didit-go/didit"
)

func main() {
	if err := run(context.Background(), os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, session, application, workflow string) error {
	c, err := didit.NewClient()
	if err != nil {
		return err
	}
	shared, err := c.ShareSession(ctx, session, didit.ShareSessionParams{ForApplicationID: application})
	if err != nil {
		return err
	}
	imported, err := c.ImportSharedSession(ctx, didit.ImportSharedSessionParams{
		Token: shared.Token, WorkflowID: workflow, Review: didit.ReviewAgain, VendorData: "customer-1",
	})
	if err != nil {
		return err
	}
	decided, err := c.GetSession(ctx, imported.SessionID)
	if err != nil {
		return err
	}
	fmt.Println(decided.SessionID, decided.Status)
	return nil
}
