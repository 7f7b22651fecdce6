package main

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/bulk"
)

// shareColumns are a list's of sessions: "didit list -o json" prints one.
var shareColumns = columns{
	used:    []string{"id", "session_id", "for_application_id", "ttl", "status"},
	needed:  "session_id",
	ignored: []string{"kind", "created_at", "workflow_id", "session_number", "shared_from_session"},
}

func (t *tool) bulkShareCommand() *cobra.Command {
	b := &bulkRun{t: t, columns: shareColumns, empty: shareResult("", new(didit.SharedSession))}
	var params didit.ShareSessionParams
	reveal := false
	c := t.calling(&cobra.Command{
		Use:   "share",
		Short: "Mint a share token for each session of a list",
		Long: `Mint a share token for each session of a list. The list has the column
session_id, and may have id (your own for the item, unique),
for_application_id, ttl and status; "didit list -o json" prints such a list.

The results have the tokens. They go to a file that only you can read, or with
--reveal to standard output: CSV, or JSON lines with -o json. Progress is on
standard error, where that is a terminal.

With --resume a run that was stopped or killed goes on where it was, into the
same results. Tokens age: deliver them while they live.`,
		Example: `  didit bulk share --in sessions.csv \
    --for 99990000-aaaa-bbbb-cccc-ddddeeeeffff \
    --results tokens.csv --resume shared.jsonl`,
		Args: arguments(),
		RunE: t.do(func(ctx context.Context, _ []string) error {
			client, err := t.pacedClient()
			if err != nil {
				return err
			}
			return b.run(ctx, func() error { return b.share(ctx, client, params) })
		}),
	})
	b.check = func(lists func(string) bool) error {
		p := params
		if p.ForApplicationID == "" && lists("for_application_id") {
			p.ForApplicationID = uuid.Nil.String()
		}
		return p.Validate()
	}
	b.flags.add(c)
	f := c.Flags()
	f.StringVar(&params.ForApplicationID, "for", "", "`id` of the partner's application, where the list has none")
	f.DurationVar(&params.TTL, "ttl", didit.DefaultTTL, "how long the tokens live, where the list says nothing")
	f.BoolVar(&reveal, "reveal", false, "print the results, tokens included, on standard output")
	c.MarkFlagsOneRequired("results", "reveal")
	c.MarkFlagsMutuallyExclusive("results", "reveal")
	return c
}

func (b *bulkRun) share(ctx context.Context, client *didit.Client, params didit.ShareSessionParams) error {
	run := bulk.Share(ctx, client, shareItems(b.items.rows(), params), b.options)
	for r := range run.All() {
		id, value := cmp.Or(r.Item.ID, r.Item.SessionID), &didit.SharedSession{SessionID: r.Item.SessionID}
		if r.Err == nil {
			value = r.Value
		}
		if err := b.result(shareResult(id, value), r.Attempts, r.Err); err != nil {
			return err // the result is not recorded: the next run mints another token
		}
	}
	return run.Err()
}

// shareResult is a share with its token.
func shareResult(id string, s *didit.SharedSession) record {
	return append(append(record{{"id", id}}, shareRecord(s)...), field{"share_token", s.Token.Reveal()})
}

// shareItems are the sessions of a list.
func shareItems(rows iter.Seq2[row, error], params didit.ShareSessionParams) iter.Seq2[bulk.ShareItem, error] {
	return func(yield func(bulk.ShareItem, error) bool) {
		for r, err := range rows {
			item := bulk.ShareItem{ID: r["id"], SessionID: r["session_id"], Params: params}
			item.Params.ForApplicationID = cmp.Or(r["for_application_id"], params.ForApplicationID)
			item.Params.Status = didit.SessionStatus(r["status"])
			if text := r["ttl"]; err == nil && text != "" {
				if item.Params.TTL, err = time.ParseDuration(text); err != nil {
					err = errors.New("an item of the list: ttl must be a duration, such as 10m")
				}
			}
			if !yield(item, err) {
				return
			}
		}
	}
}
