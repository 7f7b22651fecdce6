package didit_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
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

func TestKeyIsTrimmed(t *testing.T) {
	t.Parallel()
	var seen []testkit.Seen
	c := testkit.Client(t, testkit.Recorder(&seen, 200, `{}`), didit.WithAPIKey("\t "+testkit.APIKey+"\r\n"), didit.WithUserAgent(" shop/1.2 "))
	require.NoError(t, c.Do(t.Context(), "GET", "/v3/", nil, nil))
	assert.Equal(t, testkit.APIKey, seen[0].Header.Get("X-Api-Key"))
	assert.Regexp(t, `^shop/1\.2 didit-go/\d`, seen[0].Header.Get("User-Agent"))
}

func TestEnvironment(t *testing.T) {
	unset := "\x00"
	for _, test := range []struct {
		name            string
		key, app        string // the environment
		opts            []didit.Option
		wantKey         string
		wantApplication string
		problems        []string
	}{
		{name: "nothing", key: unset, app: unset, problems: []string{"WithAPIKey"}},
		{name: "nothing but an application", key: unset, app: testkit.ApplicationA, problems: []string{"WithAPIKey"}},
		{name: "nothing but a bad application", key: unset, app: "x", problems: []string{"WithAPIKey"}},
		{name: "key", key: " envkey\n", app: unset, wantKey: "envkey"},
		{name: "both", key: "envkey", app: " " + strings.ToUpper(testkit.ApplicationA) + "\n", wantKey: "envkey", wantApplication: testkit.ApplicationA},
		{name: "empty application", key: "envkey", app: "", wantKey: "envkey"},
		{name: "bad application", key: "envkey", app: "my-app", problems: []string{"DIDIT_APPLICATION_ID"}},
		{name: "empty key", key: "", app: unset, problems: []string{"DIDIT_API_KEY"}},
		{name: "bad key", key: "a\x01secret", app: unset, problems: []string{"DIDIT_API_KEY"}},
		{name: "both bad", key: " ", app: "x", problems: []string{"DIDIT_API_KEY", "DIDIT_APPLICATION_ID"}},
		{name: "key by option: the application is another key's", key: "envkey", app: testkit.ApplicationA, opts: []didit.Option{didit.WithAPIKey("opt")}, wantKey: "opt"},
		{name: "key by option: not even checked", key: "a\x01b", app: "x", opts: []didit.Option{didit.WithAPIKey("opt")}, wantKey: "opt"},
		{name: "empty key by option is no fallback", key: "envkey", app: unset, opts: []didit.Option{didit.WithAPIKey("")}, problems: []string{"WithAPIKey"}},
		{name: "application by option", key: "envkey", app: "x", opts: []didit.Option{didit.WithApplicationID(testkit.ApplicationC)}, wantKey: "envkey", wantApplication: testkit.ApplicationC},
		{name: "both by option", key: unset, app: unset, opts: []didit.Option{didit.WithAPIKey("opt"), didit.WithApplicationID(testkit.ApplicationC)}, wantKey: "opt", wantApplication: testkit.ApplicationC},
	} {
		t.Run(test.name, func(t *testing.T) {
			for name, value := range map[string]string{"DIDIT_API_KEY": test.key, "DIDIT_APPLICATION_ID": test.app} {
				t.Setenv(name, strings.ReplaceAll(value, unset, ""))
				if value == unset {
					require.NoError(t, os.Unsetenv(name))
				}
			}
			var seen []testkit.Seen
			c, err := didit.NewClient(append([]didit.Option{didit.WithHTTPClient(&http.Client{Transport: testkit.Recorder(&seen, 200, `{}`)})}, test.opts...)...)
			if test.problems != nil {
				assert.Equal(t, test.problems, testkit.Fields(t, err))
				assert.NotContains(t, err.Error(), "secret")
				return
			}
			require.NoError(t, err)
			require.NoError(t, c.Do(t.Context(), "GET", "/v3/", nil, nil))
			assert.Equal(t, test.wantKey, seen[0].Header.Get("X-Api-Key"))
			assert.Equal(t, "didit.Client(verification.didit.me "+test.wantApplication+")", c.String())
		})
	}
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

// TestWrappedSecrets: what was copied with too much around it is told by those words,
// and not shown.
func TestWrappedSecrets(t *testing.T) {
	t.Parallel()
	for key, words := range map[string]string{
		`"sk_test_hunter22"`: "quotes", `'sk_test_hunter22'`: "quotes", "Bearer sk_test_hunter22": `"Bearer "`, "bearer sk_test_hunter22": `"Bearer "`,
	} {
		_, err := didit.NewClient(didit.WithAPIKey(key))
		require.ErrorContains(t, err, "WithAPIKey", key)
		require.ErrorContains(t, err, words)
		assert.NotContains(t, err.Error(), "hunter22")
	}
	_, err := didit.NewClient(didit.WithAPIKey(testkit.APIKey), didit.WithApplicationID(`"`+testkit.ApplicationA+`"`))
	require.ErrorContains(t, err, "WithApplicationID must not be in quotes")
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
