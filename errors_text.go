package didit

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/didit-go/didit/internal/transport"
)

// safeText is the text of an error of this package, and only the type of any other:
// a caller's limiter, transport or fake may have put anything into its own.
func safeText(err error) string {
	switch err := err.(type) { //nolint:errorlint // the text of what wraps it would be printed too
	case *sentinel:
		return err.text
	case *APIError, *CallError, *ValidationError, *transport.Failure, *both:
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
