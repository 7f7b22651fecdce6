package dbtest_test

import (
	"context"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxy stands before a PostgreSQL server, which goes away when the proxy does.
type proxy struct {
	source, address, server string

	mu       sync.Mutex
	listener net.Listener
	gone     bool
	conns    []net.Conn
	done     sync.WaitGroup
	t        *testing.T
}

func newProxy(t *testing.T, source string) *proxy {
	t.Helper()
	u, err := url.Parse(source)
	require.NoError(t, err)
	p := &proxy{address: "127.0.0.1:0", server: u.Host, t: t}
	p.back()
	p.address = p.listener.Addr().String()
	u.Host = p.address
	p.source = u.String()
	t.Cleanup(p.away)
	return p
}

func (p *proxy) back() {
	listener, err := new(net.ListenConfig).Listen(context.WithoutCancel(p.t.Context()), "tcp", p.address)
	require.NoError(p.t, err)
	p.listener, p.gone = listener, false
	p.done.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := new(net.Dialer).DialContext(context.WithoutCancel(p.t.Context()), "tcp", p.server)
			if err != nil {
				_ = client.Close()
				continue
			}
			p.mu.Lock()
			p.conns = append(p.conns, client, server)
			if p.gone {
				_, _ = client.Close(), server.Close()
			}
			p.mu.Unlock()
			for _, pair := range [][2]net.Conn{{client, server}, {server, client}} {
				p.done.Go(func() {
					_, _ = io.Copy(pair[0], pair[1])
					_, _ = pair[0].Close(), pair[1].Close()
				})
			}
		}
	})
}

func (p *proxy) away() {
	_ = p.listener.Close()
	p.mu.Lock()
	p.gone = true
	for _, c := range p.conns {
		_ = c.Close()
	}
	p.conns = nil
	p.mu.Unlock()
	p.done.Wait()
}
