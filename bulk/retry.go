package bulk

import (
	"math/rand/v2"
	"time"

	"github.com/didit-go/didit"
)

// pause is how long an item waits before it is tried again, if it is.
func (p *pool[I, V]) pause(j *job[I]) (wait time.Duration, ok bool) {
	if !didit.Retryable(j.err) {
		return 0, false
	}
	wait = max(didit.RetryAfter(j.err), backoff(j.attempts))
	return wait, time.Since(j.began)+wait <= p.run.options.GiveUp
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
