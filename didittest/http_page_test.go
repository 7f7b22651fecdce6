package didittest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/didittest"
)

// Numbers at the edge of what a machine counts, and a Host header of somebody else.
func TestPagesAtTheEdge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.a.AddSession(didittest.SessionFixture{})
	for range 3 {
		w.a.AddSession(didittest.SessionFixture{})
		w.do(http.MethodPost, "/v3/sessions/"+id+"/reviews/", w.a.APIKey, `{"comment":"seen"}`)
	}
	for _, path := range []string{"/v3/sessions/", "/v3/sessions/" + id + "/reviews/"} {
		for _, n := range []string{"9223372036854775807", "9223372036854775806", "99999999999999999999", "-9223372036854775808"} {
			for _, q := range []string{"?limit=" + n, "?offset=" + n, "?limit=" + n + "&offset=" + n, "?offset=1&limit=" + n} {
				assert.Equal(t, 200, w.get(path+q).status, path+q)
			}
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.server.URL()+path+"?limit=1", nil)
		require.NoError(t, err)
		req.Host = "elsewhere.example"
		req.Header.Set("X-Api-Key", w.a.APIKey)
		resp, err := w.client.Do(req)
		require.NoError(t, err)
		var page struct {
			Next string `json:"next"`
		}
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&page))
		resp.Body.Close()
		assert.True(t, strings.HasPrefix(page.Next, w.server.URL()+path+"?"), page.Next)
	}
}
