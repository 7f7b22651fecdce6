package handoff

import (
	"encoding/json"
	"errors"
	"maps"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/didit-go/didit"
)

// The codes of answers that are no success.
const (
	codeUnauthorized = "unauthorized"        // 401: everything before a good signature
	codeStale        = "stale"               // 401: signed well, too long ago or ahead
	codeMethod       = "method_not_allowed"  // 405
	codeTooLarge     = "too_large"           // 413
	codeMalformed    = "malformed"           // 400
	codeVersion      = "unsupported_version" // 422, with those that are
	codeExpired      = "expired"             // 422
	codeIDReused     = "id_reused"           // 422: another message has this id
	codeRejected     = "rejected"            // 422, remembered
	codeBusy         = "busy"                // 503: under way elsewhere
	codeLater        = "later"               // 503: it may pass
)

// laterAfter is the Retry-After of a 503, unless the failure asks for more.
const laterAfter = 5 * time.Second

// answer is what a receiver or grantor says, and what its own side learns beside it.
type answer struct {
	status     int
	code       string // of what is no success
	body       []byte // of a success
	grant      *Envelope
	receipt    *Receipt
	retryAfter time.Duration

	outcome  AuditOutcome
	reason   string // in fixed words, never told to the other side
	err      error  // the callback's or the store's own, for the log alone
	stack    []byte // of a panic
	remember bool   // a refusal that stands for every other delivery
}

func refuse(status int, code, reason string) answer {
	return answer{status: status, code: code, outcome: AuditRefused, reason: reason}
}

// unauthorized is the one answer to everything before a good signature.
func unauthorized(reason string) answer {
	return refuse(http.StatusUnauthorized, codeUnauthorized, reason)
}

func later(code, reason string, err error) answer {
	return answer{status: http.StatusServiceUnavailable, code: code, outcome: AuditUnsettled, reason: reason, err: err, retryAfter: laterAfter}
}

// failed is what a callback's error means.
func failed(err error) answer {
	if errors.Is(err, ErrRejected) {
		a := refuse(http.StatusUnprocessableEntity, codeRejected, "the callback rejected it")
		if r, ok := errors.AsType[*rejection](err); ok {
			a.reason = r.reason
		}
		a.err, a.remember = err, true
		return a
	}
	a := later(codeLater, "the callback failed", err)
	a.retryAfter = max(a.retryAfter, didit.RetryAfter(err))
	return a
}

// write sends the answer. The header of a grant holds its signature.
func (a *answer) write(w http.ResponseWriter, signed http.Header) {
	h := w.Header()
	maps.Copy(h, signed)
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if a.status == http.StatusMethodNotAllowed {
		h.Set("Allow", http.MethodPost)
	}
	if a.retryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64(math.Ceil(a.retryAfter.Seconds())), 10))
	}
	body := a.body
	if a.status != http.StatusOK {
		reply := struct {
			Code     string `json:"code"`
			Versions []int  `json:"versions,omitempty"`
		}{Code: a.code}
		if a.code == codeVersion {
			reply.Versions = []int{version}
		}
		body, _ = json.Marshal(reply) //nolint:errchkjson // texts and numbers
	}
	w.WriteHeader(a.status)
	w.Write(body)
}
