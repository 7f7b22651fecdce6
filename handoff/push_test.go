package handoff_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

func TestSendChecks(t *testing.T) {
	t.Parallel()
	p := newPushing(t, imported)
	_, err := p.sender.Send(t.Context(), handoff.Envelope{})
	for _, field := range []string{"ID", "Token", "SessionKind", "SourceSessionID", "FromApplicationID", "ForApplicationID", "ExpiresAt", "Reference"} {
		require.ErrorContains(t, err, field)
	}
	for says, change := range map[string]func(*handoff.Envelope){
		"ID must be":                     func(e *handoff.Envelope) { e.ID = "a.1" },
		"Token is longer":                func(e *handoff.Envelope) { e.Token = didit.NewShareToken(string(make([]byte, 8193)) + "x") },
		"Token has characters":           func(e *handoff.Envelope) { e.Token = didit.NewShareToken("a b") },
		"SourceSessionID must be":        func(e *handoff.Envelope) { e.SourceSessionID = "x" },
		"must not be FromApplicationID":  func(e *handoff.Envelope) { e.ForApplicationID = e.FromApplicationID },
		"ExpiresAt is more than 24 h":    func(e *handoff.Envelope) { e.ExpiresAt = time.Now().Add(25 * time.Hour) },
		"Reference has a character":      func(e *handoff.Envelope) { e.Reference = "a\nb" },
		"Reference is longer":            func(e *handoff.Envelope) { e.Reference = string(make([]byte, 257)) },
		"Purpose must not begin":         func(e *handoff.Envelope) { e.Purpose = " x" },
		"Purpose has a character that c": func(e *handoff.Envelope) { e.Purpose = "\xff" },
	} {
		e := envelope("job-1")
		change(&e)
		_, err := p.sender.Send(t.Context(), e)
		require.ErrorIs(t, err, didit.ErrInvalidParams)
		require.ErrorContains(t, err, says)
	}
	assert.Empty(t, p.sent)
}

// answers is a partner that is not this package.
type answers func(r *http.Request) *http.Response

func (f answers) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Body.Close()
	resp := f(r)
	if resp == nil {
		return nil, io.ErrUnexpectedEOF
	}
	resp.Request, resp.Proto, resp.ProtoMajor, resp.ProtoMinor = r, "HTTP/1.1", 1, 1
	return resp, nil
}

func TestSendAnswers(t *testing.T) {
	t.Parallel()
	type want struct {
		status  int
		code    string
		refused bool
		says    string
	}
	for name, test := range map[string]struct {
		status int
		body   string
		want   want
	}{
		"another id":      {200, `{"id":"job-2","status":"imported"}`, want{says: "is for another hand-off"}},
		"no id":           {200, `{"status":"imported"}`, want{says: "is for another hand-off"}},
		"unknown status":  {200, `{"id":"job-1","status":"queued"}`, want{says: "has no status"}},
		"other case":      {200, `{"ID":"job-1","status":"imported"}`, want{says: "is for another hand-off"}},
		"twice":           {200, `{"id":"job-2","id":"job-1","status":"imported"}`, want{says: "is not a receipt"}},
		"a page":          {200, "<html>sign in</html>", want{says: "is not a receipt"}},
		"large":           {200, string(make([]byte, 40<<10)), want{says: "larger than the limit"}},
		"a redirect":      {307, "", want{307, "", true, "partner's endpoint"}},
		"not found":       {404, "<html>planted</html>", want{404, "", true, "partner's endpoint"}},
		"a strange code":  {400, `{"code":"Planted secret"}`, want{400, "", true, "status 400"}},
		"unauthorized":    {401, `{"code":"unauthorized"}`, want{401, "unauthorized", true, "compare the secret"}},
		"not implemented": {501, `{}`, want{501, "", true, "status 501"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n := 0
				client := &http.Client{Transport: answers(func(*http.Request) *http.Response {
					n++
					return &http.Response{StatusCode: test.status, Body: io.NopCloser(&text{test.body}), ContentLength: -1,
						Header: http.Header{"Location": {"https://elsewhere.example/?planted"}}}
				})}
				sender, err := handoff.NewSender(where, secret(t, secretText), handoff.WithHTTPClient(client))
				require.NoError(t, err)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, err = sender.Send(ctx, envelope("job-1"))
				require.ErrorContains(t, err, test.want.says)
				assert.NotContains(t, err.Error(), "lanted")
				refused, ok := errors.AsType[*handoff.RefusedError](err)
				assert.Equal(t, test.want.refused, ok)
				if ok {
					assert.Equal(t, handoff.RefusedError{ID: "job-1", Code: test.want.code, StatusCode: test.want.status}, *refused)
					assert.Equal(t, 1, n)
				}
			})
		})
	}
}

type text struct{ left string }

func (r *text) Read(p []byte) (int, error) {
	n := copy(p, r.left)
	if r.left = r.left[n:]; n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// TestAuditFailsClosed: nobody gets a result that was not recorded.
func TestAuditFailsClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("the ledger is down")
		broken := 3
		hook := handoff.WithAuditHook(func(ctx context.Context, _ handoff.AuditEvent) error {
			_, bounded := ctx.Deadline()
			assert.True(t, bounded)
			if broken--; broken >= 0 {
				return down
			}
			return nil
		})
		calls := 0
		p := newPushing(t, func(ctx context.Context, e handoff.Envelope) (*handoff.Receipt, error) {
			calls++
			return imported(ctx, e)
		}, hook)
		_, err := p.sender.Send(t.Context(), envelope("job-1"))
		require.NoError(t, err)
		assert.Equal(t, 1, calls)
		assert.Len(t, p.sent, 4, "three answers were withheld")

		broken = 1
		sender, err := handoff.NewSender(where, secret(t, secretText), hook, handoff.WithHTTPClient(p.client()))
		require.NoError(t, err)
		broken = 1
		p.handler, err = handoff.NewReceiver(fintech, partners(t), imported)
		require.NoError(t, err)
		e := envelope("job-2")
		receipt, err := sender.Send(t.Context(), e)
		assert.Nil(t, receipt)
		require.ErrorIs(t, err, down)
		unrecorded := new(handoff.UnrecordedError)
		require.ErrorAs(t, err, &unrecorded)
		assert.NotContains(t, unrecorded.Error(), "ledger")
		receipt, err = sender.Send(t.Context(), e)
		require.NoError(t, err)
		assert.Equal(t, source, receipt.SessionID)
	})
}
