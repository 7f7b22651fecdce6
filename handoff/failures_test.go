package handoff_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/handoff"
)

// brokenStore is a store whose database does not answer as it should.
type brokenStore struct {
	handoff.ReplayStore
	reserve func(handoff.Replay, error) (handoff.Replay, error)
	settle  error
}

func (s *brokenStore) Reserve(ctx context.Context, key, hash string, lease, keep time.Duration) (handoff.Replay, error) {
	r, err := s.ReplayStore.Reserve(ctx, key, hash, lease, keep)
	if s.reserve == nil {
		return r, err
	}
	return s.reserve(r, err)
}

func (s *brokenStore) Settle(ctx context.Context, r handoff.Replay, keep time.Duration) error {
	return errors.Join(s.settle, s.ReplayStore.Settle(ctx, r, keep))
}

func TestBrokenStore(t *testing.T) {
	t.Parallel()
	down := errors.New("the database is down")
	for name, test := range map[string]struct {
		reserve func(handoff.Replay, error) (handoff.Replay, error)
		settle  error
		status  int
		calls   int
		says    string
	}{
		"cannot reserve": {reserve: func(handoff.Replay, error) (handoff.Replay, error) { return handoff.Replay{}, down }, status: 503, says: "the database is down"},
		"says nothing":   {reserve: func(handoff.Replay, error) (handoff.Replay, error) { return handoff.Replay{}, nil }, status: 503, says: "the replay store failed"},
		"done without receipt": {reserve: func(handoff.Replay, error) (handoff.Replay, error) {
			return handoff.Replay{State: handoff.ReplayDone}, nil
		}, status: 503, says: "gave no receipt"},
		"another's receipt": {reserve: func(handoff.Replay, error) (handoff.Replay, error) {
			return handoff.Replay{State: handoff.ReplayDone, Receipt: []byte(`{"id":"job-2","status":"imported"}`)}, nil
		}, status: 503, says: "gave no receipt"},
		// It was handled: a 503 would have it handled again.
		"cannot settle": {settle: down, status: 200, calls: 1, says: "the database is down"},
	} {
		calls := 0
		p := newPushing(t, func(ctx context.Context, e handoff.Envelope) (*handoff.Receipt, error) {
			calls++
			return imported(ctx, e)
		}, handoff.WithReplayStore(&brokenStore{handoff.NewMemoryReplayStore(0), test.reserve, test.settle}))
		assert.Equal(t, test.status, push("job-1").send(t, p.handler).Code, name)
		assert.Equal(t, test.calls, calls, name)
		assert.Contains(t, p.b.text(), test.says, name)
	}
}

// TestLateOwner: a callback that outlives its lease answers, and what the one after it
// wrote down stands.
func TestLateOwner(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		p := newPushing(t, func(ctx context.Context, e handoff.Envelope) (*handoff.Receipt, error) {
			if calls.Add(1) == 1 {
				_, bounded := ctx.Deadline()
				assert.True(t, bounded)
				time.Sleep(3 * time.Minute) // deaf to its context
				return &handoff.Receipt{Status: handoff.StatusAccepted}, nil
			}
			return imported(ctx, e)
		})
		m := push("job-1")
		r := m.build(t)
		first := make(chan int, 1)
		go func() { first <- serve(p.handler, r).Code }()
		time.Sleep(2*time.Minute + time.Second)
		assert.Equal(t, 200, m.send(t, p.handler).Code)
		assert.Equal(t, 200, <-first)
		w := m.send(t, p.handler)
		assert.JSONEq(t, `{"id":"job-1","status":"imported","session_id":"`+source+`"}`, w.Body.String())
		assert.EqualValues(t, 2, calls.Load())
	})
}

func TestGrantorGivesNothing(t *testing.T) {
	t.Parallel()
	p := newPulling(t, func(context.Context, handoff.Request) (*handoff.Envelope, error) { return nil, nil }) //nolint:nilnil // the mistake
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := p.requester.Request(ctx, request("job-1"))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Contains(t, p.a.text(), "neither an envelope nor an error")
}

// TestNotSent: what cannot have reached the partner is called so.
func TestNotSent(t *testing.T) {
	t.Parallel()
	tls := httptest.NewUnstartedServer(http.NotFoundHandler())
	tls.Config.ErrorLog = log.New(io.Discard, "", 0) // the handshake that fails is meant to
	tls.StartTLS()
	defer tls.Close()
	unknown := func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "planted.example", IsNotFound: true}}
	}
	for name, test := range map[string]struct {
		url       string
		transport *http.Transport
		attempts  int
	}{
		"an unknown host":   {where, &http.Transport{DialContext: unknown}, 1},
		"a bad certificate": {tls.URL, &http.Transport{}, 1},
	} {
		defer test.transport.CloseIdleConnections()
		sender, err := handoff.NewSender(test.url, secret(t, secretText), handoff.WithHTTPClient(&http.Client{Transport: test.transport}))
		require.NoError(t, err)
		_, err = sender.Send(t.Context(), envelope("job-1"))
		unsettled := new(handoff.UnsettledError)
		require.ErrorAs(t, err, &unsettled, name)
		require.ErrorIs(t, err, didit.ErrNotSent, name)
		assert.Equal(t, test.attempts, unsettled.Attempts)
		assert.Contains(t, err.Error(), "nothing has reached the partner")
	}
}

// TestDefaultClient: a sender without a client of the caller's has one of its own.
func TestDefaultClient(t *testing.T) { //nolint:paralleltest // it closes the default transport's connections
	receiver, err := handoff.NewReceiver(fintech, partners(t), imported)
	require.NoError(t, err)
	server := httptest.NewServer(receiver)
	defer server.Close()
	sender, err := handoff.NewSender(server.URL, secret(t, secretText))
	require.NoError(t, err)
	receipt, err := sender.Send(t.Context(), envelope("job-1"))
	require.NoError(t, err)
	assert.Equal(t, source, receipt.SessionID)
}
