package handoff

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/didit-go/didit/internal/route"
)

const (
	// bodyTime is how long a message may take to arrive, once its headers have.
	bodyTime = 10 * time.Second
	// lease is how long a message is reserved, callbackTime ends the callback before that.
	lease        = 2 * time.Minute
	callbackTime = lease - 10*time.Second
	storeTime    = 3 * time.Second
)

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
	a, by := e.answer(w, r, &event)
	var signed http.Header
	if a.grant != nil {
		var err error
		if signed, err = sign([]Secret{by}, a.grant.ID, e.now(), a.body); err != nil {
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

// answer verifies, then reads, then handles.
func (e *endpoint) answer(w http.ResponseWriter, r *http.Request, event *AuditEvent) (answer, Secret) {
	none := Secret{}
	if r.Method != http.MethodPost {
		return refuse(http.StatusMethodNotAllowed, codeMethod, "it is not a POST"), none
	}
	body, err := readBody(w, r)
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return refuse(http.StatusRequestEntityTooLarge, codeTooLarge, "it is larger than 32 KiB"), none
	}
	if err != nil {
		return unauthorized("its body broke off, or did not arrive in time"), none
	}
	signature, err := readSignature(r.Header)
	if err != nil {
		return unauthorized(err.Error()), none
	}
	signers := e.signers(signature, body)
	switch {
	case len(signers) == 0:
		return unauthorized(errSignature.Error()), none
	case !signature.fresh(e.now(), e.tolerance):
		return refuse(http.StatusUnauthorized, codeStale, errStale.Error()), none
	}
	m, err := readMessage(signature.id, body)
	switch {
	case errors.Is(err, errVersion):
		return refuse(http.StatusUnprocessableEntity, codeVersion, err.Error()), none
	case err != nil:
		return refuse(http.StatusBadRequest, codeMalformed, err.Error()), none
	}
	partner, audience := m.parties()
	by, owned := signers[partner]
	switch {
	case m.Type != e.accepts:
		return unauthorized("it is a message for another endpoint"), none
	case audience != e.self:
		return unauthorized("it is for another application"), none
	case !owned:
		return unauthorized("the application that it names does not own the secret"), none
	}
	event.ID, event.FromApplicationID, event.ForApplicationID = m.ID, partner, e.self
	if m.Type == typeRequest {
		event.FromApplicationID, event.ForApplicationID = e.self, partner
	}
	if problem := m.check(e.now()); problem != "" {
		return refuse(http.StatusBadRequest, codeMalformed, problem), none
	}
	event.about(m)
	if m.Type == typePush && !m.ExpiresAt.After(e.now()) {
		return refuse(http.StatusUnprocessableEntity, codeExpired, "the token has expired"), none
	}
	return e.once(r.Context(), m, partner, body), by
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

// parties says who has to have signed a message, and for whom it is.
func (m *message) parties() (partner, audience string) {
	from, _ := route.UUID(m.FromApplicationID)
	target, _ := route.UUID(m.ForApplicationID)
	if m.Type == typeRequest {
		return target, from
	}
	return from, target
}

// once has a message handled, unless it was before.
func (e *endpoint) once(ctx context.Context, m *message, partner string, body []byte) answer {
	// What was begun is ended, though the other side may hang up: it will ask again.
	ctx = context.WithoutCancel(ctx)
	sum := sha256.Sum256(body)
	keep := 2 * e.tolerance // no delivery of these bytes under these headers is fresh afterwards
	if m.Type == typePush {
		keep = m.ExpiresAt.Sub(e.now())
	}
	reserving, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	began := time.Now() // the lease runs while the store makes it
	r, err := e.store.Reserve(reserving, string(m.Type)+"/"+partner+"/"+m.ID, hex.EncodeToString(sum[:]), lease, keep)
	switch {
	case err != nil:
		return later(codeLater, "the replay store failed", err)
	case r.State == ReplayOther:
		return refuse(http.StatusUnprocessableEntity, codeIDReused, "another message has its id")
	case r.State == ReplayRejected:
		return refuse(http.StatusUnprocessableEntity, codeRejected, "it was rejected before")
	case r.State == ReplayDone && m.Type == typePush:
		return repeated(m, r.Receipt)
	case r.State == ReplayDone:
		a := e.call(ctx, m, began)
		if a.status == http.StatusOK {
			a.outcome = AuditRepeated
		}
		return a
	case r.State == ReplayInProgress:
		return later(codeBusy, "it is under way elsewhere", nil)
	case r.State != ReplayAcquired:
		return later(codeLater, "the replay store failed", nil)
	}
	if !r.Again {
		ctx = context.WithValue(ctx, firstKey{}, true)
	}
	a := e.call(ctx, m, began)
	if err := e.settle(ctx, r, m, &a); err != nil {
		// It was handled, whatever becomes of the note.
		e.logger.LogAttrs(ctx, slog.LevelError, "handoff: the replay store failed", slog.String("id", m.ID), slog.Any("error", err))
	}
	return a
}

// rejectedFor is how long a pull that was rejected is.
const rejectedFor = time.Hour

// settle writes down what became of a message.
func (e *endpoint) settle(ctx context.Context, r Replay, m *message, a *answer) error {
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	ends := m.ExpiresAt
	switch {
	case a.grant != nil:
		ends = a.grant.ExpiresAt
	case m.Type == typeRequest:
		ends = e.now().Add(rejectedFor)
	}
	keep := max(ends.Sub(e.now()), 2*e.tolerance)
	switch {
	case a.status == http.StatusOK:
		r.State = ReplayDone
		if a.receipt != nil {
			r.Receipt = a.body
		}
		return e.store.Settle(ctx, r, keep)
	case a.remember:
		r.State = ReplayRejected
		return e.store.Settle(ctx, r, keep)
	}
	return e.store.Release(ctx, r)
}

// call runs the callback within the lease.
func (e *endpoint) call(ctx context.Context, m *message, began time.Time) (a answer) {
	ctx, cancel := context.WithDeadline(ctx, began.Add(callbackTime))
	defer cancel()
	defer func() {
		if recover() != nil { // what it was given may hold anything
			a = later(codeLater, "the callback panicked", nil)
			a.stack = debug.Stack()
		}
	}()
	return e.handle(ctx, m)
}

// firstKey says to the callback that no earlier delivery can have begun anything.
type firstKey struct{}

func isFirst(ctx context.Context) bool {
	first, _ := ctx.Value(firstKey{}).(bool)
	return first
}
