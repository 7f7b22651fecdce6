package didit_test

import (
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
