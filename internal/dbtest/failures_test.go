package dbtest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/bulk"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/handoff"
	"github.com/didit-go/didit/internal/dbtest"
	"github.com/didit-go/didit/sqlstore"
)

// writes are all that write, by name.
func writes(t *testing.T, s *sqlstore.Store) map[string]func(ctx context.Context, id string) error {
	t.Helper()
	delivery, err := s.Deliveries().Reserve(t.Context(), "held", time.Hour)
	require.NoError(t, err)
	replay, err := s.Replays().Reserve(t.Context(), "held", "hash", time.Hour, time.Hour)
	require.NoError(t, err)
	replay.State = handoff.ReplayRejected
	return map[string]func(ctx context.Context, id string) error{
		"ledger": func(ctx context.Context, _ string) error { return s.Ledger().Hook()(ctx, event(1)) },
		"reserve a delivery": func(ctx context.Context, id string) error {
			_, err := s.Deliveries().Reserve(ctx, id, time.Minute)
			return err
		},
		"complete": func(ctx context.Context, _ string) error { return s.Deliveries().Complete(ctx, delivery) },
		"reserve a replay": func(ctx context.Context, id string) error {
			_, err := s.Replays().Reserve(ctx, id, "hash", time.Minute, time.Minute)
			return err
		},
		"settle": func(ctx context.Context, _ string) error { return s.Replays().Settle(ctx, replay, time.Minute) },
		"checkpoint": func(ctx context.Context, id string) error {
			return s.Checkpoint("run").Record(ctx, bulk.Record{ID: id, State: bulk.Done})
		},
	}
}

// TestAwayAndBack: while the database is away everything fails, and when it is back
// everything works, with nothing half done.
func TestAwayAndBack(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		var away, back func()
		if d == sqlstore.SQLite { // another process has it for longer than a writer waits
			holder := dbtest.Open(t, source)
			holder.SetMaxOpenConns(1)
			source = strings.Replace(source, "busy_timeout(60000)", "busy_timeout(10)", 1)
			away, back = func() { execute(t, holder, `BEGIN EXCLUSIVE`) }, func() { execute(t, holder, `ROLLBACK`) }
		} else {
			p := newProxy(t, source)
			source, away, back = p.source, p.away, p.back
		}
		s := openStore(t, dbtest.Open(t, source), d)
		all := writes(t, s)
		away()
		for name, write := range all {
			err := write(t.Context(), "new")
			require.ErrorContains(t, err, "sqlstore: ", name)
			assert.NotContains(t, err.Error(), "another's", name)
		}
		if d == sqlstore.PostgreSQL {
			require.Error(t, s.Ledger().Verify(t.Context()))
			_, _, err := s.Ledger().Head(t.Context())
			require.Error(t, err)
			for _, err := range s.Ledger().Events(t.Context(), sqlstore.Filter{}) {
				require.ErrorContains(t, err, "could not be read")
			}
			_, _, err = s.Checkpoint("run").Lookup(t.Context(), "new")
			require.Error(t, err)
		}
		back()
		for name, write := range all {
			require.NoError(t, write(t.Context(), "new"), name)
		}
		require.NoError(t, s.Ledger().Verify(t.Context()))
		assert.Len(t, events(t, s.Ledger(), sqlstore.Filter{}), 1)
	})
}

// TestFullDisk: what does not fit is not there, the rest is whole, and with more room it
// goes on.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	source := dbtest.SQLite(t)
	_, err := sqlstore.Open(t.Context(), dbtest.Open(t, source+"&_pragma=max_page_count(8)"), sqlstore.SQLite)
	require.ErrorContains(t, err, "nothing was changed")
	roomy := openStore(t, dbtest.Open(t, source), sqlstore.SQLite)
	pages := count(t, dbtest.Open(t, source), `PRAGMA page_count`)
	s := openStore(t, dbtest.Open(t, source+fmt.Sprintf("&_pragma=max_page_count(%d)", pages+20)), sqlstore.SQLite)
	all := writes(t, s)
	written := 0
	for ; ; written++ {
		if err := s.Ledger().Hook()(t.Context(), event(written)); err != nil {
			require.ErrorContains(t, err, "full")
			break
		}
	}
	require.NotZero(t, written)
	require.NoError(t, roomy.Ledger().Verify(t.Context()))
	assert.Len(t, events(t, s.Ledger(), sqlstore.Filter{}), written)
	require.Error(t, all["checkpoint"](t.Context(), strings.Repeat("x", 1000)))
	require.NoError(t, all["complete"](t.Context(), ""), "it needs no more room")
	fill(t, roomy.Ledger(), 3)
	require.NoError(t, roomy.Ledger().Verify(t.Context()))
}

// TestEnded: a context that has ended, or ends while another goroutine writes.
func TestEnded(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		s := openStore(t, dbtest.Open(t, source), d)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		for name, write := range writes(t, s) {
			require.ErrorIs(t, write(ended, "new"), context.Canceled, name)
			require.NoError(t, write(t.Context(), "new"), name)
		}
		require.ErrorIs(t, s.Ledger().Verify(ended), context.Canceled)
	})
}

// TestWithheld: no token and no copy without a row.
func TestWithheld(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		db := dbtest.Open(t, source)
		l := openStore(t, db, d).Ledger()
		server := didittest.NewServer()
		defer server.Close()
		a, b := server.AddApplication("Bank"), server.AddApplication("Fintech")
		session := a.AddSession(didittest.SessionFixture{})
		bank, fintech := a.Client(didit.WithAuditHook(l.Hook())), b.Client(didit.WithAuditHook(l.Hook()))
		share := func() (*didit.SharedSession, error) {
			return bank.ShareSession(t.Context(), session, didit.ShareSessionParams{ForApplicationID: b.ID})
		}
		shared, err := share()
		require.NoError(t, err)
		row := events(t, l, sqlstore.Filter{SessionID: session, ApplicationID: b.ID})
		require.Len(t, row, 1)
		assert.Equal(t, didit.AuditOK, row[0].Outcome)
		params := didit.ImportSharedSessionParams{
			Token: shared.Token, WorkflowID: b.Workflow(didit.KindUser), Review: didit.TrustSourceReview, VendorData: "customer-1",
		}

		execute(t, db, `ALTER TABLE didit_ledger RENAME TO gone`)
		shared, err = share()
		require.ErrorContains(t, err, "the token is withheld")
		assert.Nil(t, shared)
		imported, err := fintech.ImportSharedSession(t.Context(), params)
		require.ErrorContains(t, err, "withheld")
		assert.Nil(t, imported)

		execute(t, db, `ALTER TABLE gone RENAME TO didit_ledger`)
		_, err = share()
		require.NoError(t, err)
		params.Resume = true
		imported, err = fintech.ImportSharedSession(t.Context(), params)
		require.NoError(t, err)
		assert.Len(t, b.Sessions(), 1)
		row = events(t, l, sqlstore.Filter{SessionID: imported.SessionID})
		require.Len(t, row, 1)
		assert.Equal(t, session, row[0].SourceSessionID)
		require.NoError(t, l.Verify(t.Context()))
	})
}
