package main

import (
	"github.com/spf13/cobra"

	"github.com/didit-go/didit/jobs"
)

func (t *tool) jobsCancelCommand() *cobra.Command {
	return t.ticketCommand(&cobra.Command{
		Use:   "cancel TICKET",
		Short: "Stop a ticket that is open",
		Long: `Stop a ticket that is open. One that was never begun is stopped at once. Of any
other a worker first finds out whether a copy was made: if so, the ticket is
done. "didit jobs status TICKET" shows which. A ticket that has ended stays as
it is.`,
		Example: `  didit jobs cancel 11112222-3333-4444-5555-666677778888 \
    --database sqlite:jobs.db`,
	}, (*jobs.Admin).Cancel)
}
