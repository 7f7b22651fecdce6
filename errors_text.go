package didit

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/didit-go/didit/internal/transport"
)

// safeText is the text of an error of this package, and only the type of any other:
// a caller's limiter, transport or fake may have put anything into its own.
func safeText(err error) string {
	switch err := err.(type) { //nolint:errorlint // the text of what wraps it would be printed too
	case *sentinel:
		return err.text
	case *APIError:
		if err != nil {
			return err.text()
		}
		return strings.TrimPrefix(nilError, "didit: ")
	case *CallError, *ValidationError, *transport.Failure, *both:
		return strings.TrimPrefix(err.Error(), "didit: ")
	}
	switch {
	case errors.Is(err, context.Canceled):
		return context.Canceled.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return context.DeadlineExceeded.Error()
	}
	return fmt.Sprintf("an error of the type %T", err)
}

// text is what was answered.
func (e *APIError) text() string {
	var b strings.Builder
	b.WriteString(e.Operation + ": status " + strconv.Itoa(e.StatusCode))
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

// nextSteps say what to do about a refusal, the most telling sentinel first.
var nextSteps = []struct {
	sentinel error
	next     string
}{
	{ErrSessionNotShareable, "share it once it is Approved, Declined or In Review"},
	{ErrSelfShare, "ForApplicationID must be your partner's application"},
	{ErrApplicationNotFound, "check ForApplicationID with your partner"},
	{ErrInvalidTTL, "TTL must be 60 s to 24 h"},
	{ErrShareTokenForeign, "import it with the key of the application that it was minted for"},
	{ErrSourceSessionGone, "there is nothing left to import"},
	{ErrShareTokenInvalid, "ask your partner for a new token"},
	{ErrWorkflowNotFound, "check that the workflow is one of your application's"},
	{ErrWorkflowKindMismatch, "choose a workflow for the session's kind"},
	{ErrUnauthorized, "check the API key"},
	{ErrForbidden, "check what the key may do, and the session's state"},
	{ErrNotFound, "check the id: it must be your application's, and not deleted"},
	{ErrRateLimited, "wait, then call again"},
}

// next is what to do about an answer; "" where its kind does not say.
func (e *APIError) next() string {
	for _, step := range nextSteps {
		if errors.Is(e, step.sentinel) {
			return step.next
		}
	}
	switch {
	case e.StatusCode == http.StatusConflict:
		return "the session's state forbids it: read the session first"
	case Retryable(e):
		return "call again later"
	}
	return ""
}

// whyNoCopy says of a session that had been imported why no copy is returned, where
// that is known.
func (e *CallError) whyNoCopy() string {
	switch {
	case e.FindParams != nil && e.FindParams.VendorData == "":
		return ", and without vendor data no copy may be returned"
	case e.Err == nil && e.SearchErr == nil:
		return ", and no copy that this key sees has this vendor data"
	}
	return ""
}

// both is an error together with another that belongs to it: a context's with the
// failure before it, a call's with its audit hook's.
type both struct {
	first, second error
	words         string // between the two
}

func (e *both) Error() string {
	return safeText(e.first) + e.words + safeText(e.second)
}

func (e *both) Unwrap() []error { return []error{e.first, e.second} }

// join puts a context's error before what had happened when it ended.
func join(ctxErr, before error) error {
	if before == nil {
		return ctxErr
	}
	return &both{ctxErr, before, " after: "}
}
