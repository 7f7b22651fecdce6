package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// attempt sends the request once and reads the answer to its end. It returns the
// response, its body closed, or nil where there was none.
func (c *call) attempt(next http.RoundTripper, outer *http.Request) *http.Response {
	c.again, c.status, c.ra = false, 0, -1
	if l := c.t.cfg.Limiter; l != nil {
		if err := l.Wait(c); err != nil {
			c.unsent(limited(err))
			return nil
		}
	}
	if c.Err() != nil {
		c.unsent(nil)
		return nil
	}
	c.res.Attempts++
	if c.t.cfg.Observe != nil {
		defer c.observe(time.Now())
	}
	ctx, stop := c.bound()
	defer stop.end()
	ctx, ev := c.watch(ctx, stop.cancel)
	req := c.request(ctx, outer)
	resp, err := next.RoundTrip(req)
	if err != nil || resp == nil {
		c.unanswered(ctx, ev, err, next, req)
		return nil
	}
	if resp.Body == nil {
		resp.Body = http.NoBody // a fake's; http.Client allows it as well
	}
	if resp.Header["Location"] != nil {
		// net/http would parse it, and print it where it is bad. A fake may give out the
		// same header for all its answers.
		resp.Header = resp.Header.Clone()
		resp.Header.Del("Location")
	}
	if resp.StatusCode < http.StatusOK {
		_ = resp.Body.Close() // of 101 it is the bare connection; others only a fake returns
		c.unanswered(ctx, ev, errors.New("no final status"), next, req)
		return nil
	}
	c.status = resp.StatusCode
	if resp.StatusCode == http.StatusTooManyRequests {
		c.limit, _ = strconv.Atoi(resp.Header.Get("X-Ratelimit-Limit"))
	}
	c.answered(ctx, resp, stop)
	resp.Request = req // a fake's may be another
	return resp
}

// request makes the attempt's own request. Its body has no GetBody: net/http would
// use it to send the request again by itself, over HTTP/2 without end.
func (c *call) request(ctx context.Context, outer *http.Request) *http.Request {
	if c.res.Attempts > 1 {
		c.req.Header = c.req.Header.Clone() // the attempt before may still be writing its own
		delete(c.req.Header, "Cookie")
	}
	req := outer.WithContext(ctx)
	req.Header = c.req.Header
	maps.Copy(req.Header, outer.Header)
	if c.req.Body != nil {
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(c.req.Body)), int64(len(c.req.Body))
	}
	return req
}

// observe tells the limiter what the attempt that has just ended met.
func (c *call) observe(sent time.Time) {
	a := Answer{Operation: c.req.Operation, Write: c.write(), Sent: sent, At: time.Now(), StatusCode: c.status, RetryAfter: max(c.ra, 0)}
	if c.status == http.StatusTooManyRequests {
		a.Limit = max(c.limit, 0)
	}
	c.t.cfg.Observe(c, a)
}

// unsent records an attempt that was not begun. A nil error means that the
// context had ended.
func (c *call) unsent(err *Failure) {
	if c.Err() != nil {
		c.res.CtxErr = c.Err()
		return
	}
	c.setErr(err)
}

// unanswered records an attempt that brought no answer.
func (c *call) unanswered(ctx context.Context, ev *evidence, err error, next http.RoundTripper, req *http.Request) {
	f := diagnose(c, ctx, err)
	notSent := f.notSent
	switch {
	case c.Err() == nil && ev.takenBack():
		f, notSent = &Failure{text: "the server took back the request again and again"}, false
	case notSent && dialing(err):
		f = unreachable(f, next, req, err)
	}
	if c.req.Class == Once {
		// "Not sent" needs positive evidence where a second sending depends on it.
		notSent = ev.notSent(err)
	}
	out := Unknown
	if notSent {
		out = NotSent
	}
	c.note(out)
	if c.Err() != nil {
		c.res.CtxErr = c.Err()
		return
	}
	c.res.RequestID = "" // of an earlier answer
	c.setErr(f)
	c.again = !f.final && (c.req.Class != Once || out == NotSent)
}

// answered records an answer and reads its body.
func (c *call) answered(ctx context.Context, resp *http.Response, stop stopper) {
	c.res.RequestID = requestID(resp.Header)
	if resp.StatusCode/100 == 2 {
		c.success(ctx, resp, stop)
		return
	}
	c.res.Status, c.res.Err = resp.StatusCode, nil
	c.res.Body, c.res.Broken = readSome(resp)
	if c.res.Broken {
		c.res.CtxErr = c.Err() // then what it would have said is not known
	}
	c.ra = parseRetryAfter(resp.Header.Get("Retry-After"), c.t.cfg.Now)
	c.res.RetryAfter = max(c.ra, 0)
	out := NotSent
	if s := resp.StatusCode; s >= 500 && s != http.StatusNetworkAuthenticationRequired && s != c.req.Undone {
		out = Unknown
	}
	c.note(out)
	c.again = statusAgain(c.req.Class, resp.StatusCode)
	if resp.StatusCode == http.StatusTooManyRequests {
		c.many++
	}
}

// success reads the body of a 2xx.
func (c *call) success(ctx context.Context, resp *http.Response, stop stopper) {
	err := c.readInto(resp, stop)
	if err == nil {
		c.res.OK, c.res.Status, c.res.Err, c.res.Body = true, resp.StatusCode, nil, nil
		return
	}
	out := ResultLost
	if !c.json {
		out = Unknown // a sign-in page, perhaps: nobody knows whether Didit saw the request
	}
	c.note(out)
	if c.Err() != nil {
		c.res.CtxErr = c.Err()
		return
	}
	f := unreadable(ctx, err, resp.StatusCode)
	c.setErr(f)
	c.again = c.req.Class != Once && !f.final && c.res.Written == 0
}

func (c *call) setErr(f *Failure) {
	c.res.Status, c.res.Body, c.res.RetryAfter, c.ra = 0, nil, 0, -1
	c.res.Err = f
}

func (c *call) note(out Outcome) {
	c.res.Outcome = max(c.res.Outcome, out)
	c.res.Lost = c.res.Lost || out != NotSent
}

// requestID takes the id that support asks for: bounded and printable, because it
// is printed.
func requestID(h http.Header) string {
	id := h.Get("X-Request-ID")
	if len(id) > 128 {
		id = id[:128]
	}
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return -1
		}
		return r
	}, id)
}
