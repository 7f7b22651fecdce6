package didittest_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// What arrived, for assertions: in order, with keys and tokens masked.
func TestRequests(t *testing.T) {
	t.Parallel()
	var seen []didittest.Request
	done := make(chan struct{}, 10)
	w := newWorld(t, didittest.WithObserver(func(r didittest.Request) { seen = append(seen, r); done <- struct{}{} }))
	source := w.a.AddSession(didittest.SessionFixture{})
	token := w.share(source)
	w.redeem(token, didit.KindUser, `,"vendor_data":"v","unknown":{"share_token":"`+token+`"}`)
	w.get("/v3/sessions/?search=" + url.QueryEscape(token) + "&vendor_data=v")
	w.get("/v3/session/" + token + "/decision/")
	for range 4 {
		<-done
	}
	all := w.server.Requests()
	require.Len(t, all, 4)
	require.Len(t, seen, 4)
	assert.Equal(t, didittest.OpImportSharedSession, all[1].Operation)
	assert.Equal(t, w.b.ID, all[1].ApplicationID)
	assert.Equal(t, 201, all[1].Status)
	var body map[string]any
	require.NoError(t, all[1].JSON(&body))
	assert.Equal(t, didittest.Masked, body["share_token"])
	assert.Equal(t, "v", body["vendor_data"])
	assert.Equal(t, source, all[0].SessionID)
	for _, r := range append(all, seen...) {
		text := fmt.Sprintf("%+v %s", r, r.Body)
		assert.NotContains(t, text, token)
		assert.NotContains(t, text, w.a.APIKey)
	}
	w.server.ResetRequests()
	assert.Empty(t, w.server.Requests())

	few := newWorld(t, didittest.WithHistory(2))
	for range 9 {
		few.get("/v3/sessions/")
	}
	assert.GreaterOrEqual(t, len(few.server.Requests()), 2)
	assert.LessOrEqual(t, len(few.server.Requests()), 4)
	none := newWorld(t, didittest.WithHistory(0))
	none.get("/v3/sessions/")
	assert.Empty(t, none.server.Requests())
}

// Keys and tokens are masked wherever somebody puts them, however they are written.
func TestSecretsInOddPlaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.share(w.a.AddSession(didittest.SessionFixture{}))
	w.server.ResetRequests()
	const odd = "a-key-of-no-form-43"
	for _, secret := range []string{w.a.APIKey, token, "sk_live_" + strings.Repeat("x", 20), odd} {
		escaped := ""
		for _, b := range []byte(secret) {
			escaped += fmt.Sprintf(`\u%04x`, b)
		}
		percent := ""
		for _, b := range []byte(secret) {
			percent += fmt.Sprintf("%%%02x", b)
		}
		for _, r := range []struct{ path, header, body string }{
			{path: "/v3/session/" + secret + "/decision/"}, {path: "/v3/session/" + percent + "/decision/"},
			{path: "/v3/sessions/?" + secret + "=1"}, {path: "/v3/sessions/?search=" + percent},
			{path: "/v3/sessions/?search=" + url.QueryEscape(percent)},
			{header: secret}, {header: "Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+secret))},
			{header: percent}, {body: secret}, {body: `{"comment":"` + secret + `"}`}, {body: `{"` + escaped + `":[{"a":"` + escaped + `"}]}`},
			{body: `{"a":"` + secret + `","a":"x"}`}, {body: "key=" + percent}, {body: `broken "` + escaped}, {body: `"` + secret + `"`},
		} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.server.URL()+r.path, strings.NewReader(r.body))
			require.NoError(t, err)
			req.Header.Set("X-Api-Key", odd)
			req.Header.Set("X-Custom", r.header)
			resp, err := w.client.Do(req)
			require.NoError(t, err)
			resp.Body.Close()
		}
		seen := ""
		for _, r := range w.server.Requests() {
			seen += fmt.Sprint(r.Method, r.Path, r.Query, r.SessionID, r.Header) + string(r.Body)
		}
		for _, form := range []string{secret, escaped, percent, base64.StdEncoding.EncodeToString([]byte("user:" + secret))} {
			assert.False(t, strings.Contains(seen, form), "a secret shows") //nolint:testifylint // the text is not to be printed
		}
	}
}
