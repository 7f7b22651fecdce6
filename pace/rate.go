package pace

import (
	"math"
	"time"
)

// What a pause does to a rate, and how it recovers. The figures were found in trials
// with windows and buckets; the tests show what they come to.
const (
	cut    = 0.95 // of the rate is left by a pause, but
	lowest = 0.9  // of what got through at least, and
	most   = 1.2  // of what got through at most
	floor  = 10.0 // a minute, or a process that found the budget spent would start from nothing

	// After recovery a cut has been made good, and the rate is more slots a minute higher
	// than before: by that, the small part of a process grows sooner than the large one of
	// another. After twice the time it is four times as much, and so on.
	recovery = time.Minute
	more     = 2.0
)

// rate is how many slots there are a minute. +Inf is no limit.
type rate struct {
	base    float64       // as the last pause left it
	ceiling float64       // never exceeded
	used    time.Duration // since then, the time in which somebody waited because of it
}

func (r *rate) perMinute() float64 {
	t := float64(r.used) / float64(recovery)
	return min(r.ceiling, r.base*math.Pow(cut, -t*t)+more*t*t)
}

// pause is what a pause does, by what got through in the minute before its end. The
// pause is part of that minute: where a window's budget was spent in its first seconds,
// only the whole minute tells how large it is.
func (r *rate) pause(got float64) {
	r.base = max(min(cut*r.perMinute(), most*got), lowest*got, floor)
	r.used = 0
}
