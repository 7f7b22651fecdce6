package transport

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// All that go-retryablehttp makes necessary stands in this file. It only repeats and
// waits: an attempt as a whole (limiter, deadline, evidence, sending, reading,
// decoding) is made by a RoundTripper below it, and whether there is another, and
// when, is decided in again.go and wait.go.
//
// Its hooks are given no request where there was no answer, so the call's record is
// the context of its requests. It would log, wrap and drop errors, follow any
// Retry-After and retry any method: nothing of that is used.

// retryable is a call's request as go-retryablehttp takes it.
type retryable = retryablehttp.Request

// retrier makes the attempts of calls, one after the other.
type retrier struct{ client retryablehttp.Client }

func newRetrier(hc *http.Client, maxRetries int) *retrier {
	return &retrier{retryablehttp.Client{
		HTTPClient:   hc,
		RetryMax:     maxRetries,
		CheckRetry:   checkRetry,
		Backoff:      backoff,
		PrepareRetry: prepareRetry,
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}}
}

// outers are the requests that go-retryablehttp and http.Client are given. Each attempt
// sends one of its own, so nobody holds an outer one after the call.
var outers = sync.Pool{New: func() any { return &http.Request{Header: http.Header{}} }}

// do sends the call's request until there is to be no other attempt. What became of it
// is in the call's record.
func (r *retrier) do(c *call) {
	outer := outers.Get().(*http.Request) //nolint:errcheck,forcetypeassert // the pool holds nothing else
	header := outer.Header                // for what http.Client adds: cookies
	*outer = *(&http.Request{
		Method: c.req.Method, URL: &c.req.URL, Header: header, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(c)
	c.retryable.Request = outer
	resp, err := r.client.Do(&c.retryable)
	if resp != nil {
		_ = resp.Body.Close() // already read: attempts leaves http.NoBody
	}
	if err != nil && c.Err() != nil {
		c.res.CtxErr = c.Err() // it ended while waiting
	}
	clear(header)
	*outer = http.Request{Header: header}
	outers.Put(outer)
}

// attempts makes each attempt of a call and keeps what came of it in the call's
// record. What it returns is only a vehicle: always a response, never an error, so
// that nothing above it wraps, prints or drops a failure.
//
// It has no CloseIdleConnections on purpose: retryablehttp calls that whenever a
// call gives up, which would close the connections of everybody else's calls.
type attempts struct{ next http.RoundTripper }

func (a *attempts) RoundTrip(req *http.Request) (*http.Response, error) {
	c, ok := req.Context().(*call)
	if !ok {
		return nil, errors.New("transport: request without a call")
	}
	resp := c.attempt(a.next, req) //nolint:contextcheck // the call is the context
	if resp == nil {
		resp = &http.Response{Request: req, Proto: req.Proto, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}}
	}
	resp.Body = http.NoBody
	return resp, nil
}

// checkRetry asks whether to go on. It never returns an error: what a call ends with
// is in its record.
func checkRetry(ctx context.Context, _ *http.Response, err error) (bool, error) {
	c := ctx.(*call) //nolint:errcheck,forcetypeassert // every request has its call as the context
	if err != nil && c.res.Err == nil && c.res.CtxErr == nil {
		// http.Client itself refused; attempts never returns an error.
		c.note(Unknown)
		c.setErr(diagnose(c, c, err)) //nolint:contextcheck // the call is the context
		return false, nil
	}
	return c.goOn(), nil
}

// backoff says how long to wait: goOn has decided it.
func backoff(_, _ time.Duration, _ int, resp *http.Response) time.Duration {
	if resp == nil || resp.Request == nil {
		return 0
	}
	if c, ok := resp.Request.Context().Value(callKey{}).(*call); ok {
		return c.wait
	}
	return 0
}

// prepareRetry takes back what http.Client added: it does so again on each attempt.
func prepareRetry(req *http.Request) error {
	clear(req.Header)
	return nil
}
