package webhook_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/webhook"
)

func deliver(h http.Handler, header http.Header, body []byte) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	r.Header = header
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestHandlerStatuses(t *testing.T) {
	t.Parallel()
	body := event(nil)
	good := sign(t, body)
	fails := func(context.Context, *webhook.Event) error { return errors.New("secret reason") }
	works := func(context.Context, *webhook.Event) error { return nil }
	tests := []struct {
		name     string
		callback func(context.Context, *webhook.Event) error
		method   string
		header   http.Header
		body     []byte
		want     int
	}{
		{"handled", works, http.MethodPost, good, body, 200},
		{"failed", fails, http.MethodPost, good, body, 500},
		{"panicked", func(context.Context, *webhook.Event) error { panic("personal data") }, http.MethodPost, good, body, 500},
		{"missing", works, http.MethodPost, http.Header{}, body, 401},
		{"wrong", works, http.MethodPost, good, event(map[string]any{"status": "Declined"}), 401},
		{"stale", works, http.MethodPost, sign(t, event(map[string]any{"timestamp": 1})), event(map[string]any{"timestamp": 1}), 401},
		{"no event", works, http.MethodPost, sign(t, []byte(`{}`)), []byte(`{}`), 400},
		{"GET", works, http.MethodGet, good, body, 405},
		{"too large", works, http.MethodPost, good, bytes.Repeat([]byte(" "), 1<<20+1), 413},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(test.method, "/", bytes.NewReader(test.body))
			r.Header = test.header
			w := httptest.NewRecorder()
			verifier(t).Handler(test.callback).ServeHTTP(w, r)
			assert.Equal(t, test.want, w.Code)
			assert.NotContains(t, w.Body.String(), "secret")
			assert.Equal(t, test.want == 405, w.Header().Get("Allow") == http.MethodPost)
		})
	}
	r := httptest.NewRequest(http.MethodPost, "/", iotest.ErrReader(errors.New("broke off")))
	w := httptest.NewRecorder()
	verifier(t).Handler(works).ServeHTTP(w, r)
	assert.Equal(t, 400, w.Code)

	small := verifier(t).Handler(works, webhook.WithMaxBody(10))
	assert.Equal(t, 413, deliver(small, good, body).Code)
	assert.Panics(t, func() { verifier(t).Handler(nil) })
	assert.Panics(t, func() { webhook.WithMaxBody(0) })
	assert.Panics(t, func() { webhook.WithDeduplication(nil) })
}

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
	ctx, cancel := context.WithCancel(t.Context())
	store := &scripted{state: webhook.Acquired}
	h := verifier(t).Handler(func(ctx context.Context, _ *webhook.Event) error {
		cancel()
		<-ctx.Done() // the callback hears of it
		return nil
	}, webhook.WithDeduplication(store))
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body)).WithContext(ctx)
	r.Header = sign(t, body)
	h.ServeHTTP(httptest.NewRecorder(), r)
	assert.Equal(t, []string{"reserve", "complete"}, store.asked)
	assert.False(t, store.ended)
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

func TestMemoryStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		s := webhook.NewMemoryStore(2)
		reserve := func(id string) webhook.Reservation {
			r, err := s.Reserve(ctx, id, 45*time.Second)
			require.NoError(t, err)
			return r
		}
		first := reserve("a")
		assert.Equal(t, webhook.Acquired, first.State)
		assert.Equal(t, webhook.InProgress, reserve("a").State)

		time.Sleep(46 * time.Second) // the lease lapses: its owner has died
		second := reserve("a")
		assert.Equal(t, webhook.Acquired, second.State)
		require.Error(t, s.Complete(ctx, first), "another's by now")
		require.Error(t, s.Release(ctx, first))
		require.NoError(t, s.Release(ctx, second))
		third := reserve("a")
		require.NoError(t, s.Complete(ctx, third))
		require.Error(t, s.Release(ctx, third), "done")
		assert.Equal(t, webhook.Done, reserve("a").State)

		assert.Equal(t, webhook.Acquired, reserve("b").State)
		_, err := s.Reserve(ctx, "c", 45*time.Second)
		require.Error(t, err, "full, and nothing may be forgotten")
		time.Sleep(46 * time.Second)
		assert.Equal(t, webhook.Acquired, reserve("c").State, "b has lapsed")
		assert.Equal(t, webhook.Done, reserve("a").State)
		time.Sleep(24 * time.Hour)
		assert.Equal(t, webhook.Acquired, reserve("a").State, "forgotten after a day")
	})
	s := webhook.NewMemoryStore(0)
	for i := range 10_000 {
		_, err := s.Reserve(t.Context(), strings.Repeat("x", i), time.Hour)
		require.NoError(t, err)
	}
	_, err := s.Reserve(t.Context(), "one more", time.Hour)
	require.Error(t, err)
}
