package didit

import (
	"cmp"
	"errors"
	"net/http"
	"strconv"
	"strings"
)

// sentinels are those that a reason is told by, what says most first.
var sentinels = []error{
	ErrShareTokenExpired, ErrShareTokenForeign, ErrSourceSessionGone, ErrShareTokenInvalid, ErrAlreadyImported, ErrImportNotFound,
	ErrWorkflowNotFound, ErrWorkflowKindMismatch, ErrSessionNotShareable, ErrSelfShare, ErrApplicationNotFound, ErrInvalidTTL,
	ErrUnauthorized, ErrForbidden, ErrNotFound, ErrRateLimited, ErrInvalidParams,
	ErrNotSent, ErrResultLost, ErrServer, ErrOutcomeUnknown,
}

// reason says why a call is not ok, in words of this package alone.
func reason(err error) string {
	for _, s := range sentinels {
		if errors.Is(err, s) {
			return strings.TrimPrefix(s.Error(), "didit: ")
		}
	}
	if api, ok := errors.AsType[*APIError](err); ok {
		return strings.ToLower(cmp.Or(http.StatusText(api.StatusCode), "status "+strconv.Itoa(api.StatusCode)))
	}
	return ""
}
