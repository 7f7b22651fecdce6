package jobs

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/riverqueue/river"

	"github.com/didit-go/didit"
)

// waiting is why a ticket is tried again, and when.
type waiting struct {
	reason string
	wait   time.Duration
	err    error // for the log
}

func (w *waiting) Error() string { return "jobs: " + w.reason }

// later says why the ticket waits, and has River bring it again.
func (r *run) later(err error) error {
	if errors.Is(err, errEnded) {
		if err = r.takeOver(); err == nil {
			return nil
		}
	}
	w := new(waiting)
	callback, isCallback := errors.AsType[*callbackError](err)
	switch {
	case errors.As(err, &w):
	case isCallback:
		w.reason, w.err = "the callback failed, see the log", callback.err
	case errors.Is(err, errKeyGone):
		w.reason, w.wait, w.err = "this process does not have the key that sealed the token", time.Minute, err
	case isDamaged(err):
		w.reason, w.wait, w.err = "its row was changed and cannot be read", time.Minute, err
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
		_, stored := r.exec(`UPDATE {didit}didit_tickets SET state = 'waiting', reason = $1, wait_ms = $2 WHERE id = $3 AND run = $4 AND `+isOpen,
			w.reason, millis(time.Now().Add(d)), r.ID, r.owner)
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
		ctx, cancel := r.beyond()
		defer cancel()
		if err := r.e.pause(ctx); err != nil {
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
