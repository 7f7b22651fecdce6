package webhook_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/webhook"
)

// scripted is a store that answers as told and notes what it was asked.
type scripted struct {
	state          webhook.ReservationState
	reserve, write error
	asked          []string
	ended          bool // the context of Complete or Release had ended
	lease          time.Duration
}

func (s *scripted) Reserve(_ context.Context, id string, lease time.Duration) (webhook.Reservation, error) {
	s.asked = append(s.asked, "reserve")
	s.lease = lease
	return webhook.Reservation{State: s.state, EventID: id, Owner: "me"}, s.reserve
}

func (s *scripted) Complete(ctx context.Context, _ webhook.Reservation) error {
	s.asked, s.ended = append(s.asked, "complete"), ctx.Err() != nil
	return s.write
}

func (s *scripted) Release(ctx context.Context, _ webhook.Reservation) error {
	s.asked, s.ended = append(s.asked, "release"), ctx.Err() != nil
	return s.write
}

func TestHandlerAndStore(t *testing.T) {
	t.Parallel()
	fail := errors.New("down")
	tests := []struct {
		name     string
		store    scripted
		callback error
		want     int
		asked    []string
	}{
		{"first", scripted{state: webhook.Acquired}, nil, 200, []string{"reserve", "complete"}},
		{"failed", scripted{state: webhook.Acquired}, fail, 500, []string{"reserve", "release"}},
		{"release fails too", scripted{state: webhook.Acquired, write: fail}, fail, 500, []string{"reserve", "release"}},
		{"handled, the note fails", scripted{state: webhook.Acquired, write: fail}, nil, 200, []string{"reserve", "complete"}},
		{"before", scripted{state: webhook.Done}, nil, 200, []string{"reserve"}},
		{"another has it", scripted{state: webhook.InProgress}, nil, 503, []string{"reserve"}},
		{"no state", scripted{}, nil, 503, []string{"reserve"}},
		{"store down", scripted{reserve: fail}, nil, 503, []string{"reserve"}},
	}
	body := event(nil)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			called := 0
			h := verifier(t).Handler(func(ctx context.Context, _ *webhook.Event) error {
				called++
				deadline, ok := ctx.Deadline()
				assert.True(t, ok)
				assert.Less(t, time.Until(deadline), test.store.lease, "the callback ends before its lease")
				return test.callback
			}, webhook.WithDeduplication(&test.store))
			assert.Equal(t, test.want, deliver(h, sign(t, body), body).Code)
			assert.Equal(t, test.asked, test.store.asked)
			assert.Equal(t, test.store.state == webhook.Acquired && test.store.reserve == nil, called == 1)
			assert.Less(t, test.store.lease, time.Minute, "under Didit's first retry gap")
		})
	}
}

// TestHandlerOutlivesTheRequest: Didit hung up, and what was done is written down.
func TestHandlerOutlivesTheRequest(t *testing.T) {
	t.Parallel()
	body := event(nil)
	for written, result := range map[string]error{"complete": nil, "release": errors.New("not done")} {
		ctx, cancel := context.WithCancel(t.Context())
		store := &scripted{state: webhook.Acquired}
		h := verifier(t).Handler(func(ctx context.Context, _ *webhook.Event) error {
			cancel()
			<-ctx.Done() // the callback hears of it
			return result
		}, webhook.WithDeduplication(store))
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body)).WithContext(ctx)
		r.Header = sign(t, body)
		h.ServeHTTP(httptest.NewRecorder(), r)
		assert.Equal(t, []string{"reserve", written}, store.asked)
		assert.False(t, store.ended)
		assert.Equal(t, 45*time.Second, store.lease)
	}
}

// slowStore takes its time to reserve.
type slowStore struct {
	webhook.DeliveryStore
	wait time.Duration
}

func (s slowStore) Reserve(ctx context.Context, id string, lease time.Duration) (webhook.Reservation, error) {
	r, err := s.DeliveryStore.Reserve(ctx, id, lease)
	time.Sleep(s.wait)
	return r, err
}

// TestHandlerSlowStore: the lease runs while the store makes it, so the callback ends
// before it all the same, or is not begun.
func TestHandlerSlowStore(t *testing.T) {
	t.Parallel()
	for wait, called := range map[time.Duration]int{10 * time.Second: 1, 50 * time.Second: 0} {
		synctest.Test(t, func(t *testing.T) {
			memory, start, calls := webhook.NewMemoryStore(1), time.Now(), 0
			h := verifier(t).Handler(func(ctx context.Context, _ *webhook.Event) error {
				calls++
				<-ctx.Done()
				assert.Less(t, time.Since(start), 45*time.Second)
				return ctx.Err()
			}, webhook.WithDeduplication(slowStore{memory, wait}))
			body := event(nil)
			status := deliver(h, sign(t, body), body).Code
			assert.Equal(t, map[int]int{1: 500, 0: 503}[called], status)
			assert.Equal(t, called, calls)
			r, err := memory.Reserve(t.Context(), "evt-1", time.Second)
			require.NoError(t, err)
			assert.Equal(t, webhook.Acquired, r.State, "released, for Didit's next try")
		})
	}
}

// TestHandlerEachOnce: a thousand deliveries at once, each event several times, some
// handled only at the second try.
func TestHandlerEachOnce(t *testing.T) {
	t.Parallel()
	const events, copies = 200, 5
	handled := make([]atomic.Int64, events)
	failed := make([]atomic.Bool, events)
	h := verifier(t).Handler(func(_ context.Context, e *webhook.Event) error {
		var n int
		if _, err := fmt.Sscanf(e.ID, "evt-%d", &n); err != nil {
			return err
		}
		if n%3 == 0 && !failed[n].Swap(true) {
			return errors.New("not yet")
		}
		handled[n].Add(1)
		return nil
	}, webhook.WithDeduplication(webhook.NewMemoryStore(events)))
	var wg sync.WaitGroup
	for i := range events * copies {
		wg.Go(func() {
			body := event(map[string]any{"event_id": fmt.Sprintf("evt-%d", i%events), "decision": nil})
			header := sign(t, body)
			for deliver(h, header, body).Code != http.StatusOK { // as Didit tries again
			}
		})
	}
	wg.Wait()
	for n := range handled {
		assert.Equal(t, int64(1), handled[n].Load(), "event %d", n)
	}
}

// TestHandlerWithoutID: what has no id cannot be told from another.
func TestHandlerWithoutID(t *testing.T) {
	t.Parallel()
	called := 0
	h := verifier(t).Handler(func(context.Context, *webhook.Event) error { called++; return nil },
		webhook.WithDeduplication(webhook.NewMemoryStore(1)))
	body := event(map[string]any{"event_id": nil, "decision": nil})
	for range 2 {
		assert.Equal(t, 200, deliver(h, sign(t, body), body).Code)
	}
	assert.Equal(t, 2, called)
}
