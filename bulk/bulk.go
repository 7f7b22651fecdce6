// Package bulk shares and imports sequences of any length. A run goes on where an
// earlier one was stopped or killed, and imports nobody twice.
//
//	pacer := pace.Adaptive()
//	client, err := didit.NewClient(didit.WithMaxRetries(0), didit.WithLimiter(pacer))
//	done, err := bulk.OpenFile("shared.jsonl") // one file for each list
//	defer done.Close()
//
//	run := bulk.Share(ctx, client, items, bulk.Options{Checkpoint: done})
//	for r := range run.All() {
//		if r.Err != nil {
//			log.Print(r.Item.ID, r.Err) // the next run tries it again
//		} else if send(r.Value) != nil {
//			r.Redo() // not delivered: the next run mints another token
//		}
//	}
//	err = run.Err() // was the run whole?
//
// # Which client
//
// One with a limiter that all clients of the key share, such as package pace's, and
// with didit.WithMaxRetries(0). An item that may be tried again then waits outside of
// the workers, and others go on meanwhile. A client with retries of its own works as
// well, but each of them holds a worker.
//
// https://docs.didit.me/integration/rate-limiting
//
// # What is done
//
// An item is recorded as done when the loop asks for the next result, and only then.
// Where the body breaks, returns, panics or calls [Result.Redo], the result is not
// recorded, and neither is what is under way at that moment. The next run makes it
// again: a share mints another token, and an import finds the copy that was made. So
// your body sees each item at least once over all runs. Your own side must be able to
// take one a second time.
//
// An import is recorded as begun before its first request. The next run sets Resume
// for those that were begun, and only for them: it searches before it sends.
//
// # Memory
//
// A run holds some 30 bytes for each item, to refuse an id that is given twice. A [File]
// holds some 40 for each id. Nothing else grows with the sequence.
package bulk

import (
	"iter"
	"time"
)

// Options say how a run works. The zero Options are good for a small one.
type Options struct {
	Workers    int            // calls at the same time, at most 1,000; 0: 16
	Total      int            // how many items there will be, for Progress; 0: not known
	Checkpoint Checkpoint     // what was done in earlier runs; nil: nothing
	Progress   func(Progress) // about ten a second, and once at the end; one at a time, on a goroutine of its own
	// GiveUp is how long to go on with one item, counted from its first call, while
	// its errors are [didit.Retryable]. A wait that would end later is not begun. The
	// context of its calls ends a minute after that, so that one which begins late is not
	// cut on its way: a pacer of package pace refuses at once what it could not let out
	// before. Either is this item's error, and the others go on. 0: 15 minutes.
	GiveUp time.Duration
}

const (
	defaultWorkers = 16
	defaultGiveUp  = 15 * time.Minute
	callTime       = time.Minute // for a call that begins when its item's time ends
	// maxOpen bounds the items that are under way or wait to be tried again.
	maxOpen = 1000
)

// Result is the end of one item: a Value or an Err.
//
// The error is the call's own. A *[didit.ValidationError] is also an item that was
// refused before any call: its id is given twice, or it is an import and the Checkpoint is
// of shares, or it has no VendorData although there is a Checkpoint. The error that a
// Checkpoint's Lookup returned is wrapped; nothing was sent for that item. An error that
// the input yielded comes as it is, without an item.
type Result[I, V any] struct {
	Item     I
	Value    *V
	Err      error
	Attempts int // calls, not requests

	id   string
	redo bool
}

// Redo says that the body could not use this result: it is not recorded as done, and
// the next run makes it again. Call it in the body, before the loop goes on. It may be
// called twice; for a result with an error it changes nothing.
func (r *Result[I, V]) Redo() { r.redo = true }

// Items makes a sequence of what is in memory.
func Items[I any](all ...I) iter.Seq2[I, error] {
	return func(yield func(I, error) bool) {
		for _, item := range all {
			if !yield(item, nil) {
				return
			}
		}
	}
}
