package transport

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSequences are calls whose attempts end differently: the last one is told,
// the worst one is not forgotten.
func TestSequences(t *testing.T) {
	t.Parallel()
	const broken = 0 // the connection is closed
	const short = -1 // a success that breaks off
	for _, test := range []struct {
		name   string
		class  Class
		script []int
		want   Result
	}{
		{"fine at once", Once, []int{200}, Result{OK: true, Attempts: 1, Status: 200}},
		{"fine after a refusal", Once, []int{429, 201}, Result{OK: true, Attempts: 2, Status: 201}},
		{"fine after a loss", Repeatable, []int{broken, 200}, Result{OK: true, Lost: true, Outcome: Unknown, Attempts: 2, Status: 200}},
		{"refused after a loss", Read, []int{broken, 404}, Result{Lost: true, Outcome: Unknown, Attempts: 2, Status: 404}},
		{"refused after a lost result", Repeatable, []int{short, 429, 403}, Result{Lost: true, Outcome: ResultLost, Attempts: 3, Status: 403}},
		{"a lost result after a 503", Repeatable, []int{503, short, 400}, Result{Lost: true, Outcome: ResultLost, Attempts: 3, Status: 400}},
		{"lost after a refusal", Once, []int{429, broken}, Result{Lost: true, Outcome: Unknown, Attempts: 2}},
		{"server error after a refusal", Once, []int{429, 503}, Result{Lost: true, Outcome: Unknown, Attempts: 2, Status: 503}},
		{"refused to the end", Once, []int{429, 429, 429}, Result{Attempts: 3, Status: 429}},
		{"server error after a refusal, share", Repeatable, []int{429, 502, 500}, Result{Lost: true, Outcome: Unknown, Attempts: 3, Status: 500}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var n atomic.Int64
			srv, delivered := counted(t, func(w http.ResponseWriter, r *http.Request) {
				i := n.Add(1)
				w.Header().Set("X-Request-ID", "id-"+strconv.FormatInt(i, 10))
				switch what := test.script[i-1]; what {
				case broken:
					hijacked(t, func(net.Conn) {})(w, r)
				case short:
					w.Header().Set("Content-Length", "100")
					io.WriteString(w, "{")
				default:
					answers(what, "said "+strconv.Itoa(what))(w, r)
				}
			})
			res := New(quick(client(t))).Do(t.Context(), request(t, srv.URL, test.class))
			assert.EqualValues(t, len(test.script), delivered.Load())
			if test.want.Status == 0 {
				clean(t, res.Err)
				assert.Empty(t, res.RequestID, "of an earlier attempt")
			} else {
				assert.Equal(t, "id-"+strconv.Itoa(len(test.script)), res.RequestID)
			}
			if test.want.Status >= 300 {
				assert.Equal(t, "said "+strconv.Itoa(test.want.Status), string(res.Body))
			} else {
				assert.Empty(t, res.Body)
			}
			res.Err, res.Body, res.RequestID = nil, nil, ""
			assert.Equal(t, test.want, *res)
		})
	}
}

// TestNotSentThenSent loses the evidence of one attempt to none of the next.
func TestNotSentThenSent(t *testing.T) {
	t.Parallel()
	srv, n := counted(t, hijacked(t, func(net.Conn) {}))
	var dials atomic.Int64
	hc := client(t, func(tr *http.Transport) {
		tr.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			if dials.Add(1) == 1 {
				return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
			}
			return new(net.Dialer).DialContext(ctx, network, address)
		}
	})
	res := New(quick(hc)).Do(t.Context(), request(t, srv.URL, Once))
	assert.Equal(t, 2, res.Attempts)
	assert.EqualValues(t, 1, n.Load())
	assert.Equal(t, Unknown, res.Outcome)
	require.ErrorIs(t, res.Err, io.EOF)
}

// TestReusedConnection: a server that drops a kept connection has seen the request.
func TestReusedConnection(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	srv, delivered := counted(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1) > 1 {
			hijacked(t, func(net.Conn) {})(w, r)
		}
	})
	c := New(quick(client(t)))
	require.True(t, c.Do(t.Context(), request(t, srv.URL, Once)).OK)
	res := c.Do(t.Context(), request(t, srv.URL, Once))
	assert.Equal(t, 1, res.Attempts)
	assert.Equal(t, Unknown, res.Outcome)
	assert.EqualValues(t, 2, delivered.Load())
}

func TestMaxRetries(t *testing.T) {
	t.Parallel()
	for _, retries := range []int{0, 1, 7} {
		srv, n := counted(t, answers(503, ""))
		cfg := quick(client(t))
		cfg.MaxRetries = retries
		res := New(cfg).Do(t.Context(), request(t, srv.URL, Read))
		assert.Equal(t, retries+1, res.Attempts)
		assert.EqualValues(t, retries+1, n.Load())
		assert.Equal(t, 503, res.Status)
	}
}

// TestSameEachTime compares what the attempts of a call carry.
func TestSameEachTime(t *testing.T) {
	t.Parallel()
	var seen []string
	hc := fake(func(req *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(req.Body)
		seen = append(seen, fmt.Sprint(req.Method, req.URL, req.Header, req.ContentLength, string(body), err))
		return response(429, strings.NewReader(""), "Retry-After", "0"), nil
	})
	req := request(t, "https://host.test", Once)
	New(quick(hc)).Do(t.Context(), req)
	require.Len(t, seen, 3)
	assert.Equal(t, fmt.Sprint("POST", &req.URL, req.Header, len(req.Body), string(req.Body), nil), seen[0])
	assert.Equal(t, seen[0], seen[1])
	assert.Equal(t, seen[0], seen[2])
}
