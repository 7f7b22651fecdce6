package sqlstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
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
// removed, or put in. It does not show rows that were cut off at the end: [Ledger.VerifyFrom]
// does, from a head that you wrote down. With another key than the ledger's, row 1 is
// named.
func (l *Ledger) Verify(ctx context.Context) error {
	stray, err := l.rows(ctx, strayRow)
	if err != nil {
		return err
	}
	if len(stray) > 0 {
		return &ChainError{stray[0].n, "it was put in"}
	}
	return l.verify(ctx, 0, "")
}

// VerifyFrom verifies the ledger from a [Ledger.Head] that you wrote down: row n has to be
// there with that hash, and the rows behind it have to follow from it. So it shows what
// Verify cannot: that rows were cut off at the end since then, though others were appended;
// and what is behind a row that the law had deleted. Rows before n are not read. It fails
// with a [*ChainError]. n of 0 with a nil hash is the beginning.
func (l *Ledger) VerifyFrom(ctx context.Context, n int64, hash []byte) error {
	before := hex.EncodeToString(hash)
	switch {
	case n < 0, n == 0 && len(hash) > 0, n > 0 && len(hash) != sha256.Size:
		return errors.New("sqlstore: VerifyFrom: n and hash must be a head, as Head returned them; nothing was read")
	case n == 0:
		return l.Verify(ctx)
	}
	page, err := l.rows(ctx, verifyPage, n-1, 1)
	switch {
	case err != nil:
		return err
	case len(page) == 0, page[0].n != n:
		return &ChainError{n, "it was removed"}
	case page[0].hash != before:
		return &ChainError{n, "it, or a row before it, is not as it was when its hash was written down"}
	}
	return l.verify(ctx, n, before)
}

// verify reads the rows after one.
func (l *Ledger) verify(ctx context.Context, last int64, hash string) error {
	for {
		page, err := l.rows(ctx, verifyPage, last, pageSize)
		for _, r := range page {
			if r.n != last+1 {
				return &ChainError{last + 1, "it was removed"}
			}
			if !l.follows(hash, r) {
				return &ChainError{r.n, "it was changed or put in, or written with another key"}
			}
			last, hash = r.n, r.hash
		}
		if err != nil || len(page) < pageSize {
			return err
		}
	}
}
