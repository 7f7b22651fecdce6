package webhook

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/didit-go/didit/internal/setting"
)

const defaultMaxBody = 1 << 20

// HandlerOption sets one thing about a handler, the last one of a kind wins. A bad value
// panics when the option is made, which is when a program starts.
type HandlerOption func(*handler)

// ForApplication skips events of other applications than your own: they are
// acknowledged, and the callback does not see them. An event that names no application
// passes only if it is a Test. Letters' case and white space around the id do not count.
// An id that is empty, in quotes or has "Bearer " before it panics.
func ForApplication(id string) HandlerOption {
	id = strings.TrimSpace(id)
	if id == "" {
		panic("webhook: ForApplication must not be empty: is the variable set?")
	}
	if problem := setting.Pasted(id); problem != "" {
		panic("webhook: ForApplication " + problem)
	}
	return func(h *handler) { h.application = id }
}

// LiveOnly skips sandbox events and the console's tests: they are acknowledged, and the
// callback does not see them. An event that names no environment is live unless it is a
// Test, because Didit has not always named it.
func LiveOnly() HandlerOption {
	return func(h *handler) { h.liveOnly = true }
}

// WithDeduplication handles each event once, by its ID. An event is reserved for 45 s
// before the callback, marked as done for 24 hours after it, and released where it has
// failed. Events without an ID, such as the console's tests, are handled as they come. A
// nil store panics.
func WithDeduplication(s DeliveryStore) HandlerOption {
	if setting.IsNil(s) {
		panic("webhook: WithDeduplication must not be given a nil DeliveryStore")
	}
	return func(h *handler) { h.store = s }
}

// WithMaxBody bounds a delivery's body in bytes: 1 MiB by default. More than 16 MiB does
// not help, since [Verifier.Verify] takes no more. It panics unless n is positive.
func WithMaxBody(n int64) HandlerOption {
	if n <= 0 {
		panic("webhook: WithMaxBody must be positive")
	}
	return func(h *handler) { h.maxBody = n }
}

// WithLogger tells why a delivery was refused (a warning), skipped (for information) or
// has failed (an error): the reason, the answer's status and, once the signature was
// verified, the event's id, its type and its session's id. It also writes what your
// callback returned or panicked with, and what the store returned. Nothing else of a
// delivery is written. Without this option nothing is logged. A nil logger panics.
func WithLogger(l *slog.Logger) HandlerOption {
	if l == nil {
		panic("webhook: WithLogger must not be given a nil Logger")
	}
	return func(h *handler) { h.logger = l }
}

// Handler receives deliveries and hands each event to f. Didit tries again after a 5xx
// and never after another answer of these:
//
//   - 200: f has succeeded, the event was handled before, or it is skipped.
//   - 400: the body is no event, or can be read in two ways.
//   - 401: the signature is missing, wrong or stale.
//   - 405, 413: not a POST; a body over [WithMaxBody]'s bound.
//   - 500: f has failed or panicked.
//   - 503: another worker has the event, the store has failed, or the body broke off.
//
// It never answers 404, which Didit takes for an outage.
//
// The context of f ends after 40 s, or when Didit hangs up, which it does after 5 s: f
// only records what is to be done. An event that f has handled is marked as done even if
// Didit has hung up by then. Give your http.Server a ReadTimeout, some 10 s.
//
// A nil f, a nil option and a [Verifier] that NewVerifier did not make panic.
//
// https://docs.didit.me/integration/webhooks
func (v *Verifier) Handler(f func(context.Context, *Event) error, opts ...HandlerOption) http.Handler {
	if !v.usable() {
		panic("webhook: the verifier was not made by NewVerifier")
	}
	if f == nil {
		panic("webhook: Handler must not be given a nil callback")
	}
	h := &handler{verifier: v, callback: f, maxBody: defaultMaxBody, logger: slog.New(slog.DiscardHandler)}
	for _, option := range opts {
		if option == nil {
			panic("webhook: Handler must not be given a nil HandlerOption")
		}
		option(h)
	}
	return h
}

type handler struct {
	verifier    *Verifier
	callback    func(context.Context, *Event) error
	store       DeliveryStore // nil: events are handled as they come
	maxBody     int64
	application string // "": any
	liveOnly    bool
	logger      *slog.Logger
}
