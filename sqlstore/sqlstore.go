// Package sqlstore keeps what has to survive a process, and what several machines share,
// in a SQL database that you have: which webhook events and hand-offs were handled, how
// far a bulk run got, and a ledger of who got whose data. It works on [database/sql] with
// the driver that you import, and makes tables of its own, all of which begin with didit_.
//
//	store, err := sqlstore.Open(ctx, db, sqlstore.PostgreSQL, sqlstore.WithLedgerKey(key))
//	...
//	client, err := didit.NewClient(didit.WithAuditHook(store.Ledger().Hook()))
//	...
//	handler := verifier.Handler(handle, webhook.WithDeduplication(store.Deliveries()))
//
// No share token or key is ever stored, and vendor data only where you make it the id of a
// bulk run's item. All leases go by the database's clock, so the clocks of the machines need
// not agree.
//
// # SQLite
//
// Open the database so that a writer waits for another, and writes survive a crash. For
// the driver modernc.org/sqlite that is:
//
//	file:didit.db?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)
//
// A database in memory is one for each connection; give it one with SetMaxOpenConns.
//
// # PostgreSQL
//
// The tables are found by the search_path, and made in its first schema.
package sqlstore

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"hash"
	"slices"
	"time"
)

// Store is an open database. Any number of goroutines and processes may use it. It has
// nothing to close: the database is yours.
type Store struct {
	db        *sql.DB
	dialect   Dialect
	newMAC    func() hash.Hash // a closure, so that nothing prints the key
	onlyCheck bool             // whether Open makes no tables
	appending chan struct{}    // holds one element while this process writes to the ledger
	keyFits   bool             // the ledger's; of who is appending
}

// Option changes how a Store works.
type Option func(*Store) error

// minKey is what HMAC-SHA256 needs to be as strong as its hash.
const minKey = 32

// WithLedgerKey sets the secret that the ledger's hashes are made with, at least 32
// random bytes, the same in every process and for as long as the ledger lives. Keep it
// outside of the database: who can write to the database and has the key can write a
// ledger that [Ledger.Verify] passes. Without this option everybody has the key, because
// it is empty. A process with another key than the ledger's first row was written with
// writes nothing to it.
func WithLedgerKey(key []byte) Option {
	return func(s *Store) error {
		if len(key) < minKey {
			return fmt.Errorf("sqlstore: WithLedgerKey: the key needs at least %d bytes", minKey)
		}
		s.newMAC = macOf(slices.Clone(key))
		return nil
	}
}

// WithoutMigration has Open make no tables and migrate none: it fails where they are not
// there. It is for who only reads, and for who makes them by [Schema]: a database that was
// named by mistake stays as it is, and its ledger is not taken for an empty one.
func WithoutMigration() Option {
	return func(s *Store) error {
		s.onlyCheck = true
		return nil
	}
}

func macOf(key []byte) func() hash.Hash {
	return func() hash.Hash { return hmac.New(sha256.New, key) }
}

// Open checks the database and makes or migrates the tables, in one transaction. Where
// they are there already, as after [Schema], it only reads. It fails where the database
// is not of the dialect, was migrated by a newer version of this package, or has lost a
// table; then nothing was changed.
//
// It may be called any number of times, by several processes at once.
func Open(ctx context.Context, db *sql.DB, d Dialect, opts ...Option) (*Store, error) {
	if db == nil {
		return nil, errors.New("sqlstore: Open: db must not be nil")
	}
	if _, known := dialects[d]; !known {
		return nil, fmt.Errorf("sqlstore: Open: unknown dialect %q; use SQLite or PostgreSQL", string(d))
	}
	s := &Store{db: db, dialect: d, newMAC: macOf(nil), appending: make(chan struct{}, 1)}
	for _, opt := range opts {
		if opt == nil {
			return nil, errors.New("sqlstore: Open: an option must not be nil")
		}
		if err := opt(s); err != nil {
			return nil, err
		}
	}
	if err := s.migrate(ctx); err != nil {
		return nil, fmt.Errorf("sqlstore: Open: %w", err)
	}
	return s, nil
}

// changes runs a statement that changes one row or none, and tells which.
func (s *Store) changes(ctx context.Context, query string, args ...any) (bool, error) {
	for {
		res, err := s.db.ExecContext(ctx, s.dialect.text(query), args...)
		switch {
		case lostRace(err):
			continue
		case err != nil:
			return false, err
		}
		n, err := res.RowsAffected()
		return n == 1, err
	}
}

// row reads a row into dest, and tells whether there is one.
func (s *Store) row(ctx context.Context, dest []any, query string, args ...any) (bool, error) {
	for {
		err := s.db.QueryRowContext(ctx, s.dialect.text(query), args...).Scan(dest...)
		switch {
		case lostRace(err):
			continue
		case errors.Is(err, sql.ErrNoRows):
			return false, nil
		}
		return err == nil, err
	}
}

// lostRace tells a statement that changed nothing because another one was faster, as it is
// where PostgreSQL's isolation level is set above read committed. Its turn comes.
func lostRace(err error) bool {
	state, ok := errors.AsType[interface {
		error
		SQLState() string
	}](err)
	return ok && state.SQLState() == "40001"
}

var errNotOwner = errors.New("sqlstore: the reservation is another's by now; nothing was changed")

// owned runs a statement of an owner, who has the row or fails.
func (s *Store) owned(ctx context.Context, query string, args ...any) error {
	switch owned, err := s.changes(ctx, query, args...); {
	case err != nil:
		return fmt.Errorf("sqlstore: whether the reservation was changed is not known; if not, its lease lapses: %w", err)
	case !owned:
		return errNotOwner
	}
	return nil
}

// millis is a lease in the database's unit, never shorter than was asked for.
func millis(d time.Duration) int64 { return d.Milliseconds() + 1 }
