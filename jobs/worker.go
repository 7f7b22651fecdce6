package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/didit-go/didit"
)

// importJob and shareJob are what River stores and every dashboard shows: the ticket's
// id, never its token.
type (
	importJob struct {
		Ticket string `json:"ticket"`
	}
	shareJob struct {
		Ticket string `json:"ticket"`
	}
)

// UnmarshalJSON takes what somebody has changed, too, as no ticket's id.
func (j *importJob) UnmarshalJSON(args []byte) error { j.Ticket = ticketOf(args); return nil }
func (j *shareJob) UnmarshalJSON(args []byte) error  { j.Ticket = ticketOf(args); return nil }

func ticketOf(args []byte) string {
	var job struct {
		Ticket string `json:"ticket"`
	}
	if json.Unmarshal(args, &job) != nil {
		return ""
	}
	return job.Ticket
}

func (importJob) Kind() string { return "didit_import" }
func (shareJob) Kind() string  { return "didit_share" }

func (j importJob) ticket() string { return j.Ticket }
func (j shareJob) ticket() string  { return j.Ticket }

func jobArgs(t *Ticket) river.JobArgs {
	if t.Kind == KindShare {
		return shareJob{t.ID}
	}
	return importJob{t.ID}
}

type worker[J interface {
	river.JobArgs
	ticket() string
}] struct {
	river.WorkerDefaults[J]
	engine *Engine
}

// Work makes one run of a ticket. Whatever happens, the job is done once the ticket has
// ended and else comes again: River's own failures and cancellations decide nothing.
func (w *worker[J]) Work(ctx context.Context, job *river.Job[J]) error {
	r := &run{e: w.engine, ctx: ctx, job: job.ID}
	err := r.work(job.Args.ticket()) //nolint:contextcheck // a run has its context
	switch cause := context.Cause(ctx); {
	case err == nil:
		return nil
	case errors.Is(cause, river.ErrJobCancelledRemotely):
		return r.cancelled() //nolint:contextcheck // a run has its context
	case cause != nil && !errors.Is(cause, context.DeadlineExceeded):
		return r.handBack() //nolint:contextcheck // a run has its context
	}
	return r.later(err) //nolint:contextcheck // a run has its context
}

// run is one run of one ticket.
type run struct {
	e   *Engine
	ctx context.Context //nolint:containedctx // one run's state, gone with it
	job int64
	*row
}

func (r *run) work(id string) error {
	var err error
	r.row, err = r.e.database.read(r.ctx, r.e.database.shared, id, "")
	if err == nil && r.application != r.e.client.ApplicationID() {
		err = ErrNoTicket // of another key
	}
	switch {
	case errors.Is(err, ErrNoTicket):
		r.row = nil
		r.e.config.Logger.ErrorContext(r.ctx, "didit jobs: a job names a ticket that is not there; it is dropped", "job_id", r.job)
		return r.changed()
	case err != nil && !isDamaged(err):
		r.row = nil
		return err
	case r.jobID != r.job:
		return r.changed() // a ticket has one job
	case !r.State.Open():
		return nil
	case err != nil:
		return err
	}
	switch {
	case r.State == StateRunning:
		return r.takeOver()
	case r.verdict.Code != "":
		if err := r.claim(false); err != nil {
			return err
		}
		return r.refuse(r.verdict)
	case r.Kind == KindShare:
		return r.share()
	}
	return r.imports()
}

// changed gives the ticket another job whose job this is, where somebody has changed what
// that names.
func (r *run) changed() error {
	var id string
	err := r.e.database.shared.QueryRowContext(r.ctx, r.e.database.text(
		`SELECT id FROM {didit}didit_tickets WHERE job_id = $1 AND `+isOpen), r.job).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = r.e.change(r.ctx, id, func(tx sqlTx, t *row) error {
		if t.jobID != r.job {
			return nil
		}
		return addJob(r.ctx, tx, t)
	})
	return err
}

// takeOver gives a ticket another job whose last run did not end: it died, or it met another
// token. Should a dead one go on, as on a machine that was frozen, what it tells River is of
// the job that is over: it cannot have a third run begin beside the second.
func (r *run) takeOver() error {
	return r.e.database.inTx(r.ctx, func(sqltx *sql.Tx) error {
		tx := sqlTx{&r.e.Admin, sqltx}
		n, err := tx.exec(r.ctx, `UPDATE {didit}didit_tickets SET state = 'queued', run = '' WHERE id = $1 AND job_id = $2 AND run = $3 AND state = 'running'`, r.ID, r.job, r.owner)
		if err != nil || n == 0 {
			return err
		}
		return addJob(r.ctx, tx, r.row)
	})
}

// longWait is for how long no worker is held by a rate limit.
const longWait = 5 * time.Second

// limited has the ticket wait, and not the worker, where nothing may be sent for long.
func (r *run) limited() error {
	if d := time.Until(r.e.pacer.State().Writes.OpensAt); d > longWait {
		return &waiting{reason: plain(didit.ErrRateLimited), wait: d}
	}
	return nil
}

// handBack is a run that the engine's end cuts off.
func (r *run) handBack() error {
	if r.row != nil {
		_, _ = r.exec(`UPDATE {didit}didit_tickets SET state = 'queued' WHERE id = $1 AND run = $2 AND `+isOpen, r.ID, r.owner) // only for who looks
	}
	return fmt.Errorf("jobs: the engine stops: %w", context.Canceled) // what River hands back
}

// cancelled is a job that somebody has cancelled in River while it ran: an operator wants
// the ticket to end.
func (r *run) cancelled() error {
	if r.row != nil {
		if _, err := r.exec(`UPDATE {didit}didit_tickets SET state = 'waiting', stop = 1, reason = 'an operator stops it' WHERE id = $1 AND `+isOpen, r.ID); err != nil {
			return err
		}
	}
	return river.JobCancel(errors.New("jobs: cancelled"))
}
