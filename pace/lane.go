package pace

import (
	"context"
	"math"
	"net/http"
	"sync"
	"time"

	"github.com/didit-go/didit"
)

const (
	// late is by how much a slot may be late without the next ones being later too.
	late = 10 * time.Millisecond
	// A call's way takes now longer, now shorter, so that a minute's calls can arrive in
	// less than a minute. So told limits are spread over a minute and a bit: as much as
	// an answer takes.
	minLag, maxLag = 50 * time.Millisecond, 600 * time.Millisecond
	// Pauses after a 429 without Retry-After, by Didit's advice: 5, 10, 20, 40 s.
	firstPause, maxDoubled = 5 * time.Second, 3
	// longest bounds a pause, so that an absurd Retry-After does not stop a lane for good.
	longest = 24 * time.Hour
)

// lane is the queue of one kind of calls.
type lane struct {
	// turn holds one token. Who has it may take the next slot; channels serve those who
	// wait for it in the order in which they came.
	turn  chan struct{}
	named float64 // what a limit named by a 429 is divided by; 0: it is ignored

	mu      sync.Mutex
	rate    rate
	next    time.Time // the next slot
	opens   time.Time // the end of the pause; zero: there is none
	opened  time.Time // the end of the pause before
	passed  minute
	lag     time.Duration
	unnamed int // pauses since something got through, for a 429 without Retry-After
	waiting int
	denied  int
}

func newLane(r rate, named float64) *lane {
	l := &lane{turn: make(chan struct{}, 1), rate: r, named: named, lag: minLag}
	l.turn <- struct{}{}
	return l
}

// wait takes a slot of the lane, and one of also, where that is not nil, at the same
// moment.
func (l *lane) wait(ctx context.Context, also *lane) error {
	if err := l.join(ctx); err != nil {
		return err
	}
	defer l.leave()
	if also != nil && also.tooLate(ctx) {
		return ErrDeadline
	}
	waited := false // because of the pace
	select {
	case <-l.turn:
	default:
		waited = true
		select {
		case <-l.turn:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer func() { l.turn <- struct{}{} }()
	for ; ctx.Err() == nil; waited = true {
		d := l.until(time.Now())
		if d <= 0 {
			if also != nil {
				if err := also.wait(ctx, nil); err != nil {
					return err
				}
			}
			if d = l.take(time.Now(), waited); d <= 0 {
				return nil
			}
		}
		if err := sleep(ctx, d); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func sleep(ctx context.Context, d time.Duration) error {
	if end, ok := ctx.Deadline(); ok && time.Until(end) < d {
		return ErrDeadline
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// join enters the queue, unless its end comes after the context's.
func (l *lane) join(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if l.tooLate(ctx) {
		return ErrDeadline
	}
	l.mu.Lock()
	l.waiting++
	l.mu.Unlock()
	return nil
}

// tooLate reports whether the context ends before who joins now would have a slot.
func (l *lane) tooLate(ctx context.Context) bool {
	end, ok := ctx.Deadline()
	if !ok {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.settle(now)
	return end.Sub(now) < l.left(now)+time.Duration(l.waiting)*l.interval()
}

func (l *lane) leave() {
	l.mu.Lock()
	l.waiting--
	l.mu.Unlock()
}

// until is how long it is to the next slot.
func (l *lane) until(now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settle(now)
	return l.left(now)
}

// take takes the next slot, or says how long it is to it.
func (l *lane) take(now time.Time, waited bool) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settle(now)
	if d := l.left(now); d > 0 {
		return d
	}
	interval, slot := l.interval(), now
	if waited {
		slot = l.next
		if earliest := now.Add(-late); slot.Before(earliest) {
			slot = earliest
		}
		l.rate.used += interval
	}
	l.next = slot.Add(interval)
	l.passed.begin(now)
	return 0
}

func (l *lane) left(now time.Time) time.Duration {
	if !l.opens.IsZero() {
		return l.opens.Sub(now)
	}
	return max(l.next.Sub(now), 0)
}

func (l *lane) interval() time.Duration {
	spread := time.Minute
	if !math.IsInf(l.rate.ceiling, 1) {
		spread += l.lag
	}
	return time.Duration(min(float64(spread)/l.rate.perMinute(), float64(longest)))
}

// settle ends a pause whose time has come. What had got through is measured at its end,
// however much later somebody comes to see it.
func (l *lane) settle(now time.Time) {
	if l.opens.IsZero() || now.Before(l.opens) {
		return
	}
	l.rate.pause(l.passed.perMinute(l.opens))
	l.next, l.opened, l.opens = l.opens, l.opens, time.Time{}
}

func (l *lane) observe(a didit.Answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.settle(now)
	if a.StatusCode != http.StatusTooManyRequests {
		l.passed.add(now)
		l.unnamed = 0
		l.lag = min(max(l.lag, a.At.Sub(a.Sent)), maxLag)
		return
	}
	l.denied++
	// What Do calls may have a limit of its own, which is not the lane's.
	if l.named > 0 && a.Limit > 0 && a.Operation != "Do" {
		l.rate.ceiling = min(l.rate.ceiling, float64(a.Limit)/l.named)
	}
	if l.opens.IsZero() && a.Sent.Before(l.opened) {
		return // it was sent before a pause that is over: that pause was its answer
	}
	pause := min(a.RetryAfter, longest)
	if pause <= 0 {
		pause = firstPause << min(l.unnamed, maxDoubled)
	}
	if l.opens.IsZero() {
		l.unnamed++
	}
	if end := now.Add(pause); end.After(l.opens) {
		l.opens = end
	}
}

func (l *lane) state() Lane {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.settle(time.Now())
	return Lane{PerMinute: l.rate.perMinute(), OpensAt: l.opens, Waiting: l.waiting, Denied: l.denied}
}
