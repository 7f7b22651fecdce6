package sqlstore

import (
	"context"
	"crypto/hmac"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/didit-go/didit"
)

// Ledger is the record of who got whose data, when, by whose decision: each share, import
// and find. It is append only, and each row is chained to the one before by a keyed hash,
// see [WithLedgerKey].
//
// Didit keeps no list of the tokens that it minted and cannot revoke one, see
// https://docs.didit.me/sessions-api/share-session.
type Ledger struct{ s *Store }

// Ledger returns the ledger of the database. There is one, however often it is called.
func (s *Store) Ledger() *Ledger { return &Ledger{s} }

// ledgerRow is a row as it is stored: the event, and apart what it is searched by.
type ledgerRow struct {
	n, timeNS                                                                        int64
	action, outcome, sessionID, sourceSessionID, fromApplicationID, forApplicationID string
	event, hash                                                                      string
}

const (
	rowColumns = `n, time_ns, action, outcome, session_id, source_session_id, from_application_id, for_application_id, event, hash`

	readHead = `SELECT n, hash FROM didit_ledger ORDER BY n DESC LIMIT 1`

	firstRow = `SELECT ` + rowColumns + ` FROM didit_ledger WHERE n = 1`

	appendRow = `INSERT INTO didit_ledger (` + rowColumns + `)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING`
)

// Hook returns what writes each event to the ledger, for [didit.WithAuditHook]. Where the
// row cannot be written, the client withholds the token or the copy: no share without a
// row.
func (l *Ledger) Hook() func(context.Context, didit.AuditEvent) error { return l.append }

func (l *Ledger) append(ctx context.Context, e didit.AuditEvent) error {
	e.Time = e.Time.UTC()
	event, err := json.Marshal(e)
	if err != nil {
		return errors.New("sqlstore: the event has no JSON; it was not written to the ledger")
	}
	row := ledgerRow{
		timeNS: nanos(e.Time), action: string(e.Action), outcome: string(e.Outcome),
		sessionID: strings.ToLower(e.SessionID), sourceSessionID: strings.ToLower(e.SourceSessionID),
		fromApplicationID: strings.ToLower(e.FromApplicationID), forApplicationID: strings.ToLower(e.ForApplicationID),
		event: string(event),
	}
	// One writer of a process at a time loses fewer races for the next number.
	select {
	case l.s.appending <- struct{}{}:
		defer func() { <-l.s.appending }()
	case <-ctx.Done():
		return fmt.Errorf("sqlstore: the event was not written to the ledger: %w", ctx.Err())
	}
	for {
		last, hash, err := l.head(ctx)
		if err != nil {
			return fmt.Errorf("sqlstore: the event was not written to the ledger: %w", err)
		}
		if err := l.checkKey(ctx); err != nil {
			return err
		}
		row.n = last + 1
		row.hash = l.chain(hash, row)
		written, err := l.s.changes(ctx, appendRow, row.n, row.timeNS, row.action, row.outcome, row.sessionID, row.sourceSessionID,
			row.fromApplicationID, row.forApplicationID, row.event, row.hash)
		if err != nil {
			return fmt.Errorf("sqlstore: the event may not be in the ledger: %w", err)
		}
		if written {
			return nil
		}
	}
}

// checkKey fails where the ledger was begun with another key: a row that is written with
// this one would break the chain for good.
func (l *Ledger) checkKey(ctx context.Context) error {
	if l.s.keyFits {
		return nil
	}
	first, err := l.rows(ctx, firstRow)
	switch {
	case err != nil:
		return fmt.Errorf("sqlstore: the event was not written to the ledger: %w", err)
	case len(first) > 0 && !l.follows("", first[0]):
		return errors.New("sqlstore: the ledger's first row was written with another key, see WithLedgerKey, or changed; the event was not written to the ledger")
	}
	l.s.keyFits = len(first) > 0
	return nil
}

// follows reports whether a row is as it was written after the row with a hash.
func (l *Ledger) follows(before string, r ledgerRow) bool {
	return hmac.Equal([]byte(r.hash), []byte(l.chain(before, r)))
}

// chain is the hash of a row and the hash before it.
func (l *Ledger) chain(before string, r ledgerRow) string {
	mac := l.s.newMAC()
	for _, field := range []string{
		before, strconv.FormatInt(r.n, 10), strconv.FormatInt(r.timeNS, 10), r.action, r.outcome, r.sessionID, r.sourceSessionID,
		r.fromApplicationID, r.forApplicationID, r.event,
	} {
		// The length keeps two fields from looking like two others.
		_, _ = fmt.Fprintf(mac, "%d:%s", len(field), field)
	}
	return hex.EncodeToString(mac.Sum(nil))
}

// Head returns the number of the last row and its hash, 0 and nil for an empty ledger.
// Write both down elsewhere now and then: rows that are cut off at the end leave a ledger
// that [Ledger.Verify] passes, and only [Ledger.VerifyFrom] an earlier head shows it.
func (l *Ledger) Head(ctx context.Context) (n int64, hash []byte, err error) {
	n, text, err := l.head(ctx)
	if err != nil {
		return 0, nil, unread(err)
	}
	if n == 0 {
		return 0, nil, nil
	}
	if hash, err = hex.DecodeString(text); err != nil {
		return 0, nil, &ChainError{n, "its hash is no hash"}
	}
	return n, hash, nil
}

func (l *Ledger) head(ctx context.Context) (n int64, hash string, err error) {
	_, err = l.s.row(ctx, []any{&n, &hash}, readHead) // without a row both stay zero
	return n, hash, err
}

// rows reads up to one page. Where a row cannot be a row, it returns those before it, too.
func (l *Ledger) rows(ctx context.Context, query string, args ...any) (page []ledgerRow, err error) {
	rows, err := l.s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, unread(err)
	}
	defer rows.Close() //nolint:errcheck // Err says what was met
	for rows.Next() {
		var r ledgerRow
		err := rows.Scan(&r.n, &r.timeNS, &r.action, &r.outcome, &r.sessionID, &r.sourceSessionID,
			&r.fromApplicationID, &r.forApplicationID, &r.event, &r.hash)
		switch {
		case err != nil && ctx.Err() != nil:
			return page, unread(ctx.Err())
		case err != nil: // SQLite keeps text in a column of numbers
			return page, &ChainError{r.n, "it was changed: a column has another type"}
		}
		page = append(page, r)
	}
	if err := rows.Err(); err != nil {
		return page, unread(err)
	}
	return page, nil
}

func unread(err error) error { return fmt.Errorf("sqlstore: the ledger could not be read: %w", err) }
