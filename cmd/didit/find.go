package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/didit-go/didit"
)

func (t *tool) findCommand() *cobra.Command {
	params := didit.FindImportedSessionParams{SessionKind: didit.KindUser}
	var after timeFlag
	c := t.calling(&cobra.Command{
		Use:   "find SOURCE-SESSION",
		Short: "Find the copy that an earlier import made",
		Long: `Find the copy that an earlier import made of a partner's session, among your
own sessions. It changes nothing. A copy is returned only where its vendor data
is what --vendor-data says.`,
		Example: `  didit find 11112222-3333-4444-5555-666677778888 --vendor-data customer-1`,
		Args:    arguments("SOURCE-SESSION"),
		RunE: t.do(func(ctx context.Context, args []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			params.SourceSessionID, params.CreatedAfter = args[0], time.Time(after)
			found, err := client.FindImportedSession(ctx, params)
			if err != nil {
				return err
			}
			return t.print(importRecord(found))
		}),
	})
	f := c.Flags()
	f.StringVar((*string)(&params.SessionKind), "kind", string(didit.KindUser), "`kind` of session: user or business")
	complete(c, "kind", string(didit.KindUser), string(didit.KindBusiness))
	f.StringVar(&params.VendorData, "vendor-data", "", "your own `reference`, as it was given to the import")
	f.Var(&after, "created-after", "`time` before the import, required without --vendor-data")
	f.StringVar(&params.WorkflowID, "workflow", "", "`id` of the workflow that the copy is attached to")
	return c
}
