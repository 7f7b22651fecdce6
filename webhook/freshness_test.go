package webhook_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/webhook"
)

// TestFreshness: the body's own timestamp decides, and a header that is there has to be
// fresh too.
func TestFreshness(t *testing.T) {
	t.Parallel()
	const none = time.Duration(1 << 62) // no header
	tests := []struct {
		name         string
		opts         []webhook.Option
		body, header time.Duration // from now
		want         string        // "": fresh
	}{
		{"now", nil, 0, 0, ""},
		{"no header", nil, 0, none, ""},
		{"a retry that carries the first timestamp", nil, -15 * time.Minute, none, ""},
		{"the same, sent now", nil, -15 * time.Minute, 0, ""},
		{"a clock that is behind", nil, 5 * time.Minute, none, ""},
		{"headers at their bounds: old", nil, 0, -5 * time.Minute, ""},
		{"headers at their bounds: ahead", nil, 0, 5 * time.Minute, ""},
		{"another tolerance", []webhook.Option{webhook.WithTolerance(time.Minute)}, -11 * time.Minute, -time.Minute, ""},

		{"an old body under a fresh header", nil, -15*time.Minute - time.Second, 0,
			"webhook: not fresh: the body's timestamp is 15m1s behind this machine's clock and may be 15m0s; is the clock right?"},
		{"an old body without a header", nil, -time.Hour, none, "webhook: not fresh: the body's timestamp is 1h0m0s behind this machine's clock and may be 15m0s; is the clock right?"},
		{"a body ahead", nil, 5*time.Minute + time.Second, 0, "webhook: not fresh: the body's timestamp is 5m1s ahead of this machine's clock and may be 5m0s; is the clock right?"},
		{"an old header", nil, 0, -5*time.Minute - time.Second, "webhook: not fresh: X-Timestamp is 5m1s behind this machine's clock and may be 5m0s; is the clock right?"},
		{"a header ahead", nil, 0, 5*time.Minute + time.Second, "webhook: not fresh: X-Timestamp is 5m1s ahead of this machine's clock and may be 5m0s; is the clock right?"},
		{"another tolerance, an old body", []webhook.Option{webhook.WithTolerance(time.Minute)}, -11*time.Minute - time.Second, none,
			"webhook: not fresh: the body's timestamp is 11m1s behind this machine's clock and may be 11m0s; is the clock right?"},
		{"another tolerance, an old header", []webhook.Option{webhook.WithTolerance(time.Minute)}, 0, -61 * time.Second,
			"webhook: not fresh: X-Timestamp is 1m1s behind this machine's clock and may be 1m0s; is the clock right?"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			body := event(map[string]any{"timestamp": now.Add(test.body).Unix()})
			header := sign(t, body)
			header.Set("X-Timestamp", fmt.Sprint(now.Add(test.header).Unix()))
			if test.header == none {
				header.Del("X-Timestamp")
			}
			e, err := verifier(t, test.opts...).Verify(header, body)
			if test.want == "" {
				require.NoError(t, err)
				assert.Equal(t, now.Add(test.body), e.Timestamp)
				return
			}
			require.ErrorIs(t, err, webhook.ErrStale)
			require.EqualError(t, err, test.want)
			assert.Nil(t, e)
		})
	}
}

// TestFreshnessUnreadable: what is there and cannot be read is not fresh.
func TestFreshnessUnreadable(t *testing.T) {
	t.Parallel()
	for _, timestamp := range []any{nil, "today", "1795521600", -1, 0, 1e300, true, []int{1}, "2026-11-24T12:00:00Z"} {
		body := event(map[string]any{"timestamp": timestamp})
		_, err := verifier(t).Verify(sign(t, body), body)
		require.ErrorIs(t, err, webhook.ErrStale, "%v", timestamp)
	}
	body := event(nil)
	for _, header := range []string{"today", "1795521600.5", "-", "99999999999999999999"} {
		h := sign(t, body)
		h.Set("X-Timestamp", header)
		_, err := verifier(t).Verify(h, body)
		require.ErrorIs(t, err, webhook.ErrStale, header)
		assert.NotContains(t, err.Error(), "today")
	}
	h := sign(t, body)
	h["X-Timestamp"] = []string{fmt.Sprintf(" %d ", now.Unix())}
	_, err := verifier(t).Verify(h, body)
	require.NoError(t, err)
	_, err = verifier(t).Verify(http.Header{"X-Signature": h["X-Signature"], "X-Timestamp": {"  "}}, body)
	require.NoError(t, err, "as good as none")
}
