package webhook

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"
)

const (
	// doneFor is how long an event that was handled is remembered.
	doneFor = 24 * time.Hour
	// retriesOver is when Didit has stopped to send an event by itself. Until then it is
	// not forgotten, however full the store is.
	retriesOver     = 15 * time.Minute
	defaultCapacity = 10_000
)

var (
	errFull     = errors.New("webhook: the delivery store is full: is the capacity enough for 15 minutes of events?")
	errNotOwner = errors.New("webhook: the reservation is another's by now")
)

// NewMemoryStore makes a store for one process, which forgets everything when that
// ends. It holds up to capacity events, 10,000 if that is not positive.
//
// When it is full it forgets reservations that have lapsed, and then what was done
// longest ago and more than 15 minutes ago, since Didit's own retries are over by then.
// Where that is not enough Reserve fails, and the handler answers 503: to handle an
// event at Didit's next try is better than to handle it twice.
func NewMemoryStore(capacity int) DeliveryStore {
	if capacity <= 0 {
		capacity = defaultCapacity
	}
	return &memoryStore{capacity: capacity, now: time.Now, leases: map[string]lease{}, done: map[string]bool{}}
}

// memoryStore holds an event in leases or in done, never in both.
type memoryStore struct {
	mu       sync.Mutex
	capacity int
	now      func() time.Time
	leases   map[string]lease
	done     map[string]bool
	handled  []handled // the events of done, oldest first
}

type lease struct {
	owner string
	until time.Time
}

type handled struct {
	eventID string
	at      time.Time
}

func (s *memoryStore) Reserve(_ context.Context, eventID string, d time.Duration) (Reservation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for len(s.handled) > 0 && now.Sub(s.handled[0].at) >= doneFor {
		s.forgetOldest()
	}
	held, taken := s.leases[eventID]
	switch {
	case s.done[eventID]:
		return Reservation{State: Done, EventID: eventID}, nil
	case taken && now.Before(held.until):
		return Reservation{State: InProgress, EventID: eventID}, nil
	case !taken && !s.makeRoom(now):
		return Reservation{}, errFull
	}
	r := Reservation{State: Acquired, EventID: eventID, Owner: rand.Text()}
	s.leases[eventID] = lease{owner: r.Owner, until: now.Add(d)}
	return r, nil
}

// makeRoom reports whether there is room for one more event.
func (s *memoryStore) makeRoom(now time.Time) bool {
	if len(s.leases)+len(s.done) < s.capacity {
		return true
	}
	for id, held := range s.leases {
		if !now.Before(held.until) {
			delete(s.leases, id)
		}
	}
	if len(s.leases)+len(s.done) < s.capacity {
		return true
	}
	if len(s.handled) == 0 || now.Sub(s.handled[0].at) <= retriesOver {
		return false
	}
	s.forgetOldest()
	return true
}

func (s *memoryStore) forgetOldest() {
	delete(s.done, s.handled[0].eventID)
	s.handled[0] = handled{}
	s.handled = s.handled[1:]
}

func (s *memoryStore) Complete(_ context.Context, r Reservation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.owns(r) {
		return errNotOwner
	}
	delete(s.leases, r.EventID)
	s.done[r.EventID] = true
	s.handled = append(s.handled, handled{r.EventID, s.now()})
	return nil
}

func (s *memoryStore) Release(_ context.Context, r Reservation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.owns(r) {
		return errNotOwner
	}
	delete(s.leases, r.EventID)
	return nil
}

func (s *memoryStore) owns(r Reservation) bool {
	held, taken := s.leases[r.EventID]
	return taken && held.owner == r.Owner
}
