package dbtest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/internal/dbtest"
	"github.com/didit-go/didit/sqlstore"
)

// TestTampered: what is done to the ledger's rows behind its back is refused by the
// triggers, and shows where they were dropped.
func TestTampered(t *testing.T) {
	t.Parallel()
	copied := func(n, as int) string {
		return fmt.Sprintf(`INSERT INTO didit_ledger SELECT %d, time_ns, action, outcome, session_id, source_session_id,
from_application_id, for_application_id, event, hash FROM didit_ledger WHERE n = %d`, as, n)
	}
	for name, test := range map[string]struct {
		statements string
		broken     int64
	}{
		"an event":        {`UPDATE didit_ledger SET event = '{}' WHERE n = 7`, 7},
		"a column":        {`UPDATE didit_ledger SET for_application_id = '' WHERE n = 7`, 7},
		"two columns":     {`UPDATE didit_ledger SET action = 'shareo', outcome = 'k' WHERE n = 3`, 3},
		"a time":          {`UPDATE didit_ledger SET time_ns = time_ns + 1 WHERE n = 10`, 10},
		"a hash":          {`UPDATE didit_ledger SET hash = '00' WHERE n = 1`, 1},
		"removed":         {`DELETE FROM didit_ledger WHERE n = 5`, 5},
		"the first":       {`DELETE FROM didit_ledger WHERE n = 1`, 1},
		"put in at last":  {copied(10, 11), 11},
		"put in at first": {copied(1, 0), 0},
		"removed and closed up": {
			`DELETE FROM didit_ledger WHERE n = 5; UPDATE didit_ledger SET n = -n WHERE n > 5; UPDATE didit_ledger SET n = -n - 1 WHERE n < 0`, 5,
		},
		"cut off": {`DELETE FROM didit_ledger WHERE n > 8`, -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
				db := dbtest.Open(t, source)
				l := openStore(t, db, d, sqlstore.WithLedgerKey(key)).Ledger()
				fill(t, l, 10)
				if !strings.HasPrefix(name, "put in") {
					_, err := db.ExecContext(t.Context(), test.statements)
					require.ErrorContains(t, err, "append only")
					require.NoError(t, l.Verify(t.Context()))
				}
				execute(t, db, withoutTriggers(d))
				execute(t, db, test.statements)
				err := l.Verify(t.Context())
				if test.broken < 0 {
					require.NoError(t, err)
					n, _, err := l.Head(t.Context())
					require.NoError(t, err)
					assert.EqualValues(t, 8, n, "only the head shows it")
					return
				}
				var chain *sqlstore.ChainError
				require.ErrorAs(t, err, &chain)
				assert.Equal(t, test.broken, chain.N)
				assert.Contains(t, err.Error(), fmt.Sprintf("row %d", test.broken))
			})
		})
	}
}

// TestTamperedOldRow: a row that was good once, in a ledger whose end was cut off and
// written anew, does not go with the rows after it.
func TestTamperedOldRow(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		db := dbtest.Open(t, source)
		l := openStore(t, db, d, sqlstore.WithLedgerKey(key)).Ledger()
		fill(t, l, 4)
		execute(t, db, withoutTriggers(d)+`; CREATE TABLE old AS SELECT * FROM didit_ledger WHERE n = 4; DELETE FROM didit_ledger WHERE n = 4`)
		fill(t, l, 2)
		require.NoError(t, l.Verify(t.Context()))
		execute(t, db, `DELETE FROM didit_ledger WHERE n = 4; INSERT INTO didit_ledger SELECT * FROM old`)
		var chain *sqlstore.ChainError
		require.ErrorAs(t, l.Verify(t.Context()), &chain)
		assert.EqualValues(t, 5, chain.N)
	})
}

// TestTamperedSQLite: what only SQLite lets one do.
func TestTamperedSQLite(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, dbtest.SQLite(t))
	l := openStore(t, db, sqlstore.SQLite).Ledger()
	fill(t, l, 4)
	execute(t, db, `INSERT OR REPLACE INTO didit_ledger VALUES (1, 0, '', '', '', '', '', '', '{}', '')`)
	require.NoError(t, l.Verify(t.Context()), "it was ignored")
	execute(t, db, withoutTriggers(sqlstore.SQLite)+`; UPDATE didit_ledger SET time_ns = 'soon' WHERE n = 3`)
	var chain *sqlstore.ChainError
	require.ErrorAs(t, l.Verify(t.Context()), &chain)
	assert.EqualValues(t, 3, chain.N)
	execute(t, db, `UPDATE didit_ledger SET event = 'x' WHERE n = 2`)
	require.ErrorAs(t, l.Verify(t.Context()), &chain)
	assert.EqualValues(t, 2, chain.N, "the first is named")
	n := 0
	for _, err := range l.Events(t.Context(), sqlstore.Filter{}) {
		if n++; n == 2 {
			require.ErrorAs(t, err, &chain)
		}
	}
	assert.Equal(t, 2, n)
	execute(t, db, `UPDATE didit_ledger SET hash = 'x' WHERE n = 4`)
	_, _, err := l.Head(t.Context())
	require.ErrorAs(t, err, &chain)
}

// TestOtherKey: a ledger is written and verified with one key.
func TestOtherKey(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		db := dbtest.Open(t, source)
		s := openStore(t, db, d, sqlstore.WithLedgerKey(key))
		fill(t, s.Ledger(), 3)
		var chain *sqlstore.ChainError
		require.ErrorAs(t, openStore(t, db, d).Ledger().Verify(t.Context()), &chain)
		assert.EqualValues(t, 1, chain.N)
		_, err := sqlstore.Open(t.Context(), db, d, sqlstore.WithLedgerKey(key[:31]))
		require.ErrorContains(t, err, "32 bytes")
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
			for _, v := range []any{s, *s, s.Ledger()} {
				assert.NotContains(t, fmt.Sprintf(verb, v), "7, 7, 7", verb)
				assert.NotContains(t, fmt.Sprintf(verb, v), "7 7 7", verb)
				assert.NotContains(t, fmt.Sprintf(verb, v), "0x7, 0x7", verb)
			}
		}
	})
}
