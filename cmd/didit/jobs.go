package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/didit-go/didit/jobs"
)

func (t *tool) jobsCommand() *cobra.Command {
	return parent(&cobra.Command{
		Use:   "jobs",
		Short: "See and move the tickets of package jobs",
	}, t.jobsStatusCommand(), t.jobsListCommand(), t.jobsRetryCommand(), t.jobsCancelCommand(), t.jobsResumeCommand())
}

// states are those of tickets, in the order of a ticket's life.
var states = []jobs.State{jobs.StateQueued, jobs.StateRunning, jobs.StateWaiting, jobs.StateDone, jobs.StateRefused, jobs.StateStopped}

// stateNames are what a flag may say.
func stateNames() []string {
	names := make([]string, len(states))
	for i, s := range states {
		names[i] = string(s)
	}
	return names
}

// administer opens the tickets of a database for f.
func administer(ctx context.Context, given string, f func(*jobs.Admin) error) error {
	address, err := existingDatabase(given)
	if err != nil {
		return err
	}
	admin, err := jobs.OpenAdmin(ctx, address)
	if err != nil {
		return away(err)
	}
	return away(errors.Join(f(admin), admin.Close()))
}

// ticketCommand is a command on one ticket, which it prints as it is afterwards.
func (t *tool) ticketCommand(c *cobra.Command, f func(*jobs.Admin, context.Context, string) (*jobs.Ticket, error)) *cobra.Command {
	database := ""
	c.Args = arguments("TICKET")
	c.RunE = t.do(func(ctx context.Context, args []string) error {
		return administer(ctx, database, func(a *jobs.Admin) error {
			ticket, err := f(a, ctx, strings.ToLower(args[0]))
			if err != nil {
				return err
			}
			return t.print(ticketRecord(ticket))
		})
	})
	addDatabase(c, &database)
	return c
}

// ticketRecord is a ticket. It begins with what a table of many shows.
func ticketRecord(t *jobs.Ticket) record {
	return record{
		{"ticket", t.ID}, {"kind", t.Kind}, {"state", t.State}, {"created_at", t.CreatedAt},
		{"session_id", t.SessionID}, {"source_session_id", t.SourceSessionID}, {"reason", t.Reason},
		{"wait_until", t.WaitUntil}, {"done_at", t.DoneAt}, {"attempts", t.Attempts},
	}
}
