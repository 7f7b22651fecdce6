package handoff_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/didit-go/didit/handoff"
	"github.com/didit-go/didit/handoff/storetest"
)

func TestMemoryReplayStore(t *testing.T) {
	t.Parallel()
	for name, check := range storetest.Replays {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { check(t, handoff.NewMemoryReplayStore(100), time.Sleep) })
		})
	}
}
