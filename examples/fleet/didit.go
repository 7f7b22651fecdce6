package main

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// played is Didit, played in this process.
type played struct {
	*didittest.Server
	a, b           *didittest.Application
	people         []string // A's sessions
	faults         []*didittest.Injected
	answered       atomic.Int64
	denied         atomic.Int64 // by the rate limit
	importRequests atomic.Int64
}

// playDidit starts the stand-in, with A's people and the faults.
func (d *day) playDidit() *played {
	p := new(played)
	p.Server = didittest.NewServer(
		didittest.WithRateLimits(d.perMinute, 2*d.perMinute), didittest.WithHistory(0), didittest.WithObserver(p.count),
		didittest.WithRepeatedImports(d.repeated),
	)
	p.a, p.b = p.AddApplication("Invented Bank"), p.AddApplication("Invented Fintech")
	for n := range d.people {
		p.people = append(p.people, p.a.AddSession(didittest.SessionFixture{VendorData: fmt.Sprintf("customer-%d", n+1)}))
	}
	p.inject(d.faults, d.repeated)
	return p
}

// inject has a share of A's shares and of all of B's calls go wrong, in every way there is.
func (p *played) inject(share float64, repeated bool) {
	var kinds []didittest.FaultKind
	for _, kind := range didittest.FaultKinds() {
		// A copy that is made after the last search is found only where Didit refuses the
		// second import.
		if share > 0 && (kind != didittest.FaultAppliedLate || !repeated) {
			kinds = append(kinds, kind)
		}
	}
	for i, kind := range kinds {
		each := share / float64(len(kinds))
		f := didittest.Fault{Kind: kind, Times: -1, Probability: each / (1 - each*float64(i))} // those before it are asked first
		switch kind {
		case didittest.FaultRateLimited, didittest.FaultRateLimitedBare:
			f.Probability /= 20 // a pace learns from each: many that name no limit teach it to crawl
		case didittest.FaultAppliedLate:
			f.Delay = 5 * time.Second
		case didittest.FaultSlow:
			f.Delay = 20 * time.Second // longer than an answer is waited for
		case didittest.FaultHugeBody:
			f.Size = 17 << 20 // more than a client reads
		}
		f.Operation, f.Application = didittest.OpShareSession, p.a.ID
		shares := p.Inject(f)
		f.Operation, f.Application = didittest.OpAny, p.b.ID
		p.faults = append(p.faults, shares, p.Inject(f))
	}
}

// count is told of every request.
func (p *played) count(r didittest.Request) {
	p.answered.Add(1)
	if r.Operation == didittest.OpImportSharedSession {
		p.importRequests.Add(1)
	}
	if r.Status == http.StatusTooManyRequests && r.Fault == "" {
		p.denied.Add(1)
	}
}

func (p *played) wrong() (n int) {
	for _, f := range p.faults {
		n += f.Fired()
	}
	return n
}

// settings are what the other processes are told.
func (p *played) settings(database string) *settings {
	s := &settings{
		database: database, didit: p.URL(), a: partner{p.a.ID, p.a.APIKey}, b: partner{p.b.ID, p.b.APIKey},
		workflow: p.b.Workflow(didit.KindUser), sealing: make([]byte, 32),
	}
	_, _ = rand.Read(s.sealing) // never fails
	return s
}
