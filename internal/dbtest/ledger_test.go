package dbtest_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/dbtest"
	"github.com/didit-go/didit/sqlstore"
)

var ledgerEvents = flag.Int("events", 1500, "how many events TestLedger writes")

var (
	key   = bytes.Repeat([]byte{7}, 32)
	start = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
)

func uuid(kind string, n int) string { return fmt.Sprintf("%s-0000-4000-8000-%012d", kind, n) }

// event is one of a bank that shares with ten partners, and imports every other.
func event(n int) didit.AuditEvent {
	e := didit.AuditEvent{
		Time: start.Add(time.Duration(n) * time.Second), Action: didit.AuditShare, Outcome: didit.AuditOK, Attempts: 1,
		SessionID: uuid("5e551000", n), FromApplicationID: uuid("a0000000", 0), ForApplicationID: uuid("b0000000", n%10),
		TTL: time.Hour, Duration: 120 * time.Millisecond, ExpiresAt: start.Add(time.Hour),
	}
	if n%2 == 1 {
		e.Action, e.SourceSessionID = didit.AuditImport, uuid("5e551000", n-1)
		e.SessionID = uuid("c0000000", n)
	}
	if n%100 == 0 {
		e.Outcome, e.Reason = didit.AuditRefused, "=the session is not finished"
	}
	return e
}

func fill(t *testing.T, l *sqlstore.Ledger, n int) {
	t.Helper()
	hook := l.Hook()
	for i := range n {
		require.NoError(t, hook(t.Context(), event(i)))
	}
}

func events(t *testing.T, l *sqlstore.Ledger, f sqlstore.Filter) (all []didit.AuditEvent) {
	t.Helper()
	for e, err := range l.Events(t.Context(), f) {
		require.NoError(t, err)
		all = append(all, e)
	}
	return all
}

// withoutTriggers is what somebody with rights of their own can do.
func withoutTriggers(d sqlstore.Dialect) string {
	if d == sqlstore.PostgreSQL {
		return `DROP FUNCTION didit_ledger_refuse CASCADE`
	}
	return `DROP TRIGGER didit_ledger_update; DROP TRIGGER didit_ledger_delete; DROP TRIGGER didit_ledger_replace`
}

// TestLedger writes many events and asks for them in every way; then a row is changed and
// one removed.
func TestLedger(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		n, db := *ledgerEvents, dbtest.Open(t, source)
		l := openStore(t, db, d, sqlstore.WithLedgerKey(key)).Ledger()
		head, hash, err := l.Head(t.Context())
		require.NoError(t, err)
		assert.Zero(t, head)
		assert.Nil(t, hash)
		require.NoError(t, l.Verify(t.Context()))
		began := time.Now()
		fill(t, l, n)
		written := time.Now()
		require.NoError(t, l.Verify(t.Context()))
		t.Logf("%d events written in %v, verified in %v", n, written.Sub(began), time.Since(written))
		head, hash, err = l.Head(t.Context())
		require.NoError(t, err)
		assert.EqualValues(t, n, head)
		assert.Len(t, hash, 32)
		for name, test := range filters {
			want := []didit.AuditEvent(nil)
			for i := range n {
				if test.wants(i) {
					want = append(want, event(i))
				}
			}
			asked := time.Now()
			got := events(t, l, test.filter)
			t.Logf("%s: %d events in %v", name, len(got), time.Since(asked))
			assert.Equal(t, want, got, name)
		}
		execute(t, db, withoutTriggers(d))
		var broken *sqlstore.ChainError
		execute(t, db, fmt.Sprintf(`DELETE FROM didit_ledger WHERE n = %d`, n-5))
		require.ErrorAs(t, l.Verify(t.Context()), &broken)
		assert.EqualValues(t, n-5, broken.N)
		execute(t, db, fmt.Sprintf(`UPDATE didit_ledger SET outcome = 'ok' WHERE n = %d`, n/200*100+1))
		require.ErrorAs(t, l.Verify(t.Context()), &broken)
		assert.EqualValues(t, n/200*100+1, broken.N)
	})
}

func TestWriteCSV(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		l := openStore(t, dbtest.Open(t, source), d).Ledger()
		fill(t, l, 101)
		var out bytes.Buffer
		require.NoError(t, l.WriteCSV(t.Context(), &out, sqlstore.Filter{Outcome: didit.AuditRefused}))
		lines, err := csv.NewReader(&out).ReadAll()
		require.NoError(t, err)
		require.Len(t, lines, 3)
		cells := map[string]string{}
		for i, name := range lines[0] {
			cells[name] = lines[1][i]
		}
		assert.Equal(t, map[string]string{
			"time": "2026-11-24T12:00:00Z", "action": "share", "outcome": "refused", "session_id": uuid("5e551000", 0), "source_session_id": "",
			"session_kind": "", "from_application_id": uuid("a0000000", 0), "for_application_id": uuid("b0000000", 0), "workflow_id": "",
			"ttl_seconds": "3600", "review": "", "token_fingerprint": "", "status_code": "", "request_id": "", "attempts": "1",
			"duration_seconds": "0.12", "expires_at": "2026-11-24T13:00:00Z", "reason": "'=the session is not finished",
		}, cells)
		require.ErrorContains(t, l.WriteCSV(t.Context(), full{}, sqlstore.Filter{}), "CSV")
	})
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, fmt.Errorf("no space left") }

// TestCSVHasEveryField fails when an event has a field that the CSV leaves out.
func TestCSVHasEveryField(t *testing.T) {
	t.Parallel()
	l := openStore(t, dbtest.Open(t, dbtest.SQLite(t)), sqlstore.SQLite).Ledger()
	e := didit.AuditEvent{
		Time: start, Action: "a", Outcome: "b", SessionID: "c", SourceSessionID: "d", SessionKind: "e", FromApplicationID: "f", ForApplicationID: "g",
		WorkflowID: "h", TTL: time.Second, Review: "i", TokenFingerprint: "j", StatusCode: 409, RequestID: "k", Attempts: 2,
		Duration: time.Second, ExpiresAt: start, Reason: "l",
	}
	require.NoError(t, l.Hook()(t.Context(), e))
	assert.Equal(t, []didit.AuditEvent{e}, events(t, l, sqlstore.Filter{}))
	text, err := json.Marshal(e)
	require.NoError(t, err)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(text, &fields))
	var out bytes.Buffer
	require.NoError(t, l.WriteCSV(t.Context(), &out, sqlstore.Filter{}))
	lines, err := csv.NewReader(&out).ReadAll()
	require.NoError(t, err)
	assert.Len(t, lines[0], len(fields))
	assert.NotContains(t, lines[1], "")
}

// TestLedgerLoop: the loop's body may use the database, on one connection as well, and
// the sequence may be ranged over again.
func TestLedgerLoop(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		db := dbtest.Open(t, source)
		db.SetMaxOpenConns(1)
		l := openStore(t, db, d).Ledger()
		fill(t, l, 3)
		all := l.Events(t.Context(), sqlstore.Filter{Until: start.Add(time.Minute)})
		for range 2 {
			n := 0
			for e, err := range all {
				require.NoError(t, err)
				e.Time = e.Time.Add(time.Hour)
				require.NoError(t, l.Hook()(t.Context(), e))
				n++
			}
			assert.Equal(t, 3, n)
		}
		for _, err := range all {
			require.NoError(t, err)
			break
		}
		require.NoError(t, l.Verify(t.Context()))
	})
}

// TestLedgerCrowd: goroutines of three stores make one chain.
func TestLedgerCrowd(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		var ledgers []*sqlstore.Ledger
		for range 3 {
			ledgers = append(ledgers, openStore(t, dbtest.Open(t, source), d, sqlstore.WithLedgerKey(key)).Ledger())
		}
		var wg sync.WaitGroup
		for g := range 24 {
			wg.Go(func() {
				for i := range 5 {
					assert.NoError(t, ledgers[g%3].Hook()(t.Context(), event(g*5+i)))
				}
			})
		}
		wg.Wait()
		require.NoError(t, ledgers[0].Verify(t.Context()))
		assert.Len(t, events(t, ledgers[1], sqlstore.Filter{}), 120)
	})
}

// TestLedgerTimes: an event without a time, or with one far away, is an event.
func TestLedgerTimes(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		l := openStore(t, dbtest.Open(t, source), d).Ledger()
		var want []didit.AuditEvent
		for _, at := range []time.Time{{}, time.Date(1500, 1, 1, 0, 0, 0, 0, time.UTC), start, time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC)} {
			want = append(want, didit.AuditEvent{Time: at, Action: didit.AuditShare, Outcome: didit.AuditOK})
			require.NoError(t, l.Hook()(t.Context(), want[len(want)-1]))
		}
		require.NoError(t, l.Verify(t.Context()))
		assert.Equal(t, want, events(t, l, sqlstore.Filter{}))
		assert.Equal(t, want[2:3], events(t, l, sqlstore.Filter{From: start, Until: start.Add(1)}))
		assert.Error(t, l.Hook()(t.Context(), didit.AuditEvent{Time: start.AddDate(9000, 0, 0)}), "JSON has no such year")
	})
}

// TestLedgerIDs: ids match in any case, and an event that matches on both sides is there
// once.
func TestLedgerIDs(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		l := openStore(t, dbtest.Open(t, source), d).Ledger()
		e := didit.AuditEvent{Time: start, SessionID: "ABC", SourceSessionID: "abc", FromApplicationID: "DEF", ForApplicationID: "def"}
		require.NoError(t, l.Hook()(t.Context(), e))
		for _, f := range []sqlstore.Filter{{SessionID: "Abc"}, {ApplicationID: "deF"}, {SessionID: "aBc", ApplicationID: "Def"}} {
			assert.Equal(t, []didit.AuditEvent{e}, events(t, l, f))
		}
		assert.Empty(t, events(t, l, sqlstore.Filter{SessionID: "abc", ApplicationID: "abc"}))
	})
}
