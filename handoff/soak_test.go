package handoff_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/handoff"
)

var soak = flag.Duration("soak", 0, "hand a thousand people over each way, again and again for this long")

// TestSoakPartners hands people over by push and by pull, while answers are lost on
// every leg and both processes are killed again and again. Everybody arrives once.
func TestSoakPartners(t *testing.T) {
	t.Parallel()
	people, until := 200, time.Now().Add(*soak)
	if *soak > 0 {
		people = 1000
	}
	for round := uint64(1); round == 1 || time.Now().Before(until); round++ {
		synctest.Test(t, func(t *testing.T) { newSoak(t, round).run(people) })
	}
}

type soaking struct {
	*testing.T
	rng       *rand.Rand
	net       *pipes
	transport *http.Transport
	world     *world

	mu        sync.Mutex
	a, b      *process
	receiver  http.Handler // of B's current process
	grantor   http.Handler // of A's
	importers map[*process]func(context.Context, handoff.Envelope) (*handoff.Receipt, error)

	envelopes table[handoff.Envelope] // A's, sealed in production
	sessions  table[string]           // A's: the session of each reference
	arrived   table[string]           // B's: the copy of each reference
	ledgerA   side
	ledgerB   side
	minting   int // shares that A's program asked for
	wasted    int // of which no token was stored
}

func newSoak(t *testing.T, seed uint64) *soaking {
	s := &soaking{T: t, rng: rand.New(rand.NewPCG(seed, 0)), net: &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}}
	s.world = &world{server: didittest.NewServer(didittest.WithListener(s.net), didittest.WithSeed(seed), didittest.WithReimport(seed%2 == 1), didittest.WithHistory(0), didittest.WithLatency(100*time.Millisecond))}
	s.world.a, s.world.b = s.world.server.AddApplication("Bank"), s.world.server.AddApplication("Fintech")
	s.transport = &http.Transport{DialContext: s.net.dial, MaxIdleConnsPerHost: 64}
	s.importers = make(map[*process]func(context.Context, handoff.Envelope) (*handoff.Receipt, error))
	return s
}

func (s *soaking) chance(percent int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rng.IntN(100) < percent
}

func (s *soaking) process() *process {
	ctx, kill := context.WithCancel(context.Background())
	return &process{ctx: ctx, kill: kill, next: s.transport}
}

func client(app *didittest.Application, p *process) *didit.Client {
	return app.Client(didit.WithHTTPClient(&http.Client{Transport: p}))
}

// startA starts A's program anew, and kills the one before.
func (s *soaking) startA() {
	p := s.process()
	c := client(s.world.a, p)
	grantor, err := handoff.NewGrantor(s.world.a.ID, handoff.Secrets{s.world.b.ID: {secret(s, otherText)}},
		func(ctx context.Context, q handoff.Request) (*handoff.Envelope, error) {
			session, known := s.sessions.get(q.Reference)
			if !known {
				return nil, handoff.ErrRejected
			}
			return share(ctx, c, session, s.world.b.ID)
		}, handoff.WithAuditHook(p.ledger(&s.ledgerA)))
	require.NoError(s, err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.a != nil {
		s.a.kill()
	}
	s.a, s.grantor = p, grantor
}

func (s *soaking) startB() {
	p := s.process()
	policy := handoff.ImportPolicy{Partners: []string{s.world.a.ID}, Review: didit.TrustSourceReview,
		Workflows: didit.Workflows{User: s.world.b.Workflow(didit.KindUser)}}
	importer := handoff.Importer(client(s.world.b, p), policy, func(_ context.Context, e handoff.Envelope, copied *didit.ImportedSession) error {
		if p.ctx.Err() != nil {
			return p.ctx.Err()
		}
		s.arrived.put(e.Reference, copied.SessionID)
		return nil
	})
	receiver, err := handoff.NewReceiver(s.world.b.ID, handoff.Secrets{s.world.a.ID: {secret(s, secretText)}}, importer, handoff.WithAuditHook(p.ledger(&s.ledgerB)))
	require.NoError(s, err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.b != nil {
		s.b.kill()
	}
	s.b, s.receiver, s.importers[p] = p, receiver, importer
}

// ledger is a hook on disk: a process that was killed writes nothing more.
func (p *process) ledger(to *side) func(context.Context, handoff.AuditEvent) error {
	return func(ctx context.Context, e handoff.AuditEvent) error {
		if p.ctx.Err() != nil {
			return p.ctx.Err()
		}
		return to.hook(ctx, e)
	}
}

// between is the network from one partner's program to the other's: one answer in four
// is lost, and so are all of a process that was killed meanwhile.
type between struct {
	s    *soaking
	here *process
	open func() (http.Handler, *process)
}

func (b *between) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.here.ctx.Err() != nil {
		return nil, net.ErrClosed
	}
	handler, there := b.open()
	w := &wire{handler: handler, lose: func(int) bool { return there.ctx.Err() != nil || b.s.chance(25) }}
	return w.RoundTrip(r)
}

func (s *soaking) toB() (http.Handler, *process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.receiver, s.b
}

func (s *soaking) toA() (http.Handler, *process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.grantor, s.a
}

func share(ctx context.Context, c *didit.Client, session, target string) (*handoff.Envelope, error) {
	shared, err := c.ShareSession(ctx, session, didit.ShareSessionParams{ForApplicationID: target, TTL: 24 * time.Hour})
	if err != nil {
		return nil, err
	}
	return &handoff.Envelope{Token: shared.Token, SessionKind: shared.SessionKind, SourceSessionID: shared.SessionID, ExpiresAt: shared.ExpiresAt()}, nil
}

// pushOne is A's job for one person, as one life of its program gets on with it.
func (s *soaking) pushOne(ref string) bool {
	_, p := s.toA()
	e, stored := s.envelopes.get(ref)
	if !stored {
		session, _ := s.sessions.get(ref)
		minted, err := share(p.ctx, client(s.world.a, p), session, s.world.b.ID)
		s.mu.Lock()
		s.minting++
		if lost := err != nil || p.ctx.Err() != nil; lost {
			s.wasted++
			s.mu.Unlock()
			return false
		}
		s.mu.Unlock()
		e = *minted
		e.ID, e.FromApplicationID, e.ForApplicationID, e.Reference = "push-"+ref, s.world.a.ID, s.world.b.ID, ref
		s.envelopes.put(ref, e)
	}
	sender, err := handoff.NewSender(where, secret(s, secretText), handoff.WithAuditHook(p.ledger(&s.ledgerA)),
		handoff.WithHTTPClient(&http.Client{Transport: &between{s, p, s.toB}}))
	require.NoError(s, err)
	_, err = sender.Send(p.ctx, e)
	return err == nil
}

// pullOne is B's.
func (s *soaking) pullOne(ref string) bool {
	_, p := s.toB()
	s.mu.Lock()
	importer := s.importers[p]
	s.mu.Unlock()
	requester, err := handoff.NewRequester(where, secret(s, otherText), handoff.WithAuditHook(p.ledger(&s.ledgerB)),
		handoff.WithHTTPClient(&http.Client{Transport: &between{s, p, s.toA}}))
	require.NoError(s, err)
	e, err := requester.Request(p.ctx, handoff.Request{ID: "pull-" + ref, FromApplicationID: s.world.a.ID, ForApplicationID: s.world.b.ID, Reference: ref})
	if err != nil {
		return false
	}
	_, err = importer(p.ctx, *e)
	return err == nil
}

func (s *soaking) run(people int) {
	s.startA()
	s.startB()
	for _, op := range []didittest.Operation{didittest.OpShareSession, didittest.OpImportSharedSession, didittest.OpListSessions} {
		s.world.server.Inject(didittest.Fault{Operation: op, Kind: didittest.FaultAnswerLost, Times: -1, Probability: 0.2})
	}
	jobs := make(chan func(), 2*people)
	for i := range people {
		for kind, one := range map[string]func(string) bool{"pushed": s.pushOne, "pulled": s.pullOne} {
			ref := fmt.Sprintf("%s-%d", kind, i)
			s.sessions.put(ref, s.world.a.AddSession(didittest.SessionFixture{}))
			jobs <- func() {
				for !one(ref) {
					time.Sleep(time.Second)
				}
			}
		}
	}
	close(jobs)
	finished := make(chan struct{})
	kills := make(chan int)
	go func() {
		n := 0
		defer func() { kills <- n }()
		for {
			select {
			case <-finished:
				return
			case <-time.After(time.Duration(1+n%7) * 300 * time.Millisecond):
			}
			if n++; s.chance(50) {
				s.startA()
			} else {
				s.startB()
			}
		}
	}()
	var workers sync.WaitGroup
	for range 16 {
		workers.Go(func() {
			for job := range jobs {
				job()
			}
		})
	}
	workers.Wait()
	close(finished)
	n := <-kills
	s.check(people, n)
	_, a := s.toA()
	_, b := s.toB()
	a.kill()
	b.kill()
	time.Sleep(10 * time.Minute) // what a killed process had begun ends by itself
	s.transport.CloseIdleConnections()
	s.world.server.Close()
}

func (s *soaking) check(people, kills int) {
	copies := make(map[string]int)
	for _, c := range s.world.b.Sessions() {
		copies[c.VendorData]++
		id, _ := s.arrived.get(c.VendorData)
		assert.Equal(s, id, c.ID)
	}
	assert.Len(s, copies, 2*people)
	for ref, n := range copies {
		assert.Equal(s, 1, n, "%s arrived once", ref)
	}
	assert.Equal(s, people+s.wasted, s.minting, "a push asks for a token only while none is stored")
	for _, ledger := range []*side{&s.ledgerA, &s.ledgerB} {
		known := make(map[string]bool)
		for _, e := range ledger.all() {
			if e.Outcome == handoff.AuditOK || e.Outcome == handoff.AuditRepeated {
				known[e.Reference] = true
			}
		}
		assert.Len(s, known, 2*people, "every hand-off is in both ledgers")
	}
	s.Logf("%d people each way, %d kills, %d shares without a result", people, kills, s.wasted)
}
