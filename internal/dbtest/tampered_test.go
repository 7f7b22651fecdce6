package dbtest_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
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

// TestVerifyFrom: a head that was written down shows what the chain alone cannot.
func TestVerifyFrom(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		db := dbtest.Open(t, source)
		l := openStore(t, db, d, sqlstore.WithLedgerKey(key)).Ledger()
		type head struct {
			n    int64
			hash []byte
		}
		var heads []head
		for range 11 {
			n, hash, err := l.Head(t.Context())
			require.NoError(t, err)
			heads = append(heads, head{n, hash})
			fill(t, l, 1)
		}
		broken := func(h head) int64 {
			err := l.VerifyFrom(t.Context(), h.n, h.hash)
			if err == nil {
				return -1
			}
			var chain *sqlstore.ChainError
			require.ErrorAs(t, err, &chain)
			return chain.N
		}
		for _, h := range heads {
			assert.EqualValues(t, -1, broken(h))
		}
		assert.EqualValues(t, 12, broken(head{12, heads[1].hash}), "not there")
		for _, wrong := range []head{{-1, nil}, {0, heads[1].hash}, {1, nil}, {1, heads[1].hash[1:]}} {
			require.ErrorContains(t, l.VerifyFrom(t.Context(), wrong.n, wrong.hash), "must be a head")
		}

		execute(t, db, withoutTriggers(d)+`; DELETE FROM didit_ledger WHERE n > 7`)
		assert.EqualValues(t, 10, broken(heads[10]), "cut off")
		fill(t, l, 5)
		require.NoError(t, l.Verify(t.Context()), "the chain alone does not show it")
		assert.EqualValues(t, 10, broken(heads[10]), "cut off, and others appended")
		assert.EqualValues(t, -1, broken(heads[7]))

		execute(t, db, `DELETE FROM didit_ledger WHERE n = 4`)
		require.Error(t, l.Verify(t.Context()))
		assert.EqualValues(t, 4, broken(heads[2]))
		assert.EqualValues(t, 4, broken(heads[4]))
		assert.EqualValues(t, -1, broken(heads[5]), "what is behind the gap")
		execute(t, db, `UPDATE didit_ledger SET event = '{}' WHERE n = 9`)
		assert.EqualValues(t, 9, broken(heads[5]))
	})
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
	_, err := db.ExecContext(t.Context(), `INSERT OR REPLACE INTO didit_ledger (rowid, n, time_ns, action, outcome, session_id, source_session_id,
from_application_id, for_application_id, event, hash) VALUES (1, 9, 0, '', '', '', '', '', '', '{}', '')`)
	require.ErrorContains(t, err, "rowid", "a row has no other number")
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
	_, _, err = l.Head(t.Context())
	require.ErrorAs(t, err, &chain)
}

// TestOtherKey: a ledger is written and verified with one key, that of its first row.
func TestOtherKey(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		db := dbtest.Open(t, source)
		s := openStore(t, db, d, sqlstore.WithLedgerKey(key))
		fill(t, s.Ledger(), 3)
		var chain *sqlstore.ChainError
		require.ErrorAs(t, openStore(t, db, d).Ledger().Verify(t.Context()), &chain)
		assert.EqualValues(t, 1, chain.N)
		require.ErrorContains(t, openStore(t, db, d).Ledger().Hook()(t.Context(), event(4)), "with another key, see WithLedgerKey")
		require.NoError(t, s.Ledger().Verify(t.Context()))
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

// TestKeysRace: of two processes with different keys one begins the ledger, and the other
// writes nothing.
func TestKeysRace(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		stores := make([]*sqlstore.Store, 2)
		for i := range stores {
			stores[i] = openStore(t, dbtest.Open(t, source), d, sqlstore.WithLedgerKey(bytes.Repeat([]byte{byte(i)}, 32)))
		}
		var wg sync.WaitGroup
		var failed [2]atomic.Int64
		for i, s := range stores {
			for n := range 10 {
				wg.Go(func() {
					if s.Ledger().Hook()(t.Context(), event(n)) != nil {
						failed[i].Add(1)
					}
				})
			}
		}
		wg.Wait()
		assert.EqualValues(t, 10, failed[0].Load()+failed[1].Load())
		for i, s := range stores {
			if failed[i].Load() == 0 {
				require.NoError(t, s.Ledger().Verify(t.Context()))
				assert.Len(t, events(t, s.Ledger(), sqlstore.Filter{}), 10)
			}
		}
	})
}
