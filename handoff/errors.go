package handoff

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/didit-go/didit"
)

// ErrRejected is a callback's last word: not this person, not this purpose. A callback
// returns it, or an error that wraps it; the other side is answered 422 "rejected", and
// its [RefusedError] matches it too. Any other error of a callback may pass: the other
// side tries again.
var ErrRejected = errors.New("handoff: rejected")

// RefusedError is an answer that ends a hand-off: the other side will not take it,
// however often it is sent. It matches [ErrRejected] where the code is "rejected", and
// [didit.ErrShareTokenExpired] where it is "expired".
type RefusedError struct {
	ID         string // of the hand-off
	Code       string // "rejected", "expired", "unauthorized", "stale", "id_reused", "malformed", "unsupported_version", ...; empty where the answer named none
	StatusCode int
}

func (e *RefusedError) Error() string {
	text := "handoff: " + printID(e.ID) + " was refused: status " + strconv.Itoa(e.StatusCode)
	if e.Code != "" {
		text += ", code " + e.Code
	}
	if next := refusedNext[e.Code]; next != "" {
		text += ": " + next
	}
	return text
}

// What to do about a refusal.
var refusedNext = map[string]string{
	codeUnauthorized: "compare the secret and both application ids with the partner's",
	codeStale:        "compare this machine's clock with the partner's",
	codeIDReused:     "the partner has another message under this ID; give another token another ID",
	codeExpired:      "hand a new token over, under another ID",
	"":               "was it the partner's endpoint that answered?",
}

// Is matches what the code says.
func (e *RefusedError) Is(target error) bool {
	switch e.Code {
	case codeRejected:
		return target == ErrRejected
	case codeExpired:
		return target == didit.ErrShareTokenExpired || target == didit.ErrShareTokenInvalid
	}
	return false
}

// UnsettledError is a hand-off whose time ran out before an answer ended it. The same
// call with the same envelope or request may be made again.
type UnsettledError struct {
	ID         string
	NotSent    bool          // nothing has reached the other side
	Attempts   int           // requests that were made
	StatusCode int           // of the last answer, 0 where none came
	Code       string        // of the last answer, "busy"; empty where it named none
	RetryAfter time.Duration // what the last answer asked for, 0 for nothing
	Err        error         // why it ended: the context's error, didit.ErrShareTokenExpired, the last failure
}

func (e *UnsettledError) Error() string {
	var b strings.Builder
	b.WriteString("handoff: " + printID(e.ID) + " is not settled after " + strconv.Itoa(e.Attempts) + " attempts")
	if e.StatusCode != 0 {
		b.WriteString(": last answer: status " + strconv.Itoa(e.StatusCode))
		if e.Code != "" {
			b.WriteString(", code " + e.Code)
		}
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error()) // made here, or the context's
	}
	switch {
	case errors.Is(e.Err, didit.ErrShareTokenExpired) && !e.NotSent:
		b.WriteString("; the partner may have imported it: ask before handing a new token over")
	case errors.Is(e.Err, didit.ErrShareTokenExpired):
		b.WriteString("; nothing has reached the partner")
	case e.NotSent:
		b.WriteString("; nothing has reached the partner: make the same call again")
	default:
		b.WriteString("; the partner may have it: make the same call again")
	}
	return b.String()
}

// Unwrap returns Err.
func (e *UnsettledError) Unwrap() error { return e.Err }

// Is matches [didit.ErrNotSent] or [didit.ErrOutcomeUnknown].
func (e *UnsettledError) Is(target error) bool {
	if e.NotSent {
		return target == didit.ErrNotSent
	}
	return target == didit.ErrOutcomeUnknown
}

// failures are several reasons for one end, all of them for errors.Is.
type failures []error

func (f failures) Error() string {
	texts := make([]string, len(f))
	for i, err := range f {
		texts[i] = err.Error()
	}
	return strings.Join(texts, " after: ")
}

func (f failures) Unwrap() []error { return f }

// UnrecordedError is a hand-off that the audit hook could not record: its result is
// withheld. Make the same call again.
type UnrecordedError struct {
	ID  string
	Err error // the hook's own, for errors.Is; not printed
}

func (e *UnrecordedError) Error() string {
	return "handoff: " + printID(e.ID) + " could not be recorded: the audit hook failed; make the same call again"
}

// Unwrap returns the hook's error.
func (e *UnrecordedError) Unwrap() error { return e.Err }
