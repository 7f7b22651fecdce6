package sqlstore

import (
	"context"
	"sync/atomic"
	"time"
)

// sweepEvery is how often one process deletes what is over, unless there is more of it
// than one sweep deletes: then the next call goes on.
const sweepEvery = 10 * time.Second

// sweepRows is the LIMIT of every sweep.
const sweepRows = 1000

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
	res, err := w.s.db.ExecContext(ctx, w.s.dialect.text(w.statement))
	if err != nil {
		return
	}
	if n, _ := res.RowsAffected(); n >= sweepRows {
		w.next.Store(0)
	}
}
