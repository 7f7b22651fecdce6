package webhook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

const (
	// leaseTime is how long an event is reserved: less than Didit's first retry gap of a
	// minute, so that the retry finds it free where its handler has died.
	leaseTime = 45 * time.Second
	// callbackTime ends the callback before its lease does.
	callbackTime = 40 * time.Second
	// settleTime bounds what is written down after Didit may have hung up.
	settleTime = 3 * time.Second
)

var (
	errNotPost = errors.New("webhook: not a POST")
	errBroken  = errors.New("webhook: the body broke off")
	errLate    = errors.New("webhook: the delivery store took so long that the lease is nearly over")
)

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status := h.receive(w, r)
	http.Error(w, http.StatusText(status), status) // 200 too: who sends gets no reason
}

// receive returns the status to answer with.
func (h *handler) receive(w http.ResponseWriter, r *http.Request) int {
	ctx := r.Context()
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return h.refuse(ctx, http.StatusMethodNotAllowed, nil, errNotPost)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		// Didit does not send it again after a 413: it would be as large.
		return h.refuse(ctx, http.StatusRequestEntityTooLarge, nil,
			fmt.Errorf("webhook: the body has more than the %d bytes that WithMaxBody allows; with a higher bound, send it again from the console", h.maxBody))
	}
	if err != nil {
		return h.refuse(ctx, http.StatusServiceUnavailable, nil, errBroken)
	}
	e, err := h.verifier.verify(r.Header, body)
	if errors.Is(err, ErrMalformed) {
		return h.refuse(ctx, http.StatusBadRequest, e, err)
	}
	if err != nil {
		return h.refuse(ctx, http.StatusUnauthorized, e, err)
	}
	if reason := h.skips(e); reason != "" {
		h.log(ctx, slog.LevelInfo, "webhook: skipped", http.StatusOK, e, slog.String("reason", reason))
		return http.StatusOK
	}
	if h.store == nil || e.ID == "" {
		return h.handle(ctx, e, time.Now().Add(callbackTime))
	}
	return h.handleOnce(ctx, e)
}

// skips says why the callback does not see an event, "" if it does.
func (h *handler) skips(e *Event) string {
	unnamedTest := e.ApplicationID == "" && e.Test
	switch {
	case h.application != "" && !strings.EqualFold(e.ApplicationID, h.application) && !unnamedTest:
		return "it is for another application"
	case h.liveOnly && e.Test:
		return "it is a test of the console's"
	case h.liveOnly && e.Environment != "" && e.Environment != "live":
		return "it is not of the live environment"
	}
	return ""
}

// handleOnce handles an event unless it was handled before.
func (h *handler) handleOnce(ctx context.Context, e *Event) int {
	deadline := time.Now().Add(callbackTime) // the lease runs while the store makes it
	r, err := h.store.Reserve(ctx, e.ID, leaseTime)
	switch {
	case err != nil:
		return h.fail(ctx, http.StatusServiceUnavailable, e, "webhook: not reserved", err)
	case r.State == Done:
		h.log(ctx, slog.LevelInfo, "webhook: skipped", http.StatusOK, e, slog.String("reason", "it was handled before"))
		return http.StatusOK
	case r.State == InProgress:
		h.log(ctx, slog.LevelInfo, "webhook: put off", http.StatusServiceUnavailable, e, slog.String("reason", "another worker has it"))
		return http.StatusServiceUnavailable
	case r.State != Acquired:
		return h.fail(ctx, http.StatusServiceUnavailable, e, "webhook: not reserved", errors.New("webhook: the store gave no state"))
	}
	status := http.StatusServiceUnavailable
	if time.Now().Before(deadline) {
		status = h.handle(ctx, e, deadline)
	} else {
		h.fail(ctx, status, e, "webhook: not reserved", errLate)
	}
	h.settle(ctx, status, e, r)
	return status
}

// settle tells the store what became of an event, though Didit may have hung up. Where
// that fails the answer stays the same: what was handled must not come again, and the
// lease of what was not lapses by itself.
func (h *handler) settle(ctx context.Context, status int, e *Event, r Reservation) {
	message, write := "webhook: not released", h.store.Release
	if status == http.StatusOK {
		message, write = "webhook: handled, but not marked as done: it may be handled again", h.store.Complete
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	if err := write(ctx, r); err != nil {
		h.fail(ctx, status, e, message, err)
	}
}

// handle calls the callback.
func (h *handler) handle(ctx context.Context, e *Event, deadline time.Time) (status int) {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	status = http.StatusInternalServerError
	defer func() {
		if p := recover(); p != nil {
			h.log(ctx, slog.LevelError, "webhook: the callback panicked", status, e,
				slog.String("panic", fmt.Sprint(p)), slog.String("stack", string(debug.Stack())))
		}
	}()
	if err := h.callback(ctx, e); err != nil {
		return h.fail(ctx, status, e, "webhook: the callback failed", err)
	}
	return http.StatusOK
}

func (h *handler) refuse(ctx context.Context, status int, e *Event, err error) int {
	h.log(ctx, slog.LevelWarn, "webhook: refused", status, e, slog.Any("error", err))
	return status
}

func (h *handler) fail(ctx context.Context, status int, e *Event, message string, err error) int {
	h.log(ctx, slog.LevelError, message, status, e, slog.Any("error", err))
	return status
}

// log writes a line about a delivery; e is nil until its signature was verified.
func (h *handler) log(ctx context.Context, level slog.Level, message string, status int, e *Event, attrs ...slog.Attr) {
	attrs = append(attrs, slog.Int("status", status))
	if e != nil {
		attrs = append(attrs, slog.String("event_id", printID(e.ID)), slog.String("event_type", printType(e.Type)),
			slog.String("session_id", printID(e.SessionID)))
	}
	h.logger.LogAttrs(ctx, level, message, attrs...)
}
