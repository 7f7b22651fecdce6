package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/google/uuid"
)

// claim writes down that this run has the ticket. With begin a request may follow that
// another run would have to search for.
func (r *run) claim(begin bool) error {
	r.owner = uuid.NewString()
	began := r.begun || begin
	n, err := r.exec(`UPDATE {didit}didit_tickets SET state = 'running', run = $1, attempts = attempts + 1,
begun = CASE WHEN begun = 0 THEN $2 ELSE begun END, reason = '', wait_ms = 0 WHERE id = $3 AND job_id = $4 AND `+isOpen, r.owner, flag(began), r.ID, r.job)
	if err == nil && n == 0 {
		err = errEnded
	}
	r.State, r.Reason, r.WaitUntil = StateRunning, "", time.Time{}
	r.Attempts++
	return err
}

// errEnded is a ticket that has ended meanwhile, or that is another run's or has another
// token.
var errEnded = errors.New("jobs: the ticket has ended, or another run has it")

// begunElsewhere marks a ticket that its caller says was begun outside of the engine. No run
// takes that back.
const begunElsewhere = 2

// unbegin takes the mark back of a run that has sent nothing.
func (r *run) unbegin() error {
	_, err := r.exec(`UPDATE {didit}didit_tickets SET begun = 0 WHERE id = $1 AND run = $2 AND begun <> $3 AND `+isOpen, r.ID, r.owner, begunElsewhere)
	return err
}

// keep stores what Didit said, before the callback gets it. A refusal is of its token: where
// another has come meanwhile, that one's turn is next.
func (r *run) keep(v verdict) error {
	text, err := v.text()
	if err != nil {
		return err
	}
	n, err := r.exec(`UPDATE {didit}didit_tickets SET verdict = $1, session_id = $2
WHERE id = $3 AND run = $4 AND ($5 = '' OR token_id = $6) AND `+isOpen, text, r.SessionID, r.ID, r.owner, v.Code, r.tokenID)
	if err == nil && n == 0 {
		return errEnded
	}
	return err
}

// beyond is the context of what a run writes down also when its own has ended.
func (r *run) beyond() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(r.ctx), attemptTimeout)
}

// exec runs a statement whatever becomes of the run: what it tells was paid for.
func (r *run) exec(query string, args ...any) (int64, error) {
	ctx, cancel := r.beyond()
	defer cancel()
	return affected(r.e.database.write.ExecContext(ctx, r.e.database.text(query), args...))
}

// end ends the ticket, with its callback in the same transaction. The ticket decides: where
// another run has it, or has ended it, nothing of this one stays.
func (r *run) end(state State, reason string, callback func(context.Context, *sql.Tx) error) error {
	ctx, cancel := context.WithCancel(r.ctx)
	defer cancel() // ends the transaction of a callback that was given up
	return r.e.database.inTx(ctx, func(tx *sql.Tx) error {
		now := time.Now()
		n, err := affected(tx.ExecContext(ctx, r.e.database.text(
			`UPDATE {didit}didit_tickets SET state = $1, reason = $2, session_id = $3, token = NULL, verdict = '', wait_ms = 0, done_ms = $4
WHERE id = $5 AND run = $6 AND ($1 <> 'refused' OR token_id = $7) AND `+isOpen),
			string(state), reason, r.SessionID, millis(now), r.ID, r.owner, r.tokenID))
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
		return called(func() error { return callback(withCallback(ctx), tx) })
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
