package webhook

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"
)

// DeliveryStore remembers which events were handled, so that a retry or a resend is
// not handled again. Several machines need a shared one, with one row per event; the
// memory store serves one process.
type DeliveryStore interface {
	// Reserve takes the event for lease, if it is neither done nor taken. A lease that
	// has lapsed is nobody's: its owner has died.
	Reserve(ctx context.Context, eventID string, lease time.Duration) (Reservation, error)
	// Complete marks the event as done, for 24 hours. It fails unless r's owner has it.
	Complete(ctx context.Context, r Reservation) error
	// Release gives the event back. It fails unless r's owner has it.
	Release(ctx context.Context, r Reservation) error
}

// Reservation is what Reserve found. Owner tells an owner from one before it.
type Reservation struct {
	State          ReservationState
	EventID, Owner string
}

// ReservationState is whose an event is. The zero state is none of them.
type ReservationState int

// The states.
const (
	Acquired   ReservationState = iota + 1 // ours
	InProgress                             // another's
	Done                                   // handled before
)

const (
	// doneFor is how long an event that was handled is remembered.
	doneFor         = 24 * time.Hour
	defaultCapacity = 10_000
)

// errFull and errNotOwner are the memory store's.
var (
	errFull     = errors.New("webhook: the delivery store is full")
	errNotOwner = errors.New("webhook: the reservation is another's by now")
)

// NewMemoryStore makes a store for one process, which forgets everything when that
// ends. It holds up to capacity events, 10,000 if that is not positive. When it is full
// it forgets lapsed reservations and what was done more than 24 hours ago, and refuses
// where that is not enough: handling an event twice would be worse than handling it at
// Didit's next try.
func NewMemoryStore(capacity int) DeliveryStore {
	if capacity <= 0 {
		capacity = defaultCapacity
	}
	return &memoryStore{capacity: capacity, entries: make(map[string]entry)}
}

type memoryStore struct {
	mu       sync.Mutex
	capacity int
	entries  map[string]entry
}

type entry struct {
	owner string
	done  bool
	until time.Time // of the lease, or of the memory
}

func (s *memoryStore) Reserve(_ context.Context, eventID string, lease time.Duration) (Reservation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	e, there := s.entries[eventID]
	switch {
	case there && now.Before(e.until) && e.done:
		return Reservation{State: Done, EventID: eventID}, nil
	case there && now.Before(e.until):
		return Reservation{State: InProgress, EventID: eventID}, nil
	}
	if !there && len(s.entries) >= s.capacity {
		for id, e := range s.entries {
			if !now.Before(e.until) {
				delete(s.entries, id)
			}
		}
		if len(s.entries) >= s.capacity {
			return Reservation{}, errFull
		}
	}
	r := Reservation{State: Acquired, EventID: eventID, Owner: rand.Text()}
	s.entries[eventID] = entry{owner: r.Owner, until: now.Add(lease)}
	return r, nil
}

func (s *memoryStore) Complete(_ context.Context, r Reservation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.owns(r) {
		return errNotOwner
	}
	s.entries[r.EventID] = entry{done: true, until: time.Now().Add(doneFor)}
	return nil
}

func (s *memoryStore) Release(_ context.Context, r Reservation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.owns(r) {
		return errNotOwner
	}
	delete(s.entries, r.EventID)
	return nil
}

func (s *memoryStore) owns(r Reservation) bool {
	e, there := s.entries[r.EventID]
	return there && !e.done && e.owner == r.Owner
}
