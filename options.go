package didit

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/didit-go/didit/internal/setting"
)

// DefaultBaseURL is where Didit serves its API.
const DefaultBaseURL = "https://verification.didit.me"

// Environment variables that [NewClient] reads where the option is not given.
const (
	envAPIKey        = "DIDIT_API_KEY"        //nolint:gosec // the name of a variable, not a key
	envApplicationID = "DIDIT_APPLICATION_ID" // only together with envAPIKey
)

// Option sets one thing about a [Client]. The last one of a kind wins.
type Option func(*settings)

type settings struct {
	key, applicationID       string
	keyGiven, appGiven       bool
	baseURL                  string
	httpClient               *http.Client
	attemptTimeout           time.Duration
	maxRetries               int
	waitMin, waitMax         time.Duration
	maxRetryAfter            time.Duration
	product                  string
	logger                   *slog.Logger
	hooks                    []CallHook
	limiter                  Limiter
	now                      func() time.Time
	audit                    func(context.Context, AuditEvent) error
	insecureHTTP             bool
	problems                 problems
	keySource, applicationAt string // what a problem of theirs is called
}

func defaults() settings {
	return settings{
		baseURL:        DefaultBaseURL,
		httpClient:     &http.Client{},
		attemptTimeout: 30 * time.Second,
		maxRetries:     4,
		waitMin:        500 * time.Millisecond,
		waitMax:        8 * time.Second,
		maxRetryAfter:  60 * time.Second,
		now:            time.Now,
		keySource:      "WithAPIKey",
		applicationAt:  "WithApplicationID",
	}
}

// WithAPIKey sets the application's key. White space around it is trimmed.
// Without this option the key is taken from the environment variable
// DIDIT_API_KEY.
//
// https://docs.didit.me/getting-started/api-authentication
func WithAPIKey(key string) Option {
	return func(s *settings) { s.key, s.keyGiven = key, true }
}

// WithInsecureHTTP allows a base URL with http on hosts that are not loopback: the
// network of a compose file, a test cluster. It is never taken together with an
// sk_live_ key.
func WithInsecureHTTP() Option {
	return func(s *settings) { s.insecureHTTP = true }
}

// WithBaseURL sets another server, [DefaultBaseURL] otherwise: https, or http on
// a loopback address (see [WithInsecureHTTP]). A path prefix is kept; "/v3" is not
// part of it.
func WithBaseURL(rawURL string) Option {
	return func(s *settings) { s.baseURL = rawURL }
}

// WithHTTPClient sets the HTTP client that sends the requests. It is copied: its transport
// and cookie jar are used, its Timeout bounds one attempt, and its redirect
// policy is not used, because redirects are never followed.
func WithHTTPClient(c *http.Client) Option {
	return func(s *settings) {
		if c == nil {
			s.problems.add("WithHTTPClient", "must not be nil", nil)
			return
		}
		s.httpClient = c
	}
}

// WithAttemptTimeout bounds one attempt, from its start to the last byte of the
// answer; 30 s by default, 0 for none. For [Client.SessionPDF] it bounds the
// pause between two parts of the answer. The whole call is bounded by its context.
func WithAttemptTimeout(d time.Duration) Option {
	return func(s *settings) {
		s.attemptTimeout = d
		if d < 0 {
			s.problems.add("WithAttemptTimeout", "must not be negative", nil)
		}
	}
}

// WithMaxRetries sets how often a call may be sent again after the first try: 4
// by default, 0 for never.
func WithMaxRetries(n int) Option {
	return func(s *settings) {
		s.maxRetries = n
		if n < 0 {
			s.problems.add("WithMaxRetries", "must not be negative", nil)
		}
	}
}

// WithRetryWait bounds the random wait before a retry, which grows from min to
// max: 500 ms and 8 s by default. Zero for both means not to wait. An import's
// search for a lost copy is repeated after 1, 3 and 6 s, or 2, 6 and 12 times min where
// that is sooner.
func WithRetryWait(min, max time.Duration) Option {
	return func(s *settings) {
		s.waitMin, s.waitMax = min, max
		if min < 0 || max < min {
			s.problems.add("WithRetryWait", "must be 0 <= min <= max, such as 500*time.Millisecond and 8*time.Second", nil)
		}
	}
}

// WithMaxRetryAfter caps the wait that a Retry-After may ask for: 60 s by
// default. Where Didit asks for a longer one, the error is returned at once, with
// RetryAfter set. Zero means never to wait for a 429.
func WithMaxRetryAfter(d time.Duration) Option {
	return func(s *settings) {
		s.maxRetryAfter = d
		if d < 0 {
			s.problems.add("WithMaxRetryAfter", "must not be negative", nil)
		}
	}
}

// WithApplicationID tells the client which application its key belongs to, so
// that sharing with oneself and importing a token for somebody else are refused
// without a call. Without this option it is taken from DIDIT_APPLICATION_ID, if
// the key came from the environment too.
func WithApplicationID(id string) Option {
	return func(s *settings) { s.applicationID, s.appGiven = id, true }
}

// WithUserAgent puts a product, such as "shop/1.2", before "didit-go/<version>".
func WithUserAgent(product string) Option {
	return func(s *settings) {
		s.product = strings.TrimSpace(product)
		if s.product == "" || !setting.Printable(s.product) {
			s.problems.add("WithUserAgent", `must be printable ASCII, such as "shop/1.2"`, nil)
		}
	}
}

// WithLogger logs one line at the end of each call, local refusals included:
// operation, outcome as in [AuditOutcome], attempts, duration, host, status, ids of
// sessions and the request's id, and of a call that failed its error. A call that
// succeeded, an import that was recovered included, is info; one that failed a warning.
// Attempts that are made again, the calls of a search and the pages of a walk are debug.
// Nothing else that was sent or received is logged. Without this option nothing
// is.
func WithLogger(l *slog.Logger) Option {
	return func(s *settings) {
		s.logger = l
		if l == nil {
			s.problems.add("WithLogger", "must not be nil", nil)
		}
	}
}

// WithLimiter sets a limiter that every attempt waits for, retries and the reads of a
// search included. The wait does not count against the attempt's timeout.
func WithLimiter(l Limiter) Option {
	return func(s *settings) {
		s.limiter = l
		if setting.IsNil(l) {
			s.problems.add("WithLimiter", "must not be nil", nil)
		}
	}
}

// WithClock sets the clock that share tokens and the dates of Retry-After are
// held against, for tests. Waits and timeouts are on the real clock.
func WithClock(now func() time.Time) Option {
	return func(s *settings) {
		s.now = now
		if now == nil {
			s.problems.add("WithClock", "must not be nil", nil)
		}
	}
}

// WithAuditHook sets a function that is told of every share, import and search, see
// [AuditEvent]. It runs on the calling goroutine before the call returns, with a
// context that has the call's values, does not end with it, and ends after 10 s.
//
// It fails closed: where f returns an error, the result of the call is withheld, and
// its error is a [CallError] with OutcomeResultLost that wraps f's. A share's token
// then expires unused; call again, and an import returns the copy that it had made.
// Where the call has failed as well, its own error is returned, with f's joined.
func WithAuditHook(f func(context.Context, AuditEvent) error) Option {
	return func(s *settings) {
		s.audit = f
		if f == nil {
			s.problems.add("WithAuditHook", "must not be nil", nil)
		}
	}
}

// WithCallHook sets what runs around each call, see [CallHook]. The first hook is the
// outermost: it begins first and ends last. The attempts of a call are seen by the
// RoundTripper of [WithHTTPClient], whose requests have the context that the hooks made.
func WithCallHook(hooks ...CallHook) Option {
	return func(s *settings) {
		s.hooks = hooks
		for _, hook := range hooks {
			if hook == nil {
				s.problems.add("WithCallHook", "must not be nil", nil)
				return
			}
		}
	}
}
