package handoff_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/handoff"
)

// pushing is a sender and a receiver on one wire.
type pushing struct {
	*wire
	sender *handoff.Sender
	a, b   *side
}

func newPushing(t testing.TB, f func(context.Context, handoff.Envelope) (*handoff.Receipt, error), opts ...handoff.Option) *pushing {
	t.Helper()
	p := &pushing{a: new(side), b: new(side)}
	receiver, err := handoff.NewReceiver(fintech, partners(t), f, append(p.b.options(), opts...)...)
	require.NoError(t, err)
	p.wire = &wire{handler: receiver}
	p.sender, err = handoff.NewSender(where, secret(t, secretText), append(p.a.options(), handoff.WithHTTPClient(p.client()))...)
	require.NoError(t, err)
	return p
}

func TestPush(t *testing.T) {
	t.Parallel()
	want := envelope("job-1")
	p := newPushing(t, func(_ context.Context, e handoff.Envelope) (*handoff.Receipt, error) {
		assert.Equal(t, want.Token.Reveal(), e.Token.Reveal())
		e.Token = want.Token
		assert.Equal(t, want, e)
		return &handoff.Receipt{Status: handoff.StatusImported, SessionID: source}, nil
	})
	receipt, err := p.sender.Send(t.Context(), want)
	require.NoError(t, err)
	assert.Equal(t, &handoff.Receipt{ID: "job-1", Status: handoff.StatusImported, SessionID: source}, receipt)

	var body map[string]any
	require.NoError(t, json.Unmarshal(p.bodies[0], &body))
	assert.Equal(t, map[string]any{
		"version": 1.0, "type": "push", "id": "job-1", "from_application_id": bank, "for_application_id": fintech,
		"session_kind": "user", "source_session_id": source, "expires_at": want.ExpiresAt.Format(time.RFC3339),
		"reference": "customer-7", "purpose": "open an account", "share_token": "planted.share-token.text",
	}, body)
	for _, s := range []*side{p.a, p.b} {
		e := s.last(t)
		assert.Equal(t, handoff.AuditOK, e.Outcome)
		assert.Equal(t, []any{"job-1", bank, fintech, "customer-7", "open an account", source, source, want.Token.Fingerprint(), handoff.StatusImported, 200},
			[]any{e.ID, e.FromApplicationID, e.ForApplicationID, e.Reference, e.Purpose, e.SessionID, e.SourceSessionID, e.TokenFingerprint, e.ReceiptStatus, e.StatusCode})
		assert.Contains(t, s.text(), "job-1")
		assert.NotContains(t, s.text(), "planted")
		assert.NotContains(t, s.text(), "customer-7")
	}
}

// TestPushOnce: an answer is lost, several times; the callback runs once, and every
// delivery has the same bytes under a new timestamp.
func TestPushOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		p := newPushing(t, func(ctx context.Context, e handoff.Envelope) (*handoff.Receipt, error) {
			calls.Add(1)
			return imported(ctx, e)
		})
		p.lose = func(n int) bool { return n < 6 }
		e := envelope("job-1")
		receipt, err := p.sender.Send(t.Context(), e)
		require.NoError(t, err)
		assert.Equal(t, source, receipt.SessionID)
		assert.EqualValues(t, 1, calls.Load())
		require.Len(t, p.sent, 6)
		for i, r := range p.sent {
			assert.Equal(t, p.bodies[0], p.bodies[i])
			assert.Equal(t, "job-1", r.Header.Get("Webhook-Id"))
		}
		assert.NotEqual(t, p.sent[0].Header.Get("Webhook-Timestamp"), p.sent[5].Header.Get("Webhook-Timestamp"))
		assert.Equal(t, handoff.AuditRepeated, p.b.last(t).Outcome)
		assert.Equal(t, 6, p.a.last(t).Attempts)

		// So does another call of Send, after a restart.
		receipt, err = p.sender.Send(t.Context(), e)
		require.NoError(t, err)
		assert.Equal(t, source, receipt.SessionID)
		assert.EqualValues(t, 1, calls.Load())
	})
}

func TestPushMayPass(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		failures := []any{
			errors.New("the database is down"), "a panic",
			&didit.APIError{StatusCode: http.StatusTooManyRequests, RetryAfter: 40 * time.Second},
			(*handoff.Receipt)(nil), &handoff.Receipt{Status: "queued"}, &handoff.Receipt{ID: "job-2", Status: handoff.StatusAccepted},
		}
		var calls int
		p := newPushing(t, func(ctx context.Context, e handoff.Envelope) (*handoff.Receipt, error) {
			calls++
			if calls > len(failures) {
				return &handoff.Receipt{Status: handoff.StatusAccepted}, nil
			}
			switch f := failures[calls-1].(type) {
			case error:
				return nil, f
			case string:
				panic(f)
			default:
				return f.(*handoff.Receipt), nil //nolint:errcheck,forcetypeassert // what is left
			}
		})
		began := time.Now()
		receipt, err := p.sender.Send(t.Context(), envelope("job-1"))
		require.NoError(t, err)
		assert.Equal(t, handoff.StatusAccepted, receipt.Status)
		assert.Equal(t, len(failures)+1, calls)
		assert.Greater(t, time.Since(began), 5*5*time.Second+40*time.Second, "the waits that were asked for")
		assert.Contains(t, p.b.text(), "the database is down")
		assert.Contains(t, p.b.text(), "the callback panicked")
		assert.NotContains(t, p.b.text(), "a panic")
		for _, e := range p.b.all()[:len(failures)] {
			assert.Equal(t, handoff.AuditUnsettled, e.Outcome)
			assert.Equal(t, http.StatusServiceUnavailable, e.StatusCode)
		}
	})
}

func TestPushRejected(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	p := newPushing(t, func(context.Context, handoff.Envelope) (*handoff.Receipt, error) {
		calls.Add(1)
		return nil, fmt.Errorf("%w: not a customer", handoff.ErrRejected)
	})
	e := envelope("job-1")
	for range 2 { // remembered
		_, err := p.sender.Send(t.Context(), e)
		refused := new(handoff.RefusedError)
		require.ErrorAs(t, err, &refused)
		assert.Equal(t, handoff.RefusedError{ID: "job-1", Code: "rejected", StatusCode: http.StatusUnprocessableEntity}, *refused)
		require.ErrorIs(t, err, handoff.ErrRejected)
		assert.NotContains(t, err.Error(), "customer")
		assert.Equal(t, handoff.AuditRefused, p.a.last(t).Outcome)
		assert.Equal(t, handoff.AuditRefused, p.b.last(t).Outcome)
	}
	assert.EqualValues(t, 1, calls.Load())
	assert.Contains(t, p.b.text(), "not a customer")
}

// TestPushUnderWay: a delivery that comes while the first is handled is told to wait,
// and the first goes on though its sender has hung up.
func TestPushUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		p := newPushing(t, func(ctx context.Context, e handoff.Envelope) (*handoff.Receipt, error) {
			calls.Add(1)
			time.Sleep(time.Minute)
			assert.NoError(t, ctx.Err()) //nolint:testifylint // not on the test's goroutine
			return imported(ctx, e)
		})
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		e := envelope("job-1")
		go func() { _, _ = p.sender.Send(ctx, e) }()
		time.Sleep(time.Second)
		synctest.Wait()
		in := p.handler
		busy := push("job-1")
		busy.body = p.bodies[0]
		w := busy.send(t, in)
		assert.Equal(t, http.StatusServiceUnavailable, w.Code)
		assert.JSONEq(t, `{"code":"busy"}`, w.Body.String())
		assert.Equal(t, "5", w.Header().Get("Retry-After"))
		receipt, err := p.sender.Send(t.Context(), e)
		require.NoError(t, err)
		assert.Equal(t, source, receipt.SessionID)
		assert.EqualValues(t, 1, calls.Load())
	})
}

func TestPushEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPushing(t, func(context.Context, handoff.Envelope) (*handoff.Receipt, error) { return nil, errors.New("down") })
		began := time.Now()
		unsettled := new(handoff.UnsettledError)

		// With the token.
		_, err := p.sender.Send(t.Context(), envelope("job-1"))
		require.ErrorAs(t, err, &unsettled)
		require.ErrorIs(t, err, didit.ErrShareTokenExpired)
		require.ErrorIs(t, err, didit.ErrOutcomeUnknown)
		assert.InDelta(t, time.Hour.Seconds(), time.Since(began).Seconds(), 15)
		assert.Equal(t, http.StatusServiceUnavailable, unsettled.StatusCode)
		assert.Equal(t, "later", unsettled.Code)
		assert.Equal(t, 5*time.Second, unsettled.RetryAfter)
		assert.Contains(t, err.Error(), "the partner may have imported it")

		// With the context; a wait that would not end in time is not begun.
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
		defer cancel()
		began = time.Now()
		_, err = p.sender.Send(ctx, envelope("job-2"))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Less(t, time.Since(began), 8*time.Second)
		assert.Contains(t, err.Error(), "make the same call again")

		ctx, cancel = context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err = p.sender.Send(ctx, envelope("job-3"))
		require.ErrorIs(t, err, context.Canceled)

		// Nothing is sent once it has expired.
		late := envelope("job-4")
		late.ExpiresAt = time.Now()
		n := len(p.sent)
		_, err = p.sender.Send(t.Context(), late)
		require.ErrorIs(t, err, didit.ErrInvalidParams)
		require.ErrorIs(t, err, didit.ErrShareTokenExpired)
		assert.Len(t, p.sent, n)
		assert.Equal(t, handoff.AuditUnsettled, p.a.last(t).Outcome)
	})
}
