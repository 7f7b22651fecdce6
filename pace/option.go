package pace

import (
	"math"

	"github.com/didit-go/didit"
)

// Option sets one thing about a [Pacer].
type Option func(*settings)

type settings struct {
	told            bool
	parts           int
	divided, single bool
	problems        []didit.Problem
}

// OneOf says that this process is one of n, at least 1, that share the key's limits.
// Limits that [New] is told are divided by n. [Adaptive] starts at its part of Didit's
// own limits, and goes on to learn. It is for a fixed number: without it processes that
// come and go find their parts by themselves.
func OneOf(n int) Option {
	return func(s *settings) {
		s.parts, s.divided = n, true
		if n < 1 {
			s.add("OneOf", "must be 1 or more")
		}
	}
}

// Alone tells [Adaptive] that no other process uses the key. Then the limit that a 429
// names is this process's own, and is not exceeded from there on: after the first
// refusals there are hardly any. Where others do use the key, it is all processes' limit
// together and says nothing of the part of one. It does not go together with [OneOf],
// nor with [New], which is told the limits.
func Alone() Option { return func(s *settings) { s.single = true } }

func (s *settings) add(field, message string) {
	s.problems = append(s.problems, didit.Problem{Field: field, Message: message})
}

func (s *settings) limit(field string, perMinute int) {
	if perMinute < 0 {
		s.add(field, "must not be negative")
	}
}

func (s *settings) err() error {
	if s.single && s.told {
		s.add("Alone", "is for Adaptive only")
	}
	if s.single && s.divided {
		s.add("Alone", "does not go together with OneOf")
	}
	if len(s.problems) == 0 {
		return nil
	}
	return &didit.ValidationError{Problems: s.problems}
}

// rate is where a lane of the given limit starts.
func (s *settings) rate(limit int) rate {
	part := float64(limit) / float64(s.parts)
	switch {
	case s.told:
		return rate{base: part, ceiling: part}
	case s.divided:
		return rate{base: part, ceiling: math.Inf(1)}
	default:
		return rate{base: math.Inf(1), ceiling: math.Inf(1)}
	}
}

// named is by what a limit that a 429 names is divided; 0: it is not listened to.
func (s *settings) named() float64 {
	if s.told || s.single {
		return float64(s.parts)
	}
	return 0
}
