package jobs

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/handoff"
)

// verdict is what became of a ticket, kept before its callback runs: where the callback
// fails, it alone is tried again. Its JSON is a stored format. The zero value is none.
type verdict struct {
	// Of an import.
	SessionID  string   `json:"session_id,omitempty"` // the copy
	Recovered  bool     `json:"recovered,omitempty"`
	Earlier    bool     `json:"earlier,omitempty"`
	Duplicates []string `json:"duplicates,omitempty"`

	// Of a refusal: the name of its sentinel, and what may be told of it.
	Code   string `json:"code,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// refusals are the codes of what is final, what says most first.
var refusals = []struct {
	code     string
	sentinel error
}{
	{"token_expired", didit.ErrShareTokenExpired},
	{"token_foreign", didit.ErrShareTokenForeign},
	{"source_session_gone", didit.ErrSourceSessionGone},
	{"token_invalid", didit.ErrShareTokenInvalid},
	{"already_imported", didit.ErrAlreadyImported},
	{"workflow_not_found", didit.ErrWorkflowNotFound},
	{"workflow_kind_mismatch", didit.ErrWorkflowKindMismatch},
	{"session_not_shareable", didit.ErrSessionNotShareable},
	{"self_share", didit.ErrSelfShare},
	{"application_not_found", didit.ErrApplicationNotFound},
	{"invalid_ttl", didit.ErrInvalidTTL},
	{"rejected", handoff.ErrRejected},
	{"result_lost", didit.ErrResultLost},
	{"outcome_unknown", didit.ErrOutcomeUnknown},
	{"not_found", didit.ErrNotFound},
	{"invalid_params", didit.ErrInvalidParams},
}

// refusal is the verdict of an error that is final.
func refusal(err error) verdict {
	v := verdict{Code: "refused"}
	for _, r := range refusals {
		if errors.Is(err, r.sentinel) {
			v.Code = r.code
			v.Reason = plain(r.sentinel)
			break
		}
	}
	if invalid, ok := errors.AsType[*didit.ValidationError](err); ok {
		v.Reason = plain(invalid) // names fields, quotes no value
	}
	if api, ok := errors.AsType[*didit.APIError](err); ok && v.Reason == "" {
		v.Reason = "Didit refused it: " + strings.ToLower(http.StatusText(api.StatusCode))
	}
	if call, ok := errors.AsType[*didit.CallError](err); ok && len(call.Candidates) > 0 {
		v.Reason += "; sessions that may be the copy: " + strings.Join(call.Candidates[:min(len(call.Candidates), 10)], ", ")
	}
	return v
}

func plain(err error) string {
	_, text, _ := strings.Cut(err.Error(), ": ")
	return text
}

// err is the error that a refusal's callback gets, the same at each try.
func (v verdict) err() error { return &refusedError{v} }

// refusedError matches the sentinel of its code.
type refusedError struct{ verdict verdict }

func (e *refusedError) Error() string { return "jobs: refused: " + e.verdict.Reason }

func (e *refusedError) Unwrap() error {
	i := slices.IndexFunc(refusals, func(r struct {
		code     string
		sentinel error
	}) bool {
		return r.code == e.verdict.Code
	})
	if i < 0 {
		return nil
	}
	return refusals[i].sentinel
}

// next is what an error of Didit's means for its ticket.
type next int

const (
	refuse next = iota // it is the last word
	wait               // the same call may succeed later
	pause              // the key was refused: no ticket can go on
)

// after says what follows an error.
func after(err error) next {
	if didit.Retryable(err) {
		return wait
	}
	if call, ok := errors.AsType[*didit.CallError](err); ok {
		switch {
		case call.Outcome == didit.OutcomeNotSent:
			return wait // a certificate, a proxy: the machine's fault, and no ticket's
		case ofKey(call.Answer), ofKey(call.SearchErr):
			return pause // what became of an import can be found out with another key
		}
		return refuse
	}
	if api, ok := errors.AsType[*didit.APIError](err); ok {
		switch {
		case ofKey(api):
			return pause
		case !json.Valid(api.Body), !slices.Contains(refusedStatuses, api.StatusCode) && refusal(err).Code == "refused":
			return wait // of something between here and Didit, which answers in JSON
		}
	}
	return refuse
}

// ofKey reports whether Didit refused the key, and not the token or the session: it is
// wrong, or lacks a right.
func ofKey(err error) bool {
	api, ok := errors.AsType[*didit.APIError](err)
	return ok && api != nil && (errors.Is(api, didit.ErrUnauthorized) || api.StatusCode == http.StatusForbidden && refusal(api).Code == "refused")
}

// refusedStatuses are what Didit answers to a call that cannot succeed.
var refusedStatuses = []int{
	http.StatusBadRequest, http.StatusNotFound, http.StatusConflict, http.StatusGone, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity,
}

func (v verdict) text() (string, error) {
	text, err := json.Marshal(v)
	return string(text), err
}
