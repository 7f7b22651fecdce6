package bulk

import (
	"context"
	"fmt"
	"time"
)

// job is an item on its way.
type job[I any] struct {
	item     I
	id       string
	resume   bool
	attempts int
	began    time.Time // the first call
	err      error     // of the last call
}

// work does items until there are none.
func (p *pool[I, V]) work() {
	for {
		select {
		case j := <-p.again: // those that waited go first
			p.do(j)
			continue
		default:
		}
		select {
		case j := <-p.again:
			p.do(j)
		case j := <-p.fresh:
			p.do(j)
		case <-p.idle:
			return
		}
	}
}

// do makes one call for an item.
func (p *pool[I, V]) do(j *job[I]) {
	if p.ctx.Err() != nil {
		p.interrupt(j)
		return
	}
	if j.attempts == 0 {
		if !p.begin(j) {
			return
		}
		j.began = time.Now()
	}
	value, err := p.call(j)
	j.attempts++
	if err != nil {
		j.err, j.resume = err, true
		if p.ctx.Err() != nil {
			p.interrupt(j)
			return
		}
		if wait, ok := p.pause(j); ok {
			p.later(j, wait)
			return
		}
	}
	p.finish(&Result[I, V]{Item: j.item, Value: value, Err: err, Attempts: j.attempts, id: j.id})
}

// call makes a call that ends with the item's time, so that it does not wait longer in
// the limiter either. One that begins late has callTime, so that it is not cut on its way.
func (p *pool[I, V]) call(j *job[I]) (*V, error) {
	ctx, cancel := context.WithDeadline(p.ctx, j.began.Add(p.run.options.GiveUp+callTime))
	defer cancel()
	return p.run.kind.call(ctx, j.item, j.resume)
}

// begin asks the checkpoint whether there is anything to do, and tells it. It reports
// whether the item's first call is to be made; else the item has ended.
func (p *pool[I, V]) begin(j *job[I]) bool {
	checkpoint := p.run.options.Checkpoint
	if checkpoint == nil {
		return true
	}
	known, found, err := checkpoint.Lookup(p.ctx, j.id)
	switch {
	case p.ctx.Err() != nil:
		p.interrupt(j)
		return false
	case err != nil:
		p.finish(&Result[I, V]{Item: j.item, Err: fmt.Errorf("bulk: the checkpoint could not be asked, nothing was sent: %w", err)})
		return false
	}
	var record *Record
	if found {
		record = &known
	}
	begun, err := p.run.kind.begin(j.item, record)
	switch {
	case err != nil:
		p.finish(&Result[I, V]{Item: j.item, Err: err})
		return false
	case found && known.State == Done:
		p.count.skipped.Add(1)
		p.drop()
		return false
	}
	j.resume = found
	if begun == nil || found {
		return true
	}
	begun.ID, begun.State, begun.At = j.id, Begun, time.Now().UTC()
	if err := checkpoint.Record(p.ctx, *begun); err != nil {
		if p.ctx.Err() == nil {
			p.run.fail(fmt.Errorf("bulk: the checkpoint failed, the item was not sent: %w", err))
			p.cancel()
		}
		p.interrupt(j)
		return false
	}
	return true
}

// interrupt ends an item that the context's end keeps from going on. One that no call
// was made for has no result.
func (p *pool[I, V]) interrupt(j *job[I]) {
	p.cut.Store(true)
	if j.attempts == 0 {
		p.drop()
		return
	}
	p.finish(&Result[I, V]{Item: j.item, Err: j.err, Attempts: j.attempts, id: j.id})
}

// finish hands a result to the loop, or to stop.
func (p *pool[I, V]) finish(r *Result[I, V]) {
	p.results <- r
	p.drop()
}

// drop ends an item without a result.
func (p *pool[I, V]) drop() {
	<-p.slots
	p.open.Done()
}
