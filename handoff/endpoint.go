package handoff

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// bodyTime is how long a message may take to arrive, once its headers have.
const bodyTime = 10 * time.Second

// endpoint is what a receiver and a grantor have in common: it verifies a message, sees
// that it is handled once, and answers.
type endpoint struct {
	settings
	self    string
	secrets Secrets
	accepts messageType
	action  AuditAction
	handle  func(context.Context, *message) answer
}

func newEndpoint(self string, secrets Secrets, callback bool, opts []Option) (*endpoint, error) {
	e := &endpoint{settings: newSettings(opts, false)}
	p := e.problems
	e.self = strings.TrimSpace(self)
	p.uuid("self", &e.self)
	e.secrets = secrets.checked(&p, e.self)
	if !callback {
		p.add("f", "must not be nil", nil)
	}
	if e.store == nil {
		e.store = NewMemoryReplayStore(0)
	}
	return e, p.err()
}

// ServeHTTP answers one message.
func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	event := AuditEvent{Action: e.action}
	v, a := e.verify(w, r, &event)
	if v != nil {
		a = e.once(r.Context(), v)
	}
	var signed http.Header
	if a.grant != nil {
		var err error
		if signed, err = sign([]Secret{v.by}, a.grant.ID, e.now(), a.body); err != nil {
			a = later(codeLater, "the grant could not be signed", err)
		}
	}
	event.Outcome, event.StatusCode, event.Reason = a.outcome, a.status, a.reason
	if a.grant != nil {
		event.about(a.grant.message(typeGrant))
	}
	if a.receipt != nil {
		event.SessionID, event.ReceiptStatus = a.receipt.SessionID, a.receipt.Status
	}
	if err := e.record(r.Context(), event); err != nil {
		e.logger.LogAttrs(r.Context(), slog.LevelError, "handoff: the audit hook failed", slog.String("id", event.ID), slog.Any("error", err))
		if a.status == http.StatusOK {
			a, signed = later(codeLater, "the audit hook failed", nil), nil
		}
	}
	e.log(r.Context(), &event, &a)
	a.write(w, signed)
}

func (e *endpoint) log(ctx context.Context, event *AuditEvent, a *answer) {
	level := slog.LevelInfo
	switch {
	case a.status == http.StatusServiceUnavailable && a.code != codeBusy:
		level = slog.LevelError
	case a.status != http.StatusOK:
		level = slog.LevelWarn
	}
	attrs := []slog.Attr{
		slog.String("action", string(event.Action)), slog.String("outcome", string(a.outcome)), slog.Int("status", a.status),
		slog.String("id", event.ID), slog.String("from", event.FromApplicationID), slog.String("for", event.ForApplicationID),
	}
	if a.reason != "" {
		attrs = append(attrs, slog.String("code", a.code), slog.String("reason", a.reason))
	}
	if a.err != nil {
		attrs = append(attrs, slog.Any("error", a.err))
	}
	if a.stack != nil {
		attrs = append(attrs, slog.String("stack", string(a.stack)))
	}
	e.logger.LogAttrs(ctx, level, "handoff: message answered", attrs...)
}

// verified is a message that a partner has signed for this endpoint.
type verified struct {
	*message
	body    []byte
	partner string
	by      Secret
}

// verify reads a message, the signature first. Where there is none that a callback may
// see, it returns the answer.
func (e *endpoint) verify(w http.ResponseWriter, r *http.Request, event *AuditEvent) (*verified, answer) {
	if r.Method != http.MethodPost {
		return nil, refuse(http.StatusMethodNotAllowed, codeMethod, "it is not a POST")
	}
	body, err := readBody(w, r)
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, refuse(http.StatusRequestEntityTooLarge, codeTooLarge, "it is larger than 32 KiB")
	}
	if err != nil {
		return nil, unauthorized("its body broke off, or did not arrive in time")
	}
	signature, err := readSignature(r.Header)
	if err != nil {
		return nil, unauthorized(err.Error())
	}
	signers := e.signers(signature, body)
	switch {
	case len(signers) == 0:
		return nil, unauthorized(errSignature.Error())
	case !signature.fresh(e.now(), e.tolerance):
		return nil, refuse(http.StatusUnauthorized, codeStale, errStale.Error())
	}
	m, err := readMessage(signature.id, body)
	switch {
	case errors.Is(err, errVersion):
		return nil, refuse(http.StatusUnprocessableEntity, codeVersion, err.Error())
	case err != nil:
		return nil, refuse(http.StatusBadRequest, codeMalformed, err.Error())
	}
	partner, audience := m.parties()
	by, owned := signers[partner]
	switch {
	case m.Type != e.accepts:
		return nil, unauthorized("it is a message for another endpoint")
	case audience != e.self:
		return nil, unauthorized("it is for another application")
	case !owned:
		return nil, unauthorized("the application that it names does not own the secret")
	}
	event.ID, event.FromApplicationID, event.ForApplicationID = m.ID, partner, e.self
	if m.Type == typeRequest {
		event.FromApplicationID, event.ForApplicationID = e.self, partner
	}
	if problem := m.check(e.now()); problem != "" {
		return nil, refuse(http.StatusBadRequest, codeMalformed, problem)
	}
	event.about(m)
	if m.Type == typePush && !m.ExpiresAt.After(e.now()) {
		return nil, refuse(http.StatusUnprocessableEntity, codeExpired, "the token has expired")
	}
	return &verified{m, body, partner, by}, answer{}
}

// readBody reads a message within its bounds of size and time.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	// A writer that cannot do it is a test's, or one that the caller has wrapped.
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Now().Add(bodyTime))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	_ = c.SetReadDeadline(time.Time{})
	return body, err
}

// signers returns the partners whose secret fits. All secrets of all are tried.
func (e *endpoint) signers(s signature, body []byte) map[string]Secret {
	fitting := make(map[string]Secret, 1)
	for partner, secrets := range e.secrets {
		if by, ok := s.fits(secrets, body); ok {
			fitting[partner] = by
		}
	}
	return fitting
}
