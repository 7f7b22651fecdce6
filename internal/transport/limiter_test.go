package transport

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type limiter func(context.Context) error

func (f limiter) Wait(ctx context.Context) error { return f(ctx) }

// TestLimiter: it is asked before every attempt, and what it takes is not the attempt's.
func TestLimiter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var order []string
		cfg := quick(fake(func(req *http.Request) (*http.Response, error) {
			order = append(order, "sent")
			end, ok := req.Context().Deadline()
			assert.True(t, ok)
			assert.Equal(t, time.Second, time.Until(end))
			return response(429, strings.NewReader(""), "Retry-After", "0"), nil
		}))
		cfg.AttemptTimeout = time.Second
		cfg.Limiter = limiter(func(ctx context.Context) error {
			order = append(order, "limiter")
			_, bounded := ctx.Deadline()
			assert.False(t, bounded)
			time.Sleep(time.Minute)
			return nil
		})
		start := time.Now()
		New(cfg).Do(t.Context(), request(t, "https://host.test", Once))
		assert.Equal(t, []string{"limiter", "sent", "limiter", "sent", "limiter", "sent"}, order)
		assert.Equal(t, 3*time.Minute, time.Since(start))
	})
}

// TestLimiterRefuses: what the limiter does not let go out was not sent.
func TestLimiterRefuses(t *testing.T) {
	t.Parallel()
	refusal := errors.New(planted)
	for _, c := range classes {
		var waits, sent atomic.Int64
		cfg := quick(fake(func(*http.Request) (*http.Response, error) {
			sent.Add(1)
			return response(429, strings.NewReader("body"), "Retry-After", "0"), nil
		}))
		cfg.Limiter = limiter(func(context.Context) error {
			if waits.Add(1) == 2 {
				return refusal
			}
			return nil
		})
		res := New(cfg).Do(t.Context(), request(t, "https://host.test", c.class))
		assert.EqualValues(t, 2, waits.Load(), "it is not asked again")
		assert.EqualValues(t, 1, sent.Load())
		assert.Equal(t, 1, res.Attempts)
		assert.Equal(t, NotSent, res.Outcome)
		assert.False(t, res.Lost)
		require.ErrorIs(t, res.Err, refusal)
		require.EqualError(t, res.Err, "the limiter did not let the request go out (*errors.errorString)")
		clean(t, res.Err)
		assert.Zero(t, res.Status)
	}
}

func TestLimiterCancelled(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{"says so": context.Canceled, "keeps quiet": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			cfg := quick(fake(func(*http.Request) (*http.Response, error) { panic("sent") }))
			cfg.Limiter = limiter(func(context.Context) error { cancel(); return err })
			assert.Equal(t, Result{CtxErr: context.Canceled}, *New(cfg).Do(ctx, request(t, "https://host.test", Read)))
		})
	}
}
