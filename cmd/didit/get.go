package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"

	"github.com/spf13/cobra"

	"github.com/didit-go/didit"
)

func (t *tool) getCommand() *cobra.Command {
	full := false
	c := t.calling(&cobra.Command{
		Use:   "get SESSION",
		Short: "Read a session and how its checks ended",
		Long: `Read a session: its status and how its checks ended, without personal data.
With --full it is the whole session as Didit sends it, in JSON, personal data
and your vendor data included. Links in it expire within the hour.`,
		Example: `  didit get 11112222-3333-4444-5555-666677778888
  didit get 11112222-3333-4444-5555-666677778888 --full -o json >session.json`,
		Args: arguments("SESSION"),
		RunE: t.do(func(ctx context.Context, args []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			session, err := client.GetSession(ctx, args[0])
			switch {
			case err != nil:
				return err
			case full:
				return t.printFull(session)
			}
			return t.print(append(sessionRecord(session), field{"checks", checks(session)}))
		}),
	})
	c.Flags().BoolVar(&full, "full", false, "all of it, with personal data")
	return c
}

// check is the name of a session's check, and how it ended.
type check struct {
	Name   string              `json:"name"`
	Status didit.FeatureStatus `json:"status"`
}

func (c check) String() string { return strings.ReplaceAll(c.Name, "_", " ") + ": " + string(c.Status) }

func checks(s *didit.Session) (all []check) {
	for name, c := range s.Checks() {
		all = append(all, check{name, c.Status})
	}
	return all
}

// printFull prints the session as it was received, for people with line breaks.
func (t *tool) printFull(s *didit.Session) error {
	var b bytes.Buffer
	layout := json.Compact
	if t.format == formatTable {
		layout = func(to *bytes.Buffer, from []byte) error { return json.Indent(to, from, "", "  ") }
	}
	if err := layout(&b, s.Raw); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err := t.out.Write(b.Bytes())
	return err
}
