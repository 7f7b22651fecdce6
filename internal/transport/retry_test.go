package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// place is where a case of the table happens.
type place struct {
	base, proxy string
	hc          *http.Client
	count       func() int64 // what was delivered
	into        Decoder
	limit       int64
}

// row is what happened, and what must come of it for Read, Repeatable and Once.
type row struct {
	name     string
	place    func(t *testing.T) place
	attempts [3]int
	sent     bool // each attempt is one delivery; else there is none
	outcome  [3]Outcome
	status   int
	text     string // of the failure, where there is no status
	is       []error
	as       func(error) bool
}

var (
	again   = [3]int{3, 3, 3}
	spare   = [3]int{3, 3, 1} // but never again what must go out once
	reads   = [3]int{3, 1, 1}
	once    = [3]int{1, 1, 1}
	unsent  = [3]Outcome{NotSent, NotSent, NotSent}
	unknown = [3]Outcome{Unknown, Unknown, Unknown}
	lost    = [3]Outcome{ResultLost, ResultLost, ResultLost}
)

// TestRetryTable is "When a request is sent again" of the design, counted where
// the requests arrive.
func TestRetryTable(t *testing.T) {
	t.Parallel()
	rows := append(statusRows(), failureRows()...)
	for _, row := range append(rows, answerRows()...) {
		for i, c := range classes {
			t.Run(row.name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				p := row.place(t)
				cfg := quick(p.hc)
				if p.limit > 0 {
					cfg.MaxBody = p.limit
				}
				req := request(t, p.base, c.class)
				req.Into = p.into
				res := New(cfg).Do(t.Context(), req)

				delivered := 0
				if row.sent {
					delivered = row.attempts[i]
				}
				assert.EqualValues(t, delivered, p.count(), "deliveries")
				assert.Equal(t, row.attempts[i], res.Attempts, "attempts")
				assert.Equal(t, row.outcome[i], res.Outcome, "outcome")
				assert.Equal(t, row.outcome[i] != NotSent, res.Lost, "lost")
				assert.Equal(t, row.status, res.Status, "status")
				assert.False(t, res.OK)
				require.NoError(t, res.CtxErr)
				if row.status != 0 {
					require.NoError(t, res.Err)
					return
				}
				text := strings.NewReplacer("HOST", req.URL.Host, "PROXY", "the proxy "+p.proxy).Replace(row.text)
				require.EqualError(t, res.Err, text)
				clean(t, res.Err)
				for _, target := range row.is {
					require.ErrorIs(t, res.Err, target)
				}
				if row.as != nil {
					assert.True(t, row.as(res.Err), "cause")
				}
			})
		}
	}
}

func as[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

// statusRows are answers that are no success.
func statusRows() []row {
	var rows []row
	add := func(attempts [3]int, out Outcome, statuses ...int) {
		for _, status := range statuses {
			rows = append(rows, row{
				name: strconv.Itoa(status), place: answering(answers(status, `{"detail":"`+planted+`"}`)),
				attempts: attempts, sent: true, outcome: [3]Outcome{out, out, out}, status: status,
			})
		}
	}
	add(again, NotSent, 429)
	add(reads, Unknown, 500, 507, 520)
	add(once, Unknown, 501, 505)
	add(once, NotSent, 511)
	add(spare, Unknown, 502, 503, 504)
	add(once, NotSent, 400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 418, 422, 425, 451, 499)
	add(once, NotSent, 300, 301, 302, 303, 304, 305, 307, 308, 399)
	return rows
}

// answering is a server that always does the same.
func answering(h http.HandlerFunc) func(*testing.T) place {
	return func(t *testing.T) place {
		t.Helper()
		srv, n := counted(t, h)
		return place{base: srv.URL, hc: client(t), count: n.Load}
	}
}

// dropping is a server that does something to the bare connection.
func dropping(do func(net.Conn)) func(*testing.T) place {
	return func(t *testing.T) place {
		t.Helper()
		return answering(hijacked(t, do))(t)
	}
}

// writing is a server that writes to the bare connection and closes it.
func writing(text string) func(*testing.T) place {
	return dropping(func(conn net.Conn) { _, _ = io.WriteString(conn, text) })
}

func none() int64 { return 0 }

// failing is a transport that fails to dial.
func failing(err error) func(*testing.T) place {
	return func(t *testing.T) place {
		t.Helper()
		return place{base: "http://host.test", count: none, hc: client(t, func(tr *http.Transport) {
			tr.DialContext = func(context.Context, string, string) (net.Conn, error) { return nil, err }
		})}
	}
}

// closedPort is an address where nothing listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

// failureRows are attempts without an answer.
func failureRows() []row {
	return []row{
		{
			name: "refused", place: func(t *testing.T) place {
				t.Helper()
				return place{base: "http://" + closedPort(t), hc: client(t), count: none}
			},
			attempts: again, outcome: unsent, text: "HOST could not be reached: the connection was refused",
			is: []error{syscall.ECONNREFUSED}, as: as[*net.OpError],
		},
		{
			name: "unknown host", place: failing(&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "host.test", IsNotFound: true}}),
			attempts: once, outcome: unsent, text: "HOST could not be reached: the host is unknown", as: as[*net.DNSError],
		},
		{
			name: "failed look-up", place: failing(&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "server misbehaving", Name: "host.test", IsTemporary: true}}),
			attempts: again, outcome: unsent, text: "HOST could not be reached: the host could not be looked up", as: as[*net.DNSError],
		},
		{
			name: "slow look-up", place: failing(&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "i/o timeout", Name: "host.test", IsTimeout: true}}),
			attempts: again, outcome: unsent, text: "HOST could not be reached: the host could not be looked up", as: as[*net.DNSError],
		},
		{
			name: "unreachable", place: failing(&net.OpError{Op: "dial", Net: "tcp", Err: fmt.Errorf("%s: %w", planted, syscall.ENETUNREACH)}),
			attempts: again, outcome: unsent, text: "HOST could not be reached: no connection could be made", is: []error{syscall.ENETUNREACH}, as: as[*net.OpError],
		},
		{
			name: "bad certificate", place: func(t *testing.T) place {
				t.Helper()
				srv, n := unstarted(t, answers(200, ""))
				srv.StartTLS()
				return place{base: srv.URL, hc: client(t), count: n.Load}
			},
			attempts: once, outcome: unsent, text: "the server's certificate is not trusted", as: as[*tls.CertificateVerificationError],
		},
		{
			name: "no TLS", place: func(t *testing.T) place {
				t.Helper()
				srv, n := counted(t, answers(200, ""))
				return place{base: "https" + strings.TrimPrefix(srv.URL, "http"), hc: client(t), count: n.Load}
			},
			attempts: again, outcome: unsent, text: "the TLS handshake failed", as: as[tls.RecordHeaderError],
		},
		{
			name: "refused TLS version", place: func(t *testing.T) place {
				t.Helper()
				srv, n := unstarted(t, answers(200, ""))
				srv.TLS = &tls.Config{MinVersion: tls.VersionTLS13}
				srv.StartTLS()
				return place{base: srv.URL, count: n.Load, hc: client(t, func(tr *http.Transport) {
					tr.TLSClientConfig = &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}
				})}
			},
			attempts: again, outcome: unsent, text: "the TLS handshake failed",
		},
		{
			name: "refused proxy", place: func(t *testing.T) place {
				t.Helper()
				proxy := &url.URL{Scheme: "http", User: url.UserPassword(planted, planted), Host: closedPort(t)}
				return place{base: "https://host.test", proxy: proxy.Host, count: none, hc: client(t, func(tr *http.Transport) { tr.Proxy = http.ProxyURL(proxy) })}
			},
			attempts: again, outcome: unsent, text: "PROXY could not be reached: the connection was refused", as: as[*net.OpError],
		},
		{
			name: "refused proxy, behind a RoundTripper of somebody else's", place: func(t *testing.T) place {
				t.Helper()
				proxy := &url.URL{Scheme: "http", User: url.UserPassword(planted, planted), Host: closedPort(t)}
				hc := client(t, func(tr *http.Transport) { tr.Proxy = http.ProxyURL(proxy) })
				hc.Transport = struct{ http.RoundTripper }{hc.Transport} // as instrumentation is
				return place{base: "https://host.test", proxy: proxy.Host, count: none, hc: hc}
			},
			attempts: again, outcome: unsent, text: "PROXY could not be reached: the connection was refused", as: as[*net.OpError],
		},
		{
			// The proxy's answer is a plain error without a type.
			name: "refused CONNECT", place: func(t *testing.T) place {
				t.Helper()
				var n atomic.Int64
				proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method != http.MethodConnect {
						n.Add(1)
					}
					w.WriteHeader(http.StatusForbidden)
				}))
				t.Cleanup(proxy.Close)
				at, err := url.Parse(proxy.URL)
				require.NoError(t, err)
				return place{base: "https://host.test", count: n.Load, hc: client(t, func(tr *http.Transport) { tr.Proxy = http.ProxyURL(at) })}
			},
			attempts: again, outcome: unsent, text: "the proxy refused the connection",
		},
		{
			name: "EOF", place: writing(""), sent: true,
			attempts: spare, outcome: unknown, text: "the connection was closed before an answer came", is: []error{io.EOF},
		},
		{
			name: "broken header", place: writing("HTTP/1.1 200 OK\r\nX-Test: " + planted + "\r\n"), sent: true,
			attempts: spare, outcome: unknown, text: "the connection was closed before an answer came", is: []error{io.ErrUnexpectedEOF},
		},
		{
			name: "reset", place: dropping(func(conn net.Conn) {
				if tcp, ok := conn.(*net.TCPConn); ok {
					_ = tcp.SetLinger(0) // the test's own kernel supports it
				}
			}), sent: true,
			attempts: spare, outcome: unknown, text: "the connection was reset before an answer came",
			is: []error{syscall.ECONNRESET}, as: as[*net.OpError],
		},
		{
			name: "garbage", place: writing(planted + " is not HTTP\r\n\r\n"), sent: true,
			attempts: spare, outcome: unknown, text: "the HTTP client failed before an answer came (*fmt.wrapError)",
		},
		{
			name: "other protocol", sent: true,
			place:    writing("HTTP/1.1 101 Switching Protocols\r\nUpgrade: " + planted + "\r\nConnection: Upgrade\r\n\r\n"),
			attempts: spare, outcome: unknown, text: "the HTTP client failed before an answer came (*errors.errorString)",
		},
		{
			name: "no evidence", place: func(t *testing.T) place {
				t.Helper()
				var n atomic.Int64
				cause := fmt.Errorf("Post \"https://host.test/%s\": %w", planted, io.ErrClosedPipe)
				return place{base: "https://host.test", count: n.Load, hc: fake(func(*http.Request) (*http.Response, error) {
					n.Add(1)
					return nil, &url.Error{Op: "Post", URL: planted, Err: cause}
				})}
			}, sent: true,
			attempts: spare, outcome: unknown, text: "the HTTP client failed before an answer came (*fmt.wrapError)", is: []error{io.ErrClosedPipe},
		},
		{
			// A kind of error that says "not sent" is no evidence for what must go out once.
			name: "refused without evidence", place: func(t *testing.T) place {
				t.Helper()
				var n atomic.Int64
				return place{base: "https://host.test", count: n.Load, hc: fake(func(*http.Request) (*http.Response, error) {
					n.Add(1)
					return nil, syscall.ECONNREFUSED
				})}
			}, sent: true,
			attempts: spare, outcome: [3]Outcome{NotSent, NotSent, Unknown}, text: "the connection was refused", is: []error{syscall.ECONNREFUSED},
		},
		{
			name: "httpmock", place: func(t *testing.T) place {
				t.Helper()
				mock := httpmock.NewMockTransport()
				mock.RegisterNoResponder(httpmock.NewErrorResponder(errors.New(planted)))
				return place{base: "https://host.test", hc: &http.Client{Transport: mock}, count: func() int64 { return int64(mock.GetTotalCallCount()) }}
			}, sent: true,
			attempts: spare, outcome: unknown, text: "the HTTP client failed before an answer came (*errors.errorString)",
		},
		{
			name: "nothing at all", place: func(t *testing.T) place {
				t.Helper()
				var n atomic.Int64
				return place{base: "https://host.test", count: n.Load, hc: fake(func(*http.Request) (*http.Response, error) {
					n.Add(1)
					return nil, nil //nolint:nilnil // what a broken RoundTripper does
				})}
			}, sent: true,
			attempts: spare, outcome: unknown, text: "the HTTP client returned neither an answer nor an error",
		},
	}
}

// refusing is a server whose success is refused by the decoder.
func refusing(err error) func(*testing.T) place {
	return func(t *testing.T) place {
		t.Helper()
		p := answering(answers(201, `{"name":"`+planted+`"}`))(t)
		p.into = decoder(func(status int, body []byte) error {
			assert.Equal(t, 201, status)
			assert.JSONEq(t, `{"name":"`+planted+`"}`, string(body))
			return err
		})
		return p
	}
}

// answerRows are successes that cannot be read.
func answerRows() []row {
	foreign := errors.New("invalid character in " + planted)
	return []row{
		{
			name: "truncated", sent: true, place: answering(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "100")
				io.WriteString(w, ` {"name":"`+planted)
			}),
			attempts: spare, outcome: lost, text: "the answer (status 200) broke off", is: []error{io.ErrUnexpectedEOF},
		},
		{
			name: "truncated page", sent: true, place: answering(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "100")
				io.WriteString(w, "<html>"+planted)
			}),
			attempts: spare, outcome: unknown, text: "the answer (status 200) broke off", is: []error{io.ErrUnexpectedEOF},
		},
		{
			name: "truncated chunk", sent: true, place: writing("HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n[" + planted),
			attempts: spare, outcome: lost, text: "the answer (status 202) broke off", is: []error{io.ErrUnexpectedEOF},
		},
		{
			name: "bad compression", sent: true, place: answering(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Encoding", "gzip")
				io.WriteString(w, planted+" is not compressed")
			}),
			attempts: spare, outcome: unknown, text: "the answer (status 200) broke off",
		},
		{
			name: "undecodable", sent: true, place: refusing(foreign),
			attempts: spare, outcome: lost, text: "the answer (status 201) could not be understood", is: []error{foreign},
		},
		{
			name: "unfit", sent: true, place: refusing(BadAnswer("speaks of another session")),
			attempts: spare, outcome: lost, text: "the answer (status 201) speaks of another session",
		},
		{
			name: "undecodable for good", sent: true, place: refusing(Final(errors.New("does not fit"))),
			attempts: once, outcome: lost, text: "the answer (status 201) does not fit",
		},
		{
			name: "too large", sent: true, place: func(t *testing.T) place {
				t.Helper()
				p := answering(answers(200, "["+strings.Repeat(planted, 10)))(t)
				p.limit = 10
				return p
			},
			attempts: once, outcome: unknown, text: "the answer (status 200) is larger than the limit",
		},
	}
}

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
