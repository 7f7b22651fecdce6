package bulk_test

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/bulk"
	"github.com/didit-go/didit/didittest"
)

// world is the stand-in with two partners, behind pipes instead of sockets, so that it
// runs in virtual time.
type world struct {
	t      *testing.T
	server *didittest.Server
	a, b   *didittest.Application
	http   *http.Client
}

func newWorld(t *testing.T, opts ...didittest.Option) *world {
	t.Helper()
	pipes := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	server := didittest.NewServer(append(opts, didittest.WithListener(pipes))...)
	t.Cleanup(server.Close)
	transport := &http.Transport{DialContext: pipes.dial, MaxIdleConnsPerHost: 128}
	t.Cleanup(transport.CloseIdleConnections)
	return &world{t, server, server.AddApplication("Partner A"), server.AddApplication("Partner B"), &http.Client{Transport: transport}}
}

// client is an application's, as the package's documentation recommends it.
func (w *world) client(a *didittest.Application, opts ...didit.Option) *didit.Client {
	return a.Client(append([]didit.Option{didit.WithHTTPClient(w.http), didit.WithMaxRetries(0)}, opts...)...)
}

// shares makes n sessions of A's that are to be shared with B.
func (w *world) shares(n int) []bulk.ShareItem {
	items := make([]bulk.ShareItem, n)
	for i := range items {
		items[i] = bulk.ShareItem{
			SessionID: w.a.AddSession(didittest.SessionFixture{}),
			Params:    didit.ShareSessionParams{ForApplicationID: w.b.ID, TTL: time.Hour},
		}
	}
	return items
}

// imports makes n tokens for B.
func (w *world) imports(n int) []bulk.ImportItem {
	items := make([]bulk.ImportItem, n)
	for i := range items {
		items[i] = bulk.ImportItem{Params: w.params("customer-" + strconv.Itoa(i+1))}
	}
	return items
}

func (w *world) params(vendorData string) didit.ImportSharedSessionParams {
	return didit.ImportSharedSessionParams{
		Token:      w.a.Share(w.a.AddSession(didittest.SessionFixture{}), w.b, time.Hour),
		WorkflowID: w.b.Workflow(didit.KindUser), Review: didit.ReviewAgain, VendorData: vendorData,
	}
}

// copies are B's sessions.
func (w *world) copies() int { return len(w.b.Sessions()) }

// arrived counts the requests of an operation.
func (w *world) arrived(op didittest.Operation) (n int) {
	for _, r := range w.server.Requests() {
		if r.Operation == op {
			n++
		}
	}
	return n
}

// pipes is a listener in memory.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
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

func (p *pipes) Addr() net.Addr { return address{} }

// address passes for loopback, so that the client takes plain HTTP.
type address struct{}

func (address) Network() string { return "pipe" }
func (address) String() string  { return "127.0.0.1:80" }

// memory is a Checkpoint that tests look into.
type memory struct {
	mu        sync.Mutex
	records   map[string]bulk.Record
	log       []bulk.Record
	lookup    func(id string) error
	recording func(bulk.Record) error
}

func (m *memory) Lookup(_ context.Context, id string) (bulk.Record, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.lookup != nil {
		if err := m.lookup(id); err != nil {
			return bulk.Record{}, false, err
		}
	}
	r, ok := m.records[id]
	return r, ok, nil
}

func (m *memory) Record(ctx context.Context, r bulk.Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.recording != nil {
		if err := m.recording(r); err != nil {
			return err
		}
	}
	if m.records == nil {
		m.records = map[string]bulk.Record{}
	}
	m.records[r.ID] = r
	m.log = append(m.log, r)
	return nil
}

func (m *memory) get(id string) bulk.Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.records[id]
}

// ids are those that are recorded in a state.
func (m *memory) ids(state bulk.State) (ids []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, r := range m.records {
		if r.State == state {
			ids = append(ids, id)
		}
	}
	return ids
}

// collect ranges over a whole run.
func collect[I, V any](t *testing.T, run *bulk.Run[I, V]) (all []*bulk.Result[I, V]) {
	t.Helper()
	for r := range run.All() {
		all = append(all, r)
	}
	require.NoError(t, run.Err())
	return all
}
