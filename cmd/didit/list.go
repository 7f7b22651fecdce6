package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/didit-go/didit"
)

func (t *tool) listCommand() *cobra.Command {
	params := didit.ListSessionsParams{SessionKind: didit.KindUser}
	var statuses []string
	var since, until timeFlag
	limit := uint(0)
	c := t.calling(&cobra.Command{
		Use:   "list",
		Short: "List your sessions, newest first",
		Long: `List your application's sessions, newest first, without personal data. A
session is listed where every filter that is given holds.`,
		Example: `  didit list --status Approved,"In Review" --since 2026-11-01
  didit list --kind all -o json | jq -r .session_id`,
		Args: arguments(),
		RunE: t.do(func(ctx context.Context, _ []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			for _, s := range statuses {
				params.Statuses = append(params.Statuses, didit.SessionStatus(s))
			}
			params.DateFrom, params.DateTo = time.Time(since), time.Time(until)
			return t.list(ctx, client, params, limit)
		}),
	})
	f := c.Flags()
	f.StringVar((*string)(&params.SessionKind), "kind", string(didit.KindUser), "`kind` of session: user, business or all")
	complete(c, "kind", string(didit.KindUser), string(didit.KindBusiness), string(didit.KindAll))
	f.StringSliceVar(&statuses, "status", nil, "one of these `statuses`, such as Approved or \"In Review\"")
	complete(c, "status", string(didit.StatusApproved), string(didit.StatusDeclined), string(didit.StatusInReview))
	f.StringSliceVar(&params.WorkflowIDs, "workflow", nil, "attached to one of the workflows with these `ids`")
	f.StringSliceVar(&params.Countries, "country", nil, "from one of these `countries`, such as ESP")
	f.StringVar(&params.VendorData, "vendor-data", "", "with exactly this `reference` of your own")
	f.StringVar(&params.Search, "search", "", "with this `text` in a reference; for --kind user only")
	f.Var(&since, "since", "created on this `day` in UTC or later")
	f.Var(&until, "until", "created on this `day` in UTC or earlier")
	f.UintVar(&limit, "limit", 0, "stop after so `many`; 0: list all")
	f.IntVar(&params.PageSize, "page-size", 0, "rows for each request, up to 10000; 0: 50")
	return c
}

// list prints up to limit sessions, or all where that is 0.
func (t *tool) list(ctx context.Context, client *didit.Client, params didit.ListSessionsParams, limit uint) error {
	out := rows{t: t, widths: []int{36, 8, 13, 17}}
	n := uint(0)
	for s, err := range client.ListSessions(ctx, params) {
		if err != nil {
			return err
		}
		if err := out.add(record{
			{"session_id", s.SessionID}, {"kind", s.SessionKind}, {"status", s.Status}, {"created_at", s.CreatedAt.Truncate(time.Second)},
			{"workflow_id", s.WorkflowID}, {"session_number", s.SessionNumber}, {"shared_from_session", s.SharedFromSession},
		}); err != nil {
			return err
		}
		if n++; n == limit {
			break
		}
	}
	return nil
}
