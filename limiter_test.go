package didit_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

// observing lets everything go out and remembers what it was told.
type observing struct {
	asked   []string
	answers []didit.Answer
}

func (o *observing) Wait(ctx context.Context) error {
	operation, path, ok := didit.OperationFromContext(ctx)
	if !ok || path == "" {
		operation = "none"
	}
	if didit.IsWrite(ctx) {
		operation += " writes"
	}
	o.asked = append(o.asked, operation)
	time.Sleep(time.Minute) // not part of the attempt
	return nil
}

func (o *observing) ObserveAnswer(ctx context.Context, a didit.Answer) {
	operation, _, ok := didit.OperationFromContext(ctx)
	if ok && operation == a.Operation {
		o.answers = append(o.answers, a)
	}
}

// TestAnswerObserver: a limiter is told of each attempt what became of it.
func TestAnswerObserver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		script := []func(r *http.Request) (*http.Response, error){
			func(r *http.Request) (*http.Response, error) {
				resp := testkit.Answer(r, 429, `{}`)
				resp.Header.Set("Retry-After", "7")
				resp.Header.Set("X-Ratelimit-Limit", "300")
				return resp, nil
			},
			func(*http.Request) (*http.Response, error) { return nil, io.EOF },
			func(r *http.Request) (*http.Response, error) { return testkit.Answer(r, 200, `{`), nil },
			func(r *http.Request) (*http.Response, error) {
				time.Sleep(3 * time.Second)
				return testkit.Answer(r, 200, `{"share_token":"abc"}`), nil
			},
			func(r *http.Request) (*http.Response, error) { return testkit.Answer(r, 404, `{}`), nil },
		}
		calls := 0
		var o observing
		began := time.Now()
		c := testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) { calls++; return script[calls-1](r) }), didit.WithLimiter(&o))
		_, err := c.ShareSession(t.Context(), testkit.SourceID, didit.ShareSessionParams{ForApplicationID: testkit.ApplicationB})
		require.NoError(t, err)
		_, err = c.GetSession(t.Context(), testkit.SessionID)
		require.ErrorIs(t, err, didit.ErrNotFound)

		share := "ShareSession writes"
		assert.Equal(t, []string{share, share, share, share, "GetSession"}, o.asked)
		require.Len(t, o.answers, 5)
		assert.Equal(t, didit.Answer{Operation: "ShareSession", Write: true, Sent: began.Add(time.Minute), At: began.Add(time.Minute), StatusCode: 429, RetryAfter: 7 * time.Second, Limit: 300}, o.answers[0])
		for i, status := range []int{429, 0, 200, 200, 404} {
			assert.Equal(t, status, o.answers[i].StatusCode)
			assert.Equal(t, i < 4, o.answers[i].Write)
			if i > 0 {
				assert.Zero(t, o.answers[i].Limit)
				assert.Zero(t, o.answers[i].RetryAfter)
			}
		}
		assert.Equal(t, 3*time.Second, o.answers[3].At.Sub(o.answers[3].Sent))
	})
	assert.True(t, didit.IsWrite(t.Context()), "a context without an operation")
}

// TestObserverAfterRateLimit: each answer has its own Retry-After.
func TestObserverAfterRateLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		var o observing
		c := testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if n++; n == 1 {
				resp := testkit.Answer(r, 429, `{}`)
				resp.Header.Set("Retry-After", "7")
				return resp, nil
			}
			return testkit.Answer(r, 200, `{"share_token":"abc"}`), nil
		}), didit.WithLimiter(&o))
		_, err := c.ShareSession(t.Context(), testkit.SourceID, didit.ShareSessionParams{ForApplicationID: testkit.ApplicationB})
		require.NoError(t, err)
		require.Len(t, o.answers, 2)
		assert.Equal(t, 7*time.Second, o.answers[0].RetryAfter)
		assert.Zero(t, o.answers[1].RetryAfter)
	})
}

// printing prints every context that it is given.
type printing struct{ texts []string }

func (p *printing) print(ctx context.Context) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		p.texts = append(p.texts, fmt.Sprintf(verb, ctx))
	}
}
func (p *printing) Wait(ctx context.Context) error                    { p.print(ctx); return nil }
func (p *printing) ObserveAnswer(ctx context.Context, _ didit.Answer) { p.print(ctx) }
func (p *printing) RoundTrip(r *http.Request) (*http.Response, error) {
	p.print(r.Context())
	return testkit.Answer(r, 404, `{}`), nil
}

func TestContextPrints(t *testing.T) {
	t.Parallel()
	var p printing
	c := testkit.Client(t, &p, didit.WithLimiter(&p), didit.WithAttemptTimeout(0))
	_, _ = c.ImportSharedSession(t.Context(), importParams(tokenOf(nil)))
	_, _ = c.ShareSession(t.Context(), testkit.SourceID, didit.ShareSessionParams{ForApplicationID: testkit.ApplicationB})
	_, _ = c.GetSession(t.Context(), testkit.SessionID)
	for _, text := range p.texts {
		assert.NotContains(t, text, testkit.APIKey)
		assert.NotContains(t, text, vendor)
		assert.Less(t, len(text), 300, text)
	}
}

// TestLimiterMadeWrong: what a limiter's params lack is told, and no later call would do.
func TestLimiterMadeWrong(t *testing.T) {
	t.Parallel()
	wrong := &didit.ValidationError{Problems: []didit.Problem{{Field: "New", Message: "must not be negative"}}}
	_, err := testkit.Client(t, testkit.Mock(t), didit.WithLimiter(&refusing{wrong})).GetSession(t.Context(), testkit.SessionID)
	require.ErrorIs(t, err, didit.ErrNotSent)
	require.ErrorContains(t, err, "New must not be negative")
	assert.False(t, didit.Retryable(err))
}

func TestLimiterEndsTheCall(t *testing.T) {
	t.Parallel()
	stop := errors.New("quota of customer-oriane-4711 used up")
	for _, call := range testkit.Calls() {
		err := call.Do(t, testkit.Client(t, testkit.Mock(t), didit.WithLimiter(&refusing{stop})))
		var failure *didit.CallError
		require.ErrorAs(t, err, &failure, call.Name)
		assert.Equal(t, didit.OutcomeNotSent, failure.Outcome)
		assert.Zero(t, failure.Attempts)
		require.ErrorIs(t, err, stop)
		require.ErrorIs(t, err, didit.ErrNotSent)
		assert.NotContains(t, err.Error(), "4711", "the caller's own text may say anything")
		assert.True(t, didit.Retryable(err))
	}
}

type counter struct{ n int }

func (l *counter) Wait(context.Context) error { l.n++; return nil }

func TestLimiterBeforeEveryAttempt(t *testing.T) {
	t.Parallel()
	var seen []testkit.Seen
	l := new(counter)
	_, err := testkit.Client(t, testkit.Recorder(&seen, 503, ""), didit.WithLimiter(l), didit.WithMaxRetries(3)).GetSession(t.Context(), testkit.SessionID)
	require.ErrorIs(t, err, didit.ErrServer)
	assert.Equal(t, 4, l.n)
	assert.Len(t, seen, 4)
}

type slowLimiter struct{}

func (slowLimiter) Wait(ctx context.Context) error {
	select {
	case <-time.After(time.Minute):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// The limiter's wait is outside the attempt's timeout, and ends with the context.
func TestLimiterIsOutsideTheTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen []testkit.Seen
		c := testkit.Client(t, testkit.Recorder(&seen, 200, `{"session_id":"`+testkit.SessionID+`"}`), didit.WithLimiter(slowLimiter{}), didit.WithAttemptTimeout(time.Second))
		_, err := c.GetSession(t.Context(), testkit.SessionID)
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = c.GetSession(ctx, testkit.SessionID)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, didit.ErrNotSent)
		assert.Len(t, seen, 1)
	})
}
