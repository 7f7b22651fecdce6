package didit_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

// stalled answers nothing until the attempt is given up.
func stalled(n *int) testkit.RoundTripper {
	return func(r *http.Request) (*http.Response, error) {
		*n++
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
}

func TestAttemptTimeout(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		opts []didit.Option
		own  time.Duration // the HTTP client's
		want time.Duration
	}{
		"default":                {want: 30 * time.Second},
		"set":                    {opts: []didit.Option{didit.WithAttemptTimeout(3 * time.Second)}, want: 3 * time.Second},
		"the HTTP client's own":  {opts: []didit.Option{didit.WithAttemptTimeout(0)}, own: 4 * time.Second, want: 4 * time.Second},
		"the shorter of the two": {opts: []didit.Option{didit.WithAttemptTimeout(time.Hour)}, own: 4 * time.Second, want: 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n, began := 0, time.Now()
				hc := &http.Client{Transport: stalled(&n), Timeout: test.own}
				c := testkit.Client(t, nil, append(test.opts, didit.WithHTTPClient(hc), didit.WithMaxRetries(1))...)
				_, err := c.GetSession(t.Context(), testkit.SessionID)
				require.ErrorIs(t, err, os.ErrDeadlineExceeded)
				require.NotErrorIs(t, err, context.DeadlineExceeded, "the caller's context lives")
				require.ErrorIs(t, err, didit.ErrOutcomeUnknown)
				assert.Equal(t, 2, n)
				assert.Equal(t, 2*test.want, time.Since(began), "on the bubble's clock")
			})
		})
	}
}

// Without a timeout only the context ends an attempt.
func TestNoAttemptTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, began := 0, time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
		defer cancel()
		_, err := testkit.Client(t, stalled(&n), didit.WithAttemptTimeout(0)).GetSession(ctx, testkit.SessionID)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 1, n)
		assert.Equal(t, 24*time.Hour, time.Since(began))
	})
}

// drip sends a byte a second, for ever.
type drip struct{ ctx context.Context }

func (d drip) Read(p []byte) (int, error) {
	select {
	case <-time.After(time.Second):
		p[0] = ' '
		return 1, nil
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	}
}

// A server that drips does not escape the timeout, but for a PDF, where it bounds the
// pause between two bytes.
func TestAttemptTimeoutOfADrip(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		drip := testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
			resp := testkit.Answer(r, 200, "")
			resp.ContentLength = -1
			resp.Body = io.NopCloser(io.MultiReader(strings.NewReader("%PDF-"), drip{r.Context()}))
			return resp, nil
		})
		c := testkit.Client(t, drip, didit.WithAttemptTimeout(5*time.Second), didit.WithMaxRetries(0))
		began := time.Now()
		_, err := c.GetSession(t.Context(), testkit.SessionID)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.ErrorIs(t, err, didit.ErrOutcomeUnknown)
		assert.Equal(t, 5*time.Second, time.Since(began))

		ctx, cancel := context.WithTimeout(t.Context(), time.Hour+time.Millisecond)
		defer cancel()
		n, err := c.SessionPDF(ctx, testkit.SessionID, io.Discard)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.EqualValues(t, 5+3600, n, "an hour of bytes")

		slow := testkit.Client(t, drip, didit.WithAttemptTimeout(500*time.Millisecond), didit.WithMaxRetries(0))
		n, err = slow.SessionPDF(t.Context(), testkit.SessionID, io.Discard)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		assert.EqualValues(t, 5, n)
	})
}
