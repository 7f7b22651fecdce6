package didit

import (
	"context"
	"time"

	"github.com/didit-go/didit/internal/transport"
)

// Limiter decides when an attempt may go out: each waits for it first, retries and the
// reads of a search included, outside the attempt's timeout. Where it returns an error,
// the call ends with it, and the attempt is not sent.
// [OperationFromContext] and [IsWrite] work on the context that it is given. A
// *rate.Limiter of golang.org/x/time/rate is one. Any number of goroutines use it
// at once.
//
// https://docs.didit.me/integration/rate-limiting
type Limiter interface {
	Wait(ctx context.Context) error
}

// AnswerObserver is a [Limiter] that is told what became of each attempt that it let
// go out. It is called once for each attempt, on the goroutine that made it.
type AnswerObserver interface {
	ObserveAnswer(ctx context.Context, a Answer)
}

// Answer is one attempt as an [AnswerObserver] sees it.
type Answer struct {
	Operation  string        // "ShareSession"
	Write      bool          // Didit counts writes and reads apart
	Sent       time.Time     // when the attempt began, after the limiter's wait
	At         time.Time     // when its answer had been read, or had failed to come
	StatusCode int           // 0: no answer came
	RetryAfter time.Duration // as asked for, 0 for none
	Limit      int           // X-RateLimit-Limit, which comes with a 429 only; else 0
}

// OperationFromContext tells a [Limiter], or a RoundTripper that is given the
// context of a request, which call it belongs to: "GetSession" and
// "/v3/session/{id}/decision/", for lanes, spans and metrics. Of [Client.Do] the
// template is the path as the caller gave it, without its query: it may hold ids.
func OperationFromContext(ctx context.Context) (operation, pathTemplate string, ok bool) {
	return transport.FromContext(ctx)
}

// IsWrite tells a [Limiter] whether Didit counts the call that the context belongs
// to as a write: everything but GET. A context without an operation counts as one.
func IsWrite(ctx context.Context) bool { return transport.IsWrite(ctx) }

// observer returns what the transport tells of each attempt, or nil.
func observer(l Limiter) func(context.Context, transport.Answer) {
	o, ok := l.(AnswerObserver)
	if !ok {
		return nil
	}
	return func(ctx context.Context, a transport.Answer) { o.ObserveAnswer(ctx, Answer(a)) }
}
