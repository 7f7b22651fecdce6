package bulk

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/pace"
)

// pause is how long an item waits before it is tried again, if it is.
func (p *pool[I, V]) pause(j *job[I]) (wait time.Duration, ok bool) {
	if !didit.Retryable(j.err) || late(j.err) {
		return 0, false
	}
	wait = max(didit.RetryAfter(j.err), backoff(j.attempts))
	return wait, time.Since(j.began)+wait <= p.run.options.GiveUp
}

// late reports whether the item's time ended a call, or the pacer saw that it would. (An
// attempt that took too long is os.ErrDeadlineExceeded.)
func late(err error) bool {
	if call, ok := errors.AsType[*didit.CallError](err); ok && errors.Is(call.SearchErr, pace.ErrDeadline) {
		return true
	}
	return errors.Is(err, pace.ErrDeadline) || errors.Is(err, context.DeadlineExceeded)
}

// later lets an item wait without a worker. maxOpen bounds these goroutines.
func (p *pool[I, V]) later(j *job[I], wait time.Duration) {
	p.count.waiting.Add(1)
	p.all.Go(func() {
		defer p.count.waiting.Add(-1)
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-p.ctx.Done():
		}
		select {
		case p.again <- j:
		case <-p.ctx.Done():
			p.interrupt(j)
		}
	})
}

// backoff is a second that doubles with each call to a minute; half of it is random.
func backoff(calls int) time.Duration {
	top := min(time.Second<<min(calls-1, 6), time.Minute)
	return top/2 + rand.N(top/2+1) //nolint:gosec // spreads load, nothing is secret here
}
