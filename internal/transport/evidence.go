package transport

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"reflect"
	"sync/atomic"
)

// maxSends is how often net/http may put one attempt of a read on the wire.
const maxSends = 3

// evidence is what httptrace saw of one attempt. Its hooks run on other goroutines
// as well.
type evidence struct {
	asked, got, wrote atomic.Int32 // connections asked for and got, requests begun on them
	most              int32        // sends that are allowed; 0: net/http sends once
	hooks             httptrace.ClientTrace
}

// watch traces an attempt where something depends on it. It may be nil.
//
// A write that must not go out twice needs evidence that it was not sent.
//
// A request without a body is one that net/http sends again by itself over HTTP/2,
// after a stream was reset or the server went away, without end and for any method.
// Where it gets a connection once too often, the attempt is ended: net/http looks at
// the context before it writes the headers.
func (c *call) watch(ctx context.Context, cancel context.CancelFunc) (context.Context, *evidence) {
	if c.req.Body != nil && c.req.Class != Once {
		return ctx, nil
	}
	ev := new(evidence)
	if c.req.Class == Once {
		ev.hooks.GetConn = func(string) { ev.asked.Add(1) }
	}
	if c.req.Body == nil {
		ev.most = maxSends
		if c.req.Method != http.MethodGet {
			ev.most = 1
		}
		// A read that net/http has not begun on its connection counts as well.
		if c.req.Method != http.MethodGet {
			ev.hooks.WroteHeaders = func() { ev.wrote.Add(1) }
		}
	}
	ev.hooks.GotConn = func(httptrace.GotConnInfo) {
		ev.got.Add(1)
		if ev.takenBack() {
			cancel()
		}
	}
	return httptrace.WithClientTrace(ctx, &ev.hooks), ev
}

// takenBack reports whether the request was begun as often as it may be, and
// net/http has taken a connection for it once more.
func (ev *evidence) takenBack() bool {
	if ev == nil || ev.most == 0 {
		return false
	}
	begun, got := ev.wrote.Load(), ev.got.Load()
	if ev.hooks.WroteHeaders == nil {
		begun = got - 1
	}
	return begun >= ev.most && got > begun
}

// notSent reports whether nothing can have arrived: no connection was got, or one
// that was gone before a byte was written to it. What cannot be told is false.
func (ev *evidence) notSent(err error) bool {
	return ev.asked.Load() > 0 && ev.got.Load() == 0 || ev.got.Load() == 1 && nothingWritten(err)
}

// nothingWritten reports whether net/http says that a connection had been closed
// before anything was written to it. It does not export the type: where it is called
// something else one day, an attempt counts as one that may have arrived.
func nothingWritten(err error) bool {
	return err != nil && reflect.TypeOf(err).String() == "http.nothingWrittenError"
}
