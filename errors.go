package didit

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sentinel is an error that others match; parent is the more general one.
type sentinel struct {
	text   string
	parent error
}

func (s *sentinel) Error() string { return "didit: " + s.text }

func (s *sentinel) Unwrap() error { return s.parent }

// The errors of this package match these with [errors.Is]; none is returned
// itself. A local refusal and Didit's own match the same one.
//
// Didit documents its statuses on https://docs.didit.me/integration/api-errors.
var (
	ErrInvalidParams error = &sentinel{text: "invalid params"}            // every *ValidationError
	ErrUnauthorized  error = &sentinel{text: "the API key was refused"}   // 401, and 403 where Didit says so
	ErrForbidden     error = &sentinel{text: "not allowed with this key"} // 403
	ErrNotFound      error = &sentinel{text: "not found"}                 // 404
	ErrRateLimited   error = &sentinel{text: "rate limited"}              // 429
	ErrServer        error = &sentinel{text: "server error"}              // 5xx

	ErrSessionNotShareable error = &sentinel{text: "only finished sessions can be shared"}
	ErrSelfShare           error = &sentinel{text: "a session cannot be shared with its own application"}
	ErrApplicationNotFound error = &sentinel{text: "the target application does not exist"}
	ErrInvalidTTL          error = &sentinel{text: "the TTL is out of bounds"}

	ErrShareTokenInvalid error = &sentinel{text: "the share token is invalid"}
	ErrShareTokenExpired error = &sentinel{"the share token has expired", ErrShareTokenInvalid}
	// ErrShareTokenForeign means that the token was minted for another application.
	ErrShareTokenForeign error = &sentinel{"the share token is for another application", ErrShareTokenInvalid}
	// ErrSourceSessionGone means that the session behind the token was deleted.
	ErrSourceSessionGone    error = &sentinel{"the shared session is gone", ErrShareTokenInvalid}
	ErrAlreadyImported      error = &sentinel{text: "the session has been imported already"}
	ErrImportNotFound       error = &sentinel{"no imported copy was found", ErrNotFound}
	ErrWorkflowNotFound     error = &sentinel{text: "the workflow does not exist"}
	ErrWorkflowKindMismatch error = &sentinel{text: "the workflow is for another kind of session"}

	ErrNotSent              error = &sentinel{text: "not sent"}
	ErrOutcomeUnknown       error = &sentinel{text: "outcome unknown"}
	ErrResultLost           error = &sentinel{text: "result lost"}
	ErrTokenNotSerializable error = &sentinel{text: "a share token is not serialized by accident; use Reveal"}
)

// nilError is the text of a nil pointer to an error of this package.
const nilError = "didit: no error"

// Operations that errors know by name.
const importName, findName, doName = "ImportSharedSession", "FindImportedSession", "Do"

// APIError is a refusal: Didit answered, and not with success. Nothing that it prints
// was sent by this call: every such string is masked.
type APIError struct {
	Operation  string              `json:"operation"` // "ShareSession"
	StatusCode int                 `json:"status_code"`
	Code       string              `json:"code,omitempty"`        // Didit's stable code, when it sends one
	Message    string              `json:"message,omitempty"`     // one line
	Fields     map[string][]string `json:"fields,omitempty"`      // field errors; nested ones as "a.b", in lists as "a[0].b"
	RequestID  string              `json:"request_id,omitempty"`  // X-Request-Id, where one was sent
	RetryAfter time.Duration       `json:"retry_after,omitempty"` // as asked for, 0 for none; nanoseconds in JSON
	Attempts   int                 `json:"attempts"`
	Body       []byte              `json:"-"` // at most 64 KiB, as received; never printed

	kinds []error // the sentinels beyond those of the status
}

// Error says what Didit answered and, where the kind of refusal is known, what to do.
func (e *APIError) Error() string {
	if e == nil {
		return nilError
	}
	text := "didit: " + e.text()
	if next := e.next(); next != "" {
		text = strings.TrimSuffix(text, ".") + "; " + next
	}
	return text
}

// Is matches the sentinels.
func (e *APIError) Is(target error) bool {
	if e == nil {
		return false
	}
	for _, kind := range e.kinds {
		if errors.Is(kind, target) {
			return true
		}
	}
	switch e.StatusCode {
	case http.StatusUnauthorized:
		// Older answers to an import speak of the share token with a 401.
		return target == ErrUnauthorized && !slices.ContainsFunc(e.kinds, isTokenError)
	case http.StatusForbidden:
		return target == ErrForbidden
	case http.StatusNotFound:
		return target == ErrNotFound
	case http.StatusTooManyRequests:
		return target == ErrRateLimited
	}
	return e.StatusCode >= 500 && target == ErrServer
}

func isTokenError(err error) bool { return errors.Is(err, ErrShareTokenInvalid) }

// Outcome says whether a call can have taken effect.
type Outcome string

// The outcomes. The empty one reads as OutcomeUnknown.
const (
	OutcomeNotSent    Outcome = "not_sent"    // nothing can have taken effect
	OutcomeUnknown    Outcome = "unknown"     // it may have taken effect
	OutcomeResultLost Outcome = "result_lost" // it took effect, its result is not here
	// OutcomeAlreadyImported is an import's: Didit had imported the session before
	// this call, and no copy of it may be returned.
	OutcomeAlreadyImported Outcome = "already_imported"
)

// CallError is a call that got no usable answer. Its Outcome says whether it can have
// taken effect.
type CallError struct {
	Operation string  `json:"operation"`
	Outcome   Outcome `json:"outcome"`  // the worst over all attempts of the call
	Attempts  int     `json:"attempts"` // requests that went out; an import's search is not counted
	// Err is the cause: it matches context.Canceled, context.DeadlineExceeded (the
	// caller's own), os.ErrDeadlineExceeded (an attempt's), io.EOF, *net.OpError, ...
	// It is nil where Answer says it all.
	Err    error     `json:"-"`
	Answer *APIError `json:"answer,omitempty"` // the answer that settled the outcome (a 503, an "already imported"), if one did
	// SearchErr says, of an import or a find, why the search for the copy found nothing,
	// if it failed. It is not part of the chain.
	SearchErr error `json:"-"`
	// FindParams is, of an import or a find, what a later search needs; nil where the
	// token's claims cannot be read. It holds vendor data: store it by itself.
	FindParams *FindImportedSessionParams `json:"-"`
	// Candidates are, of an import or a find, ids of your own sessions that may be the
	// copy but could not be identified, or are one that may not be returned: one under
	// other vendor data may be another customer's.
	Candidates []string `json:"candidates,omitempty"`

	read  bool          // nothing can have taken effect, whatever happened
	final bool          // the same call must not, or need not, be made again
	wait  time.Duration // before the same call is made again; 0: importPause
	next  string        // what to do, unless nothing was sent
}

func (e *CallError) outcome() Outcome {
	if e.Outcome == "" {
		return OutcomeUnknown
	}
	return e.Outcome
}

func (e *CallError) Error() string {
	if e == nil {
		return nilError
	}
	var b strings.Builder
	b.WriteString("didit: " + e.Operation + ": ")
	switch outcome := e.outcome(); {
	case outcome == OutcomeNotSent:
		b.WriteString("not sent, nothing can have taken effect")
	case outcome == OutcomeAlreadyImported:
		b.WriteString("the session had been imported before" + e.whyNoCopy())
	case e.Operation == findName:
		b.WriteString("no copy was found that may be returned")
	case e.read:
		b.WriteString("no usable answer")
	case outcome == OutcomeResultLost:
		b.WriteString("it took effect, but the result is not here")
	default:
		b.WriteString("outcome unknown, it may have taken effect")
	}
	if e.Err != nil {
		b.WriteString(": " + safeText(e.Err))
	}
	if e.Answer != nil {
		b.WriteString(": last answer: " + e.Answer.text())
	}
	if e.SearchErr != nil {
		b.WriteString("; the search for the copy failed: " + safeText(e.SearchErr))
	}
	if n := len(e.Candidates); n > 0 {
		b.WriteString("; Candidates names " + strconv.Itoa(n) + " of your sessions that may be a copy")
	}
	if next := e.next; next != "" { // else it was not made by a call
		if e.outcome() == OutcomeNotSent && !e.final {
			next = "it may be called again"
		}
		b.WriteString("; " + next)
	}
	return b.String()
}

// Unwrap returns Err and Answer.
func (e *CallError) Unwrap() []error {
	if e == nil {
		return nil
	}
	var all []error
	if e.Err != nil {
		all = append(all, e.Err)
	}
	if e.Answer != nil {
		all = append(all, e.Answer)
	}
	return all
}

// Is matches the outcome.
func (e *CallError) Is(target error) bool {
	if e == nil {
		return false
	}
	switch e.outcome() {
	case OutcomeNotSent:
		return target == ErrNotSent
	case OutcomeResultLost:
		return target == ErrResultLost
	case OutcomeAlreadyImported:
		return target == ErrAlreadyImported
	default:
		return target == ErrOutcomeUnknown
	}
}

// Retryable reports whether the same call with the same params may be made again,
// and may then succeed or tell more: after rate limits and server errors, after what
// was not sent, after a lost answer to a read or a share, and after an import that
// another call can tell more of (with Resume set). It is false for what another call
// would meet again: an answer over its bounds, a writer that fails, a certificate
// that is not trusted, 501. A create, or an update to Resubmitted, that may have
// taken effect is not retryable: read what it did first.
//
// A loop that makes an import again while it is true ends, after a few rounds or
// with the token. Wait [RetryAfter] between the rounds.
func Retryable(err error) bool {
	if call, ok := errors.AsType[*CallError](err); ok {
		return call != nil && !call.final
	}
	if api, ok := errors.AsType[*APIError](err); ok && api != nil {
		return api.StatusCode == http.StatusTooManyRequests || api.StatusCode >= 500 &&
			api.StatusCode != http.StatusNotImplemented && api.StatusCode != http.StatusHTTPVersionNotSupported
	}
	return false
}

const (
	pause       = 5 * time.Second // before a call is made again
	importPause = time.Minute     // before an import is, whose outcome is open
)

// RetryAfter returns how long to wait before the same call is made again: what Didit
// asked for; a minute or more for an import whose outcome is open or "already
// imported", growing with the token's age to an hour; else 5 s. It is 0 where
// [Retryable] is false.
func RetryAfter(err error) time.Duration {
	if !Retryable(err) {
		return 0
	}
	d := pause
	call, ok := errors.AsType[*CallError](err)
	if !ok {
		api, _ := errors.AsType[*APIError](err)
		return max(api.RetryAfter, d)
	}
	if call.Operation == importName && call.outcome() != OutcomeNotSent {
		d = max(call.wait, importPause)
	}
	for _, part := range []error{call.Answer, call.SearchErr} {
		if api, ok := errors.AsType[*APIError](part); ok && api != nil {
			d = max(d, api.RetryAfter)
		}
	}
	return d
}
