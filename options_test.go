package didit_test

import (
	"context"
	"errors"
	"io"
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
			[]didit.Option{didit.WithApplicationID(rootOwn), didit.WithApplicationID(strings.ToUpper(rootOwn))},
			[]didit.Option{didit.WithApplicationID(""), didit.WithApplicationID("x"), didit.WithApplicationID(rootOwn + "0")},
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
			[]didit.Option{didit.WithLimiter(&rootLimiter{})},
			[]didit.Option{didit.WithLimiter(nil), didit.WithLimiter((*rootLimiter)(nil))},
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
				assert.Equal(t, []string{name}, rootFields(t, err), "bad value %d", i)
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
	}, rootFields(t, err))
	for _, secret := range []string{"secret", "tëst", "hunter"} {
		assert.NotContains(t, err.Error(), secret)
	}
	assert.Equal(t, 13, strings.Count(err.Error(), "; "), "%v", err)
}

func TestLastOptionWins(t *testing.T) {
	t.Parallel()
	var seen []rootSeen
	c := rootClient(t, rootRecorder(&seen, 200, `{}`), didit.WithBaseURL("https://one.example"), didit.WithAPIKey("one"),
		didit.WithBaseURL("https://two.example"), didit.WithAPIKey("two"))
	require.NoError(t, c.Do(t.Context(), "GET", "/v3/", nil, nil))
	assert.Equal(t, "https://two.example/v3/", seen[0].url)
	assert.Equal(t, "two", seen[0].header.Get("X-Api-Key"))
}

func TestKeyIsTrimmed(t *testing.T) {
	t.Parallel()
	var seen []rootSeen
	c := rootClient(t, rootRecorder(&seen, 200, `{}`), didit.WithAPIKey("\t "+rootKey+"\r\n"), didit.WithUserAgent(" shop/1.2 "))
	require.NoError(t, c.Do(t.Context(), "GET", "/v3/", nil, nil))
	assert.Equal(t, rootKey, seen[0].header.Get("X-Api-Key"))
	assert.Regexp(t, `^shop/1\.2 didit-go/\d`, seen[0].header.Get("User-Agent"))
}

func TestEnvironment(t *testing.T) {
	const otherOwn = "f92ae1bb-5d48-4c8f-8ba1-c6e73d2f5006"
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
		{name: "nothing but an application", key: unset, app: rootOwn, problems: []string{"WithAPIKey"}},
		{name: "nothing but a bad application", key: unset, app: "x", problems: []string{"WithAPIKey"}},
		{name: "key", key: " envkey\n", app: unset, wantKey: "envkey"},
		{name: "both", key: "envkey", app: " " + strings.ToUpper(rootOwn) + "\n", wantKey: "envkey", wantApplication: rootOwn},
		{name: "empty application", key: "envkey", app: "", wantKey: "envkey"},
		{name: "bad application", key: "envkey", app: "my-app", problems: []string{"DIDIT_APPLICATION_ID"}},
		{name: "empty key", key: "", app: unset, problems: []string{"DIDIT_API_KEY"}},
		{name: "bad key", key: "a\x01secret", app: unset, problems: []string{"DIDIT_API_KEY"}},
		{name: "both bad", key: " ", app: "x", problems: []string{"DIDIT_API_KEY", "DIDIT_APPLICATION_ID"}},
		{name: "key by option: the application is another key's", key: "envkey", app: rootOwn, opts: []didit.Option{didit.WithAPIKey("opt")}, wantKey: "opt"},
		{name: "key by option: not even checked", key: "a\x01b", app: "x", opts: []didit.Option{didit.WithAPIKey("opt")}, wantKey: "opt"},
		{name: "empty key by option is no fallback", key: "envkey", app: unset, opts: []didit.Option{didit.WithAPIKey("")}, problems: []string{"WithAPIKey"}},
		{name: "application by option", key: "envkey", app: "x", opts: []didit.Option{didit.WithApplicationID(otherOwn)}, wantKey: "envkey", wantApplication: otherOwn},
		{name: "both by option", key: unset, app: unset, opts: []didit.Option{didit.WithAPIKey("opt"), didit.WithApplicationID(otherOwn)}, wantKey: "opt", wantApplication: otherOwn},
	} {
		t.Run(test.name, func(t *testing.T) {
			for name, value := range map[string]string{"DIDIT_API_KEY": test.key, "DIDIT_APPLICATION_ID": test.app} {
				t.Setenv(name, strings.ReplaceAll(value, unset, ""))
				if value == unset {
					require.NoError(t, os.Unsetenv(name))
				}
			}
			var seen []rootSeen
			c, err := didit.NewClient(append([]didit.Option{didit.WithHTTPClient(&http.Client{Transport: rootRecorder(&seen, 200, `{}`)})}, test.opts...)...)
			if test.problems != nil {
				assert.Equal(t, test.problems, rootFields(t, err))
				assert.NotContains(t, err.Error(), "secret")
				return
			}
			require.NoError(t, err)
			require.NoError(t, c.Do(t.Context(), "GET", "/v3/", nil, nil))
			assert.Equal(t, test.wantKey, seen[0].header.Get("X-Api-Key"))
			assert.Equal(t, "didit.Client(verification.didit.me "+test.wantApplication+")", c.String())
		})
	}
}

func TestBaseURLs(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://verification.didit.me":  "https://verification.didit.me/v3/x/",
		"https://verification.didit.me/": "https://verification.didit.me/v3/x/",
		"HTTPS://h.example:8443":         "https://h.example:8443/v3/x/",
		"https://h.example/a/b/":         "https://h.example/a/b/v3/x/",
		"https://h.example/v3/gate":      "https://h.example/v3/gate/v3/x/",
		"https://h.example/a%2Fb":        "https://h.example/a%2Fb/v3/x/",
		"https://h.example/xv3":          "https://h.example/xv3/v3/x/",
		"http://LOCALHOST":               "http://LOCALHOST/v3/x/",
		"http://localhost:8080":          "http://localhost:8080/v3/x/",
		"http://127.0.0.1":               "http://127.0.0.1/v3/x/",
		"http://127.8.9.10:1":            "http://127.8.9.10:1/v3/x/",
		"http://[::1]:9":                 "http://[::1]:9/v3/x/",
		"http://[::ffff:127.0.0.1]":      "http://[::ffff:127.0.0.1]/v3/x/",
	} {
		var seen []rootSeen
		c := rootClient(t, rootRecorder(&seen, 200, `{}`), didit.WithBaseURL(raw))
		require.NoError(t, c.Do(t.Context(), "GET", "/v3/x/", nil, nil), raw)
		assert.Equal(t, want, seen[0].url)
	}
	for raw, want := range map[string]string{
		"":                                 "absolute",
		"/v3":                              "absolute",
		"verification.didit.me":            "absolute",
		"//verification.didit.me":          "absolute",
		"https:":                           "absolute",
		"https://":                         "absolute",
		"https:verification.didit.me":      "absolute",
		"https://:443":                     "absolute",
		"ftp://h.example":                  "absolute",
		"https://user@h.example":           "user info",
		"https://user:hunter22@h.example":  "user info",
		"https://@h.example":               "user info",
		"https://h.example?key=hunter22":   "query",
		"https://h.example/?":              "query",
		"https://h.example#hunter22":       "fragment",
		"https://h.example/#":              "fragment",
		"https://h.example/v3":             "/v3",
		"https://h.example/v3/":            "/v3",
		"https://h.example/a/v3//":         "/v3",
		"https://h.example/a/../b":         "dot",
		"https://h.example/a/%2e%2e/b":     "dot",
		"http://h.example":                 "https",
		"http://localhost.h.example":       "https",
		"http://127.0.0.1.nip.example":     "https",
		"http://0.0.0.0":                   "https",
		"http://10.0.0.1":                  "https",
		"http://2130706433":                "https",
		"https://h.example:port":           "URL",
		"https://h\x00.example/hunter22":   "URL",
		"https://[::1":                     "URL",
		"https://h.example/%zz":            "URL",
		"http://user:hunter22@127.0.0.1:1": "user info",
	} {
		c, err := didit.NewClient(didit.WithAPIKey("k"), didit.WithBaseURL(raw))
		assert.Nil(t, c)
		assert.Equal(t, []string{"WithBaseURL"}, rootFields(t, err), raw)
		assert.Contains(t, err.Error(), want, raw)
		assert.NotContains(t, err.Error(), "hunter22", raw)
	}
	for _, base := range []string{"http://127.0.0.1:8080", "http://localhost"} {
		_, err := didit.NewClient(didit.WithAPIKey(" sk_live_hunter22 "), didit.WithBaseURL(base))
		assert.Equal(t, []string{"WithBaseURL"}, rootFields(t, err))
		assert.NotContains(t, err.Error(), "hunter22")
	}
	_, err := didit.NewClient(didit.WithAPIKey("sk_live_hunter22"), didit.WithBaseURL("https://127.0.0.1"))
	require.NoError(t, err)
}

// The caller's client is copied: its transport and jar are used, it is never written to.
func TestHTTPClientIsCopied(t *testing.T) {
	t.Parallel()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	var cookies []string
	mine := &http.Client{
		Jar: jar, Timeout: time.Hour,
		Transport: rootTrip(func(r *http.Request) (*http.Response, error) {
			cookies = append(cookies, r.Header.Get("Cookie"))
			resp := rootAnswer(r, http.StatusFound, "")
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
		_, err = c.GetSession(t.Context(), rootSession)
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

func TestLimiterEndsTheCall(t *testing.T) {
	t.Parallel()
	stop := errors.New("quota of customer-oriane-4711 used up")
	for _, call := range rootCalls() {
		err := call.do(t, rootClient(t, rootMock(t), didit.WithLimiter(&rootLimiter{stop})))
		var failure *didit.CallError
		require.ErrorAs(t, err, &failure, call.name)
		assert.Equal(t, didit.OutcomeNotSent, failure.Outcome)
		assert.Zero(t, failure.Attempts)
		require.ErrorIs(t, err, stop)
		require.ErrorIs(t, err, didit.ErrNotSent)
		assert.NotContains(t, err.Error(), "4711", "the caller's own text may say anything")
		assert.True(t, didit.Retryable(err))
	}
}

type rootCounter struct{ n int }

func (l *rootCounter) Wait(context.Context) error { l.n++; return nil }

func TestLimiterBeforeEveryAttempt(t *testing.T) {
	t.Parallel()
	var seen []rootSeen
	l := new(rootCounter)
	_, err := rootClient(t, rootRecorder(&seen, 503, ""), didit.WithLimiter(l), didit.WithMaxRetries(3)).GetSession(t.Context(), rootSession)
	require.ErrorIs(t, err, didit.ErrServer)
	assert.Equal(t, 4, l.n)
	assert.Len(t, seen, 4)
}

type rootSlowLimiter struct{}

func (rootSlowLimiter) Wait(ctx context.Context) error {
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
		var seen []rootSeen
		c := rootClient(t, rootRecorder(&seen, 200, `{"session_id":"`+rootSession+`"}`), didit.WithLimiter(rootSlowLimiter{}), didit.WithAttemptTimeout(time.Second))
		_, err := c.GetSession(t.Context(), rootSession)
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = c.GetSession(ctx, rootSession)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorIs(t, err, didit.ErrNotSent)
		assert.Len(t, seen, 1)
	})
}

// rootStalled answers nothing until the attempt is given up.
func rootStalled(n *int) rootTrip {
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
				hc := &http.Client{Transport: rootStalled(&n), Timeout: test.own}
				c := rootClient(t, nil, append(test.opts, didit.WithHTTPClient(hc), didit.WithMaxRetries(1))...)
				_, err := c.GetSession(t.Context(), rootSession)
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
		_, err := rootClient(t, rootStalled(&n), didit.WithAttemptTimeout(0)).GetSession(ctx, rootSession)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 1, n)
		assert.Equal(t, 24*time.Hour, time.Since(began))
	})
}

// rootDrip sends a byte a second, for ever.
type rootDrip struct{ ctx context.Context }

func (d rootDrip) Read(p []byte) (int, error) {
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
		drip := rootTrip(func(r *http.Request) (*http.Response, error) {
			resp := rootAnswer(r, 200, "")
			resp.ContentLength = -1
			resp.Body = io.NopCloser(io.MultiReader(strings.NewReader("%PDF-"), rootDrip{r.Context()}))
			return resp, nil
		})
		c := rootClient(t, drip, didit.WithAttemptTimeout(5*time.Second), didit.WithMaxRetries(0))
		began := time.Now()
		_, err := c.GetSession(t.Context(), rootSession)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.ErrorIs(t, err, didit.ErrOutcomeUnknown)
		assert.Equal(t, 5*time.Second, time.Since(began))

		ctx, cancel := context.WithTimeout(t.Context(), time.Hour+time.Millisecond)
		defer cancel()
		n, err := c.SessionPDF(ctx, rootSession, io.Discard)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.EqualValues(t, 5+3600, n, "an hour of bytes")

		slow := rootClient(t, drip, didit.WithAttemptTimeout(500*time.Millisecond), didit.WithMaxRetries(0))
		n, err = slow.SessionPDF(t.Context(), rootSession, io.Discard)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		assert.EqualValues(t, 5, n)
	})
}

func TestDefaultRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen []rootSeen
		hc := &http.Client{Transport: rootRecorder(&seen, 503, "")}
		c, err := didit.NewClient(didit.WithAPIKey("k"), didit.WithHTTPClient(hc))
		require.NoError(t, err)
		began := time.Now()
		_, err = c.GetSession(t.Context(), rootSession)
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
	_, err := didit.NewClient(didit.WithAPIKey(rootKey), didit.WithApplicationID(`"`+rootOwn+`"`))
	require.ErrorContains(t, err, "WithApplicationID is in quotes")
}

// TestInsecureHTTP: plain http to other hosts has to be asked for, and never carries a live key.
func TestInsecureHTTP(t *testing.T) {
	t.Parallel()
	const base = "http://didit.internal:8080"
	_, err := didit.NewClient(didit.WithAPIKey(rootKey), didit.WithBaseURL(base))
	require.ErrorContains(t, err, "WithInsecureHTTP")
	_, err = didit.NewClient(didit.WithAPIKey(rootKey), didit.WithBaseURL(base), didit.WithInsecureHTTP())
	require.NoError(t, err)
	_, err = didit.NewClient(didit.WithAPIKey("sk_live_hunter22"), didit.WithBaseURL(base), didit.WithInsecureHTTP())
	require.ErrorContains(t, err, "live key")
	assert.NotContains(t, err.Error(), "hunter22")
}

// TestApplicationID is what the client was told.
func TestApplicationID(t *testing.T) {
	t.Parallel()
	c, err := didit.NewClient(didit.WithAPIKey(rootKey), didit.WithApplicationID(strings.ToUpper(rootOwn)))
	require.NoError(t, err)
	assert.Equal(t, rootOwn, c.ApplicationID())
	c, err = didit.NewClient(didit.WithAPIKey(rootKey))
	require.NoError(t, err)
	assert.Empty(t, c.ApplicationID())
	assert.Empty(t, (*didit.Client)(nil).ApplicationID())
}
