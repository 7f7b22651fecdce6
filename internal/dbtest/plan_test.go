package dbtest_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/sqlstore"
)

// plans are how the database answers what a filter asks it.
func plans(t *testing.T, db *sql.DB, d sqlstore.Dialect, source string, f sqlstore.Filter) (all []string) {
	t.Helper()
	spy := &spy{driver: db.Driver(), source: source}
	spied := sql.OpenDB(spy)
	defer func() { require.NoError(t, spied.Close()) }()
	l := openStore(t, spied, d).Ledger()
	spy.asked = nil
	for _, err := range l.Events(t.Context(), f) {
		require.NoError(t, err)
	}
	require.NotEmpty(t, spy.asked)
	explain := map[sqlstore.Dialect]string{sqlstore.SQLite: "EXPLAIN QUERY PLAN ", sqlstore.PostgreSQL: "EXPLAIN "}[d]
	for _, q := range spy.asked {
		all = append(all, lastColumns(t, db, explain+q.text, q.args...))
	}
	return all
}

// lastColumns is the last column of each row, a row a line.
func lastColumns(t *testing.T, db *sql.DB, query string, args ...any) string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query, args...)
	require.NoError(t, err)
	defer rows.Close() //nolint:errcheck // Err says what was met
	columns, err := rows.Columns()
	require.NoError(t, err)
	var lines []string
	for rows.Next() {
		cells := make([]any, len(columns))
		for i := range cells {
			cells[i] = new(any)
		}
		var last string
		cells[len(cells)-1] = &last
		require.NoError(t, rows.Scan(cells...))
		lines = append(lines, last)
	}
	require.NoError(t, rows.Err())
	return strings.Join(lines, "\n")
}

// spy is a driver that remembers what its database is asked.
type spy struct {
	driver driver.Driver
	source string
	asked  []question
}

type question struct {
	text string
	args []any
}

func (s *spy) Driver() driver.Driver { return s.driver }

func (s *spy) Connect(context.Context) (driver.Conn, error) {
	conn, err := s.driver.Open(s.source)
	return &spiedConn{conn, s}, err
}

type spiedConn struct {
	driver.Conn
	spy *spy
}

func (c *spiedConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	q := question{text: text}
	for _, a := range args {
		q.args = append(q.args, a.Value)
	}
	c.spy.asked = append(c.spy.asked, q)
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, text, args)
}

func (c *spiedConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, text, args)
}
