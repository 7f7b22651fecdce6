// Package webhook verifies, decodes and receives Didit's webhooks.
//
// Partner A learns by webhook that a session is finished and may be shared, Partner B
// what became of a copy under review:
//
//	verifier, err := webhook.NewVerifier(os.Getenv("DIDIT_WEBHOOK_SECRET"))
//	store := webhook.NewMemoryStore(10_000)
//	http.Handle("POST /didit", verifier.Handler(func(ctx context.Context, e *webhook.Event) error {
//		if e.ApplicationID != ours || e.Environment != "live" || e.Test {
//			return nil // not for us; nil, or Didit tries again
//		}
//		return queue.Add(ctx, e.ID, e.SessionID) // the work itself is done elsewhere
//	}, webhook.WithDeduplication(store)))
//
// Didit hangs up after 5 seconds and tries again, twice, a minute and then four more
// minutes later, after a 5xx, a 404 or no answer. So the callback writes down what is
// to be done, and other code does it.
//
// Nothing of a delivery is used before its signature was verified, and nothing but
// the text that was signed. What the signature does not say has to be checked by the
// callback: that the event is for our application and from the right environment.
//
// https://docs.didit.me/integration/webhooks
package webhook

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/didit-go/didit"
)

// What makes a delivery fail, for [errors.Is]. No error quotes the delivery.
var (
	// ErrMissingSignature: neither X-Signature-V2 nor X-Signature is there.
	// X-Signature-Simple alone does not count: it leaves out the decision.
	ErrMissingSignature = errors.New("webhook: no signature that covers the body")
	// ErrSignature: no signature fits, with the current or the previous secret.
	ErrSignature = errors.New("webhook: the signature does not fit")
	// ErrStale: X-Timestamp or the body's own timestamp is missing, too old or ahead.
	ErrStale = errors.New("webhook: not fresh")
	// ErrMalformed: signed, but not an event that can be read one way only.
	ErrMalformed = errors.New("webhook: not an event")
)

const (
	minSecret        = 16
	defaultTolerance = 5 * time.Minute
	// retryAge is how much older than the tolerance a body's own timestamp may be: the
	// last automatic retry comes 5 minutes after the event and may carry the first one.
	retryAge = 10 * time.Minute
)

// Verifier verifies deliveries with a destination's secret. Any number of goroutines
// may use it.
type Verifier struct {
	macs      []mac
	tolerance time.Duration
	now       func() time.Time
}

// Option sets one thing about a [Verifier].
type Option func(*settings)

type settings struct {
	secrets   []string
	tolerance time.Duration
	now       func() time.Time
	problems  []didit.Problem
}

func (s *settings) add(field, message string) {
	s.problems = append(s.problems, didit.Problem{Field: field, Message: message})
}

func (s *settings) secret(field, secret string) {
	secret = strings.TrimSpace(secret)
	if len(secret) < minSecret {
		s.add(field, "must have at least 16 bytes: is the variable set?")
	}
	s.secrets = append(s.secrets, secret)
}

// WithPreviousSecret also takes signatures made with the secret before the current
// one, while it is being replaced.
func WithPreviousSecret(secret string) Option {
	return func(s *settings) { s.secret("WithPreviousSecret", secret) }
}

// WithTolerance sets how far X-Timestamp may be from our clock, either way: 5 minutes
// unless said. The body's own timestamp may be 10 minutes older than that.
func WithTolerance(d time.Duration) Option {
	return func(s *settings) {
		if s.tolerance = d; d <= 0 {
			s.add("WithTolerance", "must be positive")
		}
	}
}

// WithClock sets the clock that timestamps are held against, for tests.
func WithClock(now func() time.Time) Option {
	return func(s *settings) {
		if s.now = now; now == nil {
			s.add("WithClock", "must not be nil")
		}
	}
}

// NewVerifier makes a verifier for a destination's secret. White space around the
// secret is trimmed; one under 16 bytes is refused, as an unset variable is. The error
// is a *[didit.ValidationError] that names every bad option.
func NewVerifier(secret string, opts ...Option) (*Verifier, error) {
	s := settings{tolerance: defaultTolerance, now: time.Now}
	s.secret("secret", secret)
	for _, option := range opts {
		if option == nil {
			s.add("NewVerifier", "must not be given a nil Option")
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

// Verify checks a delivery and decodes it. body is what was received, to the byte. It
// may be called again with the same delivery: replays within the tolerance are told by
// their ID, see [WithDeduplication].
//
// A raw X-Signature that fits is enough; otherwise X-Signature-V2 has to. The event is
// decoded from the text whose signature fitted. Errors match ErrMissingSignature,
// ErrSignature, ErrStale or ErrMalformed.
func (v *Verifier) Verify(header http.Header, body []byte) (*Event, error) {
	if v == nil || len(v.macs) == 0 {
		return nil, fmt.Errorf("%w: the verifier was not made by NewVerifier", ErrSignature)
	}
	buf, _ := texts.Get().(*[]byte)
	defer func() {
		if clear(*buf); cap(*buf) <= 1<<20 { // personal data
			texts.Put(buf)
		}
	}()
	signed, err := v.authenticate(header, body, buf)
	if err != nil {
		return nil, err
	}
	seconds, err := strconv.ParseInt(strings.TrimSpace(header.Get("X-Timestamp")), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%w: X-Timestamp is missing or not a number", ErrStale)
	}
	now := v.now()
	if !between(time.Unix(seconds, 0), now.Add(-v.tolerance), now.Add(v.tolerance)) {
		return nil, fmt.Errorf("%w: X-Timestamp is too far from our clock", ErrStale)
	}
	if err := unique(signed, body, buf); err != nil {
		return nil, err
	}
	e, err := decode(bytes.Clone(signed))
	if err != nil {
		return nil, err
	}
	if e.Timestamp.IsZero() {
		return nil, fmt.Errorf("%w: the body has no timestamp", ErrStale)
	}
	if !between(e.Timestamp, now.Add(-v.tolerance-retryAge), now.Add(v.tolerance)) {
		return nil, fmt.Errorf("%w: the body's timestamp is too far from our clock", ErrStale)
	}
	return e, nil
}

func between(t, first, last time.Time) bool { return !t.Before(first) && !t.After(last) }

var texts = sync.Pool{New: func() any { return new([]byte) }}

// authenticate returns the text whose signature fits: body, or its canonical form,
// which is made in buf.
func (v *Verifier) authenticate(header http.Header, body []byte, buf *[]byte) ([]byte, error) {
	raw, v2 := header.Get("X-Signature"), header.Get("X-Signature-V2")
	if raw == "" && v2 == "" {
		return nil, ErrMissingSignature
	}
	if v.fits(raw, body) {
		return body, nil
	}
	if v2 == "" {
		return nil, ErrSignature
	}
	text, duplicates, err := canonical((*buf)[:0], body)
	*buf = text
	switch {
	case err != nil, !v.fits(v2, text):
		return nil, ErrSignature
	case duplicates:
		return nil, errDuplicates
	}
	return text, nil
}

var errDuplicates = fmt.Errorf("%w: a key stands twice in one object", ErrMalformed)

// unique refuses duplicate keys in a body that was signed as it is.
func unique(signed, body []byte, buf *[]byte) error {
	if len(body) == 0 || &signed[0] != &body[0] {
		return nil // the canonical form was made, and checked
	}
	text, duplicates, err := canonical((*buf)[:0], body)
	if *buf = text; duplicates || err != nil && repeats(body) {
		return errDuplicates
	}
	return nil
}

// repeats reports whether a key stands twice in one object of a text that has no
// canonical form.
func repeats(text []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	type container struct {
		keys  map[string]bool // nil in an array
		value bool            // a key has been read, its value comes
	}
	var open []container
	for {
		token, err := dec.Token()
		if err != nil {
			return false // its end, or not JSON: the decoder says so
		}
		if end, ok := token.(json.Delim); ok && (end == '}' || end == ']') {
			open = open[:len(open)-1]
			continue
		}
		if n := len(open); n > 0 && open[n-1].keys != nil {
			top := &open[n-1]
			if key, ok := token.(string); ok && !top.value {
				if top.keys[key] {
					return true
				}
				top.keys[key], top.value = true, true
				continue
			}
			top.value = false
		}
		switch token {
		case json.Delim('{'):
			open = append(open, container{keys: map[string]bool{}})
		case json.Delim('['):
			open = append(open, container{})
		}
	}
}

// fits compares in constant time.
func (v *Verifier) fits(signature string, text []byte) bool {
	var given, sum [sha256.Size]byte
	signature = strings.TrimSpace(signature)
	if len(signature) != hex.EncodedLen(len(given)) {
		return false
	}
	if _, err := hex.Decode(given[:], []byte(signature)); err != nil {
		return false
	}
	fits := false
	for _, m := range v.macs {
		m(text, &sum)
		fits = hmac.Equal(given[:], sum[:]) || fits
	}
	return fits
}

// String says nothing about the secrets.
func (Verifier) String() string { return "webhook.Verifier" }

// GoString is String.
func (v Verifier) GoString() string { return v.String() }

// Format prints String for every verb.
func (v Verifier) Format(f fmt.State, _ rune) { io.WriteString(f, v.String()) }

// LogValue is String.
func (v Verifier) LogValue() slog.Value { return slog.StringValue(v.String()) }
