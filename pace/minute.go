package pace

import "time"

// minute counts what got through in the last minute.
type minute struct {
	// count has a place for each second, and two more: a pause of a minute ends up to a
	// second late, because Retry-After is told in whole seconds.
	count [62]int
	last  int64     // the second that was counted last
	begun time.Time // when calls began, after more than a minute without any
	pause time.Time // when the last pause ended, or calls began
	fresh int       // what got through since then
}

// begin says that a call is about to go out.
func (m *minute) begin(now time.Time) {
	if now.Unix()-m.last > int64(len(m.count)) {
		m.begun, m.pause, m.fresh = now, now, 0
	}
	m.forget(now)
}

// add says that a call got through.
func (m *minute) add(now time.Time) {
	m.forget(now)
	m.count[m.last%int64(len(m.count))]++
	m.fresh++
}

// forget empties the seconds between the last call and now.
func (m *minute) forget(now time.Time) {
	second, size := now.Unix(), int64(len(m.count))
	for m.last = max(m.last, second-size); m.last < second; {
		m.last++
		m.count[m.last%size] = 0
	}
}

// perMinute is what got through, at the end of a pause. In the first minute of calls
// what got through since the pause before tells more than the little that there is: the
// first burst shows how much a bucket held, not how fast it fills.
func (m *minute) perMinute(now time.Time) float64 {
	m.forget(now)
	n := 0
	for _, c := range m.count {
		n += c
	}
	got := float64(n)
	if now.Sub(m.begun) < time.Minute {
		since := max(now.Sub(m.pause), time.Second)
		got = max(got, float64(max(m.fresh, 1))*float64(time.Minute)/float64(since))
	}
	m.pause, m.fresh = now, 0
	return got
}
