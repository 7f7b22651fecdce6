package didit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/didit-go/didit/internal/transport"
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

// APIError is an answer of Didit's that is not success. Nothing that it prints
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

func (e *APIError) Error() string {
	var b strings.Builder
	b.WriteString("didit: " + e.Operation + ": status " + strconv.Itoa(e.StatusCode))
	if text := http.StatusText(e.StatusCode); text != "" {
		b.WriteString(" " + text)
	}
	if e.Code != "" {
		b.WriteString(", code " + e.Code)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.RetryAfter > 0 {
		b.WriteString(" (retry after " + e.RetryAfter.Round(time.Second).String() + ")")
	}
	if e.RequestID != "" {
		b.WriteString(" (request id " + e.RequestID + ")")
	}
	return b.String()
}

// Is matches the sentinels.
func (e *APIError) Is(target error) bool {
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

// Outcome says what can have taken effect.
type Outcome string

// The outcomes. The empty one reads as OutcomeUnknown.
const (
	NotSent        Outcome = "not_sent"    // nothing can have taken effect
	OutcomeUnknown Outcome = "unknown"     // it may have taken effect
	ResultLost     Outcome = "result_lost" // it took effect, its result is not here
)

// CallError is a call without a usable answer.
type CallError struct {
	Operation string  `json:"operation"`
	Outcome   Outcome `json:"outcome"`  // the worst over all attempts of the call
	Attempts  int     `json:"attempts"` // requests that went out; an import's look is not counted
	// Err is the cause: it matches context.Canceled, context.DeadlineExceeded (the
	// caller's own), os.ErrDeadlineExceeded (an attempt's), io.EOF, *net.OpError, ...
	// It is nil where Last says it all.
	Err  error     `json:"-"`
	Last *APIError `json:"last,omitempty"` // the answer that settled the outcome (a 503, an "already imported"), if one did
	// LookErr says of an import why the look for the copy found nothing, if the look
	// failed. It is not part of the chain.
	LookErr error `json:"-"`
	// Find is, of an import, what a later look needs; nil where the token's claims
	// cannot be read. It holds vendor data: store it by itself.
	Find       *FindImportedSessionParams `json:"-"`
	Candidates []string                   `json:"candidates,omitempty"` // imports: own sessions that may be the copy but could not be identified

	once bool   // the same call must not be made again blindly
	next string // what to do, unless nothing was sent
}

func (e *CallError) outcome() Outcome {
	if e.Outcome == "" {
		return OutcomeUnknown
	}
	return e.Outcome
}

func (e *CallError) Error() string {
	var b strings.Builder
	b.WriteString("didit: " + e.Operation + ": ")
	switch e.outcome() {
	case NotSent:
		b.WriteString("not sent, nothing can have taken effect")
	case ResultLost:
		b.WriteString("it took effect, but the result is lost")
	default:
		b.WriteString("outcome unknown, it may have taken effect")
	}
	if e.Err != nil {
		b.WriteString(": " + safeText(e.Err))
	}
	if e.Last != nil {
		b.WriteString(": last answer: " + strings.TrimPrefix(e.Last.Error(), "didit: "))
	}
	if e.LookErr != nil {
		b.WriteString("; the look for the copy failed: " + safeText(e.LookErr))
	}
	if n := len(e.Candidates); n > 0 {
		b.WriteString("; own sessions that may be the copy: " + strconv.Itoa(n))
	}
	switch {
	case e.next == "": // not made by a call
	case e.outcome() == NotSent:
		b.WriteString("; it may be called again")
	default:
		b.WriteString("; " + e.next)
	}
	return b.String()
}

// Unwrap returns Err and Last.
func (e *CallError) Unwrap() []error {
	var all []error
	if e.Err != nil {
		all = append(all, e.Err)
	}
	if e.Last != nil {
		all = append(all, e.Last)
	}
	return all
}

// Is matches the outcome.
func (e *CallError) Is(target error) bool {
	switch e.outcome() {
	case NotSent:
		return target == ErrNotSent
	case ResultLost:
		return target == ErrResultLost
	default:
		return target == ErrOutcomeUnknown
	}
}

// Retryable reports whether the same call with the same params may be made again
// and may then succeed: after rate limits and server errors, after anything that
// was not sent, after a lost answer to a read or a share, and after an import
// whose outcome is open (a minute later, with Resume set). A create or update
// that may have taken effect is not retryable: look first.
func Retryable(err error) bool {
	if call, ok := errors.AsType[*CallError](err); ok {
		return !call.once || call.outcome() == NotSent
	}
	if api, ok := errors.AsType[*APIError](err); ok {
		return api.StatusCode == http.StatusTooManyRequests || api.StatusCode >= 500
	}
	return false
}

// safeText is the text of an error of ours, and only the kind of any other: a
// caller's limiter, transport or fake may have put anything into its own.
func safeText(err error) string {
	switch err.(type) { //nolint:errorlint // the text of what wraps it would be printed too
	case *APIError, *CallError, *ValidationError, *sentinel, *transport.Failure, *ended:
		return err.Error()
	}
	switch {
	case errors.Is(err, context.Canceled):
		return context.Canceled.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return context.DeadlineExceeded.Error()
	}
	return "an error of another package"
}

// ended is a context's error together with the failure before it.
type ended struct{ ctx, last error }

func (e *ended) Error() string { return safeText(e.ctx) + " after: " + safeText(e.last) }

func (e *ended) Unwrap() []error { return []error{e.ctx, e.last} }

// Format prints Error for every verb.
func (e *ended) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, e.Error()) }

// join puts a context's error before what had happened when it ended.
func join(ctxErr, before error) error {
	if before == nil {
		return ctxErr
	}
	return &ended{ctxErr, before}
}
