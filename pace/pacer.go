// Package pace sends as many calls as Didit lets through, and hardly one more.
//
// Didit counts 300 writes and 600 reads a minute and key, and says nothing before it
// answers 429. Goroutines that each wait for themselves come back together and are
// refused together. A [Pacer] is one queue for all of them, retries included:
//
//	pacer := pace.Adaptive()
//	client, err := didit.NewClient(didit.WithLimiter(pacer), didit.WithMaxRetries(20))
//
// Give the same Pacer to every client of one key. Writes, reads and PDFs have a pace
// of their own each: a 429 for a write does not stop reads. A PDF counts as a read as
// well.
//
// # What it comes to
//
// In simulations of 10,000 calls from 64 goroutines, against windows and buckets that
// let 300 a minute through (TestGoals prints the figures):
//
//	told the limits, or each process its part    99.9 % of the limit    none refused
//	told nothing                                 99 % or more           0.5 to 0.9 of 100 calls
//	three processes, told nothing                98 % or more           1.8 to 3.4 of 100 calls
//
// No call was lost. A quarter or more of what got through went to each of the three.
//
// # Which client suits
//
// A 429 stops everybody until its Retry-After is over, and the refused call waits for
// that in its client. So leave [didit.WithMaxRetryAfter] at its minute, which is as long
// as Didit's window; with less, a refused call gives up. The default of
// [didit.WithMaxRetries], 4, lost nothing with up to three processes. With more of them
// more calls are refused: give it 20. Work that repeats calls by itself takes
// WithMaxRetries(0): whatever it repeats waits for the end of the pause here.
//
// The wait for a slot is outside of an attempt's timeout. What bounds it is the
// context of the call: give it a deadline. [Pacer.Wait] fails at once where it could
// not end before that.
//
// The limits are Didit's documentation's; they were not measured at the live service.
//
// https://docs.didit.me/integration/rate-limiting
package pace

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/didit-go/didit"
)

// Didit's own limits, in calls a minute and key.
//
// https://docs.didit.me/integration/rate-limiting
const (
	diditWrites = 300
	diditReads  = 600
	diditPDFs   = 50
)

// ErrDeadline is what [Pacer.Wait] fails with where no slot could come before the
// context's deadline. The call was not sent; [errors.Is] finds this error in its
// [didit.CallError] too. By itself it matches [context.DeadlineExceeded] as well.
var ErrDeadline error = deadlineError{}

type deadlineError struct{}

func (deadlineError) Error() string { return "pace: no slot before the context's deadline" }

func (deadlineError) Is(target error) bool { return target == context.DeadlineExceeded }

// Pacer is a [didit.Limiter] and a [didit.AnswerObserver]: give it to every client of
// one key with [didit.WithLimiter]. Any number of goroutines may use it. It has no
// goroutine of its own and needs no closing.
type Pacer struct {
	writes, reads, pdfs *lane
	refused             error // what was wrong with the arguments
}

// New makes a pacer that is told the limits, in calls a minute; 0 stands for Didit's
// own, 300 writes and 600 reads. PDFs have 50. It spreads calls evenly, so that none is
// refused while nobody else uses the key. A limit that turns out to be lower is learnt;
// those that were told are never exceeded, whatever a 429 names.
//
// Where a limit is negative or an option bad, nothing is let out: every Wait returns a
// *[didit.ValidationError] that names it.
//
// https://docs.didit.me/integration/rate-limiting
func New(writesPerMinute, readsPerMinute int, opts ...Option) *Pacer {
	return newPacer(true, writesPerMinute, readsPerMinute, opts)
}

// Adaptive makes a pacer that learns the limits: it does not hold anything back before
// the first 429, then follows what gets through, and tries a little more the longer
// nothing is refused. So it finds its part where other processes use the key as well.
// X-RateLimit-Remaining and X-RateLimit-Reset are not read.
//
// Where an option is bad, nothing is let out: every Wait returns a
// *[didit.ValidationError] that names it.
//
// https://docs.didit.me/integration/rate-limiting
func Adaptive(opts ...Option) *Pacer { return newPacer(false, 0, 0, opts) }

func newPacer(told bool, writes, reads int, opts []Option) *Pacer {
	s := settings{told: told, parts: 1}
	s.limit("writesPerMinute", writes)
	s.limit("readsPerMinute", reads)
	for _, option := range opts {
		if option == nil {
			s.add("Option", "must not be nil")
			continue
		}
		option(&s)
	}
	if err := s.err(); err != nil {
		return &Pacer{refused: err}
	}
	return &Pacer{
		writes: newLane(s.rate(cmp.Or(writes, diditWrites)), s.named()),
		reads:  newLane(s.rate(cmp.Or(reads, diditReads)), s.named()),
		pdfs:   newLane(s.rate(diditPDFs), s.named()),
	}
}

// Wait returns nil when the call that the context belongs to may be sent. Every call of
// it takes a slot. Once the context has ended it returns the context's error, and the
// place in the queue is free again. It fails at once with [ErrDeadline] where the wait
// could not end before the context's deadline at the present pace; who waits already
// when a pause begins fails in the same way. A context without an operation counts as a
// write.
//
// https://docs.didit.me/integration/rate-limiting
func (p *Pacer) Wait(ctx context.Context) error {
	if err := p.usable(ctx); err != nil {
		return err
	}
	if didit.IsWrite(ctx) {
		return p.writes.wait(ctx, nil)
	}
	if operation, path, _ := didit.OperationFromContext(ctx); isPDF(operation, path) {
		return p.pdfs.wait(ctx, p.reads)
	}
	return p.reads.wait(ctx, nil)
}

// ObserveAnswer learns from one attempt. A 429 stops all calls of its kind until
// Retry-After is over, or for 5, 10, 20 and 40 s where there is none. A PDF's 429 stops
// PDFs alone: which of its two limits was met is not said, and reads meet their own. It
// never waits.
//
// https://docs.didit.me/integration/rate-limiting
func (p *Pacer) ObserveAnswer(ctx context.Context, a didit.Answer) {
	if p.usable(ctx) != nil || a.StatusCode == 0 {
		return
	}
	if a.Write {
		p.writes.observe(a)
		return
	}
	_, path, _ := didit.OperationFromContext(ctx)
	pdf := isPDF(a.Operation, path)
	if pdf {
		p.pdfs.observe(a)
	}
	if !pdf || a.StatusCode != http.StatusTooManyRequests {
		p.reads.observe(a)
	}
}

// isPDF tells a report from other reads; [didit.Client.Do] has only its path.
func isPDF(operation, path string) bool {
	return operation == "SessionPDF" || strings.HasSuffix(path, "/generate-pdf/")
}

func (p *Pacer) usable(ctx context.Context) error {
	var s settings
	switch {
	case p == nil || p.writes == nil && p.refused == nil:
		s.add("Pacer", "must be made by New or Adaptive")
	case p.refused != nil:
		return p.refused
	case ctx == nil:
		s.add("ctx", "must not be nil")
	}
	return s.err()
}

// State is what a [Pacer] knows of each kind of calls at one moment.
type State struct{ Writes, Reads, PDFs Lane }

// Lane is the state of one kind of calls.
type Lane struct {
	// PerMinute is the pace in calls a minute; +Inf while nothing is held back.
	PerMinute float64
	// OpensAt is when the pause after a 429 ends; zero while there is none.
	OpensAt time.Time
	// Waiting is how many calls wait for their slot now.
	Waiting int
	// Denied is how many answers with 429 there were so far.
	Denied int
}

// State returns the pacer's state, for logs and metrics. It is zero for a Pacer that
// can be used for nothing.
func (p *Pacer) State() State {
	if p == nil || p.writes == nil {
		return State{}
	}
	return State{Writes: p.writes.state(), Reads: p.reads.state(), PDFs: p.pdfs.state()}
}
