package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/didit-go/didit/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// store is a right store, of which each flaw spoils one thing.
type store struct {
	mu    sync.Mutex
	now   time.Time
	rows  map[string]row
	n     int
	flaws map[flaw]bool
}

type row struct {
	owner string
	done  bool
	until time.Time
}

type flaw string

const (
	ignoresLease     flaw = "leases never lapse"
	fixedLease       flaw = "every lease is 45 s"
	prolongs         flaw = "asking prolongs the lease"
	forgetsDone      flaw = "done events are not kept"
	forgetsSoon      flaw = "done events are forgotten after an hour"
	neverForgets     flaw = "done events are kept for ever"
	keepsReleased    flaw = "a release does nothing"
	reopens          flaw = "a done event can be released"
	ignoresOwner     flaw = "anybody can complete and release"
	sameOwner        flaw = "owners are not told apart"
	ownerForAll      flaw = "everybody is told an owner"
	foldsCase        flaw = "ids are compared without case"
	trimsIDs         flaw = "ids lose the white space around them"
	cutsIDs          flaw = "ids are cut to 200 bytes"
	otherID          flaw = "the reservation has another id"
	noState          flaw = "a taken event has no state"
	notAtomic        flaw = "reserving looks and then leaps"
	reentrant        flaw = "every reservation succeeds"
	failsOnCollision flaw = "asking for a taken event is an error"
	lenientComplete  flaw = "completing what was never reserved succeeds"
)

var errNotOwner = errors.New("not the owner")

func (s *store) key(id string) string {
	switch {
	case s.flaws[foldsCase]:
		return strings.ToLower(id)
	case s.flaws[trimsIDs]:
		return strings.TrimSpace(id)
	case s.flaws[cutsIDs]:
		return id[:min(200, len(id))]
	}
	return id
}

func (s *store) Reserve(_ context.Context, id string, lease time.Duration) (webhook.Reservation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.flaws[fixedLease] {
		lease = 45 * time.Second
	}
	key := s.key(id)
	r, there := s.rows[key]
	if s.flaws[notAtomic] {
		s.mu.Unlock()
		for range 20 {
			runtime.Gosched() // others leap too
		}
		s.mu.Lock()
	}
	taken := there && (r.until.IsZero() || s.now.Before(r.until)) && !s.flaws[reentrant]
	switch {
	case taken && r.done:
		return webhook.Reservation{State: webhook.Done, EventID: id}, nil
	case taken:
		if s.flaws[failsOnCollision] {
			return webhook.Reservation{}, errors.New("taken")
		}
		if s.flaws[prolongs] {
			r.until = s.now.Add(lease)
			s.rows[key] = r
		}
		out := webhook.Reservation{State: webhook.InProgress, EventID: id}
		if s.flaws[noState] {
			out.State = 0
		}
		if s.flaws[ownerForAll] {
			out.Owner = r.owner
		}
		return out, nil
	}
	s.n++
	owner := fmt.Sprint(s.n)
	if s.flaws[sameOwner] {
		owner = "me"
	}
	until := s.now.Add(lease)
	if s.flaws[ignoresLease] {
		until = time.Time{}
	}
	s.rows[key] = row{owner: owner, until: until}
	out := webhook.Reservation{State: webhook.Acquired, EventID: id, Owner: owner}
	if s.flaws[otherID] {
		out.EventID = ""
	}
	return out, nil
}

func (s *store) owns(r webhook.Reservation) bool {
	have, there := s.rows[s.key(r.EventID)]
	switch {
	case !there:
		return s.flaws[lenientComplete]
	case s.flaws[ignoresOwner]:
		return !have.done
	}
	return have.owner == r.Owner && !have.done
}

func (s *store) Complete(_ context.Context, r webhook.Reservation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.owns(r) {
		return errNotOwner
	}
	keep := 24 * time.Hour
	switch {
	case s.flaws[forgetsDone]:
		delete(s.rows, s.key(r.EventID))
		return nil
	case s.flaws[forgetsSoon]:
		keep = time.Hour
	case s.flaws[neverForgets]:
		keep = 1000 * time.Hour
	}
	s.rows[s.key(r.EventID)] = row{owner: r.Owner, done: true, until: s.now.Add(keep)}
	return nil
}

func (s *store) Release(_ context.Context, r webhook.Reservation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	have := s.rows[s.key(r.EventID)]
	if !s.owns(r) && (!s.flaws[reopens] || !have.done || have.owner != r.Owner) {
		return errNotOwner
	}
	if !s.flaws[keepsReleased] {
		delete(s.rows, s.key(r.EventID))
	}
	return nil
}

func newStore(flaws ...flaw) (webhook.DeliveryStore, func(time.Duration)) {
	s := &store{now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC), rows: map[string]row{}, flaws: map[flaw]bool{}}
	for _, f := range flaws {
		s.flaws[f] = true
	}
	return s, func(d time.Duration) { s.now = s.now.Add(d) }
}

// TestRun passes a store that keeps its promises.
func TestRun(t *testing.T) { //nolint:tparallel // Run makes the subtests, one after the other
	t.Parallel()
	Run(t, func(*testing.T) (webhook.DeliveryStore, func(time.Duration)) { return newStore() })
}

// recorder is a test that notes that it failed instead of failing.
type recorder struct {
	testing.TB
	failure string
}

func (r *recorder) Helper() {}

func (r *recorder) Fatalf(format string, args ...any) {
	r.failure = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// fails runs all checks and returns the failures, by check.
func fails(t *testing.T, flaws ...flaw) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, c := range checks {
		s, advance := newStore(flaws...)
		r := &recorder{TB: t}
		var wg sync.WaitGroup
		wg.Go(func() { c.check(&subject{TB: r, store: s, advance: advance}) })
		wg.Wait()
		if r.failure != "" {
			found[c.name] = r.failure
		}
	}
	return found
}

// TestFlaws: each flaw is found, and each check finds one.
func TestFlaws(t *testing.T) {
	t.Parallel()
	useful := map[string]bool{}
	for f, want := range map[flaw]string{
		ignoresLease:     "a lease lapses",
		fixedLease:       "a lease is as long as was asked for",
		prolongs:         "who asks in vain does not prolong the lease",
		forgetsDone:      "a done event stays done for 24 hours",
		forgetsSoon:      "a done event stays done for 24 hours",
		neverForgets:     "a done event stays done for 24 hours",
		keepsReleased:    "a released event is free at once",
		reopens:          "a done event is nobody's",
		ignoresOwner:     "nobody but the owner can do anything",
		sameOwner:        "a former owner can do nothing",
		ownerForAll:      "an event has one owner at a time",
		foldsCase:        "events do not touch each other",
		trimsIDs:         "events do not touch each other",
		cutsIDs:          "events do not touch each other",
		otherID:          "an event has one owner at a time",
		noState:          "an event has one owner at a time",
		notAtomic:        "of many at once one gets the event",
		reentrant:        "each event is handled once among many workers",
		failsOnCollision: "of many at once one gets the event",
		lenientComplete:  "nobody but the owner can do anything",
	} {
		found := fails(t, f)
		require.Contains(t, found, want, "%s", f)
		for name := range found {
			useful[name] = true
		}
	}
	for _, c := range checks {
		assert.True(t, useful[c.name], "no flaw is found by: %s", c.name)
	}
	assert.Empty(t, fails(t))
}
