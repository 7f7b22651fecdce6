package handoff_test

import (
	"testing"
	"time"

	"github.com/didit-go/didit/handoff"
	"github.com/didit-go/didit/handoff/storetest"
)

func TestMemoryReplayStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) (handoff.ReplayStore, func(time.Duration)) {
		now := time.Now()
		store := handoff.NewMemoryReplayStore(100)
		handoff.SetClock(store, func() time.Time { return now })
		return store, func(d time.Duration) { now = now.Add(d) }
	})
}
