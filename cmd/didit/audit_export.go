package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/sqlstore"
)

func (t *tool) auditExportCommand() *cobra.Command {
	var ledger ledgerFlags
	var filter sqlstore.Filter
	var since, until timeFlag
	c := &cobra.Command{
		Use:   "export",
		Short: "Export the ledger's events, oldest first",
		Long: `Export the ledger's events, oldest first: as CSV, or as JSON lines with -o
json. They have no personal data, vendor data or tokens. An event is exported
where every filter that is given holds.`,
		Example: `  didit audit export --database sqlite:didit.db \
    --since 2026-11-01 --until 2026-12-01 >november.csv`,
		Args: arguments(),
		RunE: t.do(func(ctx context.Context, _ []string) error {
			filter.From, filter.Until = time.Time(since), time.Time(until)
			if err := checkFilter(filter); err != nil {
				return err
			}
			return ledger.read(ctx, func(l *sqlstore.Ledger) error {
				if t.format == formatTable {
					return l.WriteCSV(ctx, t.out, filter)
				}
				out := json.NewEncoder(t.out)
				for event, err := range l.Events(ctx, filter) {
					if err != nil {
						return err
					}
					if err := out.Encode(event); err != nil {
						return err
					}
				}
				return nil
			})
		}),
	}
	ledger.add(c)
	f := c.Flags()
	f.Var(&since, "since", "at this `time` or later")
	f.Var(&until, "until", "before this `time`")
	f.StringVar((*string)(&filter.Action), "action", "", "`share`, import or find")
	complete(c, "action", string(didit.AuditShare), string(didit.AuditImport), string(didit.AuditFind))
	f.StringVar((*string)(&filter.Outcome), "outcome", "", "`outcome`, such as ok or refused")
	f.StringVar(&filter.SessionID, "session", "", "`id` of the session or of its source")
	f.StringVar(&filter.ApplicationID, "partner", "", "`id` of the partner's application")
	return c
}

// checkFilter refuses what no event can have: nothing found would read as nobody got it.
func checkFilter(f sqlstore.Filter) error {
	actions := []didit.AuditAction{"", didit.AuditShare, didit.AuditImport, didit.AuditFind}
	outcomes := []didit.AuditOutcome{
		"", didit.AuditOK, didit.AuditRecovered, didit.AuditRefused, didit.AuditNotSent, didit.AuditUnknown,
		didit.AuditResultLost, didit.AuditAlreadyImported,
	}
	switch {
	case !slices.Contains(actions, f.Action):
		return usageError("--action must be share, import or find")
	case !slices.Contains(outcomes, f.Outcome):
		return usageError(fmt.Sprintf("--outcome must be one of: %v", outcomes[1:]))
	case f.SessionID != "" && !isUUID(f.SessionID):
		return usageError("--session must be a UUID")
	case f.ApplicationID != "" && !isUUID(f.ApplicationID):
		return usageError("--partner must be a UUID")
	}
	return nil
}

// isUUID knows the form that Didit's ids have, of the four that package uuid takes.
func isUUID(id string) bool { return len(id) == len(uuid.Nil.String()) && uuid.Validate(id) == nil }
