package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"strings"
	"time"

	"github.com/didit-go/didit"
)

// Filter says which events of a ledger are wanted. A zero field is no condition; those
// that are set have to hold together.
type Filter struct {
	From, Until   time.Time // half open: From is in, Until is not
	Action        didit.AuditAction
	Outcome       didit.AuditOutcome
	SessionID     string // of the session or of the source session
	ApplicationID string // of the partner: from which or for which application
}

// Events yields the events that a filter lets through, oldest first. An error is the
// last that is yielded, a [*ChainError] where a row was changed so that it cannot be read;
// only [Ledger.Verify] finds the other changes. The sequence may be ranged over again, and
// reads again.
func (l *Ledger) Events(ctx context.Context, f Filter) iter.Seq2[didit.AuditEvent, error] {
	return func(yield func(didit.AuditEvent, error) bool) {
		after, n := nanos(f.From), int64(math.MinInt64)
		for {
			query, args := f.page(after, n)
			page, err := l.rows(ctx, query, args...)
			for _, r := range page {
				var e didit.AuditEvent
				if err := json.Unmarshal([]byte(r.event), &e); err != nil {
					yield(didit.AuditEvent{}, &ChainError{r.n, "its event is no event"})
					return
				}
				if !yield(e, nil) {
					return
				}
				after, n = r.timeNS, r.n
			}
			if err != nil {
				yield(didit.AuditEvent{}, err)
				return
			}
			if len(page) < pageSize {
				return
			}
		}
	}
}

// page is the query of the page after a row. Each side of an "or" is a query of its own,
// because then each reads its index in order. Some drivers of SQLite count the parameters in
// the order in which the text names them, whatever their numbers say.
func (f Filter) page(after, n int64) (query string, args []any) {
	arg := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	where := fmt.Sprintf("(time_ns, n) > (%s, %s)", arg(after), arg(n))
	if !f.Until.IsZero() {
		where += " AND time_ns < " + arg(nanos(f.Until))
	}
	if f.Action != "" {
		where += " AND action = " + arg(string(f.Action))
	}
	if f.Outcome != "" {
		where += " AND outcome = " + arg(string(f.Outcome))
	}
	sides := []string{where}
	switch {
	case f.SessionID != "":
		if f.ApplicationID != "" {
			app := arg(strings.ToLower(f.ApplicationID))
			where += " AND (from_application_id = " + app + " OR for_application_id = " + app + ")"
		}
		sides = either(where, arg(strings.ToLower(f.SessionID)), "session_id", "source_session_id")
	case f.ApplicationID != "":
		sides = either(where, arg(strings.ToLower(f.ApplicationID)), "from_application_id", "for_application_id")
	}
	const read = `SELECT ` + rowColumns + ` FROM didit_ledger WHERE `
	return read + strings.Join(sides, " UNION ALL "+read) + fmt.Sprintf(" ORDER BY time_ns, n LIMIT %d", pageSize), args
}

// either is one of two columns, and a row only once.
func either(where, value, one, other string) []string {
	return []string{
		where + " AND " + one + " = " + value,
		where + " AND " + other + " = " + value + " AND " + one + " <> " + value,
	}
}

// The first and the last time that has nanoseconds in 64 bits: years 1677 and 2262.
var earliest, latest = time.Unix(0, math.MinInt64), time.Unix(0, math.MaxInt64)

// nanos is a time in the ledger's unit. The zero time is before all others.
func nanos(t time.Time) int64 {
	switch {
	case t.Before(earliest):
		return math.MinInt64
	case t.After(latest):
		return math.MaxInt64
	}
	return t.UnixNano()
}
