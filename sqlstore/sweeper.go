package sqlstore

import (
	"context"
	"sync/atomic"
	"time"
)

// sweepEvery is how often one process deletes what is over. A sweep is up to 1,000 rows.
const sweepEvery = 10 * time.Second

// sweeper deletes the rows of a table that nobody needs any more, beside the calls that
// make new ones.
type sweeper struct {
	s         *Store
	statement string
	next      atomic.Int64 // Unix nanoseconds
}

// sweep leaves rows where it fails: they are in nobody's way, and the next one tries
// again.
func (w *sweeper) sweep(ctx context.Context) {
	now, next := time.Now(), w.next.Load()
	if now.UnixNano() < next || !w.next.CompareAndSwap(next, now.Add(sweepEvery).UnixNano()) {
		return
	}
	_, _ = w.s.db.ExecContext(ctx, w.s.dialect.text(w.statement))
}
