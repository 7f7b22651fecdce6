package webhook

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

const (
	defaultMaxBody = 1 << 20
	// lease is how long an event is reserved: less than Didit's first retry gap of a
	// minute, so that the retry finds it free where its handler has died.
	lease = 45 * time.Second
	// callbackTime ends the callback before its lease does.
	callbackTime = 40 * time.Second
	// storeTime bounds what is written down after Didit may have hung up.
	storeTime = 3 * time.Second
)

// HandlerOption sets one thing about a handler.
type HandlerOption func(*handler)

// WithDeduplication handles each event once, by its ID. Events without one, such as
// the console's test deliveries, are handled as they come. A nil store panics.
func WithDeduplication(s DeliveryStore) HandlerOption {
	if s == nil {
		panic("webhook: a nil DeliveryStore")
	}
	return func(h *handler) { h.store = s }
}

// WithMaxBody bounds a delivery's body, 1 MiB unless said. It panics unless n is
// positive.
func WithMaxBody(n int64) HandlerOption {
	if n <= 0 {
		panic("webhook: a body limit that is not positive")
	}
	return func(h *handler) { h.maxBody = n }
}

// Handler receives deliveries and hands each event to f. It answers 200 once f has
// succeeded or the event was handled before; 401 for a missing, wrong or stale
// signature; 400 for what is not an event; 405 and 413; 500 when f failed or panicked,
// and 503 while another worker has the event or the store cannot tell: Didit then
// tries again. It never answers 404, which Didit would take for an outage.
//
// The context of f ends after 40 s, or when Didit hangs up, after 5 s: f writes down
// what is to be done. A nil f panics.
func (v *Verifier) Handler(f func(context.Context, *Event) error, opts ...HandlerOption) http.Handler {
	if f == nil {
		panic("webhook: a nil callback")
	}
	h := &handler{verifier: v, callback: f, maxBody: defaultMaxBody}
	for _, option := range opts {
		option(h)
	}
	return h
}

type handler struct {
	verifier *Verifier
	callback func(context.Context, *Event) error
	store    DeliveryStore
	maxBody  int64
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		reply(w, http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.maxBody))
	_, tooLarge := errors.AsType[*http.MaxBytesError](err)
	switch {
	case tooLarge:
		reply(w, http.StatusRequestEntityTooLarge)
		return
	case err != nil:
		reply(w, http.StatusBadRequest)
		return
	}
	e, err := h.verifier.Verify(r.Header, body)
	switch {
	case errors.Is(err, ErrMalformed):
		reply(w, http.StatusBadRequest)
	case err != nil:
		reply(w, http.StatusUnauthorized)
	case h.store == nil || e.ID == "":
		reply(w, h.handle(r.Context(), e, time.Now().Add(callbackTime)))
	default:
		reply(w, h.once(r.Context(), e))
	}
}

func reply(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	io.WriteString(w, http.StatusText(status)+"\n")
}

// once handles an event unless it was handled before.
func (h *handler) once(ctx context.Context, e *Event) (status int) {
	deadline := time.Now().Add(callbackTime) // the lease runs while the store makes it
	r, err := h.store.Reserve(ctx, e.ID, lease)
	switch {
	case err != nil:
		return http.StatusServiceUnavailable
	case r.State == Done:
		return http.StatusOK
	case r.State != Acquired:
		return http.StatusServiceUnavailable
	}
	if !time.Now().Before(deadline) {
		_ = h.settle(ctx, r, h.store.Release)
		return http.StatusServiceUnavailable
	}
	if status = h.handle(ctx, e, deadline); status == http.StatusOK {
		// It was handled, whatever becomes of the note: a 5xx would have it handled again.
		_ = h.settle(ctx, r, h.store.Complete)
		return status
	}
	_ = h.settle(ctx, r, h.store.Release) // else the lease lapses
	return status
}

// settle writes down what became of a reservation, though Didit may have hung up.
func (h *handler) settle(ctx context.Context, r Reservation, write func(context.Context, Reservation) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTime)
	defer cancel()
	return write(ctx, r)
}

func (h *handler) handle(ctx context.Context, e *Event, deadline time.Time) (status int) {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	status = http.StatusInternalServerError
	defer func() {
		// A panic may hold anything of the event: it is not passed on.
		_ = recover()
	}()
	if h.callback(ctx, e) == nil {
		status = http.StatusOK
	}
	return status
}
