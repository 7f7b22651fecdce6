package dbtest_test

import (
	"database/sql"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/didit-go/didit/internal/dbtest"
	"github.com/didit-go/didit/sqlstore"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(childRole); role != "" {
		os.Exit(child(role)) // a process beside the test's, see startChild
	}
	goleak.VerifyTestMain(m)
}

// onEach tests on each database; source names an empty one.
func onEach(t *testing.T, test func(t *testing.T, d sqlstore.Dialect, source string)) {
	t.Helper()
	for d, source := range map[sqlstore.Dialect]func(testing.TB) string{
		sqlstore.SQLite: dbtest.SQLite, sqlstore.PostgreSQL: dbtest.PostgreSQL,
	} {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			test(t, d, source(t))
		})
	}
}

func openStore(t *testing.T, db *sql.DB, d sqlstore.Dialect, opts ...sqlstore.Option) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), db, d, opts...)
	require.NoError(t, err)
	return s
}

// execute runs statements behind the store's back.
func execute(t *testing.T, db *sql.DB, statements string) {
	t.Helper()
	_, err := db.ExecContext(t.Context(), statements)
	require.NoError(t, err)
}

// count reads one number.
func count(t *testing.T, db *sql.DB, query string) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRowContext(t.Context(), query).Scan(&n))
	return n
}

func TestDatabases(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]func(testing.TB) string{"SQLite": dbtest.SQLite, "PostgreSQL": dbtest.PostgreSQL} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, other := source(t), source(t)
			execute(t, dbtest.Open(t, first), `CREATE TABLE mine (a TEXT); INSERT INTO mine VALUES ('planted')`)
			_, err := dbtest.Open(t, other).ExecContext(t.Context(), `SELECT a FROM mine`)
			require.Error(t, err, "each database is a new one")
			assert.Contains(t, dbtest.Dump(t, first), "planted")
			assert.NotContains(t, dbtest.Dump(t, other), "planted")
		})
	}
}
