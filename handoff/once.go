package handoff

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"
)

const (
	// lease is how long a message is reserved, callbackTime ends the callback before that.
	lease        = 2 * time.Minute
	callbackTime = lease - 10*time.Second
	storeTime    = 3 * time.Second
	// rejectedFor is how long a pull that was rejected is.
	rejectedFor = time.Hour
)

// once has a message handled, unless it was before.
func (e *endpoint) once(ctx context.Context, m *verified) answer {
	// What was begun is ended, though the other side may hang up: it will ask again.
	ctx = context.WithoutCancel(ctx)
	sum := sha256.Sum256(m.body)
	keep := 2 * e.tolerance // no delivery of these bytes under these headers is fresh afterwards
	if m.Type == typePush {
		keep = m.ExpiresAt.Sub(e.now())
	}
	reserving, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	began := time.Now() // the lease runs while the store makes it
	r, err := e.store.Reserve(reserving, string(m.Type)+"/"+m.partner+"/"+m.ID, hex.EncodeToString(sum[:]), lease, keep)
	switch {
	case err != nil:
		return later(codeLater, "the replay store failed", err)
	case r.State == ReplayOther:
		return refuse(http.StatusUnprocessableEntity, codeIDReused, "another message has its id")
	case r.State == ReplayRejected:
		return refuse(http.StatusUnprocessableEntity, codeRejected, "it was rejected before")
	case r.State == ReplayDone && m.Type == typePush:
		return repeated(m.ID, r.Receipt)
	case r.State == ReplayDone:
		a := e.call(ctx, m.message, began)
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
	a := e.call(ctx, m.message, began)
	if err := e.settle(ctx, r, m.message, &a); err != nil {
		// It was handled, whatever becomes of the note.
		e.logger.LogAttrs(ctx, slog.LevelError, "handoff: the replay store failed", slog.String("id", m.ID), slog.Any("error", err))
	}
	return a
}

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
