package pace_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/pace"
)

func learning(opts ...pace.Option) func() didit.Limiter {
	return func() didit.Limiter { return pace.Adaptive(opts...) }
}

func told(opts ...pace.Option) func() didit.Limiter {
	return func() didit.Limiter { return pace.New(0, 0, opts...) }
}

// TestGoals makes 10,000 calls from 64 goroutines a process against servers that let
// 300 a minute through. Run it with -v for the figures.
func TestGoals(t *testing.T) {
	t.Parallel()
	const calls, perMinute = 10_000, 300
	rules := []struct {
		name  string
		begin func() rule
	}{
		{"fixed window", func() rule { return &fixedWindow{limit: perMinute, length: time.Minute} }},
		{"fixed window, begun before", func() rule { return &fixedWindow{limit: perMinute, length: time.Minute, phase: 40 * time.Second} }},
		{"sliding window", func() rule { return &slidingWindow{limit: perMinute, length: time.Minute} }},
		{"bucket of 300", func() rule { return &tokenBucket{perMinute: perMinute, burst: 300} }},
		{"bucket of 10", func() rule { return &tokenBucket{perMinute: perMinute, burst: 10} }},
	}
	const never = 1e-9
	for _, who := range []struct {
		name          string
		pacer         func() didit.Limiter
		processes     int
		retries       int
		denied, least float64 // at most, at least
	}{
		{"told nothing", learning(), 1, 4, 1.5, 100},
		{"told nothing, alone", learning(pace.Alone()), 1, 4, 1.5, 100},
		{"told", told(), 1, 4, never, 100},
		{"three processes, told nothing", learning(), 3, 20, 3.5, 25},
		{"three processes, told nothing, default retries", learning(), 3, 4, 3.5, 25},
		{"three processes, told nothing but that there are three", learning(pace.OneOf(3)), 3, 20, 3.5, 25},
		{"three processes, told their part", told(pace.OneOf(3)), 3, 4, never, 33},
	} {
		for _, r := range rules {
			t.Run(who.name+"/"+r.name, func(t *testing.T) {
				t.Parallel()
				srv := &server{rule: r.begin(), named: perMinute, way: steady(10 * time.Millisecond)}
				o := fleet{processes: who.processes, goroutines: 64, calls: calls, retries: who.retries, pacer: who.pacer}.run(t, srv)
				percent := o.ofLimit(calls, perMinute)
				t.Logf("%.1f %% of the limit, %.2f of 100 denied, %d lost, smallest part %.1f %%", percent, o.denied, o.lost, o.least)
				assert.GreaterOrEqual(t, percent, 98.0, "percent of the limit")
				assert.LessOrEqual(t, o.denied, who.denied, "denied of 100")
				assert.Zero(t, o.lost, "lost")
				assert.GreaterOrEqual(t, o.least, who.least, "smallest part")
			})
		}
	}
}

// TestNoLimit: where there is no limit, a pacer hardly costs anything.
func TestNoLimit(t *testing.T) {
	t.Parallel()
	f := fleet{processes: 1, goroutines: 64, calls: 10_000}
	without := f.run(t, &server{rule: unlimited{}, way: steady(10 * time.Millisecond)})
	f.pacer = learning()
	with := f.run(t, &server{rule: unlimited{}, way: steady(10 * time.Millisecond)})
	percent := 100 * float64(without.took) / float64(with.took)
	t.Logf("%.1f %% of what 64 goroutines do without", percent)
	assert.GreaterOrEqual(t, percent, 97.0)
	assert.Zero(t, with.lost)
}

// TestToldUneven: calls that take now longer, now shorter must not arrive denser than
// they were sent.
func TestToldUneven(t *testing.T) {
	t.Parallel()
	const calls, perMinute = 3000, 300
	for name, begin := range map[string]func() rule{
		"fixed window":   func() rule { return &fixedWindow{limit: perMinute, length: time.Minute} },
		"sliding window": func() rule { return &slidingWindow{limit: perMinute, length: time.Minute} },
		"bucket of 10":   func() rule { return &tokenBucket{perMinute: perMinute, burst: 10} },
	} {
		for _, parts := range []int{1, 3} {
			t.Run(fmt.Sprint(name, "/", parts), func(t *testing.T) {
				t.Parallel()
				random := rand.New(rand.NewPCG(1, uint64(parts)))
				srv := &server{rule: begin(), named: perMinute, way: func() time.Duration {
					return time.Duration(10+random.ExpFloat64()*50) * time.Millisecond
				}}
				o := fleet{processes: parts, goroutines: 64, calls: calls, retries: 4, pacer: told(pace.OneOf(parts))}.run(t, srv)
				t.Logf("%.1f %% of the limit, %.2f of 100 denied", o.ofLimit(calls, perMinute), o.denied)
				assert.GreaterOrEqual(t, o.ofLimit(calls, perMinute), 98.0)
				assert.LessOrEqual(t, o.denied, 0.5)
				assert.Zero(t, o.lost)
			})
		}
	}
}

// TestRandomRules: limits, windows, buckets and ways that nobody has thought of.
func TestRandomRules(t *testing.T) {
	t.Parallel()
	seeds := uint64(48)
	if testing.Short() {
		seeds = 12
	}
	for seed := range seeds {
		random := rand.New(rand.NewPCG(seed, 16))
		limit := 20 + random.IntN(600)
		length := time.Duration(5+random.IntN(56)) * time.Second
		perMinute := float64(limit) * float64(time.Minute) / float64(length)
		var r rule
		switch seed % 3 {
		case 0:
			r = &fixedWindow{limit: limit, length: length, phase: time.Duration(random.Int64N(int64(length)))}
		case 1:
			r = &slidingWindow{limit: limit, length: length}
		default:
			r = &tokenBucket{perMinute: perMinute, burst: float64(1 + random.IntN(limit))}
		}
		slowest := time.Duration(1 + random.Int64N(int64(200*time.Millisecond)))
		t.Run(fmt.Sprintf("%d/%T of %d in %v", seed, r, limit, length), func(t *testing.T) {
			t.Parallel()
			calls := int(min(20*perMinute, 8000)) // 20 minutes, or some ten windows
			srv := &server{rule: r, named: limit, way: func() time.Duration { return time.Duration(random.Int64N(int64(slowest))) }}
			goroutines := 32 + int(2*perMinute/60*slowest.Seconds())
			o := fleet{processes: 1, goroutines: goroutines, calls: calls, retries: 20, pacer: learning()}.run(t, srv)
			percent, first := o.ofLimit(calls, perMinute), 100*float64(goroutines)/float64(calls)
			t.Logf("%.1f %% of the limit, %.2f of 100 denied", percent, o.denied)
			assert.GreaterOrEqual(t, percent, 92.0, "percent of the limit")
			assert.LessOrEqual(t, o.denied, first+2.5, "denied of 100; at first all goroutines may be")
			assert.Zero(t, o.lost, "lost")
		})
	}
}
