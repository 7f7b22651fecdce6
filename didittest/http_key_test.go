package didittest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// [AUTH], [KEYS], [ERR]: keys that are wrong, missing, revoked, expired or scoped.
func TestKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.a.AddSession(didittest.SessionFixture{})
	paths := map[string]string{
		"list": "/v3/sessions/", "decision": "/v3/session/" + id + "/decision/", "pdf": "/v3/session/" + id + "/generate-pdf/",
		"hooks": "/v3/session/" + id + "/webhooks/",
	}
	scoped := func(s didittest.KeyScope) map[string]int {
		key := w.a.AddKey(s)
		got := map[string]int{"share": w.do(http.MethodPost, "/v3/session/"+id+"/share/", key, `{"for_application_id":"`+w.b.ID+`"}`).status}
		for name, path := range paths {
			got[name] = w.do(http.MethodGet, path, key, "").status
		}
		return got
	}
	assert.Equal(t, map[string]int{"share": 403, "list": 403, "decision": 403, "pdf": 403, "hooks": 403}, scoped(didittest.KeyScope{}))
	assert.Equal(t, map[string]int{"share": 403, "list": 200, "decision": 403, "pdf": 403, "hooks": 403}, scoped(didittest.KeyScope{Sessions: didittest.AccessRead}))
	all := didittest.KeyScope{Sessions: didittest.AccessReadWrite, Decisions: didittest.AccessRead, Media: didittest.AccessRead}
	assert.Equal(t, map[string]int{"share": 200, "list": 200, "decision": 200, "pdf": 200, "hooks": 200}, scoped(all))
	other := all
	other.Workflows = []string{w.a.AddWorkflow(didit.KindUser)}
	assert.Equal(t, map[string]int{"share": 404, "list": 200, "decision": 404, "pdf": 404, "hooks": 404}, scoped(other), "outside its limits")
	approved := all
	approved.ApprovedOnly = true
	w.a.SetStatus(id, didit.StatusDeclined)
	assert.Equal(t, 404, scoped(approved)["decision"])
	w.a.SetStatus(id, didit.StatusApproved)
	assert.Equal(t, 200, scoped(approved)["decision"])

	noMedia := w.a.AddKey(didittest.KeyScope{Sessions: didittest.AccessRead, Decisions: didittest.AccessRead})
	r := w.do(http.MethodGet, paths["decision"], noMedia, "")
	assert.Nil(t, r.body["session_url"], "[SEC]: links are for keys that may write")
	assert.NotContains(t, r.text, "front.jpg", "[KEYS]: no media, no links to it")

	expiring := all
	expiring.ExpiresAt = w.server.Now().Add(time.Hour)
	key := w.a.AddKey(expiring)
	w.server.Advance(2 * time.Hour)
	r = w.do(http.MethodGet, "/v3/sessions/", key, "")
	assert.Equal(t, 401, r.status)
	assert.Equal(t, "This API key has expired.", r.body["detail"])
	w.a.RevokeKey(key)
	assert.Equal(t, 401, w.do(http.MethodGet, "/v3/sessions/", key, "").status)
	assert.Equal(t, 403, w.do(http.MethodGet, "/v3/sessions/", "", "").status, "[ERR]: no key is 403")
	w.a.Delete()
	r = w.get("/v3/sessions/")
	assert.Equal(t, 403, r.status)
	assert.Equal(t, "application_deleted", r.body["code"])

	for dialect, want := range map[didittest.Dialect][3]int{
		didittest.DialectNewest: {401, 401, 403}, didittest.DialectDecision: {403, 401, 403}, didittest.DialectSingular: {401, 401, 401},
	} {
		w := newWorld(t, didittest.WithDialect(dialect))
		got := [3]int{
			w.do(http.MethodGet, "/v3/sessions/", "wrong", "").status,
			w.do(http.MethodPost, "/v3/session/"+id+"/share/", "wrong", "{}").status,
			w.do(http.MethodGet, "/v3/sessions/", "", "").status,
		}
		assert.Equal(t, want, got, dialect)
	}
}

// It cannot pass for Didit.
func TestLiveKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	assert.Equal(t, 401, w.do(http.MethodGet, "/v3/sessions/", "sk_live_0123456789", "").status)
	assert.Empty(t, w.server.Requests(), "not recorded")
	assert.True(t, strings.HasPrefix(w.a.APIKey, "sk_test_didittest_"))
}
