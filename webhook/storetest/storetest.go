// Package storetest checks what a webhook.DeliveryStore has to do, so that a store of
// your own, on the database that you have, handles each event once:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) (webhook.DeliveryStore, func(time.Duration)) {
//			clock := newClock()
//			return NewStore(openTestDatabase(t), clock.Now), clock.Advance
//		})
//	}
//
// A store that goes by its database's clock advances by moving the times in its rows
// back. Nothing here waits.
package storetest

import (
	"testing"
	"time"

	"github.com/didit-go/didit/webhook"
)

// Run checks a store, each promise of [webhook.DeliveryStore] as a subtest of its own.
// The subtests run one after the other, and each calls open for an empty store.
//
// open also returns a function that lets time pass for this store: after advance(d),
// leases and what is done are older by d. Several goroutines use the store at once, but
// never while it is advanced. The store needs room for 100 events.
func Run(t *testing.T, open func(t *testing.T) (store webhook.DeliveryStore, advance func(d time.Duration))) {
	t.Helper()
	if open == nil {
		t.Fatal("storetest: open must not be nil")
	}
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			store, advance := open(t)
			if store == nil || advance == nil {
				t.Fatal("storetest: open must return a store and a function that advances its clock")
			}
			c.check(&subject{TB: t, store: store, advance: advance})
		})
	}
}

// subject is a store under test. Its methods fail the test where the store returns what
// no store may return.
type subject struct {
	testing.TB
	store   webhook.DeliveryStore
	advance func(time.Duration)
}

// reserve asks for an event and checks what every reservation has to be.
func (s *subject) reserve(id string, lease time.Duration) webhook.Reservation {
	s.Helper()
	r, err := s.store.Reserve(s.Context(), id, lease)
	switch {
	case err != nil:
		s.Fatalf("Reserve(%q) failed: %v", id, err)
	case r.State != webhook.Acquired && r.State != webhook.InProgress && r.State != webhook.Done:
		s.Fatalf("Reserve(%q) returned no state: %v", id, r.State)
	case r.EventID != id:
		s.Fatalf("Reserve(%q) returned the event id %q", id, r.EventID)
	case (r.State == webhook.Acquired) != (r.Owner != ""):
		s.Fatalf("Reserve(%q) returned the owner %q with the state %v: an acquired reservation has an owner, no other has", id, r.Owner, r.State)
	}
	return r
}

// want reserves an event that has to be in a state.
func (s *subject) want(state webhook.ReservationState, id string, lease time.Duration, why string) webhook.Reservation {
	s.Helper()
	r := s.reserve(id, lease)
	if r.State != state {
		s.Fatalf("Reserve(%q) found the event %v, want %v: %s", id, r.State, state, why)
	}
	return r
}

func (s *subject) complete(r webhook.Reservation) {
	s.Helper()
	if err := s.store.Complete(s.Context(), r); err != nil {
		s.Fatalf("Complete by the event's owner failed: %v", err)
	}
}

func (s *subject) release(r webhook.Reservation) {
	s.Helper()
	if err := s.store.Release(s.Context(), r); err != nil {
		s.Fatalf("Release by the event's owner failed: %v", err)
	}
}

// refuses wants Complete and Release to fail for who does not have the event.
func (s *subject) refuses(r webhook.Reservation, why string) {
	s.Helper()
	if s.store.Complete(s.Context(), r) == nil {
		s.Fatalf("Complete succeeded: %s", why)
	}
	if s.store.Release(s.Context(), r) == nil {
		s.Fatalf("Release succeeded: %s", why)
	}
}
