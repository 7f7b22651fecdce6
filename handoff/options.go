package handoff

import (
	"context"
	"log/slog"
	"net/http"
	"time"
)

const defaultTolerance = 5 * time.Minute

// Option sets one thing about a sender, receiver, requester or grantor. The last one of
// a kind wins. One that the side has no use for is an error.
type Option func(*settings)

type settings struct {
	tolerance time.Duration
	now       func() time.Time
	logger    *slog.Logger // never nil
	client    *http.Client
	store     ReplayStore
	previous  []Secret
	audit     func(context.Context, AuditEvent) error
	problems  problems
}

// newSettings applies the options. client says whether the side sends.
func newSettings(opts []Option, sends bool) settings {
	s := settings{tolerance: defaultTolerance, now: time.Now, logger: slog.New(slog.DiscardHandler)}
	for _, option := range opts {
		if option == nil {
			s.problems.add("Option", "must not be nil", nil)
			continue
		}
		option(&s)
	}
	switch {
	case sends && s.store != nil:
		s.problems.add("WithReplayStore", "is for a receiver or grantor", nil)
	case !sends && s.client != nil:
		s.problems.add("WithHTTPClient", "is for a sender or requester", nil)
	case !sends && s.previous != nil:
		s.problems.add("WithPreviousSecret", "is for a sender or requester; Secrets takes several for each partner", nil)
	}
	return s
}

// WithTolerance sets how far the timestamp of a message may be from this machine's
// clock, either way: 5 minutes by default.
func WithTolerance(d time.Duration) Option {
	return func(s *settings) {
		if s.tolerance = d; d <= 0 {
			s.problems.add("WithTolerance", "must be positive", nil)
		}
	}
}

// WithClock sets the clock that timestamps and expiry are held against, for tests. Waits
// and timeouts are on the real clock.
func WithClock(now func() time.Time) Option {
	return func(s *settings) {
		if s.now = now; now == nil {
			s.problems.add("WithClock", "must not be nil", nil)
		}
	}
}

// WithLogger logs what was refused and why, what failed and will be tried again, and,
// as information, what was handed over: ids of the hand-off and of applications, never
// a token, reference or purpose. A callback's error is logged as it is. Without
// this option nothing is logged.
func WithLogger(l *slog.Logger) Option {
	return func(s *settings) {
		if s.logger = l; l == nil {
			s.problems.add("WithLogger", "must not be nil", nil)
		}
	}
}

// WithHTTPClient sets the HTTP client of a sender or requester. It is copied: its
// transport is used, its Timeout bounds one attempt if it is under 30 s. Redirects are
// never followed.
func WithHTTPClient(c *http.Client) Option {
	return func(s *settings) {
		if s.client = c; c == nil {
			s.problems.add("WithHTTPClient", "must not be nil", nil)
		}
	}
}

// WithReplayStore sets the store in which a receiver or grantor remembers hand-offs.
// Several machines need a shared one. So do you to know hand-offs again after a restart.
// The default is [NewMemoryReplayStore] with room for 10,000.
func WithReplayStore(store ReplayStore) Option {
	return func(s *settings) {
		if s.store = store; store == nil {
			s.problems.add("WithReplayStore", "must not be nil", nil)
		}
	}
}

// WithPreviousSecret lets a sender or requester sign with this one as well, and a
// requester accept grants that are signed with it, while a secret is being replaced. It
// may be given twice.
func WithPreviousSecret(secret Secret) Option {
	return func(s *settings) {
		if s.previous = append(s.previous, secret); secret.IsZero() {
			s.problems.add("WithPreviousSecret", "must not be the zero Secret", nil)
		}
		if len(s.previous) == maxSecrets {
			s.problems.add("WithPreviousSecret", "must not be given more than twice", nil)
		}
	}
}

// WithAuditHook sets a function that is told of every hand-off, see [AuditEvent]. It
// runs on the calling goroutine, with a context that has the call's values but does not
// end with it, for up to 10 s. It fails closed: where it returns an error, the result is withheld
// and the other side tries again.
func WithAuditHook(f func(context.Context, AuditEvent) error) Option {
	return func(s *settings) {
		if s.audit = f; f == nil {
			s.problems.add("WithAuditHook", "must not be nil", nil)
		}
	}
}
