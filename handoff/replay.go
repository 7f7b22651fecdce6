package handoff

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"
)

// ReplayStore remembers which hand-offs a receiver or grantor has handled, so that a
// second delivery is not handled again. It never holds a token. Several machines need a
// shared one, with one row per key; the memory store serves one process. All times are
// spans on the store's own clock.
type ReplayStore interface {
	// Reserve takes the message of a key for lease, unless it was settled or another has
	// it. A lease that has lapsed is nobody's: its owner has died. hash tells two messages
	// under one key apart. The row is kept for keep from now, whatever becomes of it. A
	// store that has no room returns an error: it never forgets a row before its time.
	Reserve(ctx context.Context, key, hash string, lease, keep time.Duration) (Replay, error)
	// Settle writes down what became of it, r.State (ReplayDone or ReplayRejected) and
	// r.Receipt, and keeps that for keep. It fails unless r.Owner has the row.
	Settle(ctx context.Context, r Replay, keep time.Duration) error
	// Release gives the message back: nothing has become of it yet. The row stays. It
	// fails unless r.Owner has the row.
	Release(ctx context.Context, r Replay) error
}

// Replay is the answer of [ReplayStore]'s Reserve: the state of a message.
type Replay struct {
	State   ReplayState
	Key     string // type, partner and id, up to 255 bytes
	Owner   string // ReplayAcquired: tells an owner from one before it
	Again   bool   // ReplayAcquired: it was taken before, and nothing became of it
	Receipt []byte // ReplayDone: JSON of a push's receipt, up to 1 KiB; nil for a pull
}

// ReplayState says whether a message is new, and who handles it. The zero state is
// none of them.
type ReplayState int

// The states.
const (
	ReplayAcquired   ReplayState = iota + 1 // the caller's
	ReplayInProgress                        // another's
	ReplayDone                              // handled before
	ReplayRejected                          // rejected before
	ReplayOther                             // another message has this key
)

const defaultCapacity = 10_000

// errFull and errNotOwner are the memory store's.
var (
	errFull     = errors.New("handoff: the replay store is full")
	errNotOwner = errors.New("handoff: the reservation is another's by now")
)

// NewMemoryReplayStore makes a store for one process, which forgets everything when that
// ends. It holds up to capacity hand-offs that have not expired, 10,000 if that is not
// positive; where it is full, Reserve fails.
func NewMemoryReplayStore(capacity int) ReplayStore {
	if capacity <= 0 {
		capacity = defaultCapacity
	}
	return &memoryStore{capacity: capacity, now: time.Now, rows: make(map[string]*replayRow)}
}

type memoryStore struct {
	mu        sync.Mutex
	capacity  int
	now       func() time.Time
	rows      map[string]*replayRow
	nextCheck time.Time // when a row may have lapsed, while the store is full
}

type replayRow struct {
	hash    string
	state   ReplayState // 0 until it is settled
	owner   string      // "" while nobody has it
	leased  time.Time   // until when
	keep    time.Time   // until when the row is not forgotten
	receipt []byte
}

func (r *replayRow) lapses() time.Time {
	if r.owner != "" && r.leased.After(r.keep) {
		return r.leased
	}
	return r.keep
}

func (s *memoryStore) Reserve(_ context.Context, key, hash string, lease, keep time.Duration) (Replay, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	row, again := s.rows[key]
	if again && !now.Before(row.lapses()) {
		delete(s.rows, key)
		again = false
	}
	switch {
	case !again:
		if !s.room(now) {
			return Replay{}, errFull
		}
		row = &replayRow{hash: hash}
		s.rows[key] = row
	case row.hash != hash:
		return Replay{State: ReplayOther, Key: key}, nil
	case row.state != 0:
		return Replay{State: row.state, Key: key, Receipt: row.receipt}, nil
	case row.owner != "" && now.Before(row.leased):
		return Replay{State: ReplayInProgress, Key: key}, nil
	}
	row.owner, row.leased, row.keep = rand.Text(), now.Add(lease), now.Add(keep)
	return Replay{State: ReplayAcquired, Key: key, Owner: row.owner, Again: again}, nil
}

// room forgets what has lapsed, if the store is full.
func (s *memoryStore) room(now time.Time) bool {
	if len(s.rows) < s.capacity {
		return true
	}
	if now.Before(s.nextCheck) {
		return false // a flood does not pay for a walk over all rows each time
	}
	s.nextCheck = now.Add(time.Second)
	for key, row := range s.rows {
		if !now.Before(row.lapses()) {
			delete(s.rows, key)
		}
	}
	return len(s.rows) < s.capacity
}

func (s *memoryStore) Settle(_ context.Context, r Replay, keep time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	row, err := s.owned(r)
	if err != nil {
		return err
	}
	row.state, row.receipt, row.owner, row.keep = r.State, r.Receipt, "", s.now().Add(keep)
	return nil
}

func (s *memoryStore) Release(_ context.Context, r Replay) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	row, err := s.owned(r)
	if err != nil {
		return err
	}
	row.owner = ""
	return nil
}

// owned returns the row that r's owner has. One whose lease has lapsed is still its
// owner's while nobody else has taken it.
func (s *memoryStore) owned(r Replay) (*replayRow, error) {
	row, there := s.rows[r.Key]
	if !there || row.owner == "" || row.owner != r.Owner {
		return nil, errNotOwner
	}
	return row, nil
}
