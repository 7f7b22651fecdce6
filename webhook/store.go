package webhook

import (
	"context"
	"time"
)

// DeliveryStore remembers which events were handled, so that a retry or a resend is
// not handled again, see [WithDeduplication]. Any number of goroutines may use it.
//
// Several machines need a shared one, such as the one of package sqlstore. [NewMemoryStore]
// serves one process. Package storetest checks what a store of your own has to do.
type DeliveryStore interface {
	// Reserve takes the event for the time of the lease, unless it is done or taken.
	// A lease that has lapsed is nobody's, because its owner has died.
	Reserve(ctx context.Context, eventID string, lease time.Duration) (Reservation, error)
	// Complete marks the event as done, for 24 hours. It fails unless r's owner has it;
	// a second time it may fail.
	Complete(ctx context.Context, r Reservation) error
	// Release gives the event back. It fails unless r's owner has it, so also a second
	// time.
	Release(ctx context.Context, r Reservation) error
}

// Reservation is the answer of [DeliveryStore]'s Reserve. Owner tells one reservation of an event from the
// next, and is empty unless the state is Acquired.
type Reservation struct {
	State          ReservationState
	EventID, Owner string
}

// ReservationState says who has an event. The zero state is none of them.
type ReservationState int

// The states.
const (
	Acquired   ReservationState = iota + 1 // the caller has it
	InProgress                             // another caller has it
	Done                                   // it was handled before
)
