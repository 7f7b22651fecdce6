package handoff

import (
	"context"
	"encoding/json"
	"net/http"
)

// NewGrantor makes A's side of a pull: a handler that gives each request to f, which
// decides whether the partner may have this person for this purpose, and mints the
// token with ShareSession. self is the id of this application. f returns the envelope,
// with the token and what belongs to it; ID, applications, Reference and Purpose are the
// request's where they are empty.
//
//   - An error that wraps [ErrRejected] ends the pull, and is remembered for an hour.
//   - Any other error, and a panic, means that it may pass: the requester tries again.
//
// f is called again for a second delivery: its answer may have been lost, and a token
// is never stored. An envelope that is not what was asked for, or whose token says so,
// is withheld and answered 422.
//
// The error is a *[didit.ValidationError] that names every bad argument.
func NewGrantor(self string, secrets Secrets, f func(context.Context, Request) (*Envelope, error), opts ...Option) (http.Handler, error) {
	e, err := newEndpoint(self, secrets, f != nil, opts)
	if err != nil {
		return nil, err
	}
	e.accepts, e.action = typeRequest, AuditGrant
	e.handle = func(ctx context.Context, m *message) answer {
		q := m.request()
		envelope, err := f(ctx, *q)
		if err != nil {
			return failed(err)
		}
		if envelope == nil {
			return later(codeLater, "the callback returned neither an envelope nor an error", nil)
		}
		given := *envelope
		q.fill(&given)
		if problem := e.withhold(q, &given); problem != "" {
			return refuse(http.StatusUnprocessableEntity, codeRejected, "the callback's envelope is not what was asked for: "+problem)
		}
		body, err := json.Marshal(given.message(typeGrant))
		if err != nil {
			return later(codeLater, "the grant could not be encoded", err)
		}
		return answer{status: http.StatusOK, body: body, grant: &given, outcome: AuditOK}
	}
	return e, nil
}

// fill completes an envelope with what its request says.
func (q *Request) fill(e *Envelope) {
	for _, field := range []struct{ to, from *string }{
		{&e.ID, &q.ID}, {&e.FromApplicationID, &q.FromApplicationID}, {&e.ForApplicationID, &q.ForApplicationID},
		{&e.Reference, &q.Reference}, {&e.Purpose, &q.Purpose},
	} {
		if *field.to == "" {
			*field.to = *field.from
		}
	}
}

// withhold says why an envelope must not leave.
func (e *endpoint) withhold(q *Request, given *Envelope) string {
	var p problems
	given.check(&p, e.now())
	if len(p) > 0 {
		return p[0].Field + " " + p[0].Message
	}
	if field := q.misfit(given); field != "" {
		return field + " is another"
	}
	if field := given.contradiction(); field != "" {
		return "the token names another " + field
	}
	if !given.ExpiresAt.After(e.now()) {
		return "the token has expired"
	}
	return ""
}
