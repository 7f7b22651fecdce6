package transport

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// capped says whether the next wait is one that Didit asked for.
func (c *call) capped() bool {
	return c.res.Status == http.StatusTooManyRequests || c.res.Status >= 500 && c.ra >= 0
}

// firstPause is Didit's advice for a 429 without Retry-After: 5, 10, 20, 40 s.
const firstPause = 5 * time.Second

// nextWait returns how long to wait, and the part of it that is not jitter, which
// is what the cap is held against.
func (c *call) nextWait() (base, wait time.Duration) {
	wait = jitter(c.exponential())
	if !c.capped() {
		return 0, wait
	}
	base = c.ra
	if base < 0 {
		base = firstPause << min(c.many-1, 3)
	}
	if c.t.cfg.MaxRetryAfter == 0 {
		return 1, 0 // never waits, not even for a Retry-After of 0
	}
	// A part of it more, so that many waiters do not all return at once.
	return base, max(wait, base+jitter(base/4))
}

// exponential is the bound of the next wait: from WaitMin, doubling, to WaitMax.
func (c *call) exponential() time.Duration {
	d := c.t.cfg.WaitMin
	for range c.res.Attempts - 1 {
		if d > c.t.cfg.WaitMax/2 {
			return c.t.cfg.WaitMax
		}
		d *= 2
	}
	return d
}

// jitter picks a random part of d.
func jitter(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return rand.N(d) //nolint:gosec // spreads waits, decides nothing secret
}

// absurd stands for a Retry-After beyond any cap. Jitter does not overflow it.
const absurd = time.Duration(1 << 62)

// parseRetryAfter reads seconds or an HTTP date. Negative means that there is
// none that can be understood.
func parseRetryAfter(text string, now func() time.Time) time.Duration {
	text = strings.TrimSpace(text)
	if text == "" {
		return -1
	}
	if secs, err := strconv.ParseFloat(text, 64); err == nil {
		switch {
		case secs != secs || secs < 0: // NaN
			return -1
		case secs > (100 * 365 * 24 * time.Hour).Seconds():
			return absurd
		}
		return time.Duration(secs * float64(time.Second))
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(at.Sub(now()), 0), absurd)
	}
	return -1
}
