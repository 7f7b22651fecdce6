// Package storetest checks what a handoff.ReplayStore has to do, so that a store of your
// own, on the database that you have, has each hand-off handled once:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) (handoff.ReplayStore, func(time.Duration)) {
//			clock := newClock()
//			return NewStore(openTestDatabase(t), clock.Now), clock.Advance
//		})
//	}
//
// A store that goes by its database's clock advances by moving the times in its rows
// back. Nothing here waits.
package storetest

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/didit-go/didit/handoff"
)

// Run checks a store, each promise of [handoff.ReplayStore] as a subtest of its own. The
// subtests run one after the other, and each calls open for an empty store.
//
// open also returns a function that lets time pass for this store: after advance(d),
// leases and what is remembered are older by d. Several goroutines use the store at
// once, but never while it is advanced. The store needs room for 100 hand-offs.
func Run(t *testing.T, open func(t *testing.T) (store handoff.ReplayStore, advance func(d time.Duration))) {
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
			c.check(t, store, advance)
		})
	}
}

// checks are the promises of a store, by name.
var checks = []struct {
	name  string
	check func(t *testing.T, store handoff.ReplayStore, pass func(time.Duration))
}{
	{"a message has one owner at a time", oneOwner},
	{"what is done is remembered, with its receipt", done},
	{"what is rejected is remembered", rejected},
	{"a released message is free at once, and known", released},
	{"a lease lapses, and its former owner can do nothing", lapsed},
	{"an owner may be late while nobody else has come", late},
	{"another message under the same key shows, in every state", otherHash},
	{"what is settled is forgotten after its time", forgotten},
	{"what is not settled is kept for its time", unsettled},
	{"nobody but the owner can do anything", strangers},
	{"of many at once one gets the message", crowd},
}

const (
	lease = 5 * time.Second
	keep  = 10 * time.Second
	hash  = "0f343b0931126a20f133d67c2b018a3b5f343b0931126a20f133d67c2b018a3b"
)

func reserve(t *testing.T, s handoff.ReplayStore, key, hash string, want handoff.ReplayState) handoff.Replay {
	t.Helper()
	r, err := s.Reserve(t.Context(), key, hash, lease, keep)
	if err != nil || r.State != want {
		t.Errorf("Reserve: state %d, error %v; want state %d", r.State, err, want)
	}
	if want == handoff.ReplayAcquired && (r.Owner == "" || r.Key != key) {
		t.Errorf("Reserve: no owner, or another key")
	}
	return r
}

func must(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

func mustFail(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
	}
}

func settle(t *testing.T, s handoff.ReplayStore, r handoff.Replay, state handoff.ReplayState, receipt string) {
	t.Helper()
	r.State, r.Receipt = state, []byte(receipt)
	must(t, "Settle", s.Settle(t.Context(), r, keep))
}

func oneOwner(t *testing.T, s handoff.ReplayStore, _ func(time.Duration)) {
	if r := reserve(t, s, "push/a/1", hash, handoff.ReplayAcquired); r.Again {
		t.Errorf("a first reservation says that it is not the first")
	}
	reserve(t, s, "push/a/1", hash, handoff.ReplayInProgress)
	reserve(t, s, "push/a/2", hash, handoff.ReplayAcquired)
	reserve(t, s, "push/b/1", hash, handoff.ReplayAcquired)
}

func done(t *testing.T, s handoff.ReplayStore, pass func(time.Duration)) {
	settle(t, s, reserve(t, s, "push/a/1", hash, handoff.ReplayAcquired), handoff.ReplayDone, `{"id":"1"}`)
	pass(lease + time.Second)
	if r := reserve(t, s, "push/a/1", hash, handoff.ReplayDone); string(r.Receipt) != `{"id":"1"}` {
		t.Errorf("the receipt is not the one that was stored")
	}
}

func rejected(t *testing.T, s handoff.ReplayStore, pass func(time.Duration)) {
	settle(t, s, reserve(t, s, "push/a/1", hash, handoff.ReplayAcquired), handoff.ReplayRejected, "")
	pass(lease + time.Second)
	reserve(t, s, "push/a/1", hash, handoff.ReplayRejected)
}

func released(t *testing.T, s handoff.ReplayStore, _ func(time.Duration)) {
	must(t, "Release", s.Release(t.Context(), reserve(t, s, "push/a/1", hash, handoff.ReplayAcquired)))
	if r := reserve(t, s, "push/a/1", hash, handoff.ReplayAcquired); !r.Again {
		t.Errorf("a second reservation says that it is the first")
	}
}

func lapsed(t *testing.T, s handoff.ReplayStore, pass func(time.Duration)) {
	first := reserve(t, s, "push/a/1", hash, handoff.ReplayAcquired)
	pass(lease + time.Second)
	second := reserve(t, s, "push/a/1", hash, handoff.ReplayAcquired)
	if !second.Again || second.Owner == first.Owner {
		t.Errorf("the second owner looks like the first")
	}
	first.State = handoff.ReplayDone
	mustFail(t, "Settle by the first owner", s.Settle(t.Context(), first, keep))
	mustFail(t, "Release by the first owner", s.Release(t.Context(), first))
	settle(t, s, second, handoff.ReplayDone, "{}")
}

// late: an owner whose lease has lapsed may still settle, while nobody else has taken it.
func late(t *testing.T, s handoff.ReplayStore, pass func(time.Duration)) {
	r := reserve(t, s, "push/a/1", hash, handoff.ReplayAcquired)
	pass(lease + time.Second)
	settle(t, s, r, handoff.ReplayDone, "{}")
	reserve(t, s, "push/a/1", hash, handoff.ReplayDone)
}

func otherHash(t *testing.T, s handoff.ReplayStore, _ func(time.Duration)) {
	r := reserve(t, s, "push/a/1", hash, handoff.ReplayAcquired)
	reserve(t, s, "push/a/1", "other", handoff.ReplayOther)
	must(t, "Release", s.Release(t.Context(), r))
	reserve(t, s, "push/a/1", "other", handoff.ReplayOther)
	settle(t, s, reserve(t, s, "push/a/1", hash, handoff.ReplayAcquired), handoff.ReplayDone, "{}")
	reserve(t, s, "push/a/1", "other", handoff.ReplayOther)
}

func forgotten(t *testing.T, s handoff.ReplayStore, pass func(time.Duration)) {
	settle(t, s, reserve(t, s, "push/a/1", hash, handoff.ReplayAcquired), handoff.ReplayDone, "{}")
	pass(keep + time.Second)
	if r := reserve(t, s, "push/a/1", "other", handoff.ReplayAcquired); r.Again {
		t.Errorf("what was forgotten is remembered")
	}
}

func unsettled(t *testing.T, s handoff.ReplayStore, pass func(time.Duration)) {
	must(t, "Release", s.Release(t.Context(), reserve(t, s, "push/a/1", hash, handoff.ReplayAcquired)))
	pass(keep - 2*time.Second)
	reserve(t, s, "push/a/1", "other", handoff.ReplayOther)
	pass(4 * time.Second)
	reserve(t, s, "push/a/1", "other", handoff.ReplayAcquired)
}

func strangers(t *testing.T, s handoff.ReplayStore, _ func(time.Duration)) {
	nobody := handoff.Replay{State: handoff.ReplayDone, Key: "push/a/1"}
	mustFail(t, "Settle without a row", s.Settle(t.Context(), nobody, keep))
	mustFail(t, "Release without a row", s.Release(t.Context(), nobody))
	r := reserve(t, s, "push/a/1", hash, handoff.ReplayAcquired)
	mustFail(t, "Settle without an owner", s.Settle(t.Context(), nobody, keep))
	must(t, "Release", s.Release(t.Context(), r))
	mustFail(t, "Release twice", s.Release(t.Context(), r))
	mustFail(t, "Settle without an owner, of a row that nobody has", s.Settle(t.Context(), nobody, keep))
}

func crowd(t *testing.T, s handoff.ReplayStore, _ func(time.Duration)) {
	owners := make([]string, 16)
	var wg sync.WaitGroup
	for i := range owners {
		wg.Go(func() {
			r, err := s.Reserve(t.Context(), "push/a/1", hash, lease, keep)
			must(t, "Reserve", err)
			owners[i] = r.Owner
		})
	}
	wg.Wait()
	if n := len(slices.DeleteFunc(owners, func(o string) bool { return o == "" })); n != 1 {
		t.Errorf("%d owners", n)
	}
}
