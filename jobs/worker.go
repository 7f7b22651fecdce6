package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/google/uuid"
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
	err := r.work(job.Args.ticket())
	switch cause := context.Cause(ctx); {
	case err == nil:
		return nil
	case errors.Is(cause, river.ErrJobCancelledRemotely):
		return r.cancelled()
	case cause != nil && !errors.Is(cause, context.DeadlineExceeded):
		return r.handBack()
	}
	return r.later(err)
}

// handBack is a run that the engine's end cuts off.
func (r *run) handBack() error {
	if r.row != nil {
		_, _ = r.exec(`UPDATE {didit}didit_tickets SET state = 'queued' WHERE id = $1 AND run = $2 AND `+isOpen, r.ID, r.row.run) // only for who looks
	}
	return fmt.Errorf("jobs: the engine stops: %w", context.Canceled) // what River hands back
}

// run is one run of one ticket.
type run struct {
	e   *Engine
	ctx context.Context //nolint:containedctx // one run's state, gone with it
	job int64
	*row
}

// waiting is why a ticket is tried again, and when.
type waiting struct {
	reason string
	wait   time.Duration
	err    error // for the log
}

func (w *waiting) Error() string { return "jobs: " + w.reason }

func (r *run) work(id string) error {
	var err error
	if r.row, err = r.e.database.read(r.ctx, r.e.database.shared, id); err != nil {
		r.row = nil
		if errors.Is(err, ErrNoTicket) {
			// Somebody has changed the job. If it was a ticket's, that gets another one.
			r.e.config.Logger.ErrorContext(r.ctx, "didit jobs: a job names a ticket that is not there; it is dropped", "job_id", r.job)
			return nil
		}
		return err
	}
	if !r.State.Open() {
		return nil
	}
	switch {
	case r.verdict.Code != "":
		return r.refuse(r.verdict)
	case r.Kind == KindShare:
		return r.share()
	}
	return r.imports()
}

// claim writes down that this run has the ticket. With begin a request may follow that
// another run would have to search for.
func (r *run) claim(begin bool) error {
	r.row.run = uuid.NewString()
	began := r.begun || begin
	n, err := r.exec(`UPDATE {didit}didit_tickets SET state = 'running', run = $1, attempts = attempts + 1, begun = $2, job_id = $3, reason = '', wait_ms = 0
WHERE id = $4 AND `+isOpen, r.row.run, flag(began), r.job, r.ID)
	if err == nil && n == 0 {
		err = errEnded
	}
	r.State, r.Reason, r.WaitUntil = StateRunning, "", time.Time{}
	r.Attempts++
	return err
}

// errEnded is a ticket that another run has ended meanwhile.
var errEnded = errors.New("jobs: the ticket has ended meanwhile")

// unbegin takes the mark back of a run that has sent nothing.
func (r *run) unbegin() error {
	_, err := r.exec(`UPDATE {didit}didit_tickets SET begun = 0 WHERE id = $1 AND run = $2 AND `+isOpen, r.ID, r.row.run)
	return err
}

// keep stores what Didit said, before the callback gets it.
func (r *run) keep(v verdict) error {
	text, err := v.text()
	if err == nil {
		_, err = r.exec(`UPDATE {didit}didit_tickets SET verdict = $1, session_id = $2 WHERE id = $3 AND `+isOpen, text, r.SessionID, r.ID)
	}
	return err
}

// exec runs a statement whatever becomes of the run: what it tells was paid for.
func (r *run) exec(query string, args ...any) (int64, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), attemptTimeout)
	defer cancel()
	return affected(r.e.database.write.ExecContext(ctx, r.e.database.text(query), args...))
}

// end ends the ticket, with its callback in the same transaction. The ticket decides: where
// another run has ended it, nothing of this one stays.
func (r *run) end(state State, reason string, callback func(context.Context, *sql.Tx) error) error {
	ctx, cancel := context.WithCancel(withCallback(r.ctx))
	defer cancel() // ends the transaction of a callback that was given up
	return r.e.database.inTx(ctx, func(tx *sql.Tx) error {
		now := time.Now()
		n, err := affected(tx.ExecContext(ctx, r.e.database.text(
			`UPDATE {didit}didit_tickets SET state = $1, reason = $2, session_id = $3, token = NULL, verdict = '', wait_ms = 0, done_ms = $4 WHERE id = $5 AND `+isOpen),
			string(state), reason, r.SessionID, millis(now), r.ID))
		if err != nil {
			return err
		}
		if n == 0 {
			return errEnded
		}
		r.State, r.Reason, r.DoneAt = state, reason, instant(millis(now))
		if callback == nil {
			return nil
		}
		return called(func() error { return callback(ctx, tx) })
	})
}

// refuse ends the ticket for good.
func (r *run) refuse(v verdict) error {
	if r.verdict.Code == "" && r.e.config.Refused != nil {
		if err := r.keep(v); err != nil {
			return err
		}
	}
	var callback func(context.Context, *sql.Tx) error
	if f := r.e.config.Refused; f != nil {
		callback = func(ctx context.Context, tx *sql.Tx) error { return f(ctx, tx, &r.Ticket, v.err()) }
	}
	return r.end(StateRefused, v.Reason, callback)
}

// callbackError is a callback's own error. Its text is the caller's: it goes to the log
// and nowhere else.
type callbackError struct {
	err   error
	stack []byte // of a panic
}

func (e *callbackError) Error() string { return "jobs: the callback failed" }

func (e *callbackError) Unwrap() error { return e.err }

// called calls back.
func called(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &callbackError{fmt.Errorf("panic: %v", v), debug.Stack()}
		}
	}()
	if err := f(); err != nil {
		return &callbackError{err: err}
	}
	return nil
}

type callbackKey struct{}

// withCallback marks the context of a callback.
func withCallback(ctx context.Context) context.Context {
	return context.WithValue(ctx, callbackKey{}, true)
}

func inCallback(ctx context.Context) bool { return ctx.Value(callbackKey{}) != nil }

// later says why the ticket waits, and has River bring it again.
func (r *run) later(err error) error {
	if errors.Is(err, errEnded) {
		return nil
	}
	w := new(waiting)
	callback, isCallback := errors.AsType[*callbackError](err)
	switch {
	case errors.As(err, &w):
	case isCallback:
		w.reason, w.err = "the callback failed, see the log", callback.err
	case errors.Is(err, context.DeadlineExceeded):
		w.reason = "a run took too long"
	default:
		w.reason, w.err = "the database failed, see the log", err
	}
	attempts := 1
	log := r.e.config.Logger.With("job_id", r.job)
	if r.row != nil {
		attempts = max(r.Attempts, 1)
		log = log.With("ticket", r.ID, "kind", string(r.Kind))
	}
	d := max(w.wait, min(time.Second<<min(attempts-1, 6), time.Minute))
	d += rand.N(d/10 + 1) //nolint:gosec // spreads load, nothing is secret here
	if r.row != nil {
		_, stored := r.exec(`UPDATE {didit}didit_tickets SET state = 'waiting', reason = $1, wait_ms = $2 WHERE id = $3 AND (run = $4 OR run = '') AND `+isOpen,
			w.reason, millis(time.Now().Add(d)), r.ID, r.row.run)
		if stored != nil {
			log.ErrorContext(r.ctx, "didit jobs: the ticket's state could not be stored", "error", stored)
		}
	}
	level, attrs := slog.LevelInfo, []any{"reason", w.reason, "wait", d, "attempts", attempts}
	if w.err != nil {
		level, attrs = slog.LevelWarn, append(attrs, "error", w.err)
	}
	if isCallback && callback.stack != nil {
		level, attrs = slog.LevelError, append(attrs, "stack", string(callback.stack))
	}
	log.Log(r.ctx, level, "didit jobs: a ticket waits", attrs...)
	return river.JobSnooze(d)
}

// failed is what an error of Didit's means for the ticket.
func (r *run) failed(err error) error {
	switch after(err) {
	case wait:
		return &waiting{reason: told(err), wait: didit.RetryAfter(err)}
	case pause:
		log := r.e.config.Logger
		log.ErrorContext(r.ctx, "didit jobs: the API key was refused, or lacks a right; the queue is paused until the key is mended: then start the engine anew, or call Resume", "error", err)
		if err := r.e.river.QueuePause(context.WithoutCancel(r.ctx), queue, nil); err != nil {
			log.ErrorContext(r.ctx, "didit jobs: the queue could not be paused", "error", err)
		}
		return &waiting{reason: told(err), wait: time.Minute}
	}
	return r.refuse(refusal(err))
}

// told is what may be told of an error of Didit's in a row: nothing that was sent, and
// none of Didit's words.
func told(err error) string {
	for _, s := range []error{
		didit.ErrUnauthorized, didit.ErrForbidden, didit.ErrRateLimited, didit.ErrAlreadyImported, didit.ErrResultLost, didit.ErrOutcomeUnknown,
		didit.ErrNotSent, didit.ErrServer,
	} {
		if errors.Is(err, s) {
			return plain(s)
		}
	}
	return "no usable answer"
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
