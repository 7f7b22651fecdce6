package suite

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

var soakTime = flag.Duration("soak", 0, "how long TestSoak goes on with other seeds; 0: one round")

// TestSoak: rounds in which many workers import, one call in five fails in some way, clients are
// thrown away at random. Afterwards there is exactly one copy per source, and every
// caller has it.
func TestSoak(t *testing.T) {
	t.Parallel()
	for name, newServer := range protocols {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			end := time.Now().Add(*soakTime)
			for seed := uint64(7); seed == 7 || time.Now().Before(end) && !t.Failed(); seed++ {
				soak(t, newServer(didittest.WithHistory(0), didittest.WithSeed(seed)), name, seed)
			}
		})
	}
}

func soak(t *testing.T, server *didittest.Server, protocol string, seed uint64) {
	defer server.Close()
	appA, appB := server.AddApplication("A"), server.AddApplication("B")
	faults := soakFaults(server, faultKinds(protocol))

	const workers, jobs = 16, 3000
	var started, calls, recovered, crashed, open atomic.Int64
	var mu sync.Mutex
	result := map[string]string{} // source: copy
	var wg sync.WaitGroup
	for worker := range workers {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(seed, uint64(worker)))
			client := soakClient(appB)
			for n := started.Add(1); n <= jobs; n = started.Add(1) {
				kind := didit.KindUser
				if n%5 == 0 {
					kind = didit.KindBusiness
				}
				source := appA.AddSession(didittest.SessionFixture{Kind: kind, NoDecision: true})
				params := didit.ImportSharedSessionParams{
					Token: appA.Share(source, appB, 0), WorkflowID: appB.Workflow(kind), Review: didit.ReviewAgain,
					VendorData: fmt.Sprintf("customer-%d", n),
				}
				// The customer's own sessions do not say that they are nobody's copy.
				appB.AddSession(didittest.SessionFixture{Kind: kind, NoDecision: true, VendorData: params.VendorData})
				for {
					calls.Add(1)
					s, err := client.ImportSharedSession(t.Context(), params)
					if rng.IntN(20) == 0 { // the worker dies with its answer; another takes the job over
						crashed.Add(1)
						client = soakClient(appB)
						params.Resume = true
						continue
					}
					if err == nil {
						if s.Recovered {
							recovered.Add(1)
						}
						mu.Lock()
						result[source] = s.SessionID
						mu.Unlock()
						break
					}
					if !didit.Retryable(err) && !errors.Is(err, didit.ErrShareTokenInvalid) && !isRedirect(err) {
						assert.NoError(t, err, "job %d", n)
						return
					}
					if errors.Is(err, didit.ErrOutcomeUnknown) {
						open.Add(1)
					}
					params.Resume = true
					server.Advance(10 * time.Second) // what was under way arrives
				}
			}
		})
	}
	wg.Wait()
	server.Advance(time.Hour)

	copies := map[string][]string{}
	for _, s := range appB.Sessions() {
		if s.SharedFrom == "" {
			continue
		}
		copies[s.SharedFrom] = append(copies[s.SharedFrom], s.ID)
	}
	assert.Len(t, result, jobs)
	assert.Len(t, copies, len(result))
	for source, id := range result {
		if assert.Len(t, copies[source], 1, "copies of one source") {
			assert.Equal(t, copies[source][0], id, "what the caller has")
		}
	}
	fired := 0
	for kind, f := range faults {
		assert.Positive(t, f.Fired(), "%s never happened", kind)
		fired += f.Fired()
	}
	t.Logf("%d imports in %d calls: %d faults, %d outcomes open, %d recovered, %d workers lost; %d copies, each its caller's",
		len(result), calls.Load(), fired, open.Load(), recovered.Load(), crashed.Load(), len(copies))
}

func isRedirect(err error) bool {
	var api *didit.APIError
	return errors.As(err, &api) && api.StatusCode == http.StatusFound
}

func soakClient(app *didittest.Application) *didit.Client {
	return app.Client(didit.WithRetryWait(0, 0), didit.WithMaxRetries(2), didit.WithMaxRetryAfter(0), didit.WithAttemptTimeout(2*time.Second))
}

// soakFaults makes about one call in five fail.
func soakFaults(server *didittest.Server, kinds []didittest.FaultKind) map[didittest.FaultKind]*didittest.Injected {
	all := map[didittest.FaultKind]*didittest.Injected{}
	for _, kind := range kinds {
		f := didittest.Fault{Operation: didittest.OpAny, Kind: kind, Times: -1, Probability: 0.018}
		switch kind {
		case didittest.FaultAppliedLate:
			f.Delay = 20 * time.Second
		case didittest.FaultSlow:
			f.Delay = time.Millisecond
		case didittest.FaultHugeBody:
			f.Size, f.Probability = 17<<20, 0.002
		}
		all[kind] = server.Inject(f)
	}
	return all
}
