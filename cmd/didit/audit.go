package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/didit-go/didit/sqlstore"
)

func (t *tool) auditCommand() *cobra.Command {
	return parent(&cobra.Command{
		Use:   "audit",
		Short: "Verify or export the ledger of who got whose data",
	}, t.auditVerifyCommand(), t.auditExportCommand())
}

// ledgerFlags say where a ledger is.
type ledgerFlags struct{ database, keyFile string }

func (l *ledgerFlags) add(c *cobra.Command) {
	addDatabase(c, &l.database)
	c.Flags().StringVar(&l.keyFile, "ledger-key-file", "", "`file` with the ledger's key, to the byte; default: it has none")
}

// read opens the ledger for f.
func (l *ledgerFlags) read(ctx context.Context, f func(*sqlstore.Ledger) error) error {
	opts := []sqlstore.Option{sqlstore.WithoutMigration()}
	if l.keyFile != "" {
		key, err := os.ReadFile(l.keyFile)
		if err != nil {
			return usageError(fmt.Sprintf("--ledger-key-file: %v", err))
		}
		withKey := sqlstore.WithLedgerKey(key)
		if err := withKey(new(sqlstore.Store)); err != nil { // told before the database is asked
			return usageError(fmt.Sprintf("--ledger-key-file: %v", err))
		}
		opts = append(opts, withKey)
	}
	db, dialect, err := openDatabase(l.database)
	if err != nil {
		return err
	}
	store, err := sqlstore.Open(ctx, db, dialect, opts...)
	if err == nil {
		err = f(store.Ledger())
	}
	return away(errors.Join(err, db.Close()))
}
