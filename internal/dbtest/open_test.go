package dbtest_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/internal/dbtest"
	"github.com/didit-go/didit/sqlstore"
	"github.com/didit-go/didit/webhook"
)

// another is the dialect that a database does not speak.
var another = map[sqlstore.Dialect]sqlstore.Dialect{sqlstore.SQLite: sqlstore.PostgreSQL, sqlstore.PostgreSQL: sqlstore.SQLite}

// readVersion fails where nothing was made.
const readVersion = `SELECT MAX(version) FROM didit_schema`

func TestOpenAtOnce(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		var wg sync.WaitGroup
		for range 8 {
			db := dbtest.Open(t, source)
			wg.Go(func() {
				_, err := sqlstore.Open(t.Context(), db, d)
				assert.NoError(t, err)
			})
		}
		wg.Wait()
		assert.Equal(t, 1, count(t, dbtest.Open(t, source), readVersion))
	})
}

// TestSchema: tables that a migration of one's own has made are taken as they are, by a
// user who may not make any as well.
func TestSchema(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		db := dbtest.Open(t, source)
		execute(t, db, sqlstore.Schema(d))
		s := openStore(t, db, d)
		fill(t, s.Ledger(), 2)
		execute(t, db, sqlstore.Schema(d)) // twice changes nothing
		require.NoError(t, s.Ledger().Verify(t.Context()))
		readOnly := dbtest.Open(t, source+map[sqlstore.Dialect]string{
			sqlstore.SQLite: "&_pragma=query_only(1)", sqlstore.PostgreSQL: "&default_transaction_read_only=on",
		}[d])
		reader := openStore(t, readOnly, d)
		assert.Len(t, events(t, reader.Ledger(), sqlstore.Filter{}), 2)
		require.ErrorContains(t, reader.Ledger().Hook()(t.Context(), event(3)), "may not be in the ledger")
		require.NoError(t, s.Ledger().Verify(t.Context()))
	})
	assert.Empty(t, sqlstore.Schema("mysql"))
}

// TestOpenFails: each has a reason that names what to do, and nothing is made.
func TestOpenFails(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		db := dbtest.Open(t, source)
		readOnly := dbtest.Open(t, source+map[sqlstore.Dialect]string{
			sqlstore.SQLite: "&_pragma=query_only(1)", sqlstore.PostgreSQL: "&default_transaction_read_only=on",
		}[d])
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		for name, test := range map[string]struct {
			open func() (*sqlstore.Store, error)
			says string
		}{
			"no database":     {func() (*sqlstore.Store, error) { return sqlstore.Open(t.Context(), nil, d) }, "db must not be nil"},
			"unknown dialect": {func() (*sqlstore.Store, error) { return sqlstore.Open(t.Context(), db, "mysql") }, `unknown dialect "mysql"`},
			"no option":       {func() (*sqlstore.Store, error) { return sqlstore.Open(t.Context(), db, d, nil) }, "option must not be nil"},
			"other dialect":   {func() (*sqlstore.Store, error) { return sqlstore.Open(t.Context(), db, another[d]) }, "not as " + string(another[d])},
			"ended":           {func() (*sqlstore.Store, error) { return sqlstore.Open(ended, db, d) }, context.Canceled.Error()},
			"read-only":       {func() (*sqlstore.Store, error) { return sqlstore.Open(t.Context(), readOnly, d) }, "could not be made; nothing was changed"},
			"no migration": {func() (*sqlstore.Store, error) {
				return sqlstore.Open(t.Context(), db, d, sqlstore.WithoutMigration())
			}, "is it the right database?"},
		} {
			s, err := test.open()
			require.ErrorContains(t, err, "sqlstore: Open: ", name)
			require.ErrorContains(t, err, test.says, name)
			assert.Nil(t, s, name)
			var n int
			require.Error(t, db.QueryRowContext(t.Context(), readVersion).Scan(&n), name)
		}
		openStore(t, db, d)
		openStore(t, readOnly, d)
		openStore(t, db, d, sqlstore.WithoutMigration())
		execute(t, db, `INSERT INTO didit_schema (version) VALUES (99)`)
		_, err := sqlstore.Open(t.Context(), db, d)
		require.ErrorContains(t, err, "version 99")
		require.ErrorContains(t, err, "update github.com/didit-go/didit")
	})
}

// TestOpenTooOld: what a database is too old for is NULL to SQLite before 3.42, and told by
// its number on PostgreSQL.
func TestOpenTooOld(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		db := dbtest.Open(t, source)
		spied := sql.OpenDB(&spy{driver: db.Driver(), source: source, words: strings.NewReplacer("'subsec'", "'unknown'", "140000", "999999")})
		defer func() { require.NoError(t, spied.Close()) }()
		_, err := sqlstore.Open(t.Context(), spied, d)
		require.ErrorContains(t, err, "or is too old; nothing was changed")
		var n int
		require.Error(t, db.QueryRowContext(t.Context(), readVersion).Scan(&n))
	})
}

// TestOpenNotWhole: a table that is gone is named, and not made anew behind its user's back.
func TestOpenNotWhole(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		db := dbtest.Open(t, source)
		openStore(t, db, d)
		for _, table := range []string{"didit_deliveries", "didit_replays", "didit_checkpoints", "didit_ledger"} {
			execute(t, db, `ALTER TABLE `+table+` RENAME TO away`)
			_, err := sqlstore.Open(t.Context(), db, d)
			require.ErrorContains(t, err, "the table "+table+" is missing: run the statements of Schema")
			execute(t, db, `ALTER TABLE away RENAME TO `+table)
		}
		openStore(t, db, d)
		execute(t, db, `DROP TABLE didit_replays`)
		execute(t, db, sqlstore.Schema(d))
		openStore(t, db, d)
		execute(t, db, `DELETE FROM didit_schema`)
		_, err := sqlstore.Open(t.Context(), db, d, sqlstore.WithoutMigration())
		require.ErrorContains(t, err, "didit_schema is empty")
		openStore(t, db, d)
	})
}

// TestIsolation: where the isolation level is set above read committed, statements that
// were too late are run again.
func TestIsolation(t *testing.T) {
	t.Parallel()
	for _, level := range []string{"serializable", "repeatable read"} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			source := dbtest.PostgreSQL(t) + "&default_transaction_isolation=" + strings.ReplaceAll(level, " ", "%20")
			stores := make([]*sqlstore.Store, 4)
			var wg sync.WaitGroup
			for i := range stores {
				db := dbtest.Open(t, source)
				wg.Go(func() {
					var err error
					stores[i], err = sqlstore.Open(t.Context(), db, sqlstore.PostgreSQL)
					assert.NoError(t, err)
				})
			}
			wg.Wait()
			require.NotContains(t, stores, (*sqlstore.Store)(nil))
			require.Equal(t, 1, count(t, dbtest.Open(t, source), readVersion))
			var acquired atomic.Int64
			for i, s := range stores {
				for n := range 25 {
					wg.Go(func() { assert.NoError(t, s.Ledger().Hook()(t.Context(), event(25*i+n))) })
					wg.Go(func() {
						r, err := s.Deliveries().Reserve(t.Context(), fmt.Sprint(n), time.Minute)
						if assert.NoError(t, err) && r.State == webhook.Acquired {
							acquired.Add(1)
							assert.NoError(t, s.Deliveries().Complete(t.Context(), r))
						}
					})
				}
			}
			wg.Wait()
			require.NoError(t, stores[0].Ledger().Verify(t.Context()))
			assert.Len(t, events(t, stores[1].Ledger(), sqlstore.Filter{}), 100)
			assert.EqualValues(t, 25, acquired.Load(), "each once")
		})
	}
}

// TestOpenHalf: where a table of that name is somebody else's, nothing is made.
func TestOpenHalf(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		db := dbtest.Open(t, source)
		db.SetMaxOpenConns(1) // the connection is used again, and has no transaction left
		execute(t, db, `CREATE TABLE didit_ledger (mine BIGINT)`)
		_, err := sqlstore.Open(t.Context(), db, d)
		require.ErrorContains(t, err, "nothing was changed")
		var n int
		require.Error(t, db.QueryRowContext(t.Context(), readVersion).Scan(&n))
		execute(t, db, `DROP TABLE didit_ledger`)
		fill(t, openStore(t, db, d).Ledger(), 1)
	})
}

// TestNoDatabase: a wrong address has an error without the password.
func TestNoDatabase(t *testing.T) {
	t.Parallel()
	for d, source := range map[sqlstore.Dialect]string{
		sqlstore.SQLite:     "file:/no/such/folder/test.db",
		sqlstore.PostgreSQL: "postgres://user:planted-password@127.0.0.1:1/none?sslmode=disable",
	} {
		_, err := sqlstore.Open(t.Context(), dbtest.Open(t, source), d)
		require.ErrorContains(t, err, "sqlstore: Open: the database does not answer")
		assert.NotContains(t, err.Error(), "planted-password")
	}
}
