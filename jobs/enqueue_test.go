package jobs_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/jobs"
)

// count returns how many rows a query finds.
func count(w *world, db *sql.DB, query string, args ...any) (n int) {
	w.Helper()
	require.NoError(w, db.QueryRowContext(w.Context(), `SELECT COUNT(*) FROM `+query, args...).Scan(&n))
	return n
}

// table names a table of the engine's.
func (w *world) table(name string) string {
	if w.url[0] == 's' {
		return name
	}
	return "didit." + name
}

// TestOneTicketPerSession: a second enqueue returns the first's ticket, in any state, also
// once River's job is gone; other params are an error.
func TestOneTicketPerSession(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		e := w.open(w.config(w.b))
		source, token := w.token()
		params := func(vendorData, workflow string) didit.ImportSharedSessionParams {
			p := w.params(token, vendorData)
			p.WorkflowID, p.Workflows.User = "", workflow
			return p
		}
		first, err := e.Import(ctx, params("customer-7", w.workflow))
		require.NoError(w, err)
		again, err := e.Import(ctx, params(" customer-7 ", strings.ToUpper(w.workflow)))
		require.NoError(w, err)
		assert.Equal(w, first, again)

		for what, change := range map[string]func(*didit.ImportSharedSessionParams){
			"vendor data": func(p *didit.ImportSharedSessionParams) { p.VendorData = "customer-8" },
			"workflow":    func(p *didit.ImportSharedSessionParams) { p.Workflows.User = w.b.AddWorkflow(didit.KindUser) },
			"review":      func(p *didit.ImportSharedSessionParams) { p.Review = didit.ReviewAgain },
		} {
			p := params("customer-7", w.workflow)
			change(&p)
			_, err := e.Import(ctx, p)
			require.ErrorIs(w, err, jobs.ErrConflict)
			assert.Contains(w, err.Error(), what)
			assert.NotContains(w, err.Error(), "customer")
		}
		assert.Equal(w, 1, count(w, e.DB(), w.table("didit_tickets")))
		assert.Equal(w, 1, count(w, e.DB(), w.table("river_job")))

		require.NoError(w, e.Start(ctx))
		done := w.ends(e, first.ID, jobs.StateDone)
		_, err = e.DB().ExecContext(ctx, `DELETE FROM `+w.table("river_job"))
		require.NoError(w, err)
		again, err = e.Import(ctx, params("customer-7", w.workflow))
		require.NoError(w, err)
		assert.Equal(w, done, again)
		assert.Equal(w, 0, count(w, e.DB(), w.table("river_job")))
		assert.Len(w, w.copies(source), 1)
	})
}

// TestLaterToken: a token that ends later takes the place of the first, which has ended by
// the time the engine starts.
func TestLaterToken(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		e := w.open(w.config(w.b))
		source := w.a.AddSession(didittest.SessionFixture{})
		share := func(ttl time.Duration) didit.ShareToken {
			s, err := w.a.Client().ShareSession(ctx, source, didit.ShareSessionParams{ForApplicationID: w.b.ID, TTL: ttl})
			require.NoError(w, err)
			return s.Token
		}
		short, long := share(time.Minute), share(24*time.Hour)
		first, err := e.Import(ctx, w.params(short, "customer-7"))
		require.NoError(w, err)
		second, err := e.Import(ctx, w.params(long, "customer-7"))
		require.NoError(w, err)
		assert.Equal(w, first.ID, second.ID)
		_, err = e.Import(ctx, w.params(short, "customer-7"))
		require.NoError(w, err, "an earlier end changes nothing")

		w.didit.Advance(time.Hour)
		require.NoError(w, e.Start(ctx))
		w.ends(e, first.ID, jobs.StateDone)
		assert.Len(w, w.copies(source), 1)
	})
}

// TestExpiredInTheQueue: a token that ended while its ticket waited is refused without a
// call, and another token opens the ticket anew.
func TestExpiredInTheQueue(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		cfg := w.config(w.b)
		now := time.Now
		cfg.Options = append(cfg.Options, didit.WithClock(func() time.Time { return now().Add(2 * time.Hour) }))
		refused := make(chan error, 1)
		cfg.Refused = func(_ context.Context, _ *sql.Tx, t *jobs.Ticket, err error) error {
			refused <- fmt.Errorf("%s: %w", t.State, err)
			return nil
		}
		e := w.open(cfg)
		source, token := w.token()
		first, err := e.Import(ctx, w.params(token, "customer-7"))
		require.NoError(w, err)
		requests := len(w.didit.Requests())
		require.NoError(w, e.Start(ctx))
		err = <-refused
		require.ErrorIs(w, err, didit.ErrShareTokenExpired)
		assert.Contains(w, err.Error(), "refused: ")
		ended := w.ends(e, first.ID, jobs.StateRefused)
		assert.Equal(w, "refused locally: Token has expired", ended.Reason)
		assert.Len(w, w.didit.Requests(), requests)

		again, err := e.Import(ctx, w.params(token, "customer-7"))
		require.NoError(w, err)
		assert.Equal(w, jobs.StateRefused, again.State, "the same token opens nothing")

		s, err := w.a.Client().ShareSession(ctx, source, didit.ShareSessionParams{ForApplicationID: w.b.ID, TTL: 24 * time.Hour})
		require.NoError(w, err)
		again, err = e.Import(ctx, w.params(s.Token, "customer-7"))
		require.NoError(w, err)
		assert.Equal(w, first.ID, again.ID)
		assert.Equal(w, jobs.StateQueued, again.State)
		done := w.ends(e, first.ID, jobs.StateDone)
		assert.Equal(w, []string{done.SessionID}, w.copies(source))
	})
}

// TestRefusedBeforeItIsStored: what no worker could do is not enqueued.
func TestRefusedBeforeItIsStored(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		cfg := w.config(w.b)
		e := w.open(cfg)
		_, token := w.token()
		_, err := e.Import(ctx, didit.ImportSharedSessionParams{Token: token})
		require.ErrorIs(w, err, didit.ErrInvalidParams)
		assert.Contains(w, err.Error(), "WorkflowID")
		assert.Contains(w, err.Error(), "Review")

		source := w.a.AddSession(didittest.SessionFixture{})
		other := w.didit.AddApplication("Partner C")
		s, err := w.a.Client().ShareSession(ctx, source, didit.ShareSessionParams{ForApplicationID: other.ID})
		require.NoError(w, err)
		_, err = e.Import(ctx, w.params(s.Token, "customer-7"))
		require.ErrorIs(w, err, didit.ErrShareTokenForeign)
		require.ErrorIs(w, err, didit.ErrInvalidParams)

		_, err = e.Share(ctx, source, didit.ShareSessionParams{ForApplicationID: w.a.ID})
		require.ErrorContains(w, err, "Config.Deliver")

		cfg.Deliver = func(context.Context, *jobs.Ticket, *didit.SharedSession) error { return nil }
		e = w.open(cfg)
		_, err = e.Share(ctx, "no id", didit.ShareSessionParams{ForApplicationID: w.a.ID})
		require.ErrorContains(w, err, "SessionID must be a UUID")
		_, err = e.Share(ctx, source, didit.ShareSessionParams{ForApplicationID: w.b.ID})
		require.ErrorIs(w, err, didit.ErrSelfShare)
		_, err = e.Share(ctx, source, didit.ShareSessionParams{ForApplicationID: w.a.ID, TTL: time.Second})
		require.ErrorIs(w, err, didit.ErrInvalidTTL)

		assert.Zero(w, count(w, e.DB(), w.table("didit_tickets")))
		assert.Zero(w, count(w, e.DB(), w.table("river_job")))
		_, err = e.Ticket(ctx, "nobody's")
		require.ErrorIs(w, err, jobs.ErrNoTicket)
	})
}

// TestRollback: a transaction that is rolled back leaves neither ticket nor job.
func TestRollback(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		e := w.open(w.config(w.b))
		_, token := w.token()
		tx, err := e.DB().BeginTx(ctx, nil)
		require.NoError(w, err)
		ticket, err := e.ImportTx(ctx, tx, w.params(token, "customer-7"))
		require.NoError(w, err)
		require.NoError(w, tx.Rollback())
		_, err = e.Ticket(ctx, ticket.ID)
		require.ErrorIs(w, err, jobs.ErrNoTicket)
		assert.Zero(w, count(w, e.DB(), w.table("river_job")))
	})
}

// TestShareAgain: while a share of a session with a partner is open, it is the one; after
// that there is another.
func TestShareAgain(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		cfg := w.config(w.a)
		cfg.Deliver = func(context.Context, *jobs.Ticket, *didit.SharedSession) error { return nil }
		e := w.open(cfg)
		source := w.a.AddSession(didittest.SessionFixture{})
		p := didit.ShareSessionParams{ForApplicationID: w.b.ID}
		first, err := e.Share(ctx, source, p)
		require.NoError(w, err)
		second, err := e.Share(ctx, source, p)
		require.NoError(w, err)
		assert.Equal(w, first.ID, second.ID)
		require.NoError(w, e.Start(ctx))
		w.ends(e, first.ID, jobs.StateDone)
		third, err := e.Share(ctx, source, p)
		require.NoError(w, err)
		assert.NotEqual(w, first.ID, third.ID)
		w.ends(e, third.ID, jobs.StateDone)
	})
}

// TestPgxTransactions enqueues with transactions of pgx.
func TestPgxTransactions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, postgres(t))
	ctx := t.Context()
	cfg := w.config(w.b)
	cfg.Deliver = func(context.Context, *jobs.Ticket, *didit.SharedSession) error { return nil }
	e := w.start(cfg)
	conn, err := pgx.Connect(ctx, w.url)
	require.NoError(t, err)
	defer conn.Close(ctx) //nolint:errcheck // the test is over
	source, token := w.token()
	own := w.b.AddSession(didittest.SessionFixture{})
	var imported, again, shared *jobs.Ticket
	require.NoError(t, pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) (err error) {
		imported, err = e.ImportPgxTx(ctx, tx, w.params(token, "customer-7"))
		require.NoError(t, err)
		again, err = e.ImportPgxTx(ctx, tx, w.params(token, "customer-7"))
		require.NoError(t, err)
		shared, err = e.SharePgxTx(ctx, tx, own, didit.ShareSessionParams{ForApplicationID: w.a.ID})
		return err
	}))
	assert.Equal(t, imported, again)
	done := w.ends(e, imported.ID, jobs.StateDone)
	assert.Equal(t, []string{done.SessionID}, w.copies(source))
	w.ends(e, shared.ID, jobs.StateDone)

	onSQLite := newWorld(t, sqlite(t))
	_, err = onSQLite.open(onSQLite.config(onSQLite.b)).ImportPgxTx(ctx, nil, onSQLite.params(token, ""))
	require.ErrorContains(t, err, "SQLite")
	_, err = onSQLite.open(onSQLite.config(onSQLite.b)).SharePgxTx(ctx, nil, own, didit.ShareSessionParams{ForApplicationID: w.a.ID})
	require.ErrorContains(t, err, "SQLite")
}
