package main

import (
	"fmt"
	"log/slog"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

func TestRun(t *testing.T) {
	t.Parallel()
	require.NoError(t, run(t.Context(), slog.New(slog.DiscardHandler)))
}

// TestWork: what cannot be read stays marked, and what is gone is forgotten.
func TestWork(t *testing.T) {
	t.Parallel()
	server := didittest.NewServer()
	defer server.Close()
	app := server.AddApplication("Partner A")
	s := &service{client: app.Client(didit.WithMaxRetries(0)), records: newRecords(), log: slog.New(slog.DiscardHandler)}
	id := app.AddSession(didittest.SessionFixture{Status: didit.StatusInReview})
	require.NoError(t, s.records.mark(t.Context(), id))
	server.Inject(didittest.Fault{Operation: didittest.OpGetSession, Kind: didittest.FaultErrorBefore})
	require.ErrorIs(t, s.work(t.Context()), didit.ErrServer)
	assert.Empty(t, s.records.status(id))
	require.NoError(t, s.work(t.Context()))
	assert.Equal(t, didit.StatusInReview, s.records.status(id))

	require.NoError(t, s.records.mark(t.Context(), id))
	app.DeleteSession(id)
	require.NoError(t, s.work(t.Context()))
	assert.Empty(t, s.records.status(id))
}

// TestRecords: many readers, and states that change while they read. A record never
// goes back to an older state, and ends at the newest.
func TestRecords(t *testing.T) {
	t.Parallel()
	const sessions, changes, readers = 5, 200, 8
	r := newRecords()
	var current [sessions]atomic.Int64 // the states at Didit
	var stored [sessions]atomic.Int64
	read := func() bool {
		m, ok := r.take()
		if !ok {
			return false
		}
		n, err := strconv.Atoi(m.sessionID)
		if err != nil {
			t.Error(err)
		}
		state := current[n].Load()
		runtime.Gosched() // the answer is under way
		if before := stored[n].Swap(state); before > state {
			t.Errorf("session %d went back from %d to %d", n, before, state)
		}
		r.store(m, didit.SessionStatus(strconv.FormatInt(state, 10)))
		return true
	}
	var changing, reading sync.WaitGroup
	var over atomic.Bool
	for n := range sessions {
		changing.Go(func() {
			for range changes {
				current[n].Add(1)
				assert.NoError(t, r.mark(t.Context(), fmt.Sprint(n)))
			}
		})
	}
	for range readers {
		reading.Go(func() {
			for last := false; !last; {
				last = over.Load()
				for read() {
				}
			}
		})
	}
	changing.Wait()
	over.Store(true)
	reading.Wait()
	for n := range sessions {
		assert.Equal(t, didit.SessionStatus(strconv.Itoa(changes)), r.status(fmt.Sprint(n)))
	}
}
