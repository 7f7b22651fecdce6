package webhook

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/didit-go/didit"
)

const (
	defaultTolerance = 5 * time.Minute
	// retryAge is how much older than the tolerance a body's timestamp may be: the last
	// automatic retry comes 5 minutes after the event and may carry the first timestamp.
	retryAge = 10 * time.Minute
)

// Verifier verifies deliveries with a destination's secret. It never changes, and any
// number of goroutines may use it. It prints nothing of the secret.
type Verifier struct {
	macs      []mac
	tolerance time.Duration
	now       func() time.Time
}

// Option sets one thing about a [Verifier]. The last one of a kind wins.
type Option func(*settings)

type settings struct {
	secrets   []string
	tolerance time.Duration
	now       func() time.Time
	problems  []didit.Problem
}

func (s *settings) problem(field, message string) {
	s.problems = append(s.problems, didit.Problem{Field: field, Message: message})
}

func (s *settings) secret(field, secret string) {
	secret, problem := checkSecret(secret)
	if problem != "" {
		s.problem(field, problem)
	}
	s.secrets = append(s.secrets, secret)
}

// WithPreviousSecret also takes signatures made with the secret before the current
// one, while it is being replaced. It is checked as the current one is.
func WithPreviousSecret(secret string) Option {
	return func(s *settings) { s.secret("WithPreviousSecret", secret) }
}

// WithTolerance sets how far a timestamp may be from this machine's clock, either way:
// 5 minutes by default; it must be positive. The body's own timestamp may be 10 minutes
// older than that, because a retry may carry the first one; X-Timestamp, where it is
// sent, may not. Whether Didit's last retry, some 5 minutes after the first try, renews
// X-Timestamp is not documented.
func WithTolerance(d time.Duration) Option {
	return func(s *settings) {
		if s.tolerance = d; d <= 0 {
			s.problem("WithTolerance", "must be positive")
		}
	}
}

// WithClock sets the clock that timestamps are held against, for tests.
func WithClock(now func() time.Time) Option {
	return func(s *settings) {
		if s.now = now; now == nil {
			s.problem("WithClock", "must not be nil")
		}
	}
}

// NewVerifier makes a verifier for a destination's secret, which stands in Didit's
// console beside the destination. White space around it is trimmed. An empty secret or
// one under 16 bytes is refused, since an unset variable must not accept the empty key;
// so is one in quotes or with "Bearer " before it. The error is a
// *[didit.ValidationError] that names every bad option and no secret.
//
// https://docs.didit.me/integration/webhooks
func NewVerifier(secret string, opts ...Option) (*Verifier, error) {
	s := settings{tolerance: defaultTolerance, now: time.Now}
	s.secret("secret", secret)
	for _, option := range opts {
		if option == nil {
			s.problem("NewVerifier", "must not be given a nil Option")
			continue
		}
		option(&s)
	}
	if len(s.problems) > 0 {
		return nil, &didit.ValidationError{Problems: s.problems}
	}
	v := &Verifier{tolerance: s.tolerance, now: s.now}
	for _, secret := range s.secrets {
		v.macs = append(v.macs, newMAC(secret))
	}
	return v, nil
}

func (v *Verifier) usable() bool { return v != nil && len(v.macs) > 0 }

// Verify checks a delivery and decodes it. The header's keys are in canonical form, as
// net/http leaves them. The body is what was received, to the byte, of at most 16 MiB.
// Verify may be called again with the same delivery: it does not tell a repetition, whose
// Event has the same ID, see [WithDeduplication].
//
// An X-Signature that fits is enough, otherwise X-Signature-V2 has to. The event is
// decoded from the text whose signature fitted. Its own timestamp says whether it is
// fresh. X-Timestamp is not signed: it may be missing, and where it is there it has to
// be fresh too. Errors match ErrMissingSignature, ErrSignature, ErrStale or
// ErrMalformed.
//
// https://docs.didit.me/integration/webhooks
func (v *Verifier) Verify(header http.Header, body []byte) (*Event, error) {
	e, err := v.verify(header, body)
	if err != nil {
		return nil, err
	}
	return e, nil
}

// verify returns an event that is signed but stale as well, so that it can be named.
func (v *Verifier) verify(header http.Header, body []byte) (*Event, error) {
	if !v.usable() {
		return nil, fmt.Errorf("%w: the verifier was not made by NewVerifier", ErrSignature)
	}
	buf, _ := buffers.Get().(*[]byte)
	defer release(buf)
	signed, err := v.signed(header, body, buf)
	if err != nil {
		return nil, err
	}
	if repeatsKey(signed, body, buf) {
		return nil, errDuplicates
	}
	e, err := decode(bytes.Clone(signed))
	if err != nil {
		return nil, err
	}
	return e, v.fresh(e, header.Get("X-Timestamp"))
}

// fresh holds both timestamps against the clock.
func (v *Verifier) fresh(e *Event, header string) error {
	now := v.now()
	if e.Timestamp.IsZero() {
		return fmt.Errorf("%w: the body has no timestamp", ErrStale)
	}
	if err := near("the body's timestamp", e.Timestamp, now, v.tolerance+retryAge, v.tolerance); err != nil {
		return err
	}
	if header = strings.TrimSpace(header); header == "" {
		return nil // some proxies drop it
	}
	seconds, err := strconv.ParseInt(header, 10, 64)
	if err != nil {
		return fmt.Errorf("%w: X-Timestamp is not a number of seconds", ErrStale)
	}
	return near("X-Timestamp", time.Unix(seconds, 0), now, v.tolerance, v.tolerance)
}

// near says how far a time is from now, if that is too far.
func near(what string, t, now time.Time, behind, ahead time.Duration) error {
	side, bound := "behind", behind
	age := now.Sub(t)
	if age < 0 {
		side, bound, age = "ahead of", ahead, t.Sub(now)
	}
	if age <= bound {
		return nil
	}
	return fmt.Errorf("%w: %s is %v %s this machine's clock and may be %v; is the clock right?",
		ErrStale, what, age.Round(time.Second), side, bound)
}

// buffers hold canonical forms while they are compared.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// release clears a buffer, which holds personal data, before it is used again.
func release(buf *[]byte) {
	if clear(*buf); cap(*buf) <= 1<<20 {
		buffers.Put(buf)
	}
}
