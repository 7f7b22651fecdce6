package sqlstore

import (
	"context"
	"crypto/hmac"
	"fmt"
)

// ChainError says where the ledger's chain is broken: the first row that does not follow
// from the one before it.
type ChainError struct {
	N      int64  // the row's number; numbers begin at 1 and leave none out
	Reason string // in words of this package
}

func (e *ChainError) Error() string {
	return fmt.Sprintf("sqlstore: the ledger's chain is broken at row %d: %s", e.N, e.Reason)
}

// pageSize is how many rows are read at once. No query is open between two pages, so the
// caller's loop may use the database.
const pageSize = 1000

const (
	verifyPage = `SELECT ` + rowColumns + ` FROM didit_ledger WHERE n > $1 ORDER BY n LIMIT $2`
	// strayRow has a number from before the first.
	strayRow = `SELECT ` + rowColumns + ` FROM didit_ledger WHERE n < 1 ORDER BY n LIMIT 1`
)

// Verify reads the whole ledger and fails with a [*ChainError] where a row was changed,
// removed, or put in. It does not show rows that were cut off at the end: compare
// [Ledger.Head] with what you wrote down. With another key than the ledger's, row 1 is
// named.
func (l *Ledger) Verify(ctx context.Context) error {
	stray, err := l.rows(ctx, strayRow)
	if err != nil {
		return err
	}
	if len(stray) > 0 {
		return &ChainError{stray[0].n, "it was put in"}
	}
	last, hash := int64(0), ""
	for {
		page, err := l.rows(ctx, verifyPage, last, pageSize)
		for _, r := range page {
			if r.n != last+1 {
				return &ChainError{last + 1, "it was removed"}
			}
			if !hmac.Equal([]byte(r.hash), []byte(l.chain(hash, r))) {
				return &ChainError{r.n, "it was changed or put in, or written with another key"}
			}
			last, hash = r.n, r.hash
		}
		if err != nil || len(page) < pageSize {
			return err
		}
	}
}
