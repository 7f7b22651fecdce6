package storetest

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/didit-go/didit/webhook"
)

// lease is the handler's own.
const lease = 45 * time.Second

// checks are the promises of a store, by name.
var checks = []struct {
	name  string
	check func(s *subject)
}{
	{"an event has one owner at a time", oneOwner},
	{"a done event stays done for 24 hours", done},
	{"a done event is nobody's", doneIsFinal},
	{"a released event is free at once", released},
	{"a lease lapses", lapses},
	{"a lease is as long as was asked for", leaseLength},
	{"who asks in vain does not prolong the lease", noProlonging},
	{"a former owner can do nothing", formerOwner},
	{"nobody but the owner can do anything", strangers},
	{"events do not touch each other", independent},
	{"of many at once one gets the event", race},
	{"each event is handled once among many workers", workers},
}

func oneOwner(s *subject) {
	first := s.want(webhook.Acquired, "evt-1", lease, "it is new")
	again := s.want(webhook.InProgress, "evt-1", lease, "it is reserved, even for who reserved it")
	s.refuses(again, "the reservation was not acquired")
	s.want(webhook.InProgress, "evt-1", lease, "its owner still has it")
	s.complete(first)
}

func done(s *subject) {
	s.complete(s.want(webhook.Acquired, "evt-1", lease, "it is new"))
	s.want(webhook.Done, "evt-1", lease, "it was completed")
	s.advance(time.Hour)
	s.want(webhook.Done, "evt-1", lease, "it was completed an hour ago")
	s.advance(22*time.Hour + 59*time.Minute)
	s.want(webhook.Done, "evt-1", lease, "it was completed 23 hours and 59 minutes ago")
	s.advance(2 * time.Minute)
	again := s.want(webhook.Acquired, "evt-1", lease, "it was completed more than 24 hours ago")
	s.complete(again)
	s.want(webhook.Done, "evt-1", lease, "it was completed a second time")
}

func doneIsFinal(s *subject) {
	r := s.want(webhook.Acquired, "evt-1", lease, "it is new")
	s.complete(r)
	if s.store.Release(s.Context(), r) == nil {
		s.Fatalf("Release succeeded: the event is done")
	}
	_ = s.store.Complete(s.Context(), r) // it may succeed or fail
	s.refuses(s.want(webhook.Done, "evt-1", lease, "it was completed before it was released"), "the event was handled before")
	s.want(webhook.Done, "evt-1", lease, "it was completed")
}

func released(s *subject) {
	first := s.want(webhook.Acquired, "evt-1", lease, "it is new")
	s.release(first)
	second := s.want(webhook.Acquired, "evt-1", lease, "it was released")
	if first.Owner == second.Owner {
		s.Fatalf("two reservations have the same owner")
	}
	s.refuses(first, "it was released, and belongs to another now")
	s.complete(second)
}

func lapses(s *subject) {
	first := s.want(webhook.Acquired, "evt-1", lease, "it is new")
	s.advance(lease - time.Second)
	s.want(webhook.InProgress, "evt-1", lease, "its lease has a second left")
	s.advance(2 * time.Second)
	second := s.want(webhook.Acquired, "evt-1", lease, "its lease has lapsed")
	if first.Owner == second.Owner {
		s.Fatalf("two reservations have the same owner")
	}
	s.want(webhook.InProgress, "evt-1", lease, "it is reserved anew")
	s.complete(second)
}

func leaseLength(s *subject) {
	s.want(webhook.Acquired, "short", time.Minute, "it is new")
	s.want(webhook.Acquired, "long", time.Hour, "it is new")
	s.advance(2 * time.Minute)
	s.want(webhook.Acquired, "short", 10*time.Minute, "its lease of a minute has lapsed")
	s.want(webhook.InProgress, "long", time.Minute, "its lease is an hour")
	s.advance(5 * time.Minute)
	s.want(webhook.InProgress, "short", time.Minute, "its second lease is ten minutes")
}

func noProlonging(s *subject) {
	s.want(webhook.Acquired, "evt-1", lease, "it is new")
	for range 3 {
		s.advance(14 * time.Second)
		s.want(webhook.InProgress, "evt-1", time.Hour, "its lease has not lapsed")
	}
	s.advance(4 * time.Second)
	s.want(webhook.Acquired, "evt-1", lease, "its lease has lapsed, whoever asked meanwhile")
}

func formerOwner(s *subject) {
	first := s.want(webhook.Acquired, "evt-1", lease, "it is new")
	s.advance(lease + time.Second)
	second := s.want(webhook.Acquired, "evt-1", lease, "its lease has lapsed")
	s.refuses(first, "the lease has lapsed, and another has the event")
	s.want(webhook.InProgress, "evt-1", lease, "the former owner could not release it")
	s.complete(second)
	s.refuses(first, "another has completed the event")
	s.want(webhook.Done, "evt-1", lease, "the former owner could not release it")
}

func strangers(s *subject) {
	r := s.want(webhook.Acquired, "evt-1", lease, "it is new")
	other := s.want(webhook.Acquired, "evt-2", lease, "it is new")
	s.refuses(webhook.Reservation{}, "the reservation is empty")
	s.refuses(webhook.Reservation{State: webhook.Acquired, EventID: "evt-1"}, "the reservation has no owner")
	s.refuses(webhook.Reservation{State: webhook.Acquired, EventID: "evt-1", Owner: "stranger"}, "the owner is invented")
	s.refuses(webhook.Reservation{State: webhook.Acquired, EventID: "evt-1", Owner: other.Owner}, "the owner is another event's")
	s.refuses(webhook.Reservation{State: webhook.Acquired, EventID: "evt-3", Owner: r.Owner}, "the event was never reserved")
	s.want(webhook.InProgress, "evt-1", lease, "nobody else could release it")
	s.complete(r)
	s.release(other)
}

func independent(s *subject) {
	long := make([]byte, 200)
	for i := range long {
		long[i] = 'x'
	}
	ids := []string{
		"evt-1", "EVT-1", "evt-1 ", "evt-10", "evt_1", "evt%1", "evt-'1'; --", `evt-"1"\`, "événement", "e\u0301ve\u0301nement", "事件", "😀",
		string(long), string(long) + "y",
	}
	held := map[string]webhook.Reservation{}
	for _, id := range ids {
		held[id] = s.want(webhook.Acquired, id, lease, "it is new; ids are compared byte by byte")
	}
	for i, id := range ids {
		if i%2 == 0 {
			s.complete(held[id])
		} else {
			s.release(held[id])
		}
	}
	for i, id := range ids {
		if i%2 == 0 {
			s.want(webhook.Done, id, lease, "it was completed")
		} else {
			s.want(webhook.Acquired, id, lease, "it was released")
		}
	}
}

func race(s *subject) {
	const goroutines, rounds = 64, 5
	for range rounds {
		var acquired, inProgress, failed atomic.Int64
		winner := make(chan webhook.Reservation, goroutines)
		var wg sync.WaitGroup
		for range goroutines {
			wg.Go(func() {
				r, err := s.store.Reserve(s.Context(), "evt-1", lease)
				switch {
				case err != nil:
					failed.Add(1)
				case r.State == webhook.Acquired:
					acquired.Add(1)
					winner <- r
				case r.State == webhook.InProgress:
					inProgress.Add(1)
				}
			})
		}
		wg.Wait()
		if acquired.Load() != 1 || inProgress.Load() != goroutines-1 {
			s.Fatalf("of %d at once %d acquired the event, %d found it in progress, %d failed; want 1, %d and 0",
				goroutines, acquired.Load(), inProgress.Load(), failed.Load(), goroutines-1)
		}
		s.release(<-winner)
	}
}

func workers(s *subject) {
	const goroutines, events = 16, 60
	var handled [events]atomic.Int64 // completed
	var active [events]atomic.Int64  // being handled
	var overlap, failed atomic.Int64
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for n := range events {
				n := (n + g*7) % events
				for tries := range 3 { // released once, completed, found done
					r, err := s.store.Reserve(s.Context(), eventID(n), lease)
					if err != nil {
						failed.Add(1)
						return
					}
					if r.State != webhook.Acquired {
						break // done, or another's: that one sees to it
					}
					if active[n].Add(1) != 1 {
						overlap.Add(1)
					}
					write := s.store.Complete
					if (n+g)%3 == 0 && tries == 0 {
						write = s.store.Release // as after a callback that failed
					} else {
						handled[n].Add(1)
					}
					active[n].Add(-1)
					if write(s.Context(), r) != nil {
						failed.Add(1)
					}
				}
			}
		})
	}
	wg.Wait()
	if overlap.Load() > 0 || failed.Load() > 0 {
		s.Fatalf("%d times two workers had the same event, %d calls failed; want none", overlap.Load(), failed.Load())
	}
	for n := range handled {
		if times := handled[n].Load(); times != 1 {
			s.Fatalf("event %d was handled %d times, want once", n, times)
		}
	}
}

func eventID(n int) string { return "evt-" + strconv.Itoa(n) }
