package bulk

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// pool is what works while the loop runs. Every item that it takes in ends in finish
// or in drop.
type pool[I, V any] struct {
	run    *Run[I, V]
	ctx    context.Context //nolint:containedctx // ends with the loop
	cancel context.CancelFunc

	fresh, again chan *job[I]
	slots        chan struct{}  // holds one for each open item
	open         sync.WaitGroup // items that have not ended
	idle         chan struct{}  // closed when no item is open, and none will come
	results      chan *Result[I, V]
	told         ids         // the input's goroutine uses it alone
	cut          atomic.Bool // the context's end kept something from being done
	count        count
	all          sync.WaitGroup // goroutines
	reporter     *reporter
}

func newPool[I, V any](r *Run[I, V]) *pool[I, V] {
	p := &pool[I, V]{
		run: r, fresh: make(chan *job[I]), again: make(chan *job[I]), slots: make(chan struct{}, maxOpen),
		idle: make(chan struct{}), results: make(chan *Result[I, V], r.options.Workers), told: ids{},
	}
	p.ctx, p.cancel = context.WithCancel(r.ctx) //nolint:gosec // stop calls it
	p.reporter = report(&p.count, r.options)
	p.all.Go(p.feed)
	for range r.options.Workers {
		p.all.Go(p.work)
	}
	go func() {
		p.all.Wait()
		close(p.results)
	}()
	return p
}

// stop ends everything, and drops the results that nobody took.
func (p *pool[I, V]) stop() {
	p.cancel()
	for range p.results {
	}
	p.reporter.stop()
}

// feed takes the input in.
func (p *pool[I, V]) feed() {
	for item, err := range p.run.items {
		if !p.take(item, err) {
			break
		}
	}
	if p.ctx.Err() != nil {
		p.cut.Store(true)
	}
	p.open.Wait()
	close(p.idle)
}

// take begins an item. It reports whether there may be more.
func (p *pool[I, V]) take(item I, err error) bool {
	if p.ctx.Err() != nil {
		return false
	}
	select {
	case p.slots <- struct{}{}:
		p.open.Add(1)
	case <-p.ctx.Done():
		return false
	}
	if err != nil {
		p.finish(&Result[I, V]{Err: err})
		return true
	}
	id, err := p.identify(item)
	if err != nil {
		p.finish(&Result[I, V]{Item: item, Err: err})
		return true
	}
	select {
	case p.fresh <- &job[I]{item: item, id: id}:
		return true
	case <-p.ctx.Done():
		p.drop()
		return false
	}
}

// identify returns what an item is recorded as.
func (p *pool[I, V]) identify(item I) (string, error) {
	id, err := p.run.kind.id(item)
	if err != nil {
		return "", err
	}
	if err := checkID(id); err != nil {
		return "", err
	}
	id = fold(id)
	return id, p.told.add(id)
}

// record is what a result comes to, if the body can use it; nil for an error. It is made
// before the body runs, which may do with its result what it likes.
func (p *pool[I, V]) record(r *Result[I, V]) *Record {
	if r.Err != nil {
		return nil
	}
	record := p.run.kind.done(r.Value)
	record.ID, record.State = r.id, Done
	return &record
}

// keep records what was delivered. The end of the run's context does not stop it.
func (p *pool[I, V]) keep(record *Record, redo bool) error {
	if record == nil || redo {
		p.count.failed.Add(1)
		return nil
	}
	if checkpoint := p.run.options.Checkpoint; checkpoint != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), recordTimeout)
		defer cancel()
		record.At = time.Now().UTC()
		if err := checkpoint.Record(ctx, *record); err != nil {
			return fmt.Errorf("bulk: the checkpoint failed, a delivered item is not recorded: %w", err)
		}
	}
	p.count.done.Add(1)
	return nil
}

// recordTimeout bounds the recording of what was delivered.
const recordTimeout = 30 * time.Second
