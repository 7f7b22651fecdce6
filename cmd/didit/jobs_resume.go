package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/didit-go/didit/jobs"
)

func (t *tool) jobsResumeCommand() *cobra.Command {
	database := ""
	c := &cobra.Command{
		Use:   "resume",
		Short: "Work on again after a pause",
		Long: `Have every application's tickets worked on again, whoever has paused them: a
refused key, or an operator. After a refused key give the engines another one
first.`,
		Example: `  didit jobs resume --database sqlite:jobs.db`,
		Args:    arguments(),
		RunE: t.do(func(ctx context.Context, _ []string) error {
			return administer(ctx, database, func(a *jobs.Admin) error {
				if err := a.Resume(ctx); err != nil {
					return err
				}
				return t.print(record{{"resumed", true}})
			})
		}),
	}
	addDatabase(c, &database)
	return c
}
