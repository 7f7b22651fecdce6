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

// scopeKey is a counter: reads and writes have one each.
type scopeKey struct {
	identifier string
	read       bool
}

// check counts a call, or returns the 429 that refuses it. What is refused does not count.
func (l *limiter) check(c *call) *answer {
	read := c.request.Method == http.MethodGet
	limit := c.server.cfg.writes
	if read {
		limit = c.server.cfg.reads
	}
	if limit == 0 {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil {
		l.seen = map[scopeKey][]time.Time{}
	}
	key := scopeKey{identifier(c.request), read}
	now := c.server.Now()
	times := l.seen[key]
	old := 0
	for old < len(times) && !times[old].Add(window).After(now) {
		old++
	}
	times = times[old:]
	if len(times) < limit {
		l.seen[key] = append(times, now)
		return nil
	}
	l.seen[key] = times
	free := times[len(times)-limit].Add(window)
	a := throttled(limit, free, now)
	return &a
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
