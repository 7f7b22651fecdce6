package transport

import (
	"context"
	"os"
	"time"
)

// bound gives an attempt its deadline. Where the caller's own ends sooner, that
// serves. A stream gets a bound on the pause between two reads instead.
func (c *call) bound() (context.Context, stopper) {
	d := c.t.cfg.AttemptTimeout
	if d == 0 {
		return c.cancellable()
	}
	if c.req.Stream != nil {
		ctx, cancel := context.WithCancelCause(c)
		return ctx, stopper{pause: d, timer: time.AfterFunc(d, func() { cancel(os.ErrDeadlineExceeded) }),
			cancel: func() { cancel(nil) }}
	}
	if end, ok := c.Deadline(); ok && time.Until(end) <= d {
		return c.cancellable()
	}
	ctx, cancel := context.WithTimeout(c, d)
	return ctx, stopper{cancel: cancel}
}

// cancellable is an attempt without a deadline. Only one that net/http may send
// again by itself has to be stopped: see watch.
func (c *call) cancellable() (context.Context, stopper) {
	if c.req.Body != nil {
		return c, stopper{}
	}
	ctx, cancel := context.WithCancel(c)
	return ctx, stopper{cancel: cancel}
}

// stopper ends what an attempt began.
type stopper struct {
	cancel context.CancelFunc
	timer  *time.Timer
	pause  time.Duration
}

func (s stopper) end() {
	if s.timer != nil {
		s.timer.Stop()
	}
	if s.cancel != nil {
		s.cancel()
	}
}

// hold stops the clock of a stream's pause, moved starts it anew.
func (s stopper) hold() {
	if s.timer != nil {
		s.timer.Stop()
	}
}

func (s stopper) moved() {
	if s.timer != nil {
		s.timer.Reset(s.pause)
	}
}
