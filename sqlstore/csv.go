package sqlstore

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"time"
)

var csvHeader = []string{
	"time", "action", "outcome", "session_id", "source_session_id", "session_kind", "from_application_id", "for_application_id",
	"workflow_id", "ttl_seconds", "review", "token_fingerprint", "status_code", "request_id", "attempts", "duration_seconds",
	"expires_at", "reason",
}

// WriteCSV writes the events that a filter lets through, oldest first, with a line of
// names before them. Times are RFC 3339 in UTC. No cell is taken for a formula by a
// spreadsheet: one that looks like one begins with an apostrophe. What was written before
// an error stays written.
func (l *Ledger) WriteCSV(ctx context.Context, w io.Writer, f Filter) error {
	out := csv.NewWriter(w)
	_ = out.Write(csvHeader) // Error tells
	for e, err := range l.Events(ctx, f) {
		if err != nil {
			out.Flush()
			return err
		}
		cells := []string{
			instant(e.Time), string(e.Action), string(e.Outcome), e.SessionID, e.SourceSessionID,
			string(e.SessionKind), e.FromApplicationID, e.ForApplicationID, e.WorkflowID, seconds(e.TTL), string(e.Review),
			e.TokenFingerprint, number(e.StatusCode), e.RequestID, strconv.Itoa(e.Attempts), seconds(e.Duration), instant(e.ExpiresAt), e.Reason,
		}
		for i, cell := range cells {
			cells[i] = harmless(cell)
		}
		if err := out.Write(cells); err != nil {
			return fmt.Errorf("sqlstore: the CSV could not be written: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("sqlstore: the CSV could not be written: %w", err)
	}
	return nil
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func seconds(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64)
}

func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// harmless keeps a cell from being run.
func harmless(cell string) string {
	if cell != "" {
		switch cell[0] {
		case '=', '+', '-', '@', '\t', '\r':
			return "'" + cell
		}
	}
	return cell
}
