package didittest

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// FaultKind is one way in which a call goes wrong.
type FaultKind string

// The kinds of faults. "Applied" means that the operation ran and its effect stays.
const (
	// FaultAnswerLost applies the call, then drops the connection without an answer. (On HTTP/2 every drop is a reset of the
	// call's stream with INTERNAL_ERROR, which leaves the connection to other calls.)
	FaultAnswerLost FaultKind = "answer-lost"
	// FaultDropped drops the connection before anything is applied.
	FaultDropped FaultKind = "dropped"
	// FaultAppliedLate drops the connection at once and applies the call when the server's clock has moved on by Delay: a call
	// that is still under way while its caller has long given up. Not for calls that only read.
	FaultAppliedLate FaultKind = "applied-late"
	// FaultErrorBefore answers StatusCode (500, 502, 503 or 504; 0: 503) and applies nothing.
	FaultErrorBefore FaultKind = "error-before"
	// FaultErrorAfter applies the call and answers StatusCode, as FaultErrorBefore.
	FaultErrorAfter FaultKind = "error-after"
	// FaultHTMLBefore answers a page of HTML with StatusCode (200, 500, 502, 503 or 504; 0: 200) and applies nothing.
	FaultHTMLBefore FaultKind = "html-before"
	// FaultHTMLAfter applies the call and answers as FaultHTMLBefore.
	FaultHTMLAfter FaultKind = "html-after"
	// FaultTruncated applies the call, sends half of the body that it announced and drops the connection.
	FaultTruncated FaultKind = "truncated"
	// FaultSlow applies the call and answers after Delay of real time. 0: never, until the client hangs up or the server closes.
	FaultSlow FaultKind = "slow"
	// FaultRateLimited answers 429 with Retry-After and applies nothing. RetryAfter 0: one second.
	FaultRateLimited FaultKind = "rate-limited"
	// FaultRateLimitedBare answers 429 without Retry-After and applies nothing.
	FaultRateLimitedBare FaultKind = "rate-limited-bare"
	// FaultRedirect answers StatusCode (301, 302, 307 or 308; 0: 302) with a Location on another host and applies nothing.
	FaultRedirect FaultKind = "redirect"
	// FaultStreamReset applies nothing and resets the call's stream with ErrorCode. FaultStreamReset and the next three need
	// HTTP/2: they are refused by a server without TLS, and pass over calls that come on HTTP/1. net/http's client sends such a
	// call again by itself where it can, for either code: a request that arrives again is one more of [Server.Requests].
	FaultStreamReset FaultKind = "stream-reset"
	// FaultStreamResetAfter applies the call and resets its stream as FaultStreamReset.
	FaultStreamResetAfter FaultKind = "stream-reset-after"
	// FaultGoAway applies nothing and sends GOAWAY with a last stream that says that the call was not processed, which is true.
	// Calls that began after it on the same connection are told so too, whether they were processed or not.
	FaultGoAway FaultKind = "goaway"
	// FaultGoAwayAfter applies the call and sends GOAWAY as FaultGoAway, which is then not true.
	FaultGoAwayAfter FaultKind = "goaway-after"
	// FaultHugeBody applies the call and answers with Size bytes of JSON. Size 0: 32 MiB.
	FaultHugeBody FaultKind = "huge-body"
)

// FaultKinds returns every kind that can occur on any server.
func FaultKinds() []FaultKind {
	return []FaultKind{
		FaultAnswerLost, FaultDropped, FaultAppliedLate, FaultErrorBefore, FaultErrorAfter, FaultHTMLBefore, FaultHTMLAfter,
		FaultTruncated, FaultSlow, FaultRateLimited, FaultRateLimitedBare, FaultRedirect, FaultHugeBody,
	}
}

// HTTP2FaultKinds returns the kinds that need HTTP/2, and with it [NewTLSServer].
func HTTP2FaultKinds() []FaultKind {
	return []FaultKind{FaultStreamReset, FaultStreamResetAfter, FaultGoAway, FaultGoAwayAfter}
}

// Fault makes calls go wrong. See [Server.Inject].
type Fault struct {
	Operation Operation // or [OpAny]
	Kind      FaultKind
	// Times is how many calls go wrong. 0: one; below 0: all, without end.
	Times int
	// Probability is how likely each call is to go wrong until Times is used up, above 0 and up to 1. 0: every one.
	Probability float64
	// Application limits the fault to calls with a key of the application with this id. Empty: any.
	Application string
	// Skip is how many matching calls pass unharmed first.
	Skip int

	StatusCode int           // for kinds that say so
	Delay      time.Duration // for FaultSlow (real time) and FaultAppliedLate (the server's clock)
	RetryAfter time.Duration // for FaultRateLimited, rounded up to whole seconds
	Location   string        // for FaultRedirect. Empty: the same path on https://elsewhere.example
	Size       int           // for FaultHugeBody, in bytes
	// ErrorCode is what FaultStreamReset and FaultStreamResetAfter reset with. Empty: [ErrorCodeProtocol], which leaves open
	// whether the call was processed.
	ErrorCode ErrorCode
}

// ErrorCode is a code with which HTTP/2 resets a stream, by its name in RFC 9113.
type ErrorCode string

// The error codes after which clients are known to send a request again.
const (
	ErrorCodeProtocol      ErrorCode = "PROTOCOL_ERROR"
	ErrorCodeRefusedStream ErrorCode = "REFUSED_STREAM" // says that nothing was processed
)

// wireCodes are the error codes on the wire.
var wireCodes = map[ErrorCode]uint32{"": 0x1, ErrorCodeProtocol: 0x1, ErrorCodeRefusedStream: 0x7}

// needsHTTP2 says that a kind cannot occur on HTTP/1.
func (k FaultKind) needsHTTP2() bool { return slices.Contains(HTTP2FaultKinds(), k) }

func (k FaultKind) resets() bool { return k == FaultStreamReset || k == FaultStreamResetAfter }

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
	if problem := s.problem(f); problem != "" {
		panic("didittest: fault: " + problem)
	}
	i := &Injected{fault: f, left: f.Times, skip: f.Skip}
	if f.Times == 0 {
		i.left = 1
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = append(s.faults.list, i)
	s.faults.any.Store(true)
	return i
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
	return (f.Operation == OpAny || f.Operation == c.op) && (f.Application == "" || f.Application == c.key.app.ID)
}

func (l *faultList) strikes(i *Injected) bool {
	if i.skip > 0 {
		i.skip--
		return false
	}
	p := i.fault.Probability
	return p == 0 || l.rng.Float64() < p
}
