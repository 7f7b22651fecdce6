package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// Admin is an operator's view of the tickets: it asks, retries and stops, and works on
// none. Any number of goroutines may use it. Every [Engine] is one too.
type Admin struct {
	database *database
	river    *river.Client[*sql.Tx]
}

// OpenAdmin connects to the database of an engine, with a URL as [Open] takes it. It needs
// no key of Didit's and no Sealer, and changes nothing: where no engine has made the
// tables, it fails.
func OpenAdmin(ctx context.Context, databaseURL string) (*Admin, error) {
	d, err := openDatabase(ctx, databaseURL, 2, false)
	if err != nil {
		return nil, err
	}
	a := &Admin{database: d}
	if err := a.open(ctx); err != nil {
		_ = d.close()
		return nil, err
	}
	return a, nil
}

func (a *Admin) open(ctx context.Context) error {
	if _, err := a.database.version(ctx); err != nil {
		return fmt.Errorf("jobs: OpenAdmin: %w", err)
	}
	if _, err := a.Count(ctx); err != nil {
		return fmt.Errorf("jobs: OpenAdmin: %w; is it the database of an engine?", err)
	}
	var err error
	a.river, err = river.NewClient(a.database.driver, &river.Config{
		Schema: a.database.schema, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return fmt.Errorf("jobs: OpenAdmin: %w", err)
	}
	return nil
}

// Close ends the connections. It may be called again.
func (a *Admin) Close() error { return a.database.close() }

// Cancel stops a ticket that is open, and returns it as it is then. One that has never
// been begun is stopped at once. Of any other a worker first finds out whether a copy was
// made: if so, the ticket is done, and Imported is told. A share that has been minted
// expires by itself. A ticket that has ended stays as it is. The error is [ErrNoTicket]
// where there is none of that id.
func (a *Admin) Cancel(ctx context.Context, id string) (*Ticket, error) {
	return a.change(ctx, id, func(tx sqlTx, r *row) error {
		if !r.State.Open() {
			return nil
		}
		if !r.begun && r.State != StateRunning {
			now := time.Now()
			r.State, r.Reason, r.DoneAt, r.WaitUntil = StateStopped, "stopped by an operator", instant(millis(now)), time.Time{}
			_, err := tx.exec(ctx, `UPDATE {didit}didit_tickets SET state = 'stopped', reason = $1, token = NULL, wait_ms = 0, done_ms = $2 WHERE id = $3`, r.Reason, millis(now), id)
			return err
		}
		if _, err := tx.exec(ctx, `UPDATE {didit}didit_tickets SET stop = 1 WHERE id = $1`, id); err != nil {
			return err
		}
		return a.wake(ctx, tx, r)
	})
}

// Retry has a ticket that waits tried again at once, and takes back a Cancel that has not
// ended it yet. A share that was refused or stopped is opened anew, unless there is another
// open one of its session and partner. The rest is an error: a ticket that is done, and an
// import that was refused or stopped, which has no token any more: import the session
// again, with another one. The error is [ErrNoTicket] where there is none of that id.
func (a *Admin) Retry(ctx context.Context, id string) (*Ticket, error) {
	return a.change(ctx, id, func(tx sqlTx, r *row) error {
		switch {
		case r.State.Open():
			r.stop = false
			if _, err := tx.exec(ctx, `UPDATE {didit}didit_tickets SET stop = 0, wait_ms = 0 WHERE id = $1`, id); err != nil {
				return err
			}
			return a.wake(ctx, tx, r)
		case r.State == StateDone:
			return errors.New("jobs: Retry: the ticket is done")
		case r.Kind == KindImport:
			return errors.New("jobs: Retry: the ticket has ended, and its token is gone: import the session again, with another token")
		}
		r.State, r.Reason, r.DoneAt = StateQueued, "", time.Time{}
		_, err := tx.exec(ctx, `UPDATE {didit}didit_tickets SET state = 'queued', reason = '', verdict = '', stop = 0, done_ms = 0 WHERE id = $1`, id)
		if err != nil {
			return fmt.Errorf("jobs: Retry: the ticket could not be opened anew; is another ticket of its session and partner open? %w", err)
		}
		return addJob(ctx, tx, r)
	})
}

// change runs f on a ticket that nobody else changes meanwhile.
func (a *Admin) change(ctx context.Context, id string, f func(sqlTx, *row) error) (*Ticket, error) {
	var t *Ticket
	err := a.database.inTx(ctx, func(tx *sql.Tx) error {
		r, err := a.database.read(ctx, tx, id, "{lock}")
		if err != nil {
			return err
		}
		t = &r.Ticket
		return f(sqlTx{a, tx}, r)
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// wake has River work on a ticket's job now. One that is gone, the reconciler puts back.
func (a *Admin) wake(ctx context.Context, tx sqlTx, r *row) error {
	waited := r.State == StateWaiting
	if waited {
		r.State, r.WaitUntil = StateQueued, time.Time{}
		if _, err := tx.exec(ctx, `UPDATE {didit}didit_tickets SET state = 'queued', wait_ms = 0 WHERE id = $1`, r.ID); err != nil {
			return err
		}
	}
	job, err := a.river.JobRetryTx(ctx, tx.tx, r.jobID)
	switch {
	case errors.Is(err, rivertype.ErrNotFound):
		return nil
	case err == nil && waited && job.State == rivertype.JobStateRunning:
		// Its run is over, and River is about to store that it comes later.
		return addJob(ctx, tx, r)
	}
	return err
}

// DB is the database, for your own rows beside the tickets, and for the transactions of
// [Engine.ImportTx] and [Engine.ShareTx]. Close closes it.
//
// On PostgreSQL it is the engine's own pool, of Config.Workers and 8 more connections: who
// needs many has a pool of their own.
//
// On SQLite there is one writer at a time, whoever it is: a transaction of yours keeps
// the engine waiting, so keep it short, and inside a callback write with the callback's
// own. Reading waits for nobody.
func (a *Admin) DB() *sql.DB { return a.database.shared }

// River is the client of River's, for riverui and for jobs of your own kinds in other
// queues. An [Admin]'s works on none.
func (a *Admin) River() *river.Client[*sql.Tx] { return a.river }
