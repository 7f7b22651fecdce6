package pace_test

import (
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/pace"
)

var (
	_ didit.Limiter        = (*pace.Pacer)(nil)
	_ didit.AnswerObserver = (*pace.Pacer)(nil)
)

// denied is a 429 for a call that began just now.
func denied(operation string, retryAfter time.Duration) didit.Answer {
	now := time.Now()
	return didit.Answer{
		Operation: operation, Write: operation == "ShareSession", Sent: now, At: now,
		StatusCode: http.StatusTooManyRequests, RetryAfter: retryAfter,
	}
}

// through is an answer to a call that began just now.
func through() didit.Answer {
	now := time.Now()
	return didit.Answer{Operation: "ShareSession", Write: true, Sent: now, At: now, StatusCode: http.StatusOK}
}

func TestToldSpread(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name                 string
		pacer                func() *pace.Pacer
		writes, reads, pdfs  float64
		firstSlots, lastSlot time.Duration // of 61 writes
	}{
		{"Didit's", func() *pace.Pacer { return pace.New(0, 0) }, 300, 600, 50, 200 * time.Millisecond, 12 * time.Second},
		{"told", func() *pace.Pacer { return pace.New(60, 1200) }, 60, 1200, 50, time.Second, time.Minute},
		{"one of five", func() *pace.Pacer { return pace.New(300, 600, pace.OneOf(5)) }, 60, 120, 10, time.Second, time.Minute},
		{"learning, one of five", func() *pace.Pacer { return pace.Adaptive(pace.OneOf(5)) }, 60, 120, 10, time.Second, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := test.pacer()
				s := p.State()
				assert.InDelta(t, test.writes, s.Writes.PerMinute, 1e-9)
				assert.InDelta(t, test.reads, s.Reads.PerMinute, 1e-9)
				assert.InDelta(t, test.pdfs, s.PDFs.PerMinute, 1e-9)
				begun := time.Now()
				var at []time.Duration
				for range 61 {
					require.NoError(t, p.Wait(t.Context()))
					at = append(at, time.Since(begun))
				}
				assert.Zero(t, at[0])
				assert.InDelta(t, test.firstSlots, at[1], float64(test.firstSlots/500))
				if test.lastSlot > 0 {
					assert.GreaterOrEqual(t, at[60], test.lastSlot, "never denser than told")
					assert.InDelta(t, test.lastSlot, at[60], float64(test.lastSlot/500))
				} else {
					assert.Less(t, at[60], time.Minute, "it tries more")
				}
			})
		})
	}
}

// TestUnlimited: without a 429 a learning pacer holds nothing back.
func TestUnlimited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := pace.Adaptive()
		begun := time.Now()
		for range 5000 {
			require.NoError(t, p.Wait(t.Context()))
			p.ObserveAnswer(t.Context(), through())
		}
		assert.Zero(t, time.Since(begun))
		assert.Equal(t, pace.Lane{PerMinute: math.Inf(1)}, p.State().Writes)
	})
}

// TestLanes: writes, reads and PDFs stop apart; a PDF takes a read's slot as well.
func TestLanes(t *testing.T) {
	t.Parallel()
	soon := func(t *testing.T, call func(context.Context) error) error {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		return call(ctx)
	}
	for _, test := range []struct {
		denied             string
		writes, reads, pdf bool // that go on
	}{
		{"ShareSession", false, true, true},
		{"GetSession", true, false, false},
		{"SessionPDF", true, true, false},
	} {
		t.Run(test.denied, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := pace.New(0, 0)
				c := client(t, &server{rule: unlimited{}, way: steady(time.Millisecond)}, didit.WithLimiter(p))
				p.ObserveAnswer(t.Context(), denied(test.denied, time.Minute))
				for _, call := range []struct {
					name string
					do   func(context.Context) error
					on   bool
				}{
					{"write", func(ctx context.Context) error { return c.DeleteSession(ctx, sessionID) }, test.writes},
					{"read", func(ctx context.Context) error { return c.Do(ctx, http.MethodGet, "/v3/sessions/", nil, nil) }, test.reads},
					{"PDF", func(ctx context.Context) error { _, err := c.SessionPDF(ctx, sessionID, io.Discard); return err }, test.pdf},
					{"PDF by Do", func(ctx context.Context) error {
						return c.Do(ctx, http.MethodGet, "/v3/session/"+sessionID+"/generate-pdf/", nil, nil)
					}, test.pdf},
				} {
					err := soon(t, call.do)
					if call.on {
						require.NoError(t, err, call.name)
					} else {
						require.ErrorIs(t, err, pace.ErrDeadline, call.name)
					}
				}
			})
		})
	}
}

// TestPDFs: 50 a minute and no more, each of them a read too.
func TestPDFs(t *testing.T) {
	t.Parallel()
	for _, reads := range []int{0, 60} {
		t.Run(strconv.Itoa(reads), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := client(t, &server{rule: unlimited{}, way: steady(time.Millisecond)}, didit.WithLimiter(pace.New(0, reads)))
				begun := time.Now()
				var wg sync.WaitGroup
				for range 51 {
					wg.Go(func() {
						_, err := c.SessionPDF(t.Context(), sessionID, io.Discard)
						assert.NoError(t, err)
					})
				}
				if reads == 0 {
					wg.Wait()
					assert.GreaterOrEqual(t, time.Since(begun), time.Minute)
					assert.Less(t, time.Since(begun), 61*time.Second)
					return
				}
				for range 70 {
					require.NoError(t, c.Do(t.Context(), http.MethodGet, "/v3/sessions/", nil, nil))
				}
				wg.Wait()
				assert.GreaterOrEqual(t, time.Since(begun), 2*time.Minute, "121 reads, 60 a minute")
				assert.Less(t, time.Since(begun), 125*time.Second)
			})
		})
	}
}

// TestPDFGivesUp: one that waits for a read's slot keeps none of the PDFs' when it goes.
func TestPDFGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := pace.New(0, 0)
		c := client(t, &server{rule: unlimited{}, way: steady(time.Millisecond)}, didit.WithLimiter(p))
		p.ObserveAnswer(t.Context(), denied("GetSession", 10*time.Minute))
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				_, err := c.SessionPDF(ctx, sessionID, io.Discard)
				assert.ErrorIs(t, err, context.Canceled)
			})
		}
		synctest.Wait()
		assert.Equal(t, 50, p.State().PDFs.Waiting)
		assert.Equal(t, 1, p.State().Reads.Waiting)
		begun := time.Now()
		short, stop := context.WithTimeout(t.Context(), 2*time.Minute)
		defer stop()
		_, err := c.SessionPDF(short, sessionID, io.Discard)
		require.ErrorIs(t, err, pace.ErrDeadline)
		assert.Zero(t, time.Since(begun), "at once, though it is reads that stand still")
		cancel()
		wg.Wait()
		assert.Equal(t, [2]int{}, [2]int{p.State().PDFs.Waiting, p.State().Reads.Waiting})
		_, err = c.SessionPDF(t.Context(), sessionID, io.Discard)
		require.NoError(t, err)
		assert.Less(t, time.Since(begun), 10*time.Minute+10*time.Millisecond)
	})
}

// TestUnused: what cannot pace lets nothing out, and says why.
func TestUnused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		pacer  *pace.Pacer
		fields []string
	}{
		{nil, []string{"Pacer"}},
		{new(pace.Pacer), []string{"Pacer"}},
		{pace.New(-1, -2), []string{"writesPerMinute", "readsPerMinute"}},
		{pace.New(0, 0, nil), []string{"Option"}},
		{pace.New(0, 0, pace.OneOf(0)), []string{"OneOf"}},
		{pace.New(0, 0, pace.Alone()), []string{"Alone"}},
		{pace.Adaptive(pace.OneOf(-1), nil), []string{"OneOf", "Option"}},
		{pace.Adaptive(pace.Alone(), pace.OneOf(2)), []string{"Alone"}},
	} {
		err := test.pacer.Wait(t.Context())
		invalid, ok := errors.AsType[*didit.ValidationError](err)
		require.True(t, ok, "%v", err)
		var fields []string
		for _, p := range invalid.Problems {
			fields = append(fields, p.Field)
		}
		assert.Equal(t, test.fields, fields)
		test.pacer.ObserveAnswer(t.Context(), denied("ShareSession", time.Second))
		assert.Zero(t, test.pacer.State())
	}
	var none context.Context
	require.ErrorIs(t, pace.New(0, 0).Wait(none), didit.ErrInvalidParams)
	pace.New(0, 0).ObserveAnswer(none, through())
}

// TestIgnored: what says nothing about a limit changes nothing.
func TestIgnored(t *testing.T) {
	t.Parallel()
	p := pace.New(0, 0)
	before := p.State()
	for _, status := range []int{0, 200, 401, 500, 503} {
		a := through()
		a.StatusCode, a.RetryAfter = status, time.Hour
		p.ObserveAnswer(t.Context(), a)
	}
	assert.Equal(t, before, p.State())
}
