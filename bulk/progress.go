package bulk

import (
	"math"
	"sync/atomic"
	"time"
)

// Progress says how far a run has come.
type Progress struct {
	Total     int           // as in the Options; 0: not known
	Done      int           // delivered
	Skipped   int           // done in earlier runs
	Failed    int           // yielded with an error, or with Redo; items of the input that were errors too
	Waiting   int           // to be tried again, at most 1,000
	PerMinute float64       // done and failed over the last minute; skipped ones are not counted
	Elapsed   time.Duration // since the loop began
	Left      time.Duration // at this speed; -1: not known
}

// count is what the pool counts.
type count struct{ done, skipped, failed, waiting atomic.Int64 }

const (
	tick    = 100 * time.Millisecond
	samples = int(time.Minute / tick)
)

// reporter calls Progress.
type reporter struct {
	count *count
	total int
	call  func(Progress)
	began time.Time
	past  [samples]sample // a ring of the last minute
	n     int             // samples taken
	end   chan struct{}
	ended chan struct{}
}

// sample is how many items had ended at a time.
type sample struct {
	at    time.Time
	items int64
}

// report starts a reporter; it is nil where nobody wants to know.
func report(c *count, o Options) *reporter {
	if o.Progress == nil {
		return nil
	}
	r := &reporter{count: c, total: o.Total, call: o.Progress, began: time.Now(), end: make(chan struct{}), ended: make(chan struct{})}
	go r.run()
	return r
}

// stop makes the last call and waits for it.
func (r *reporter) stop() {
	if r == nil {
		return
	}
	close(r.end)
	<-r.ended
}

func (r *reporter) run() {
	defer close(r.ended)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	r.past[0], r.n = sample{at: r.began}, 1
	for {
		select {
		case <-ticker.C:
			r.call(r.progress())
		case <-r.end:
			r.call(r.progress())
			return
		}
	}
}

func (r *reporter) progress() Progress {
	now := time.Now()
	p := Progress{
		Total: r.total, Done: int(r.count.done.Load()), Skipped: int(r.count.skipped.Load()),
		Failed: int(r.count.failed.Load()), Waiting: int(r.count.waiting.Load()), Elapsed: now.Sub(r.began), Left: -1,
	}
	ended := int64(p.Done + p.Failed)
	oldest := r.past[max(0, r.n-samples)%samples]
	if span := now.Sub(oldest.at); span > 0 {
		p.PerMinute = float64(ended-oldest.items) / span.Minutes()
	}
	r.past[r.n%samples] = sample{at: now, items: ended}
	r.n++
	if rest := max(0, r.total-p.Done-p.Skipped-p.Failed); r.total > 0 && (rest == 0 || p.PerMinute > 0) {
		p.Left = 0
		if rest > 0 {
			p.Left = time.Duration(min(float64(rest)/p.PerMinute*float64(time.Minute), math.MaxInt64/2))
		}
	}
	return p
}
