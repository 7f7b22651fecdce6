package handoff_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
)

// pipes is a network inside the bubble: real sockets would stop its clock.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// process is one life of a partner's program: nothing that it does arrives once it was killed.
type process struct {
	ctx  context.Context //nolint:containedctx // the life of the process
	kill context.CancelFunc
	next http.RoundTripper
}

func (p *process) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(r.Context())
	stop := context.AfterFunc(p.ctx, cancel) //nolint:contextcheck // the process has a life of its own
	resp, err := p.next.RoundTrip(r.WithContext(ctx))
	if err != nil || p.ctx.Err() != nil {
		stop()
		cancel()
		return nil, errors.Join(err, p.ctx.Err())
	}
	resp.Body = &dying{resp.Body, func() { stop(); cancel() }}
	return resp, nil
}

type dying struct {
	io.ReadCloser
	end func()
}

func (d *dying) Close() error {
	defer d.end()
	return d.ReadCloser.Close()
}

// table is what a partner has on disk: it outlives the processes.
type table[V any] struct {
	mu   sync.Mutex
	rows map[string]V
}

func (t *table[V]) get(key string) (V, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	v, ok := t.rows[key]
	return v, ok
}

func (t *table[V]) put(key string, v V) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.rows == nil {
		t.rows = make(map[string]V)
	}
	t.rows[key] = v
}
