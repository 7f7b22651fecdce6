package didittest

import "time"

// lateCall is a call that waits for the clock.
type lateCall struct {
	due  time.Time
	call *call
}

func (s *Server) postpone(c *call, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.late = append(s.late, lateCall{s.Now().Add(d), c})
}

// applyLate applies the late calls that are due. Their answers go nowhere.
func (s *Server) applyLate() {
	now := s.Now()
	s.mu.RLock()
	any := len(s.late) > 0
	s.mu.RUnlock()
	if !any {
		return
	}
	var due []lateCall
	s.mu.Lock()
	kept := s.late[:0]
	for _, l := range s.late {
		if l.due.After(now) {
			kept = append(kept, l)
		} else {
			due = append(due, l)
		}
	}
	s.late = kept
	s.mu.Unlock()
	for _, l := range due {
		l.call.now = l.due
		l.call.apply()
	}
}
