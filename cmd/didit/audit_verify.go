package main

import (
	"context"
	"encoding/hex"

	"github.com/spf13/cobra"

	"github.com/didit-go/didit/sqlstore"
)

func (t *tool) auditVerifyCommand() *cobra.Command {
	var ledger ledgerFlags
	c := &cobra.Command{
		Use:   "verify",
		Short: "Verify that no row was changed, removed or put in",
		Long: `Read the whole ledger and verify that no row was changed, removed or put in.
Rows that were cut off at its end show by its head only: write the head down
elsewhere, and compare.`,
		Example: `  didit audit verify --database sqlite:didit.db --ledger-key-file ledger.key`,
		Args:    arguments(),
		RunE: t.do(func(ctx context.Context, _ []string) error {
			return ledger.read(ctx, func(l *sqlstore.Ledger) error {
				if err := l.Verify(ctx); err != nil {
					return err
				}
				n, hash, err := l.Head(ctx)
				if err != nil {
					return err
				}
				return t.print(record{{"verified", true}, {"rows", n}, {"head", hex.EncodeToString(hash)}})
			})
		}),
	}
	ledger.add(c)
	return c
}
