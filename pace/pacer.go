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
// # Which client suits
//
// A 429 stops everybody until its Retry-After is over, and the refused call waits for
// that in its client. So leave [didit.WithMaxRetryAfter] at its minute, which is how
// long Didit's window is; with less, a refused call gives up. The default of
// [didit.WithMaxRetries] is enough where no other process uses the key; where several
// do, calls are refused more often: 20. Work that repeats calls by itself takes
// WithMaxRetries(0) and loses nothing by it, because the pacer stops all calls alike.
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
// own, 300 writes and 600 reads. PDFs have 50. It spreads calls evenly and is not
// refused unless somebody else uses the key. A limit that turns out to be lower is
// learnt; none is ever exceeded, whatever a 429 names.
//
// A negative limit or a bad option is not sent around: every Wait returns it as a
// *[didit.ValidationError].
func New(writesPerMinute, readsPerMinute int, opts ...Option) *Pacer {
	return newPacer(true, writesPerMinute, readsPerMinute, opts)
}

// Adaptive makes a pacer that learns the limits: it does not hold anything back before
// the first 429, and finds its part where other processes use the key as well. It is
// never told by X-RateLimit-Remaining or X-RateLimit-Reset.
//
// A bad option is not sent around: every Wait returns it as a
// *[didit.ValidationError].
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

// Wait returns when the call that the context belongs to may be sent: nil, or the
// context's error once that has ended, and the place in the queue is free again. It
// fails at once with [ErrDeadline] where the wait could not end before the context's
// deadline, as things stand. A context without an operation counts as a write.
//
// https://docs.didit.me/integration/rate-limiting
func (p *Pacer) Wait(ctx context.Context) error {
	if err := p.usable(ctx); err != nil {
		return err
	}
	write := didit.IsWrite(ctx)
	switch operation, path, _ := didit.OperationFromContext(ctx); {
	case write:
		return p.writes.wait(ctx, nil)
	case isPDF(operation, path):
		return p.pdfs.wait(ctx, p.reads)
	default:
		return p.reads.wait(ctx, nil)
	}
}

// ObserveAnswer learns from one attempt. A 429 stops all calls of its lane until
// Retry-After is over, for 5 s or more where there is none. It never waits.
func (p *Pacer) ObserveAnswer(ctx context.Context, a didit.Answer) {
	if p.usable(ctx) != nil || a.StatusCode == 0 {
		return
	}
	_, path, _ := didit.OperationFromContext(ctx)
	switch pdf := !a.Write && isPDF(a.Operation, path); {
	case a.Write:
		p.writes.observe(a)
	case pdf && a.StatusCode == http.StatusTooManyRequests:
		p.pdfs.observe(a) // which of the two limits it was is not said; reads have 429s of their own
	case pdf:
		p.pdfs.observe(a)
		p.reads.observe(a)
	default:
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

// State is how a [Pacer] stands.
type State struct{ Writes, Reads, PDFs Lane }

// Lane is how the calls of one kind stand.
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

// State tells how the pacer stands, for logs and metrics. It is zero for a Pacer that
// can be used for nothing.
func (p *Pacer) State() State {
	if p == nil || p.writes == nil {
		return State{}
	}
	return State{Writes: p.writes.state(), Reads: p.reads.state(), PDFs: p.pdfs.state()}
}
