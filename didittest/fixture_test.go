package didittest_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// A patch says what no field of a fixture does, and a copy inherits it.
func TestPatch(t *testing.T) {
	t.Parallel()
	for _, dialect := range didittest.Dialects() {
		w := newWorld(t, didittest.WithDialect(dialect))
		id := w.a.AddSession(didittest.SessionFixture{Patch: json.RawMessage(
			`{"aml_screenings":[{"status":"In Review","total_hits":1}],"expected_details":{"first_name":"Odd"},"metadata":{"n":12345678901234567890},"features":null}`)})
		imported, _ := w.redeem(w.share(id), didit.KindUser, "").body["session_id"].(string)
		for _, r := range []reply{w.get("/v3/session/" + id + "/decision/"), w.do(http.MethodGet, "/v3/session/"+imported+"/decision/", w.b.APIKey, "")} {
			assert.Equal(t, []any{map[string]any{"status": "In Review", "total_hits": 1.0}}, r.body["aml_screenings"], "lists are replaced")
			assert.Equal(t, map[string]any{"first_name": "Odd"}, r.body["expected_details"])
			assert.NotContains(t, r.body, "features", "null takes away")
			assert.Contains(t, r.text, "12345678901234567890")
		}
		assert.Equal(t, id, w.get("/v3/session/" + id + "/decision/").body["session_id"])
	}
	w := newWorld(t)
	for _, patch := range []string{`[]`, `{`, `null`, `{"status":"Declined"}`, `{"session_id":"x"}`, `{"environment":null}`} {
		assert.Panics(t, func() { w.a.AddSession(didittest.SessionFixture{Patch: json.RawMessage(patch)}) }, patch)
	}
	assert.Empty(t, w.a.Sessions())
}
