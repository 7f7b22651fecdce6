package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/didit-go/didit/sqlstore"
)

func (t *tool) auditVerifyCommand() *cobra.Command {
	var ledger ledgerFlags
	var head headFlag
	c := &cobra.Command{
		Use:   "verify",
		Short: "Verify that no row was changed, removed or put in",
		Long: `Read the whole ledger and verify that no row was changed, removed or put in.
Rows that were cut off at its end show only from a head of before: write what
is printed down elsewhere, and give it to a later run with --from. That run
verifies the rows behind it, and that it is there as it was.`,
		Example: `  didit audit verify --database sqlite:didit.db --ledger-key-file ledger.key
  didit audit verify --database sqlite:didit.db --ledger-key-file ledger.key \
    --from 2041:5f0c...`,
		Args: arguments(),
		RunE: t.do(func(ctx context.Context, _ []string) error {
			return ledger.read(ctx, func(l *sqlstore.Ledger) error {
				if err := l.VerifyFrom(ctx, head.n, head.hash); err != nil {
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
	c.Flags().Var(&head, "from", "`ROWS:HEAD` that an earlier run printed; default: the beginning")
	return c
}

// headFlag is a head of the ledger.
type headFlag struct {
	n    int64
	hash []byte
}

func (*headFlag) Type() string { return "head" }

func (h *headFlag) String() string {
	if h.n == 0 {
		return ""
	}
	return fmt.Sprintf("%d:%x", h.n, h.hash)
}

func (h *headFlag) Set(text string) (err error) {
	rows, hash, _ := strings.Cut(text, ":")
	if h.n, err = strconv.ParseInt(rows, 10, 64); err == nil {
		h.hash, err = hex.DecodeString(hash)
	}
	if err != nil || h.n < 1 || len(h.hash) != sha256.Size {
		return errors.New("must be ROWS:HEAD, as \"audit verify\" prints them")
	}
	return nil
}
