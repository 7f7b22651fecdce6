package main

import (
	"cmp"
	"context"
	"errors"
	"iter"

	"github.com/spf13/cobra"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/bulk"
)

// importColumns are a list's of tokens: "didit bulk share" makes one.
var importColumns = columns{
	used:    []string{"id", "share_token", "vendor_data", "source_session_id", "workflow_id", "review"},
	needed:  "share_token",
	ignored: []string{"session_id", "session_kind", "for_application_id", "expires_at", "token_fingerprint", "attempts", "error"},
	choose:  chooseTokens,
}

func (t *tool) bulkImportCommand() *cobra.Command {
	b := &bulkRun{t: t, columns: importColumns, empty: importResult("", new(didit.ImportedSession))}
	var params didit.ImportSharedSessionParams
	idAsVendorData := false
	c := t.calling(&cobra.Command{
		Use:   "import",
		Short: "Redeem each share token of a list",
		Long: `Redeem each share token of a list. The list has the column share_token, and may
have id (your own for the item, unique), vendor_data, source_session_id,
workflow_id and review; the results of "didit bulk share" are such a list, and
those of several runs as well: shares that failed are passed over, and of the
tokens of one id and session the first that has not expired is redeemed. The sum
says how many people have no token.

The results are CSV, or JSON lines with -o json, and never have a token.
Progress is on standard error, where that is a terminal.

With --resume a run that was stopped or killed goes on where it was, and
imports nobody twice. It needs vendor data: nothing that was lost is found
without it.`,
		Example: `  didit bulk import --in tokens.csv \
    --workflow 11112222-3333-4444-5555-666677778888 --review trust_source \
    --id-as-vendor-data --results copies.csv --resume imported.jsonl`,
		Args: arguments(),
		RunE: t.do(func(ctx context.Context, _ []string) error {
			client, err := t.pacedClient()
			if err != nil {
				return err
			}
			return b.run(ctx, func() error { return b.imports(ctx, client, params, idAsVendorData) })
		}),
	})
	b.check = func(lists func(string) bool) error {
		hasVendorData := lists("vendor_data") || idAsVendorData && lists("id")
		if b.flags.resume != "" && !hasVendorData {
			return usageError("--in: has no column vendor_data, which --resume needs; --id-as-vendor-data takes the column id")
		}
		return checkImports(params, lists)
	}
	b.flags.add(c)
	importFlags(c, &params)
	c.Flags().BoolVar(&idAsVendorData, "id-as-vendor-data", false, "take an item's id where the list has no vendor data")
	return c
}

// checkImports refuses what no item could do with.
func checkImports(params didit.ImportSharedSessionParams, lists func(string) bool) error {
	invalid, _ := errors.AsType[*didit.ValidationError](params.Validate()) // it has no token
	for _, p := range invalid.Problems {
		switch {
		case p.Field == "Token", p.Field == "Workflows", // a token says which of them
			p.Field == "WorkflowID" && params.WorkflowID == "" && lists("workflow_id"),
			p.Field == "Review" && params.Review == "" && lists("review"):
		default:
			return &didit.ValidationError{Problems: []didit.Problem{p}}
		}
	}
	return nil
}

func (b *bulkRun) imports(ctx context.Context, client *didit.Client, params didit.ImportSharedSessionParams, idAsVendorData bool) error {
	run := bulk.Import(ctx, client, importItems(b.items.rows(), params, idAsVendorData), b.options)
	for r := range run.All() {
		id, value := r.Item.ID, new(didit.ImportedSession)
		if claims, err := r.Item.Params.Token.Claims(); err == nil {
			id = cmp.Or(id, claims.SessionID)
		}
		if r.Err == nil {
			value = r.Value
		}
		if err := b.result(importResult(id, value), r.Attempts, r.Err); err != nil {
			return err // the result is not recorded: the next run finds the copy
		}
	}
	return run.Err()
}

func importResult(id string, s *didit.ImportedSession) record {
	return append(record{{"id", id}}, importRecord(s)...)
}

// importItems are the tokens of a list.
func importItems(rows iter.Seq2[row, error], params didit.ImportSharedSessionParams, idAsVendorData bool) iter.Seq2[bulk.ImportItem, error] {
	return func(yield func(bulk.ImportItem, error) bool) {
		for r, err := range rows {
			item := bulk.ImportItem{ID: r["id"], Params: params}
			p := &item.Params
			p.Token, p.VendorData, p.SourceSessionID = didit.NewShareToken(r["share_token"]), r["vendor_data"], r["source_session_id"]
			p.Review = cmp.Or(didit.ReviewPolicy(r["review"]), params.Review)
			if own := r["workflow_id"]; own != "" {
				p.WorkflowID, p.Workflows = own, didit.Workflows{}
			}
			if idAsVendorData {
				p.VendorData = cmp.Or(p.VendorData, item.ID)
			}
			if !yield(item, err) {
				return
			}
		}
	}
}
