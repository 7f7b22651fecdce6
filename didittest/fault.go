package didittest

import (
	"slices"
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
