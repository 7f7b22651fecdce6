package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/didit-go/didit/jobs"
)

func (t *tool) jobsListCommand() *cobra.Command {
	database, state, limit := "", "", uint(0)
	c := &cobra.Command{
		Use:   "list",
		Short: "List the tickets, oldest first",
		Long: `List the tickets, oldest first. They hold no token, vendor data or personal
data. With -o json each line has all of a ticket, and why it waits or has ended.`,
		Example: `  didit jobs list --database sqlite:jobs.db --state waiting
  didit jobs list --state refused -o json | jq -r '.ticket + " " + .reason'`,
		Args: arguments(),
		RunE: t.do(func(ctx context.Context, _ []string) error {
			if state != "" && !slices.Contains(stateNames(), state) {
				return usageError("--state must be one of " + strings.Join(stateNames(), ", "))
			}
			return administer(ctx, database, func(a *jobs.Admin) error { return t.listTickets(ctx, a, jobs.State(state), limit) })
		}),
	}
	addDatabase(c, &database)
	f := c.Flags()
	f.StringVar(&state, "state", "", "in this `state`: "+strings.Join(stateNames(), ", "))
	complete(c, "state", stateNames()...)
	f.UintVar(&limit, "limit", 0, "stop after so `many`; 0: list all")
	return c
}

// listTickets prints up to limit tickets, or all where that is 0.
func (t *tool) listTickets(ctx context.Context, a *jobs.Admin, state jobs.State, limit uint) error {
	out := rows{t: t, widths: []int{36, 8, 13, 17}}
	n := uint(0)
	for ticket, err := range a.Tickets(ctx, state) {
		if err != nil {
			return err
		}
		if err := out.add(ticketRecord(ticket)); err != nil {
			return err
		}
		if n++; n == limit {
			break
		}
	}
	return nil
}
