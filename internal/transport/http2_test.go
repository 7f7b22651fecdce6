package transport

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"
)

var http2Faults = []struct {
	name string
	do   func(stream)
}{
	{"PROTOCOL_ERROR", func(s stream) { s.reset(http2.ErrCodeProtocol) }},
	{"REFUSED_STREAM", func(s stream) { s.reset(http2.ErrCodeRefusedStream) }},
	{"INTERNAL_ERROR", func(s stream) { s.reset(http2.ErrCodeInternal) }},
	{"GOAWAY", stream.goAway},
}

// TestHTTP2Replays: net/http replays a request by itself over HTTP/2 where it can.
// Nothing that may have arrived goes out twice by that, whatever its class, and a
// read puts a bounded number of requests on the wire.
func TestHTTP2Replays(t *testing.T) {
	t.Parallel()
	for _, fault := range http2Faults {
		for _, test := range []struct {
			name   string
			class  Class
			method string
			body   string
			most   int64 // requests of one attempt
			tries  int
		}{
			{"import", Once, "POST", "{}", 1, 1},
			{"write without a body", Once, "POST", "", 1, 1},
			{"share", Repeatable, "POST", "{}", 1, 3},
			{"delete", Read, "DELETE", "", 1, 3},
			{"read", Read, "GET", "", maxSends, 3},
		} {
			t.Run(fault.name+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					srv := newFramed(t, false, fault.do)
					cfg := quick(srv.client)
					var waits atomic.Int64
					cfg.Limiter = limiter(func(context.Context) error { waits.Add(1); return nil })
					req := request(t, srv.url, test.class)
					req.Method, req.Body = test.method, nil
					if test.body != "" {
						req.Body = []byte(test.body)
					}
					res := New(cfg).Do(t.Context(), req)
					assert.False(t, res.OK)
					assert.Equal(t, test.tries, res.Attempts)
					assert.EqualValues(t, test.tries, waits.Load(), "the limiter is asked for each attempt")
					assert.GreaterOrEqual(t, srv.begun.Load(), int64(test.tries))
					assert.LessOrEqual(t, srv.begun.Load(), int64(test.tries)*test.most, "on the wire")
					assert.Equal(t, Unknown, res.Outcome)
					require.Error(t, res.Err)
					clean(t, res.Err)
				})
			})
		}
	}
}

// TestHTTP2Recovers: a server that goes away, once, does no harm to what may go out again.
func TestHTTP2Recovers(t *testing.T) {
	t.Parallel()
	for _, fault := range http2Faults {
		for _, class := range []Class{Read, Repeatable} {
			synctest.Test(t, func(t *testing.T) {
				srv := newFramed(t, false, func(s stream) {
					if s.n == 1 {
						fault.do(s)
						return
					}
					s.answer("200", "{}")
				})
				res := New(quick(srv.client)).Do(t.Context(), request(t, srv.url, class))
				assert.True(t, res.OK, fault.name)
				assert.EqualValues(t, 2, srv.whole.Load(), fault.name)
			})
		}
	}
}

// TestHTTP2Early: a stream that is reset at its headers, with the body on its way.
func TestHTTP2Early(t *testing.T) {
	t.Parallel()
	for _, fault := range http2Faults {
		synctest.Test(t, func(t *testing.T) {
			srv := newFramed(t, true, fault.do)
			req := request(t, srv.url, Once)
			req.Body = []byte(strings.Repeat("x", 200_000)) // more than the window: it waits with its body begun
			res := New(quick(srv.client)).Do(t.Context(), req)
			assert.Equal(t, 1, res.Attempts, fault.name)
			assert.EqualValues(t, 1, srv.begun.Load(), fault.name)
			assert.Equal(t, Unknown, res.Outcome)
		})
	}
}

// TestUnsentOverHTTP2: a connection that cannot take the request is left for
// another by net/http, and the request is sent once.
func TestUnsentOverHTTP2(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newFramed(t, false, func(s stream) {
			s.answer("200", "{}")
			_ = s.WriteGoAway(s.id, http2.ErrCodeNo, nil) // after the answer: the connection is of no more use
		})
		client := New(quick(srv.client))
		for i := range 20 {
			res := client.Do(t.Context(), request(t, srv.url, Once))
			require.True(t, res.OK, fmt.Sprint(i, res.Err))
			synctest.Wait() // until the connection is known to be of no more use
		}
		assert.EqualValues(t, 20, srv.whole.Load())
	})
}

// TestReadBoundEnds: the bound of one attempt is not a timeout.
func TestReadBoundEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := newFramed(t, false, stream.goAway)
		cfg := quick(srv.client)
		cfg.AttemptTimeout = time.Hour
		res := New(cfg).Do(t.Context(), request(t, srv.url, Read))
		require.EqualError(t, res.Err, "the server took back the request again and again")
		require.NoError(t, res.CtxErr)
	})
}
