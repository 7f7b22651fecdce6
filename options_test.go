package didit_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

func TestOptions(t *testing.T) {
	t.Parallel()
	silent := slog.New(slog.DiscardHandler)
	for name, values := range map[string]struct{ good, bad []didit.Option }{
		"WithAPIKey": {
			[]didit.Option{didit.WithAPIKey("k"), didit.WithAPIKey(" k\r\n"), didit.WithAPIKey("sk_live_x"), didit.WithAPIKey("with space ~!")},
			[]didit.Option{didit.WithAPIKey(""), didit.WithAPIKey(" \n"), didit.WithAPIKey("a\nb"), didit.WithAPIKey("a\x00b"), didit.WithAPIKey("a\x7fb"),
				didit.WithAPIKey("ké"), didit.WithAPIKey("k\xff"), didit.WithAPIKey("k\u200bk")},
		},
		"WithBaseURL": {
			[]didit.Option{didit.WithBaseURL("https://h"), didit.WithBaseURL(" https://h/ \n")},
			[]didit.Option{didit.WithBaseURL(""), didit.WithBaseURL("h")},
		},
		"WithHTTPClient": {
			[]didit.Option{didit.WithHTTPClient(&http.Client{}), didit.WithHTTPClient(http.DefaultClient)},
			[]didit.Option{didit.WithHTTPClient(nil)},
		},
		"WithAttemptTimeout": {
			[]didit.Option{didit.WithAttemptTimeout(0), didit.WithAttemptTimeout(time.Nanosecond)},
			[]didit.Option{didit.WithAttemptTimeout(-1)},
		},
		"WithMaxRetries": {
			[]didit.Option{didit.WithMaxRetries(0), didit.WithMaxRetries(100)},
			[]didit.Option{didit.WithMaxRetries(-1)},
		},
		"WithRetryWait": {
			[]didit.Option{didit.WithRetryWait(0, 0), didit.WithRetryWait(0, 1), didit.WithRetryWait(1, 1)},
			[]didit.Option{didit.WithRetryWait(-1, 0), didit.WithRetryWait(2, 1), didit.WithRetryWait(0, -1), didit.WithRetryWait(-2, -1)},
		},
		"WithMaxRetryAfter": {
			[]didit.Option{didit.WithMaxRetryAfter(0), didit.WithMaxRetryAfter(time.Hour)},
			[]didit.Option{didit.WithMaxRetryAfter(-1)},
		},
		"WithApplicationID": {
			[]didit.Option{didit.WithApplicationID(testkit.ApplicationA), didit.WithApplicationID(strings.ToUpper(testkit.ApplicationA))},
			[]didit.Option{didit.WithApplicationID(""), didit.WithApplicationID("x"), didit.WithApplicationID(testkit.ApplicationA + "0")},
		},
		"WithUserAgent": {
			[]didit.Option{didit.WithUserAgent("shop/1.2"), didit.WithUserAgent("shop/1.2 (x; y)")},
			[]didit.Option{didit.WithUserAgent(""), didit.WithUserAgent(" "), didit.WithUserAgent("a\r\nb"), didit.WithUserAgent("é")},
		},
		"WithLogger": {
			[]didit.Option{didit.WithLogger(silent)},
			[]didit.Option{didit.WithLogger(nil)},
		},
		"WithLimiter": {
			[]didit.Option{didit.WithLimiter(&refusing{})},
			[]didit.Option{didit.WithLimiter(nil), didit.WithLimiter((*refusing)(nil))},
		},
		"WithClock": {
			[]didit.Option{didit.WithClock(time.Now)},
			[]didit.Option{didit.WithClock(nil)},
		},
		"WithAuditHook": {
			[]didit.Option{didit.WithAuditHook(func(context.Context, didit.AuditEvent) error { return nil })},
			[]didit.Option{didit.WithAuditHook(nil)},
		},
		"WithCallHook": {
			[]didit.Option{didit.WithCallHook(), didit.WithCallHook(func(ctx context.Context, _ string) (context.Context, func(didit.AuditOutcome, error)) {
				return ctx, nil
			})},
			[]didit.Option{didit.WithCallHook(nil)},
		},
		"NewClient": {nil, []didit.Option{nil}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i, o := range values.good {
				c, err := didit.NewClient(didit.WithAPIKey("k"), o)
				require.NoError(t, err, "good value %d", i)
				assert.NotNil(t, c)
			}
			for i, o := range values.bad {
				c, err := didit.NewClient(didit.WithAPIKey("k"), o)
				assert.Nil(t, c)
				assert.Equal(t, []string{name}, testkit.Fields(t, err), "bad value %d", i)
			}
		})
	}
}

func TestBadOptionsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := didit.NewClient(
		nil, didit.WithAPIKey("tëst-key-that-is-secret"), didit.WithBaseURL("https://u:hunter22@h"), didit.WithHTTPClient(nil), didit.WithAttemptTimeout(-1),
		didit.WithMaxRetries(-1), didit.WithRetryWait(2, 1), didit.WithMaxRetryAfter(-1), didit.WithApplicationID("app"), didit.WithUserAgent(""),
		didit.WithLogger(nil), didit.WithLimiter(nil), didit.WithClock(nil), didit.WithAuditHook(nil),
	)
	assert.ElementsMatch(t, []string{
		"NewClient", "WithAPIKey", "WithBaseURL", "WithHTTPClient", "WithAttemptTimeout", "WithMaxRetries", "WithRetryWait", "WithMaxRetryAfter",
		"WithApplicationID", "WithUserAgent", "WithLogger", "WithLimiter", "WithClock", "WithAuditHook",
	}, testkit.Fields(t, err))
	for _, secret := range []string{"secret", "tëst", "hunter"} {
		assert.NotContains(t, err.Error(), secret)
	}
	assert.Equal(t, 13, strings.Count(err.Error(), "; "), "%v", err)
}

func TestLastOptionWins(t *testing.T) {
	t.Parallel()
	var seen []testkit.Seen
	c := testkit.Client(t, testkit.Recorder(&seen, 200, `{}`), didit.WithBaseURL("https://one.example"), didit.WithAPIKey("one"),
		didit.WithBaseURL("https://two.example"), didit.WithAPIKey("two"))
	require.NoError(t, c.Do(t.Context(), "GET", "/v3/", nil, nil))
	assert.Equal(t, "https://two.example/v3/", seen[0].URL)
	assert.Equal(t, "two", seen[0].Header.Get("X-Api-Key"))
}

// The caller's client is copied: its transport and jar are used, it is never written to.
func TestHTTPClientIsCopied(t *testing.T) {
	t.Parallel()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	var cookies []string
	mine := &http.Client{
		Jar: jar, Timeout: time.Hour,
		Transport: testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
			cookies = append(cookies, r.Header.Get("Cookie"))
			resp := testkit.Answer(r, http.StatusFound, "")
			resp.Header.Set("Set-Cookie", "route=a; Path=/")
			resp.Header.Set("Location", "/elsewhere")
			return resp, nil
		}),
		CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("mine, not used") },
	}
	before := *mine
	c, err := didit.NewClient(didit.WithAPIKey("k"), didit.WithHTTPClient(mine))
	require.NoError(t, err)
	mine.Transport = nil // changed later: none of the client's business
	for range 2 {
		_, err = c.GetSession(t.Context(), testkit.SessionID)
		var api *didit.APIError
		require.ErrorAs(t, err, &api)
		assert.Equal(t, http.StatusFound, api.StatusCode)
	}
	assert.Equal(t, []string{"", "route=a"}, cookies)
	assert.Nil(t, mine.Transport)
	assert.Equal(t, before.Timeout, mine.Timeout)
	assert.Same(t, jar, mine.Jar)
	assert.EqualError(t, mine.CheckRedirect(nil, nil), "mine, not used")
}

func TestDefaultRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen []testkit.Seen
		hc := &http.Client{Transport: testkit.Recorder(&seen, 503, "")}
		c, err := didit.NewClient(didit.WithAPIKey("k"), didit.WithHTTPClient(hc))
		require.NoError(t, err)
		began := time.Now()
		_, err = c.GetSession(t.Context(), testkit.SessionID)
		var api *didit.APIError
		require.ErrorAs(t, err, &api)
		assert.Equal(t, 5, api.Attempts)
		assert.Len(t, seen, 5)
		assert.Less(t, time.Since(began), (500+1000+2000+4000)*time.Millisecond, "on the bubble's clock")
		assert.Positive(t, time.Since(began))
	})
}

// TestApplicationID is what the client was told.
func TestApplicationID(t *testing.T) {
	t.Parallel()
	c, err := didit.NewClient(didit.WithAPIKey(testkit.APIKey), didit.WithApplicationID(strings.ToUpper(testkit.ApplicationA)))
	require.NoError(t, err)
	assert.Equal(t, testkit.ApplicationA, c.ApplicationID())
	c, err = didit.NewClient(didit.WithAPIKey(testkit.APIKey))
	require.NoError(t, err)
	assert.Empty(t, c.ApplicationID())
	assert.Empty(t, (*didit.Client)(nil).ApplicationID())
}
