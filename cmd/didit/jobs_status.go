package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/didit-go/didit/jobs"
)

func (t *tool) jobsStatusCommand() *cobra.Command {
	database := ""
	c := &cobra.Command{
		Use:   "status [TICKET]",
		Short: "Count the tickets in each state, or show one",
		Long: `Count the tickets in each state: queued, running and waiting ones are open;
done, refused and stopped ones have ended. With a ticket's id, show that one,
and why it waits, or was refused or stopped.`,
		Example: `  didit jobs status --database sqlite:jobs.db
  didit jobs status 11112222-3333-4444-5555-666677778888 -o json`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return arguments("TICKET")(c, args)
		},
		RunE: t.do(func(ctx context.Context, args []string) error {
			return administer(ctx, database, func(a *jobs.Admin) error {
				if len(args) == 1 {
					ticket, err := a.Ticket(ctx, strings.ToLower(args[0]))
					if err != nil {
						return err
					}
					return t.print(ticketRecord(ticket))
				}
				count, err := a.Count(ctx)
				if err != nil {
					return err
				}
				var r record
				for _, state := range states {
					r = append(r, field{string(state), count[state]})
				}
				return t.print(r)
			})
		}),
	}
	addDatabase(c, &database)
	return c
}
