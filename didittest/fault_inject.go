package didittest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
)

// Injected is a fault that waits for its calls.
type Injected struct {
	fault   Fault
	left    int
	skip    int
	fired   atomic.Int64
	stopped atomic.Bool
}

// Fired says how many calls have gone wrong by this fault so far.
func (i *Injected) Fired() int { return int(i.fired.Load()) }

// Stop ends the fault.
func (i *Injected) Stop() { i.stopped.Store(true) }

// faultList holds the faults in the order in which they were injected.
type faultList struct {
	mu   sync.Mutex
	list []*Injected
	rng  *rand.Rand
	any  atomic.Bool
}

// Inject makes the next f.Times calls of f.Operation go wrong in the way of f.Kind, if they get past the rate limit and the
// check of the key. Of several faults that fit a call the one injected first is taken. It panics for a fault that no call
// could meet, since a fault that never fires makes a green test worthless: an unknown operation, kind or application, a
// field that its kind does not use, a value out of bounds.
func (s *Server) Inject(f Fault) *Injected {
	i, err := s.inject(f)
	if err != nil {
		panic("didittest: fault: " + err.Error())
	}
	return i
}

func (s *Server) inject(f Fault) (*Injected, error) {
	if problem := s.problem(f); problem != "" {
		return nil, errors.New(problem)
	}
	i := &Injected{fault: f, left: f.Times, skip: f.Skip}
	if f.Times == 0 {
		i.left = 1
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = append(s.faults.list, i)
	s.faults.any.Store(true)
	return i, nil
}

// faultStatuses are the status codes that a kind may have; the first is its default.
var faultStatuses = map[FaultKind][]int{
	FaultErrorBefore: {503, 500, 502, 504},
	FaultErrorAfter:  {503, 500, 502, 504},
	FaultHTMLBefore:  {200, 500, 502, 503, 504},
	FaultHTMLAfter:   {200, 500, 502, 503, 504},
	FaultRedirect:    {302, 301, 307, 308},
}

func (f Fault) status() int {
	if f.StatusCode != 0 {
		return f.StatusCode
	}
	return faultStatuses[f.Kind][0]
}

// problem says why no call could meet the fault, or nothing.
func (s *Server) problem(f Fault) string {
	kindKnown := f.Kind.needsHTTP2() || slices.Contains(FaultKinds(), f.Kind)
	statusKnown := f.StatusCode == 0
	for _, code := range faultStatuses[f.Kind] {
		statusKnown = statusKnown || code == f.StatusCode
	}
	s.mu.RLock()
	appKnown := f.Application == "" || s.appByID[f.Application] != nil
	s.mu.RUnlock()
	switch {
	case f.Operation != OpAny && !f.Operation.known():
		return fmt.Sprintf("unknown operation %q", f.Operation)
	case !kindKnown:
		return fmt.Sprintf("unknown kind %q", f.Kind)
	case !statusKnown:
		return fmt.Sprintf("%s does not answer %d", f.Kind, f.StatusCode)
	case !appKnown:
		return fmt.Sprintf("unknown application %q", f.Application)
	case f.Probability < 0 || f.Probability > 1 || f.Probability != f.Probability:
		return fmt.Sprintf("probability %v is not between 0 and 1", f.Probability)
	case f.Skip < 0:
		return "Skip is negative"
	case f.Delay < 0 || f.Delay > 0 && f.Kind != FaultSlow && f.Kind != FaultAppliedLate:
		return "Delay is for FaultSlow and FaultAppliedLate, 0 or more"
	case f.Kind == FaultAppliedLate && f.Delay == 0:
		return "FaultAppliedLate needs a Delay"
	case f.RetryAfter < 0 || f.RetryAfter > 0 && f.Kind != FaultRateLimited:
		return "RetryAfter is for FaultRateLimited, 0 or more"
	case f.Location != "" && f.Kind != FaultRedirect:
		return "Location is for FaultRedirect"
	case f.Size < 0 || f.Size > 0 && f.Kind != FaultHugeBody:
		return "Size is for FaultHugeBody, 0 or more"
	case f.ErrorCode != "" && (!f.Kind.resets() || wireCodes[f.ErrorCode] == 0):
		return "ErrorCode is for FaultStreamReset and FaultStreamResetAfter, PROTOCOL_ERROR or REFUSED_STREAM"
	case f.Kind.needsHTTP2() && !s.tls:
		return fmt.Sprintf("%s needs HTTP/2, which only NewTLSServer speaks", f.Kind)
	case f.Kind == FaultAppliedLate && f.Operation.reads():
		return fmt.Sprintf("%s applies nothing that could be late", f.Operation)
	case f.Kind == FaultTruncated && bodyless(s.cfg.success[f.Operation]):
		return fmt.Sprintf("%s answers %d, there is no body to cut", f.Operation, http.StatusNoContent)
	}
	return ""
}

// pick returns the fault that the call meets, nil if none.
func (l *faultList) pick(c *call) *Fault {
	if !l.any.Load() {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var hit *Injected
	kept := l.list[:0]
	for _, i := range l.list {
		if i.stopped.Load() {
			continue
		}
		if hit == nil && i.fits(c) && l.strikes(i) {
			hit = i
			hit.fired.Add(1)
			if i.left > 0 {
				i.left--
			}
			if i.left == 0 {
				continue
			}
		}
		kept = append(kept, i)
	}
	clear(l.list[len(kept):])
	l.list = kept
	l.any.Store(len(kept) > 0)
	if hit == nil {
		return nil
	}
	return &hit.fault
}

func (i *Injected) fits(c *call) bool {
	f := &i.fault
	if f.Kind == FaultAppliedLate && c.op.reads() {
		return false // OpAny: there is nothing to apply
	}
	if f.Kind.needsHTTP2() && c.stream == nil {
		return false
	}
	return (f.Operation == OpAny || f.Operation == c.op.name) && (f.Application == "" || f.Application == c.key.app.ID)
}

func (l *faultList) strikes(i *Injected) bool {
	if i.skip > 0 {
		i.skip--
		return false
	}
	p := i.fault.Probability
	return p == 0 || l.rng.Float64() < p
}
