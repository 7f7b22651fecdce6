// Package sqlstore keeps what has to survive a process, and what several machines share,
// in a SQL database that you have: which webhook events and hand-offs were handled, and a
// ledger of who got whose data. It works on [database/sql] with the driver that you
// import, and makes tables of its own, all of which begin with didit_.
//
// No share token, key or vendor data is ever stored. All leases go by the database's
// clock, so the clocks of the machines need not agree.
//
// On SQLite open the database so that a writer waits for another, and writes survive a
// crash. For the driver modernc.org/sqlite that is:
//
//	file:didit.db?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)
package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Store is an open database. Any number of goroutines and processes may use it. It has
// nothing to close: the database is yours.
type Store struct {
	db      *sql.DB
	dialect Dialect
	key     []byte

	appending chan struct{} // holds one element while this process writes to the ledger
}

// Option changes how a Store works.
type Option func(*Store) error

// minKey is what HMAC-SHA256 needs to be as strong as its hash.
const minKey = 32

// WithLedgerKey sets the secret that the ledger's hashes are made with, at least 32
// random bytes, the same in every process. Keep it outside of the database: who can
// write to the database and has the key can write a ledger that [Ledger.Verify] passes.
// Without this option everybody has the key, because it is empty.
func WithLedgerKey(key []byte) Option {
	return func(s *Store) error {
		if len(key) < minKey {
			return fmt.Errorf("sqlstore: WithLedgerKey: the key needs at least %d bytes", minKey)
		}
		s.key = append([]byte(nil), key...)
		return nil
	}
}

// Open checks the database and makes or migrates the tables, in one transaction. Where
// they are there already, as after [Schema], it only reads. It fails where the database
// is not of the dialect, or was migrated by a newer version of this package.
//
// It may be called any number of times, by several processes at once.
func Open(ctx context.Context, db *sql.DB, d Dialect, opts ...Option) (*Store, error) {
	if db == nil {
		return nil, errors.New("sqlstore: Open: db must not be nil")
	}
	if _, known := dialects[d]; !known {
		return nil, fmt.Errorf("sqlstore: Open: unknown dialect %q", string(d))
	}
	s := &Store{db: db, dialect: d, appending: make(chan struct{}, 1)}
	for _, opt := range opts {
		if opt == nil {
			return nil, errors.New("sqlstore: Open: an option must not be nil")
		}
		if err := opt(s); err != nil {
			return nil, err
		}
	}
	if err := s.migrate(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

var errNotOwner = errors.New("sqlstore: the reservation is another's by now")

// exec runs a statement that has to change one row.
func (s *Store) exec(ctx context.Context, query string, args ...any) (bool, error) {
	res, err := s.db.ExecContext(ctx, s.dialect.text(query), args...)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	return n == 1, err
}

// owned runs a statement of an owner, who has the row or fails.
func (s *Store) owned(ctx context.Context, query string, args ...any) error {
	switch owned, err := s.exec(ctx, query, args...); {
	case err != nil:
		return fmt.Errorf("sqlstore: the reservation could not be written: %w", err)
	case !owned:
		return errNotOwner
	}
	return nil
}

// millis rounds up: a lease is never shorter than was asked for.
func millis(d time.Duration) int64 {
	return int64((d + time.Millisecond - 1) / time.Millisecond)
}
