package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/didit-go/didit/didittest/sandbox"
)

func (t *tool) sandboxCommand() *cobra.Command {
	var cfg sandbox.Config
	c := &cobra.Command{
		Use:   "sandbox",
		Short: "Serve a stand-in for Didit, to try all of this and test clients",
		Long: `Serve a stand-in for Didit with two partners and invented sessions, until it is
interrupted, and a page to watch and work it. It prints the addresses, the
partners' test keys and the sessions, with -o json as one line. Each request
and each delivery of a webhook is a line on standard error.`,
		Example: `  didit sandbox --addr 127.0.0.1:8123 --control 127.0.0.1:8124 --open
  didit sandbox --fault ImportSharedSession:answer-lost -o json`,
		Args: arguments(),
		RunE: t.do(func(ctx context.Context, _ []string) error {
			err := sandbox.Serve(ctx, &cfg, t.errs, t.printSandbox)
			if bad, ok := errors.AsType[*sandbox.FlagError](err); ok {
				return usageError(strings.ReplaceAll(" "+bad.Error(), " -", " --")[1:])
			}
			return err
		}),
	}
	flags := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	cfg.Flags(flags)
	c.Flags().AddGoFlagSet(flags)
	return c
}

// printSandbox says where the sandbox is and what is in it.
func (t *tool) printSandbox(out sandbox.Output) error {
	if t.format == formatJSON {
		return json.NewEncoder(t.out).Encode(out)
	}
	r := record{{"base_url", out.BaseURL}, {"page", out.ControlURL + "/"}}
	for _, a := range out.Applications {
		r = append(r, field{a.Name, []string{
			"application " + a.ID, "key " + a.APIKey, "webhook secret " + a.WebhookSecret,
			"user workflow " + a.Workflows.User, "business workflow " + a.Workflows.Business,
		}})
	}
	var sessions []string
	for _, s := range out.Sessions {
		sessions = append(sessions, fmt.Sprintf("%s  %-8s  %s", s.ID, s.Kind, s.Status))
	}
	return t.print(append(r, field{"sessions", sessions}))
}
