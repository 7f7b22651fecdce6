package didittest

import (
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// window is the length of Didit's sliding window.
const window = time.Minute

// limiter counts calls per identifier and scope.
type limiter struct {
	mu   sync.Mutex
	seen map[scopeKey][]time.Time
}

// scopeKey is a counter: Didit's scopes have one each per identifier.
type scopeKey struct{ identifier, scope string }

// limits are the scopes that a call counts in, with their limits.
func (c *call) limits() map[string]int {
	cfg := &c.server.cfg
	switch {
	case c.request.Method != http.MethodGet:
		return map[string]int{"generic-write": cfg.writes}
	case c.op.name == OpSessionPDF:
		return map[string]int{"generic-get": cfg.reads, "session-generate-pdf": cfg.pdfs}
	}
	return map[string]int{"generic-get": cfg.reads}
}

// check counts a call, or returns the 429 that refuses it. What is refused does not count.
func (l *limiter) check(c *call) *answer {
	if c.server.cfg.writes == 0 && c.server.cfg.reads == 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil {
		l.seen = map[scopeKey][]time.Time{}
	}
	now, who, limits := c.server.Now(), identifier(c.request), c.limits()
	for scope, limit := range limits {
		if limit == 0 {
			continue
		}
		times := l.seen[scopeKey{who, scope}]
		old := 0
		for old < len(times) && !times[old].Add(window).After(now) {
			old++
		}
		times = times[old:]
		l.seen[scopeKey{who, scope}] = times
		if len(times) >= limit {
			a := throttled(limit, times[len(times)-limit].Add(window), now)
			return &a
		}
	}
	for scope, limit := range limits {
		if limit > 0 {
			key := scopeKey{who, scope}
			l.seen[key] = append(l.seen[key], now)
		}
	}
	return nil
}

// throttled is Didit's 429: free is when the next call may pass.
func throttled(limit int, free, now time.Time) answer {
	wait := int((free.Sub(now) + time.Second - 1) / time.Second)
	seconds := strconv.Itoa(max(1, wait))
	return detail(http.StatusTooManyRequests, "Request was throttled. Expected available in "+seconds+" seconds.").
		with("Retry-After", seconds).
		with("X-Ratelimit-Limit", strconv.Itoa(limit)).
		with("X-Ratelimit-Remaining", "0").
		with("X-Ratelimit-Reset", strconv.FormatInt(free.Add(time.Second-1).Unix(), 10))
}

// identifier is the key, else the first hop of X-Forwarded-For, else the address.
func identifier(r *http.Request) string {
	if key := r.Header.Get("X-Api-Key"); key != "" {
		return key
	}
	if hop, _, _ := strings.Cut(r.Header.Get("X-Forwarded-For"), ","); strings.TrimSpace(hop) != "" {
		return strings.TrimSpace(hop)
	}
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	return host
}
