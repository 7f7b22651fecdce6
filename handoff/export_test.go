package handoff

import "time"

// SetClock gives a memory store another clock.
func SetClock(s ReplayStore, now func() time.Time) {
	if m, ok := s.(*memoryStore); ok {
		m.now = now
	}
}
