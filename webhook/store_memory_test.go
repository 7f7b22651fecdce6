package webhook_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/webhook"
	"github.com/didit-go/didit/webhook/storetest"
)

// moved is a clock that is moved by hand.
type moved struct {
	mu  sync.Mutex
	now time.Time
}

func (c *moved) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *moved) Advance(d time.Duration) {
	c.mu.Lock()
	c.now = c.now.Add(d)
	c.mu.Unlock()
}

func TestMemoryStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) (webhook.DeliveryStore, func(time.Duration)) {
		clock := &moved{now: now}
		return webhook.NewMemoryStoreAt(100, clock.Now), clock.Advance
	})
}

const lease = 45 * time.Second

// full is a memory store of three, for what it forgets.
type full struct {
	*testing.T
	clock moved
	store webhook.DeliveryStore
}

func newFull(t *testing.T) *full {
	t.Helper()
	f := &full{T: t, clock: moved{now: now}}
	f.store = webhook.NewMemoryStoreAt(3, f.clock.Now)
	return f
}

func (f *full) reserve(id string) webhook.Reservation {
	f.Helper()
	r, err := f.store.Reserve(f.Context(), id, lease)
	require.NoError(f, err)
	require.Equal(f, webhook.Acquired, r.State, id)
	return r
}

func (f *full) handle(ids ...string) {
	f.Helper()
	for _, id := range ids {
		require.NoError(f, f.store.Complete(f.Context(), f.reserve(id)))
		f.clock.Advance(time.Second)
	}
}

func (f *full) refuses(id string) {
	f.Helper()
	_, err := f.store.Reserve(f.Context(), id, lease)
	require.ErrorContains(f, err, "the delivery store is full")
}

func (f *full) state(want webhook.ReservationState, id string) {
	f.Helper()
	r, err := f.store.Reserve(f.Context(), id, lease)
	require.NoError(f, err)
	assert.Equal(f, want, r.State, id)
}

// TestMemoryStoreForgetsLapsedFirst: a lapsed reservation goes before what is done,
// however old that is.
func TestMemoryStoreForgetsLapsedFirst(t *testing.T) {
	t.Parallel()
	f := newFull(t)
	f.handle("a")
	f.clock.Advance(time.Hour)
	f.handle("b")
	lapsed := f.reserve("c")
	f.clock.Advance(lease)
	f.reserve("d")
	f.state(webhook.Done, "a")
	f.state(webhook.Done, "b")
	f.state(webhook.InProgress, "d")
	require.Error(t, f.store.Complete(t.Context(), lapsed), "it was forgotten")
}

// TestMemoryStoreForgetsTheOldest of what is done, once Didit's retries are over.
func TestMemoryStoreForgetsTheOldest(t *testing.T) {
	t.Parallel()
	f := newFull(t)
	f.handle("b", "a", "c") // a second each
	f.clock.Advance(15*time.Minute - 3*time.Second)
	f.refuses("d")
	f.clock.Advance(time.Second)
	f.handle("d")
	f.state(webhook.Done, "a")
	f.state(webhook.Done, "c")
	f.state(webhook.Done, "d")
	f.handle("e") // a second later a is old enough
	f.state(webhook.Done, "c")
	f.state(webhook.Done, "d")
	f.state(webhook.Done, "e")
}

// TestMemoryStoreFull: what is under way or done lately is not forgotten.
func TestMemoryStoreFull(t *testing.T) {
	t.Parallel()
	f := newFull(t)
	f.handle("a", "b")
	held := f.reserve("c")
	f.refuses("d")
	f.state(webhook.Done, "a")
	f.state(webhook.InProgress, "c")
	require.NoError(t, f.store.Release(t.Context(), held))
	f.reserve("d")

	body := event(map[string]any{"event_id": "evt-of-a-full-store"})
	h := verifier(t).Handler(works, webhook.WithDeduplication(f.store))
	assert.Equal(t, 503, deliver(h, sign(t, body), body).Code, "Didit tries again")
}

// TestMemoryStoreBusyDay: more events than there is room for, none turned away, none
// handled twice by Didit's own retries.
func TestMemoryStoreBusyDay(t *testing.T) {
	t.Parallel()
	clock := &moved{now: now}
	store := webhook.NewMemoryStoreAt(1000, clock.Now)
	reserve := func(n int) webhook.Reservation {
		r, err := store.Reserve(t.Context(), fmt.Sprint(n), lease)
		require.NoError(t, err)
		return r
	}
	const everySecond, lastRetry = 50_000, 310 // events, seconds
	for n := range everySecond {
		r := reserve(n)
		require.Equal(t, webhook.Acquired, r.State)
		require.NoError(t, store.Complete(t.Context(), r))
		if n >= lastRetry {
			require.Equal(t, webhook.Done, reserve(n-lastRetry).State)
		}
		clock.Advance(time.Second)
	}
}

// TestMemoryStoreCapacity is 10,000 where none is given.
func TestMemoryStoreCapacity(t *testing.T) {
	t.Parallel()
	for _, capacity := range []int{0, -1} {
		s := webhook.NewMemoryStore(capacity)
		for n := range 10_000 {
			_, err := s.Reserve(t.Context(), fmt.Sprint(n), time.Hour)
			require.NoError(t, err)
		}
		_, err := s.Reserve(t.Context(), "one more", time.Hour)
		require.Error(t, err)
	}
}
