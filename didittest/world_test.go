package didittest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// world is a server with two partners, driven by plain HTTP: what a client in any
// language sees.
type world struct {
	t      *testing.T
	server *didittest.Server
	a, b   *didittest.Application
	client *http.Client
}

func newWorld(t *testing.T, opts ...didittest.Option) *world {
	t.Helper()
	server := didittest.NewServer(opts...)
	t.Cleanup(server.Close)
	client := *server.HTTPClient()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &world{t, server, server.AddApplication("Partner A"), server.AddApplication("Partner B"), &client}
}

// reply is an answer as it came.
type reply struct {
	status int
	header http.Header
	text   string
	body   map[string]any // where it is an object
}

func (w *world) do(method, path, key, body string) reply {
	w.t.Helper()
	r, err := w.try(method, path, key, body)
	require.NoError(w.t, err)
	return r
}

func (w *world) try(method, path, key, body string) (reply, error) {
	var in io.Reader
	if body != "" {
		in = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.server.URL()+path, in)
	require.NoError(w.t, err)
	if key != "" {
		req.Header.Set("X-Api-Key", key)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{}, err
	}
	r := reply{status: resp.StatusCode, header: resp.Header, text: string(text)}
	_ = json.Unmarshal(text, &r.body)
	return r, nil
}

func (w *world) get(path string) reply {
	w.t.Helper()
	return w.do(http.MethodGet, path, w.a.APIKey, "")
}

// share shares a session of A's with B and returns the token.
func (w *world) share(session string) string {
	w.t.Helper()
	r := w.do(http.MethodPost, "/v3/session/"+session+"/share/", w.a.APIKey, `{"for_application_id":"`+w.b.ID+`"}`)
	require.Equal(w.t, 200, r.status, r.text)
	token, _ := r.body["share_token"].(string)
	return token
}

// redeem imports as B, into B's workflow of the kind.
func (w *world) redeem(token string, kind didit.SessionKind, more string) reply {
	w.t.Helper()
	return w.do(http.MethodPost, "/v3/session/import-shared/", w.b.APIKey,
		`{"share_token":"`+token+`","workflow_id":"`+w.b.Workflow(kind)+`"`+more+`}`)
}

// results are the rows of a list.
func (r reply) results() []map[string]any {
	var page struct {
		Results []map[string]any `json:"results"`
	}
	_ = json.Unmarshal([]byte(r.text), &page)
	return page.Results
}
