package didit_test

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

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
		var seen []testkit.Seen
		c := testkit.Client(t, testkit.Recorder(&seen, 200, `{}`), didit.WithBaseURL(raw))
		require.NoError(t, c.Do(t.Context(), "GET", "/v3/x/", nil, nil), raw)
		assert.Equal(t, want, seen[0].URL)
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
		assert.Equal(t, []string{"WithBaseURL"}, testkit.Fields(t, err), raw)
		assert.Contains(t, err.Error(), want, raw)
		assert.NotContains(t, err.Error(), "hunter22", raw)
	}
	for _, base := range []string{"http://127.0.0.1:8080", "http://localhost"} {
		_, err := didit.NewClient(didit.WithAPIKey(" sk_live_hunter22 "), didit.WithBaseURL(base))
		assert.Equal(t, []string{"WithBaseURL"}, testkit.Fields(t, err))
		assert.NotContains(t, err.Error(), "hunter22")
	}
	_, err := didit.NewClient(didit.WithAPIKey("sk_live_hunter22"), didit.WithBaseURL("https://127.0.0.1"))
	require.NoError(t, err)
}

// TestInsecureHTTP: plain http to other hosts has to be asked for, and never carries a live key.
func TestInsecureHTTP(t *testing.T) {
	t.Parallel()
	const base = "http://didit.internal:8080"
	_, err := didit.NewClient(didit.WithAPIKey(testkit.APIKey), didit.WithBaseURL(base))
	require.ErrorContains(t, err, "WithInsecureHTTP")
	_, err = didit.NewClient(didit.WithAPIKey(testkit.APIKey), didit.WithBaseURL(base), didit.WithInsecureHTTP())
	require.NoError(t, err)
	_, err = didit.NewClient(didit.WithAPIKey("sk_live_hunter22"), didit.WithBaseURL(base), didit.WithInsecureHTTP())
	require.ErrorContains(t, err, "live key")
	assert.NotContains(t, err.Error(), "hunter22")
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
