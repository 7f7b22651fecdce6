// Package transport sends one call of the API: as many attempts as the call's
// class allows, each within its own bounds of time and size, and says truthfully
// what became of it.
//
// It knows classes of calls, not their names. An attempt is a whole: limiter,
// deadline, connection evidence, sending, reading, decoding. That is why it
// stands in a RoundTripper below retryablehttp, which only repeats and waits.
package transport

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"
)

// Outcome says what can have taken effect. A greater one is worse news.
type Outcome uint8

const (
	// NotSent means that nothing can have taken effect: it did not leave, or was refused.
	NotSent Outcome = iota
	// Unknown means that it may have taken effect.
	Unknown
	// ResultLost means that it took effect, by an answer that could not be used.
	ResultLost
)

// Limiter is waited on before every attempt.
type Limiter interface {
	Wait(ctx context.Context) error
}

// Answer is one attempt as a Limiter sees it afterwards.
type Answer struct {
	Operation  string
	Write      bool
	Sent, At   time.Time
	StatusCode int // 0: no answer came
	RetryAfter time.Duration
	Limit      int // X-RateLimit-Limit, which comes with a 429 only
}

// Config is what a Client is made of. Zero durations and counts mean none.
type Config struct {
	HTTPClient       *http.Client // copied; redirects are never followed
	AttemptTimeout   time.Duration
	MaxRetries       int
	WaitMin, WaitMax time.Duration
	MaxRetryAfter    time.Duration
	MaxBody          int64
	Limiter          Limiter                       // nil: none
	Observe          func(context.Context, Answer) // told of every attempt; nil: nobody is
	Logger           *slog.Logger                  // nil: silent
	Now              func() time.Time
}

// Decoder reads the body of a 2xx. An error makes the answer unreadable; the
// bytes are reused afterwards.
type Decoder interface {
	Decode(status int, body []byte) error
}

// Head judges a stream by what came first. Where more bytes can change what it says,
// it is asked again, up to the first 1,024.
type Head func(head []byte) (more bool, err error)

// Request is one call.
type Request struct {
	Operation    string // for logs and for [FromContext]
	PathTemplate string
	Class        Class
	Method       string
	URL          url.URL     // by value: the call's record holds it
	Header       http.Header // owned by the call from here on
	Body         []byte      // nil: none; owned by the call from here on
	Into         Decoder     // nil: the body of a 2xx is read and dropped
	Stream       io.Writer   // where the body of a 2xx goes instead, unbounded
	Head         Head        // judges a stream before any of it is written; nil: all are taken
	Undone       int         // the 5xx that says that nothing took effect; 0: none does
}

// Result is what became of a call.
type Result struct {
	OK       bool
	Lost     bool    // some attempt may have taken effect unseen
	Broken   bool    // Body broke off
	Outcome  Outcome // the worst over all attempts that failed
	Attempts int
	CtxErr   error // the context's error, where that ended the call

	// The last failure: Status where Didit answered, else Err.
	Status     int
	RequestID  string
	RetryAfter time.Duration
	Body       []byte // of an answer that is not 2xx, at most 64 KiB
	Err        error  // a *Failure

	Written int64 // bytes that reached Stream
}

// Client sends calls. It never changes after New and may be used by any number
// of goroutines.
type Client struct {
	cfg   Config
	retry *retrier
}

// New makes a Client. It does no I/O.
func New(cfg Config) *Client {
	hc := *cfg.HTTPClient
	if hc.Timeout > 0 && (cfg.AttemptTimeout == 0 || hc.Timeout < cfg.AttemptTimeout) {
		cfg.AttemptTimeout = hc.Timeout
	}
	// A deadline in the context costs less than http.Client.Timeout, and its
	// error can be told from the caller's own deadline.
	hc.Timeout = 0
	next := hc.Transport
	if next == nil {
		next = defaultTransport()
	}
	hc.Transport = &attempts{next: next}
	hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	cfg.HTTPClient = nil
	return &Client{cfg: cfg, retry: newRetrier(&hc, cfg.MaxRetries)}
}

// defaultTransport is net/http's own with room for many idle connections to one
// host. Where a program has replaced http.DefaultTransport, that is used as it is.
func defaultTransport() http.RoundTripper {
	std, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	t := std.Clone()
	t.MaxIdleConnsPerHost = 128
	t.MaxIdleConns = 256
	return t
}

// call is one call's record. It is the context of its requests too, which is how
// the hooks of retryablehttp, which are given no request, find it.
type call struct {
	context.Context
	t         *Client
	req       Request
	res       Result
	ra        time.Duration // what the last attempt's Retry-After asks for; negative: none
	wait      time.Duration // before the next attempt
	limit     int           // X-RateLimit-Limit of the last answer with 429
	status    int           // of the last attempt's answer, 0 for none
	many      int32         // answers with 429 so far
	again     bool          // the last attempt allows another
	json      bool          // its 2xx began as JSON does
	retryable retryable     // in one piece of memory with the call
}

type callKey struct{}

// String names the operation. Limiters and RoundTrippers are given the call as their
// context: one that is printed must not show the key and the body.
func (c *call) String() string { return "didit." + c.req.Operation }

// Format prints String for every verb.
func (c *call) Format(f fmt.State, _ rune) { io.WriteString(f, c.String()) }

func (c *call) Value(key any) any {
	if key == (callKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// FromContext tells a RoundTripper which operation the request belongs to.
func FromContext(ctx context.Context) (operation, pathTemplate string, ok bool) {
	c, ok := ctx.Value(callKey{}).(*call)
	if !ok {
		return "", "", false
	}
	return c.req.Operation, c.req.PathTemplate, true
}

// IsWrite tells a Limiter whether the request is one that Didit counts as a write.
// A context without an operation counts as one.
func IsWrite(ctx context.Context) bool {
	c, ok := ctx.Value(callKey{}).(*call)
	return !ok || c.write()
}

func (c *call) write() bool { return c.req.Method != http.MethodGet }

// Do makes the call.
func (t *Client) Do(ctx context.Context, req Request) *Result {
	c := &call{Context: ctx, t: t, req: req}
	if c.res.CtxErr = ctx.Err(); c.res.CtxErr != nil {
		return &c.res
	}
	t.retry.do(c) //nolint:contextcheck // the call is the context
	return &c.res
}
