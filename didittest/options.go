package didittest

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Option changes how a [Server] behaves. A value that makes no sense panics: a test must not go on with another server than
// the one it asked for.
type Option func(*config)

type config struct {
	dialect          Dialect
	writes, reads    int
	pdfs             int
	latency          time.Duration
	clock            func() time.Time
	seed             uint64
	listener         net.Listener
	observer         func(Request)
	history          int
	success          map[Operation]int
	sourceInRows     bool
	sourceInDecision bool
	nullSource       bool
	inheritVendor    bool
	reviewRequired   bool
	kindlessTokens   bool
	reimport         bool
	repeatedImports  bool
	importWebhooks   bool
	stringErrors     bool
	listLag          time.Duration
	maxPage          int
	webhookTransport http.RoundTripper
	webhookTimeout   time.Duration
	readTimeout      time.Duration
	baseURL          string
	controlHosts     []string
}

func defaults() config {
	return config{
		dialect:          DialectNewest,
		clock:            time.Now,
		seed:             1,
		history:          -1,
		success:          map[Operation]int{},
		sourceInDecision: true,
		inheritVendor:    true,
		webhookTimeout:   5 * time.Second, // Didit's own
		readTimeout:      10 * time.Second,
	}
}

// WithDialect chooses the documented answers and error bodies that are spoken. Default [DialectNewest].
func WithDialect(d Dialect) Option {
	if !d.known() {
		panic(fmt.Sprintf("didittest: unknown dialect %q", d))
	}
	return func(c *config) {
		c.dialect = d
		if d == DialectSingular {
			c.success[OpDeleteSession] = http.StatusNoContent
		}
	}
}

// WithRateLimit allows each key perMinute writes and, counted apart, perMinute reads in any 60 seconds of the server's clock.
// Default no limit. See [WithRateLimits] for Didit's own figures.
func WithRateLimit(perMinute int) Option { return WithRateLimits(perMinute, perMinute) }

// Didit's documented limits per key and minute.
const (
	DocumentedWritesPerMinute = 300
	DocumentedReadsPerMinute  = 600

	documentedPDFsPerMinute = 50
)

// WithRateLimits is [WithRateLimit] with a figure of its own for writes (POST, PATCH, DELETE) and reads (GET). 0 is no limit.
func WithRateLimits(writesPerMinute, readsPerMinute int) Option {
	if writesPerMinute < 0 || readsPerMinute < 0 {
		panic("didittest: a rate limit below 0")
	}
	return func(c *config) { c.writes, c.reads = writesPerMinute, readsPerMinute }
}

// WithDocumentedLimits sets the limits that Didit documents for these calls: 300 writes, 600 reads and, among these, 50 reports
// in any 60 seconds, per key.
func WithDocumentedLimits() Option {
	return func(c *config) {
		c.writes, c.reads, c.pdfs = DocumentedWritesPerMinute, DocumentedReadsPerMinute, documentedPDFsPerMinute
	}
}

// WithReadTimeout sets how long a request may take to arrive, in real time: a connection that sends no more is closed. So is
// a stream of events of the control API that takes none for as long. Default 10 s.
func WithReadTimeout(d time.Duration) Option {
	if d <= 0 {
		panic("didittest: a read timeout of 0 or below")
	}
	return func(c *config) { c.readTimeout = d }
}

// WithURL sets the base URL that the server says it has, in [Server.URL] and in its answers, where clients reach it by another
// name than that of its listener: in a container, behind a proxy.
func WithURL(base string) Option {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		panic("didittest: not a base URL, for example http://sandbox:8123")
	}
	return func(c *config) { c.baseURL = strings.TrimSuffix(base, "/") }
}

// WithControlHosts lets [Server.Control] be reached by names other than those of loopback, for example in a container. A name
// that others can make point to this machine opens it to web pages.
func WithControlHosts(names ...string) Option {
	return func(c *config) { c.controlHosts = append(c.controlHosts, names...) }
}

// WithLatency delays every answer by d of real time, before anything is applied. A client that hangs up ends the delay, and
// its call is then not applied. Default 0.
func WithLatency(d time.Duration) Option {
	if d < 0 {
		panic("didittest: a latency below 0")
	}
	return func(c *config) { c.latency = d }
}

// WithClock sets where the server's time comes from; [Server.Advance] adds to it. Default [time.Now], so that tokens also
// expire while nobody moves the clock. A function that always returns the same instant makes time stand still between calls
// of Advance.
func WithClock(now func() time.Time) Option {
	if now == nil {
		panic("didittest: a nil clock")
	}
	return func(c *config) { c.clock = now }
}

// WithSeed seeds the faults that have a probability. Default 1: the same calls in the same order meet the same faults.
func WithSeed(seed uint64) Option { return func(c *config) { c.seed = seed } }

// WithListener serves on l, which the server closes. Default a free port of 127.0.0.1.
func WithListener(l net.Listener) Option {
	if l == nil {
		panic("didittest: a nil listener")
	}
	return func(c *config) { c.listener = l }
}

// WithObserver calls f after every recorded request has been answered, from the goroutine that answered it. f must be safe
// for concurrent use and must not block.
func WithObserver(f func(Request)) Option { return func(c *config) { c.observer = f } }

// WithHistory keeps only about the last n requests for [Server.Requests], at least n. Default all; 0 keeps none.
func WithHistory(n int) Option {
	if n < 0 {
		panic("didittest: a history below 0")
	}
	return func(c *config) { c.history = n }
}

// WithListLag makes a session that was imported or created through the API appear in lists only d later on the server's
// clock; its decision can be read at once. Default 0. Sessions of [Application.AddSession] are listed at once.
func WithListLag(d time.Duration) Option {
	if d < 0 {
		panic("didittest: a list lag below 0")
	}
	return func(c *config) { c.listLag = d }
}

// WithWebhookTransport delivers webhooks through t, for a receiver with a certificate of its own. Default a transport of the
// server's own.
func WithWebhookTransport(t http.RoundTripper) Option {
	return func(c *config) { c.webhookTransport = t }
}

// WithWebhookTimeout sets how long a webhook's receiver may take, in real time. Default 5 s, as Didit documents.
func WithWebhookTimeout(d time.Duration) Option {
	if d <= 0 {
		panic("didittest: a webhook timeout of 0 or below")
	}
	return func(c *config) { c.webhookTimeout = d }
}
