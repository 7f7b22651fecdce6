// Package storetest is what every [handoff.ReplayStore] has to pass: run each check on
// an empty store.
//
//	for name, check := range storetest.Replays {
//		t.Run(name, func(t *testing.T) { check(t, openStore(t), time.Sleep) })
//	}
package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/didit-go/didit/handoff"
)

// T is the part of *testing.T that the checks use.
type T interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
}

// Replays are the checks, by what has to hold. pass lets time pass on the store's clock:
// time.Sleep, or what moves a clock that is the test's. They need 21 seconds of it at
// most.
var Replays = map[string]func(t T, store handoff.ReplayStore, pass func(time.Duration)){
	"one owner":                   oneOwner,
	"done is remembered":          done,
	"rejected is remembered":      rejected,
	"released is free":            released,
	"a lease lapses":              lapsed,
	"a late owner":                late,
	"another hash":                otherHash,
	"forgotten after its time":    forgotten,
	"an unsettled row is kept":    unsettled,
	"strangers change nothing":    strangers,
	"many at once have one owner": crowd,
}

const (
	lease = 5 * time.Second
	keep  = 10 * time.Second
	hash  = "0f343b0931126a20f133d67c2b018a3b5f343b0931126a20f133d67c2b018a3b"
)

func reserve(t T, s handoff.ReplayStore, key, hash string, want handoff.ReplayState) handoff.Replay {
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

func must(t T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

func mustFail(t T, what string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
	}
}

func settle(t T, s handoff.ReplayStore, r handoff.Replay, state handoff.ReplayState, receipt string) {
	t.Helper()
	r.State, r.Receipt = state, []byte(receipt)
	must(t, "Settle", s.Settle(t.Context(), r, keep))
}

func oneOwner(t T, s handoff.ReplayStore, _ func(time.Duration)) {
	if r := reserve(t, s, "push/a/1", hash, handoff.ReplayAcquired); r.Again {
		t.Errorf("a first reservation says that it is not the first")
	}
	reserve(t, s, "push/a/1", hash, handoff.ReplayInProgress)
	reserve(t, s, "push/a/2", hash, handoff.ReplayAcquired)
	reserve(t, s, "push/b/1", hash, handoff.ReplayAcquired)
}

func done(t T, s handoff.ReplayStore, pass func(time.Duration)) {
	settle(t, s, reserve(t, s, "push/a/1", hash, handoff.ReplayAcquired), handoff.ReplayDone, `{"id":"1"}`)
	pass(lease + time.Second)
	if r := reserve(t, s, "push/a/1", hash, handoff.ReplayDone); string(r.Receipt) != `{"id":"1"}` {
		t.Errorf("the receipt is not the one that was stored")
	}
}

func rejected(t T, s handoff.ReplayStore, pass func(time.Duration)) {
	settle(t, s, reserve(t, s, "push/a/1", hash, handoff.ReplayAcquired), handoff.ReplayRejected, "")
	pass(lease + time.Second)
	reserve(t, s, "push/a/1", hash, handoff.ReplayRejected)
}

func released(t T, s handoff.ReplayStore, _ func(time.Duration)) {
	must(t, "Release", s.Release(t.Context(), reserve(t, s, "push/a/1", hash, handoff.ReplayAcquired)))
	if r := reserve(t, s, "push/a/1", hash, handoff.ReplayAcquired); !r.Again {
		t.Errorf("a second reservation says that it is the first")
	}
}

func lapsed(t T, s handoff.ReplayStore, pass func(time.Duration)) {
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
func late(t T, s handoff.ReplayStore, pass func(time.Duration)) {
	r := reserve(t, s, "push/a/1", hash, handoff.ReplayAcquired)
	pass(lease + time.Second)
	settle(t, s, r, handoff.ReplayDone, "{}")
	reserve(t, s, "push/a/1", hash, handoff.ReplayDone)
}

func otherHash(t T, s handoff.ReplayStore, _ func(time.Duration)) {
	r := reserve(t, s, "push/a/1", hash, handoff.ReplayAcquired)
	reserve(t, s, "push/a/1", "other", handoff.ReplayOther)
	must(t, "Release", s.Release(t.Context(), r))
	reserve(t, s, "push/a/1", "other", handoff.ReplayOther)
	settle(t, s, reserve(t, s, "push/a/1", hash, handoff.ReplayAcquired), handoff.ReplayDone, "{}")
	reserve(t, s, "push/a/1", "other", handoff.ReplayOther)
}

func forgotten(t T, s handoff.ReplayStore, pass func(time.Duration)) {
	settle(t, s, reserve(t, s, "push/a/1", hash, handoff.ReplayAcquired), handoff.ReplayDone, "{}")
	pass(keep + time.Second)
	if r := reserve(t, s, "push/a/1", "other", handoff.ReplayAcquired); r.Again {
		t.Errorf("what was forgotten is remembered")
	}
}

func unsettled(t T, s handoff.ReplayStore, pass func(time.Duration)) {
	must(t, "Release", s.Release(t.Context(), reserve(t, s, "push/a/1", hash, handoff.ReplayAcquired)))
	pass(keep - 2*time.Second)
	reserve(t, s, "push/a/1", "other", handoff.ReplayOther)
	pass(4 * time.Second)
	reserve(t, s, "push/a/1", "other", handoff.ReplayAcquired)
}

func strangers(t T, s handoff.ReplayStore, _ func(time.Duration)) {
	nobody := handoff.Replay{State: handoff.ReplayDone, Key: "push/a/1"}
	mustFail(t, "Settle without a row", s.Settle(t.Context(), nobody, keep))
	mustFail(t, "Release without a row", s.Release(t.Context(), nobody))
	r := reserve(t, s, "push/a/1", hash, handoff.ReplayAcquired)
	mustFail(t, "Settle without an owner", s.Settle(t.Context(), nobody, keep))
	must(t, "Release", s.Release(t.Context(), r))
	mustFail(t, "Release twice", s.Release(t.Context(), r))
	mustFail(t, "Settle without an owner, of a row that nobody has", s.Settle(t.Context(), nobody, keep))
}

func crowd(t T, s handoff.ReplayStore, _ func(time.Duration)) {
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
		t.Errorf("%s", fmt.Sprint(n, " owners"))
	}
}
