package main

import (
	"github.com/spf13/cobra"

	"github.com/didit-go/didit/jobs"
)

func (t *tool) jobsRetryCommand() *cobra.Command {
	return t.ticketCommand(&cobra.Command{
		Use:   "retry TICKET",
		Short: "Try a ticket again now",
		Long: `Have a ticket that waits tried again at once. A share that was refused or
stopped is opened anew. An import that was refused or stopped has no token any
more: import the session again, with another one.`,
		Example: `  didit jobs retry 11112222-3333-4444-5555-666677778888 \
    --database sqlite:jobs.db`,
	}, (*jobs.Admin).Retry)
}
