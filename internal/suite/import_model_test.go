package suite

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// TestImportModel walks every script of two steps, and with -soak of three: one of two processes calls
// ImportSharedSession, its request meets a fault or it dies with its answer, and time
// passes. Whatever happened, at the end
//
//   - there is at most one copy of the source,
//   - every session that was returned is that copy,
//   - a refusal that was stated as final is true: there is no copy, and never will be,
//   - calling again comes to an end, with the copy if there is one. Without vendor data
//     the copy may only be named, as a candidate.
func TestImportModel(t *testing.T) {
	t.Parallel()
	depth := 2
	if *soakTime > 0 {
		depth = 3
	}
	for _, world := range modelWorlds {
		t.Run(world.name, func(t *testing.T) {
			t.Parallel()
			scripts := make(chan []modelStep)
			var wg sync.WaitGroup
			for range runtime.GOMAXPROCS(0) {
				wg.Go(func() {
					m := newModel(world)
					defer m.server.Close()
					for script := range scripts {
						if err := m.run(t, script); err != nil {
							t.Errorf("%v: %v", script, err)
						}
					}
				})
			}
			n := 0
			eachScript(min(depth, world.depth), nil, func(script []modelStep) {
				n++
				scripts <- script
			})
			close(scripts)
			wg.Wait()
			t.Logf("%d scripts", n)
		})
	}
}

type modelWorld struct {
	name    string
	vendor  bool
	lag     time.Duration
	dialect didittest.Dialect
	server  func(...didittest.Option) *didittest.Server
	depth   int
}

var modelWorlds = []modelWorld{
	{"vendor data", true, 0, didittest.DialectNewest, didittest.NewServer, 3},
	{"vendor data, the list lags, HTTP/2", true, 20 * time.Second, didittest.DialectDecision, didittest.NewTLSServer, 2},
	{"no vendor data, HTTP/2", false, 0, didittest.DialectDecision, didittest.NewTLSServer, 2},
	{"no vendor data, the list lags", false, 20 * time.Second, didittest.DialectNewest, didittest.NewServer, 2},
}

type modelStep struct {
	process int
	fault   string
	passes  time.Duration
}

func (s modelStep) String() string {
	return fmt.Sprintf("process %d: %s, then %v", s.process, s.fault, s.passes)
}

const tokenLife = time.Hour

var (
	modelFaults = []string{"answered", "dies with its answer", "answer lost", "answer lost, search fails", "dropped", "arrives late"}
	modelTimes  = []time.Duration{0, 2 * time.Minute, tokenLife + 11*time.Minute}
)

// eachScript calls f with every script of the depth; the first step is process 0's,
// because the two are alike.
func eachScript(depth int, script []modelStep, f func([]modelStep)) {
	if len(script) == depth {
		f(append([]modelStep(nil), script...))
		return
	}
	for process := range min(len(script)+1, 2) {
		for _, fault := range modelFaults {
			for _, passes := range modelTimes {
				eachScript(depth, append(script, modelStep{process, fault, passes}), f)
			}
		}
	}
}

type model struct {
	world  modelWorld
	server *didittest.Server
	a, b   *didittest.Application
	client *didit.Client
}

func newModel(world modelWorld) *model {
	start := time.Now()
	server := world.server(didittest.WithHistory(0), didittest.WithDialect(world.dialect), didittest.WithListLag(world.lag),
		didittest.WithInheritedVendorData(false), didittest.WithClock(func() time.Time { return start }))
	m := &model{world: world, server: server, a: server.AddApplication("A"), b: server.AddApplication("B")}
	m.client = m.b.Client(didit.WithRetryWait(0, 0), didit.WithMaxRetries(0))
	return m
}

func (m *model) run(t *testing.T, script []modelStep) error {
	t.Helper()
	source := m.a.AddSession(didittest.SessionFixture{NoDecision: true})
	params := didit.ImportSharedSessionParams{
		Token: m.a.Share(source, m.b, tokenLife), WorkflowID: m.b.Workflow(didit.KindUser), Review: didit.ReviewAgain,
	}
	if m.world.vendor {
		params.VendorData = "customer-" + source
	}
	var returned []*didit.ImportedSession
	final := false
	var called [2]bool
	for _, step := range script {
		params.Resume = called[step.process]
		called[step.process] = true
		s, err := m.step(t, step, params)
		if err == nil {
			returned = append(returned, s)
		}
		final = final || params.Resume && isFinal(err)
		m.server.Advance(step.passes)
	}

	// Somebody goes on until it is over.
	params.Resume = true
	var s *didit.ImportedSession
	var err error
	for range 20 {
		s, err = m.client.ImportSharedSession(t.Context(), params)
		if err == nil || isFinal(err) {
			break
		}
		m.server.Advance(5 * time.Minute)
	}
	final = final || isFinal(err)
	if err == nil {
		returned = append(returned, s)
	}
	m.server.Advance(2 * time.Hour) // nothing is left under way

	var copies []string
	for _, one := range m.b.Sessions() {
		if one.SharedFrom == source {
			copies = append(copies, one.ID)
		}
	}
	for _, id := range copies {
		m.b.DeleteSession(id) // the next script begins with an empty list
	}
	switch {
	case len(copies) > 1:
		return fmt.Errorf("%d copies", len(copies))
	case final && len(copies) > 0:
		return errors.New("refused for good, and there is a copy")
	}
	for _, s := range returned {
		if len(copies) != 1 || s.SessionID != copies[0] || s.SharedFromSession != source {
			return errors.New("returned a session that is not the copy")
		}
	}
	var call *didit.CallError
	switch {
	case err == nil || isFinal(err):
	case m.world.vendor:
		return fmt.Errorf("no end: %w", err)
	case !errors.As(err, &call) || len(copies) != 1 || len(call.Candidates) != 1 || call.Candidates[0] != copies[0]:
		return fmt.Errorf("no end, and the copy is not named: %w", err)
	}
	return nil
}

// isFinal reports a refusal that claims to be the last word.
func isFinal(err error) bool {
	var call *didit.CallError
	return err != nil && !errors.As(err, &call)
}

func (m *model) step(t *testing.T, step modelStep, params didit.ImportSharedSessionParams) (*didit.ImportedSession, error) {
	t.Helper()
	var injected []*didittest.Injected
	inject := func(f didittest.Fault) { injected = append(injected, m.server.Inject(f)) }
	const op = didittest.OpImportSharedSession
	switch step.fault {
	case "answer lost":
		inject(didittest.Fault{Operation: op, Kind: didittest.FaultAnswerLost})
	case "answer lost, search fails":
		inject(didittest.Fault{Operation: op, Kind: didittest.FaultAnswerLost})
		inject(didittest.Fault{Operation: didittest.OpListSessions, Kind: didittest.FaultErrorBefore, Times: -1})
	case "dropped":
		inject(didittest.Fault{Operation: op, Kind: didittest.FaultDropped})
	case "arrives late":
		inject(didittest.Fault{Operation: op, Kind: didittest.FaultAppliedLate, Delay: 90 * time.Second})
	}
	s, err := m.client.ImportSharedSession(t.Context(), params)
	for _, i := range injected {
		i.Stop()
	}
	if step.fault == "dies with its answer" {
		return nil, errors.Join(&didit.CallError{}, err) // what nobody heard is not held against anybody
	}
	if err == nil {
		require.NotNil(t, s)
	}
	return s, err
}
