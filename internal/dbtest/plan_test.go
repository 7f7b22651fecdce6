package dbtest_test

import (
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/dbtest"
	"github.com/didit-go/didit/sqlstore"
)

// filters are all that a filter can ask, the index that answers, and which events it has
// to let through.
var filters = map[string]struct {
	filter sqlstore.Filter
	index  []string
	wants  func(n int) bool
}{
	"everything": {sqlstore.Filter{}, []string{"didit_ledger_time"}, func(int) bool { return true }},
	"time": {
		sqlstore.Filter{From: start.Add(10 * time.Second), Until: start.Add(20 * time.Second)}, []string{"didit_ledger_time"},
		func(n int) bool { return n >= 10 && n < 20 },
	},
	"action":  {sqlstore.Filter{Action: didit.AuditFind}, []string{"didit_ledger_action"}, func(int) bool { return false }},
	"outcome": {sqlstore.Filter{Outcome: didit.AuditRefused}, []string{"didit_ledger_outcome"}, func(n int) bool { return n%100 == 0 }},
	"session": {
		sqlstore.Filter{SessionID: strings.ToUpper(uuid("5e551000", 8))}, []string{"didit_ledger_session", "didit_ledger_source"},
		func(n int) bool { return n == 8 || n == 9 },
	},
	"partner": {
		sqlstore.Filter{ApplicationID: uuid("b0000000", 3)}, []string{"didit_ledger_from", "didit_ledger_for"},
		func(n int) bool { return n%10 == 3 },
	},
	"all of them": {
		sqlstore.Filter{
			From: start, Until: start.Add(time.Hour), Action: didit.AuditImport, Outcome: didit.AuditOK,
			SessionID: uuid("c0000000", 13), ApplicationID: uuid("b0000000", 3),
		},
		[]string{"didit_ledger_session", "didit_ledger_source"}, func(n int) bool { return n == 13 },
	},
	"nothing": {sqlstore.Filter{ApplicationID: "'; DROP TABLE didit_ledger; --"}, []string{"didit_ledger_from", "didit_ledger_for"}, func(int) bool { return false }},
}

// TestPlans: every filter reads an index in order, each page of a ledger of 10,000 rows.
func TestPlans(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		db := dbtest.Open(t, source)
		openStore(t, db, d)
		for first := range 20 { // rows without a chain, which is slower to write
			var rows []string
			for n := first * 500; n < (first+1)*500; n++ {
				e := event(n)
				rows = append(rows, fmt.Sprintf(`(%d, %d, '%s', '%s', '%s', '%s', '%s', '%s', '{}', '')`, n+1, e.Time.UnixNano(), e.Action, e.Outcome,
					e.SessionID, e.SourceSessionID, e.FromApplicationID, e.ForApplicationID))
			}
			execute(t, db, `INSERT INTO didit_ledger VALUES `+strings.Join(rows, ", "))
		}
		execute(t, db, `ANALYZE`)
		for name, test := range filters {
			for _, plan := range plans(t, db, d, source, test.filter) {
				for _, index := range test.index {
					assert.Contains(t, plan, index, name)
				}
				assert.NotContains(t, plan, "Seq Scan", name)
				assert.NotRegexp(t, `SCAN didit_ledger$|TEMP B-TREE`, plan, name)
			}
		}
	})
}

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

// TestParameters: some drivers of SQLite count the parameters in the order in which a
// statement names them, whatever their numbers say.
func TestParameters(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		spy := &spy{driver: dbtest.Open(t, source).Driver(), source: source}
		spied := sql.OpenDB(spy)
		defer func() { require.NoError(t, spied.Close()) }()
		s := openStore(t, spied, d)
		for name, write := range writes(t, s) {
			require.NoError(t, write(t.Context(), "id"), name)
			if strings.HasPrefix(name, "reserve") {
				require.NoError(t, write(t.Context(), "id"), name) // asks who has it
			}
		}
		for _, test := range filters {
			events(t, s.Ledger(), test.filter)
		}
		_, _, err := s.Checkpoint("run").Lookup(t.Context(), "id")
		require.NoError(t, err)
		n, hash, err := s.Ledger().Head(t.Context())
		require.NoError(t, err)
		require.NoError(t, s.Ledger().VerifyFrom(t.Context(), n, hash))
		delivery, err := s.Deliveries().Reserve(t.Context(), "back", time.Minute)
		require.NoError(t, err)
		require.NoError(t, s.Deliveries().Release(t.Context(), delivery))
		replay, err := s.Replays().Reserve(t.Context(), "back", "hash", time.Minute, time.Minute)
		require.NoError(t, err)
		require.NoError(t, s.Replays().Release(t.Context(), replay))

		parameter, most := regexp.MustCompile(`\$\d+`), 0
		for _, q := range spy.asked {
			var order []string
			for _, p := range parameter.FindAllString(q.text, -1) {
				if len(q.args) > 0 && !slices.Contains(order, p) { // Schema's text has $$
					order = append(order, p)
					assert.Equal(t, fmt.Sprintf("$%d", len(order)), p, q.text)
				}
			}
			assert.Len(t, order, len(q.args), q.text)
			most = max(most, len(order))
		}
		assert.Equal(t, 10, most)
	})
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
