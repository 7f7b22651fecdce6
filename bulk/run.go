package bulk

import (
	"context"
	"errors"
	"iter"
	"sync"

	"github.com/didit-go/didit"
)

// Run is one pass over a sequence: range over [Run.All] once, then ask [Run.Err].
type Run[I, V any] struct {
	ctx     context.Context //nolint:containedctx // Share and Import are given it, All uses it
	items   iter.Seq2[I, error]
	options Options
	kind    kind[I, V]

	mu   sync.Mutex
	used bool
	err  error
}

// kind is what differs between runs of shares and of imports.
type kind[I, V any] interface {
	id(item I) (string, error)
	// begin returns what has to be recorded before the first call, or nil. It is asked
	// only where there is a Checkpoint. known is the item's record, or nil.
	begin(item I, known *Record) (*Record, error)
	call(ctx context.Context, item I, resume bool) (*V, error)
	done(value *V) Record
}

var errUsed = errors.New("bulk: a run can be ranged over once; make another one")

// All makes the calls and yields their results in the order of completion, failed
// ones too: one item's failure stops nothing. Items that were done in earlier runs are
// skipped, not yielded. It can be ranged over once.
//
// The input runs on a goroutine of its own; a panic there ends the program. Leaving
// the loop cancels the calls under way, waits for them and for the input's current
// step, and leaves no goroutine behind.
//
// When the context ends, no new item is begun and calls under way are cancelled. What
// was begun is still yielded, with its value or its last error, and recorded as ever.
func (r *Run[I, V]) All() iter.Seq[*Result[I, V]] {
	return func(yield func(*Result[I, V]) bool) {
		if err := r.begin(); err != nil {
			r.fail(err)
			return
		}
		p := newPool(r)
		defer p.stop()
		for result := range p.results {
			if r.Err() != nil {
				return // the checkpoint failed elsewhere
			}
			record := p.record(result)
			if !yield(result) {
				return
			}
			if err := p.keep(record, result.redo); err != nil {
				r.fail(err)
				return
			}
		}
		if p.cut.Load() {
			r.fail(r.ctx.Err())
		}
	}
}

// Err tells, after the loop, why the run is not whole: the context's error, or the one
// that the Checkpoint's Record returned, wrapped. It is nil where every item was yielded
// or skipped, whether it failed or not, and where you left the loop yourself. It is a
// *[didit.ValidationError] where the run could not begin.
func (r *Run[I, V]) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// fail keeps the first error.
func (r *Run[I, V]) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
	}
}

// begin refuses a second pass and bad options, and sets defaults.
func (r *Run[I, V]) begin() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.used {
		return errUsed
	}
	r.used = true
	o := &r.options
	var all []didit.Problem
	for _, rule := range [...]struct {
		broken         bool
		field, message string
	}{
		{r.ctx == nil, "ctx", "must not be nil"},
		{r.items == nil, "items", "must not be nil"},
		{o.Workers < 0, "Options.Workers", "must not be negative"},
		{o.Total < 0, "Options.Total", "must not be negative"},
		{o.GiveUp < 0, "Options.GiveUp", "must not be negative"},
	} {
		if rule.broken {
			all = append(all, didit.Problem{Field: rule.field, Message: rule.message})
		}
	}
	if len(all) > 0 {
		return &didit.ValidationError{Problems: all}
	}
	if o.Workers == 0 {
		o.Workers = defaultWorkers
	}
	o.Workers = min(o.Workers, maxOpen)
	if o.GiveUp == 0 {
		o.GiveUp = defaultGiveUp
	}
	return nil
}

// refuse is a local refusal of an item.
func refuse(field, message string) error {
	return &didit.ValidationError{Problems: []didit.Problem{{Field: field, Message: message}}}
}
