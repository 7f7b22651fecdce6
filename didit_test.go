package didit_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/didit-go/didit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestWirePaths(t *testing.T) {
	t.Parallel()
	for _, base := range []string{didit.DefaultBaseURL, "http://127.0.0.1:8080/gate/way"} {
		for _, call := range rootCalls() {
			t.Run(call.name, func(t *testing.T) {
				t.Parallel()
				var seen []rootSeen
				var name, template string
				rt := rootRecorder(&seen, http.StatusOK, call.success)
				c := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
					name, template, _ = didit.OperationFromContext(r.Context())
					return rt(r)
				}), didit.WithBaseURL(base))
				require.NoError(t, call.do(t, c))
				require.Len(t, seen, 1)
				assert.Equal(t, call.method, seen[0].method)
				assert.Equal(t, base+call.path, seen[0].url)
				assert.Equal(t, call.name, name)
				path, _, _ := strings.Cut(call.path, "?")
				assert.Equal(t, strings.Replace(path, rootSession, "{id}", 1), template)

				h := seen[0].header
				assert.Equal(t, []string{rootKey}, h["X-Api-Key"])
				assert.Regexp(t, `^didit-go/\d+\.\d+\.\d+$`, h.Get("User-Agent"))
				assert.Empty(t, h.Get("Idempotency-Key"), "net/http replays requests that carry one")
				if call.name == "SessionPDF" {
					assert.Empty(t, h.Get("Accept"))
				} else {
					assert.Equal(t, "application/json", h.Get("Accept"))
				}
				if seen[0].body != "" {
					assert.Equal(t, "application/json", h.Get("Content-Type"))
				} else {
					assert.Empty(t, h.Get("Content-Type"))
				}
			})
		}
	}
	_, _, ok := didit.OperationFromContext(t.Context())
	assert.False(t, ok)
}

// Ids are sent in lower case: the route of the PDF matches no other.
func TestIDsInLowerCase(t *testing.T) {
	t.Parallel()
	upper := strings.ToUpper(rootSession)
	var seen []rootSeen
	c := rootClient(t, rootRecorder(&seen, http.StatusOK, "%PDF-1.7"))
	_, err := c.SessionPDF(t.Context(), upper, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, didit.DefaultBaseURL+"/v3/session/"+rootSession+"/generate-pdf/", seen[0].url)
}

func TestBadIDs(t *testing.T) {
	t.Parallel()
	c := rootClient(t, rootMock(t))
	for _, id := range []string{
		"", "not-an-id", rootSession + " ", " " + rootSession, "{" + rootSession + "}", strings.ReplaceAll(rootSession, "-", ""),
		"urn:uuid:" + rootSession, rootSession[:35] + "g", rootSession[:35] + "/", "../../../../../../../../../../../abc",
		"6f1b0c52_7a53_4c2f_9d0e_2f1f4a1f0a01", rootSession[:34] + "%2", rootSession[:33] + "é1",
	} {
		ctx := t.Context()
		_, err := c.ShareSession(ctx, id, didit.ShareSessionParams{ForApplicationID: id})
		assert.Equal(t, []string{"sessionID", "ForApplicationID"}, rootFields(t, err))
		_, err = c.GetSession(ctx, id)
		assert.Equal(t, []string{"sessionID"}, rootFields(t, err))
		if id != "" {
			assert.NotContains(t, err.Error(), id)
		}
		err = c.UpdateSessionStatus(ctx, id, didit.UpdateSessionStatusParams{})
		assert.Equal(t, []string{"sessionID", "NewStatus"}, rootFields(t, err))
		assert.Equal(t, []string{"sessionID"}, rootFields(t, c.DeleteSession(ctx, id)))
		_, err = c.SessionPDF(ctx, id, nil)
		assert.Equal(t, []string{"sessionID", "w"}, rootFields(t, err))
		_, err = c.CreateSession(ctx, didit.CreateSessionParams{WorkflowID: id})
		assert.Equal(t, []string{"WorkflowID"}, rootFields(t, err))
		_, err = c.ImportSharedSession(ctx, didit.ImportSharedSessionParams{Token: didit.NewShareToken("t"), WorkflowID: id, Review: didit.ReviewAgain})
		assert.Equal(t, []string{"WorkflowID"}, rootFields(t, err))
		_, err = c.FindImportedSession(ctx, didit.FindImportedSessionParams{SourceSessionID: id, SessionKind: didit.KindUser, VendorData: "v"})
		assert.Equal(t, []string{"SourceSessionID"}, rootFields(t, err))
	}
}

// declared names what a declaration declares, the first of several.
func declared(decl ast.Decl) string {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		return d.Name.Name
	case *ast.GenDecl:
		switch s := d.Specs[0].(type) {
		case *ast.TypeSpec:
			return s.Name.Name
		case *ast.ValueSpec:
			return s.Names[0].Name
		}
	}
	return ""
}

// TestNoOtherPaths proves that a path of the API is in the table of operations or is
// a caller's own, checked by internal/route, and that one function alone puts a URL
// together and sends it.
func TestNoOtherPaths(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	calls := map[string][]string{} // what was used, and by which functions
	var templates []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, decl := range file.Decls {
			where := declared(decl)
			ast.Inspect(decl, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.BasicLit:
					text, err := strconv.Unquote(n.Value)
					if n.Kind == token.STRING && err == nil && strings.HasPrefix(text, "/v3") {
						assert.Equal(t, "opShare", where, "a path outside the table of operations: %s", text)
						templates = append(templates, text)
					}
				case *ast.SelectorExpr:
					x, ok := n.X.(*ast.Ident)
					if !ok {
						return true
					}
					switch what := x.Name + "." + n.Sel.Name; {
					case x.Name == "url" && n.Sel.Name != "Values", x.Name == "route" && n.Sel.Name != "UUID",
						x.Name == "http" && strings.HasPrefix(n.Sel.Name, "NewRequest"), what == "transport.Request", what == "fmt.Fscan":
						if !slices.Contains(calls[what], where) {
							calls[what] = append(calls[what], where)
						}
					}
				case *ast.Ident:
					if n.Name == "JoinPath" || n.Name == "ResolveReference" {
						assert.Fail(t, "a URL is built", "%s in %s", n.Name, where)
					}
				}
				return true
			})
		}
	}
	for _, names := range calls {
		slices.Sort(names) // by name, so that a move between files is none here
	}
	assert.Equal(t, map[string][]string{
		// The types of fields, the one function that makes URLs, the list's query, and checks that send nothing.
		"url.URL":           {"Client", "call", "parseBaseURL", "request", "settle"},
		"url.Parse":         {"CreateSession", "parseBaseURL"},
		"url.QueryUnescape": {"Do"},
		"route.Path":        {"call"},
		"route.Parse":       {"Do"},
		"transport.Request": {"call"},
	}, calls)
	slices.Sort(templates)
	var want []string
	for _, call := range rootCalls() {
		if call.name != "Do" {
			path, _, _ := strings.Cut(call.path, "?")
			want = append(want, strings.Replace(path, rootSession, "{id}", 1))
		}
	}
	slices.Sort(want)
	assert.Equal(t, want, templates)
	for _, path := range templates {
		assert.True(t, strings.HasSuffix(path, "/"), "%s would be redirected", path)
	}
}

func TestDoPaths(t *testing.T) {
	t.Parallel()
	for _, path := range []string{
		"", "/", "/v3", "/v2/x/", "v3/x/", " /v3/x/", "//host/v3/x/", "///v3/x/", "/v3x/", "https://host/v3/x/", "http://host/v3/", "//v3/x",
		"/v3/..", "/v3/../v2/x/", "/v3/./x/", "/v3/x/..", "/v3/x/../../y/", "/v3/%2e%2e/x/", "/v3/%2E%2e/x/", "/v3/.%2e/x/", "/v3/%2e/x/",
		"/v3/x%2f..%2fy/", "/v3/x%2f%2e%2e%2fy", "/v3/x%5c..%5cy/", `/v3/x\..\y/`, `/v3/\x`, "/v3/x y/", "/v3/x\ty", "/v3/x\n", "/v3/x\r\nHost: evil",
		"/v3/x#f", "/v3/x/?a=b#f", "/v3/é/", "/v3/x\x00", "/v3/x\x7f", "/v3/%zz/", "/v3/x%", "/v3/x?a=b c", "\u2028/v3/",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			err := rootClient(t, rootMock(t)).Do(t.Context(), "GET", path, nil, nil)
			assert.Equal(t, []string{"path"}, rootFields(t, err))
			if len(path) > 4 {
				assert.NotContains(t, err.Error(), path)
			}
		})
	}
	for _, path := range []string{
		"/v3/", "/v3/workflows/", "/v3/workflows", "/v3/a//b/", "/v3/x/?limit=5&offset=10", "/v3/x/?next=https://evil.example/", "/v3/x/?q=a%20b+c&q=d",
		"/v3/a%2Fb/", "/v3/a%2fb/c%20d/", "/v3/...", "/v3/..a/", "/v3/a:b@c/", "/v3/x?", "/v3/%C3%A9/", "/v3/%E2%82%ac/~x/!$&'()*+,;=/",
		"/v3//host/x/", "/v3/x/?q=..%2f..",
	} {
		for _, base := range []string{didit.DefaultBaseURL, "https://proxy.example/a%2Fb/c"} {
			t.Run(path, func(t *testing.T) {
				t.Parallel()
				var seen []rootSeen
				c := rootClient(t, rootRecorder(&seen, http.StatusNoContent, ""), didit.WithBaseURL(base))
				require.NoError(t, c.Do(t.Context(), "GET", path, nil, nil))
				require.Len(t, seen, 1)
				assert.Equal(t, strings.TrimSuffix(base+path, "?"), strings.TrimSuffix(seen[0].url, "?"))
			})
		}
	}
}

// What arrives at a real server is what the caller wrote.
func TestDoOnTheWire(t *testing.T) {
	t.Parallel()
	var got atomic.Value
	srv, tr := rootServer(t, func(w http.ResponseWriter, r *http.Request) {
		got.Store(r.Method + " " + r.RequestURI)
		w.WriteHeader(http.StatusNoContent)
	})
	c := rootClient(t, tr, didit.WithBaseURL(srv.URL+"/pre/"))
	require.NoError(t, c.Do(t.Context(), "PUT", "/v3/a%2Fb/?q=%41+b", nil, nil))
	assert.Equal(t, "PUT /pre/v3/a%2Fb/?q=%41+b", got.Load())
}

func TestDoMethods(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		var seen []rootSeen
		c := rootClient(t, rootRecorder(&seen, http.StatusOK, `{}`))
		require.NoError(t, c.Do(t.Context(), method, "/v3/x/", nil, nil))
		assert.Equal(t, method, seen[0].method)
		assert.Empty(t, seen[0].body)
	}
	for _, method := range []string{"", "get", "HEAD", "OPTIONS", "CONNECT", "TRACE", "G ET", "POST\r\n"} {
		err := rootClient(t, rootMock(t)).Do(t.Context(), method, "/v3/x/", nil, nil)
		assert.Equal(t, []string{"method"}, rootFields(t, err))
	}
	var nobody *struct{}
	err := rootClient(t, rootMock(t)).Do(t.Context(), "HEAD", "/v2/", func() {}, nobody)
	assert.Equal(t, []string{"method", "path", "body", "out"}, rootFields(t, err), "all at once")
	err = rootClient(t, rootMock(t)).Do(t.Context(), "GET", "/v3/", nil, struct{}{})
	assert.Equal(t, []string{"out"}, rootFields(t, err))
}

func TestDoBodyAndOut(t *testing.T) {
	t.Parallel()
	const answer = ` {"a": 1, "b": [true]} `
	var seen []rootSeen
	c := rootClient(t, rootRecorder(&seen, http.StatusCreated, answer))

	var typed struct{ A int }
	require.NoError(t, c.Do(t.Context(), "POST", "/v3/x/", struct {
		Name string `json:"name"`
	}{"n"}, &typed))
	assert.Equal(t, 1, typed.A)
	assert.JSONEq(t, `{"name":"n"}`, seen[0].body)

	var raw json.RawMessage
	require.NoError(t, c.Do(t.Context(), "POST", "/v3/x/", json.RawMessage(`[1]`), &raw))
	assert.Len(t, raw, len(answer), "the bytes as they are")
	assert.JSONEq(t, answer, string(raw))
	assert.Equal(t, `[1]`, seen[1].body)

	var loose map[string]any
	require.NoError(t, c.Do(t.Context(), "GET", "/v3/x/", nil, &loose))
	assert.Len(t, loose, 2)

	// Nobody wants the body, so it need not be JSON.
	c = rootClient(t, rootRecorder(&seen, http.StatusOK, `done`))
	require.NoError(t, c.Do(t.Context(), "POST", "/v3/x/", nil, nil))
	require.NoError(t, c.Do(t.Context(), "POST", "/v3/x/", nil, &raw))
	assert.Equal(t, `done`, string(raw))

	// A page is nobody's success: it may be a proxy's.
	c = rootClient(t, rootRecorder(&seen, http.StatusOK, ` <html>`))
	require.ErrorIs(t, c.Do(t.Context(), "POST", "/v3/x/", nil, nil), didit.ErrOutcomeUnknown)
	require.ErrorIs(t, c.Do(t.Context(), "POST", "/v3/x/", nil, &raw), didit.ErrOutcomeUnknown)

	for _, body := range []string{"", " \n"} {
		c = rootClient(t, rootRecorder(&seen, http.StatusNoContent, body))
		kept := map[string]int{"kept": 1}
		require.NoError(t, c.Do(t.Context(), "DELETE", "/v3/x/", nil, &kept))
		assert.Equal(t, map[string]int{"kept": 1}, kept)
		require.NoError(t, c.Do(t.Context(), "DELETE", "/v3/x/", nil, &raw))
		assert.Equal(t, body, string(raw))
	}
}

func TestDoOutThatDoesNotFit(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"GET", "POST"} {
		var seen []rootSeen
		c := rootClient(t, rootRecorder(&seen, http.StatusOK, `{"name":"Oriane Vasquelle"}`))
		var out struct {
			Name int `json:"name"`
		}
		err := c.Do(t.Context(), method, "/v3/x/", nil, &out)
		require.ErrorIs(t, err, didit.ErrResultLost)
		assert.Len(t, seen, 1, "the same answer would not fit the next time either")
		assert.NotContains(t, err.Error(), "Oriane")
		assert.Contains(t, err.Error(), "does not fit")
	}
	for method, want := range map[string]int{"GET": 3, "POST": 1} {
		var seen []rootSeen
		c := rootClient(t, rootRecorder(&seen, http.StatusOK, `{"name":"Ori`), didit.WithMaxRetries(2))
		var out any
		err := c.Do(t.Context(), method, "/v3/x/", nil, &out)
		require.ErrorIs(t, err, didit.ErrResultLost)
		assert.Len(t, seen, want, "garbage to a %s", method)
	}
}

// The caller's bytes are its own: the transport's buffers are cleared and used again.
func TestDoRawIsACopy(t *testing.T) {
	t.Parallel()
	var seen []rootSeen
	c := rootClient(t, rootRecorder(&seen, http.StatusOK, `{"first":1}`))
	var first, second json.RawMessage
	require.NoError(t, c.Do(t.Context(), "GET", "/v3/x/", nil, &first))
	require.NoError(t, c.Do(t.Context(), "GET", "/v3/y/", nil, &second))
	assert.JSONEq(t, `{"first":1}`, string(first))
}

func TestDoErrorsAndRedaction(t *testing.T) {
	t.Parallel()
	m := rootMock(t)
	m.RegisterResponder("POST", didit.DefaultBaseURL+"/v3/people/Q81-77/?who=Oriane+Vasquelle", func(*http.Request) (*http.Response, error) {
		resp := httpmock.NewStringResponse(http.StatusBadRequest,
			`{"name":["Oriane Vasquelle of Q81-77 and mail oriane@mail.example is unknown"],"detail":"no oriane@mail.example"}`)
		resp.Header.Set("X-Request-ID", "req-1")
		return resp, nil
	})
	err := rootClient(t, m).Do(t.Context(), "POST", "/v3/people/Q81-77/?who=Oriane+Vasquelle", map[string]any{"a": []any{map[string]any{"mail": "oriane@mail.example"}}}, nil)
	var api *didit.APIError
	require.ErrorAs(t, err, &api)
	assert.Equal(t, "Do", api.Operation)
	assert.Equal(t, "no [redacted]", api.Message)
	assert.Equal(t, []string{"[redacted] of [redacted] and mail [redacted] is unknown"}, api.Fields["name"])
	assert.Equal(t, "req-1", api.RequestID)
	assert.Contains(t, string(api.Body), "Oriane")
	for _, secret := range []string{"Oriane", "oriane", "Q81"} {
		assert.NotContains(t, fmt.Sprintf("%+v %#v %s", err, err, err), secret)
	}
}

// A redirect is an error: followed, it would carry the key to another host and turn a
// POST into a GET.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int32
	other, _ := rootServer(t, func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) })
	for _, status := range []int{301, 302, 303, 307, 308, 300, 304} {
		for _, location := range []string{other.URL + "/steal", "/v3/elsewhere/", "http://[::1", "//" + strings.TrimPrefix(other.URL, "http://")} {
			for _, call := range rootCalls() {
				t.Run(fmt.Sprintf("%d %s", status, call.name), func(t *testing.T) {
					t.Parallel()
					var deliveries atomic.Int32
					srv, tr := rootServer(t, func(w http.ResponseWriter, _ *http.Request) {
						deliveries.Add(1)
						w.Header().Set("Location", location)
						w.WriteHeader(status)
					})
					c := rootClient(t, tr, didit.WithBaseURL(srv.URL), didit.WithMaxRetries(2))
					err := call.do(t, c)
					var api *didit.APIError
					require.ErrorAs(t, err, &api)
					assert.Equal(t, status, api.StatusCode)
					assert.EqualValues(t, 1, deliveries.Load())
					assert.NotContains(t, err.Error(), "steal")
				})
			}
		}
	}
	t.Cleanup(func() { assert.Zero(t, elsewhere.Load()) })
}

// A hostile server costs bounded memory and a typed error.
func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	endless := rootTrip(func(r *http.Request) (*http.Response, error) {
		resp := rootAnswer(r, http.StatusOK, "")
		resp.ContentLength = -1
		resp.Body = io.NopCloser(rootEndless{})
		return resp, nil
	})
	lists := `{"session_id":"` + rootSession + `","share_token":"t","results":[],"x":[` + strings.Repeat("{},", 100_000) + `{}]}`
	var seen []rootSeen
	for _, call := range rootCalls() {
		if call.name == "SessionPDF" || call.name == "Do" {
			continue // a PDF is unbounded, and this Do reads nothing
		}
		for name, rt := range map[string]http.RoundTripper{"endless": endless, "lists": rootRecorder(&seen, http.StatusOK, lists)} {
			err := call.do(t, rootClient(t, rt, didit.WithMaxRetries(0)))
			var failure *didit.CallError
			require.ErrorAs(t, err, &failure, "%s %s", call.name, name)
			want := didit.OutcomeResultLost
			if name == "endless" {
				want = didit.OutcomeUnknown // it does not begin as JSON
			}
			assert.Equal(t, want, failure.Outcome, "%s %s", call.name, name)
			assert.Equal(t, 1, failure.Attempts)
		}
	}
	var out any
	err := rootClient(t, endless).Do(t.Context(), "GET", "/v3/x/", nil, &out)
	require.ErrorIs(t, err, didit.ErrOutcomeUnknown)
}

// An error body is kept up to 64 KiB, whatever its length.
func TestErrorBodyIsBounded(t *testing.T) {
	t.Parallel()
	c := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
		resp := rootAnswer(r, http.StatusBadRequest, "")
		resp.ContentLength = -1
		resp.Body = io.NopCloser(rootEndless{})
		return resp, nil
	}))
	_, err := c.GetSession(t.Context(), rootSession)
	var api *didit.APIError
	require.ErrorAs(t, err, &api)
	assert.Len(t, api.Body, 64<<10)
}

func TestClientThatWasNotMade(t *testing.T) {
	t.Parallel()
	for _, c := range []*didit.Client{nil, {}} {
		for _, call := range rootCalls() {
			assert.Contains(t, rootFields(t, call.do(t, c)), "Client", call.name)
		}
		_, err := c.FindImportedSession(t.Context(), didit.FindImportedSessionParams{})
		assert.Contains(t, rootFields(t, err), "Client")
	}
	assert.Equal(t, "didit.Client(not made by NewClient)", (didit.Client{}).String())
	assert.Equal(t, "<nil>", fmt.Sprintf("%v", (*didit.Client)(nil)))

	c := rootClient(t, rootMock(t))
	_, err := c.GetSession(nil, rootSession) //nolint:staticcheck // a nil context is what is tested
	assert.Equal(t, []string{"ctx"}, rootFields(t, err))
	assert.Equal(t, []string{"ctx"}, rootFields(t, c.Do(nil, "GET", "/v3/", nil, nil))) //nolint:staticcheck // likewise
}

func TestClientPrinting(t *testing.T) {
	t.Parallel()
	c := rootClient(t, rootMock(t), didit.WithApplicationID(strings.ToUpper(rootOwn)))
	const want = "didit.Client(verification.didit.me " + rootOwn + ")"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		assert.Equal(t, want, fmt.Sprintf(verb, c))
		assert.Equal(t, want, fmt.Sprintf(verb, *c))
	}
	assert.Equal(t, want, c.GoString())
	assert.Equal(t, want, c.LogValue().String())
	assert.False(t, rootReaches(reflect.ValueOf(c), "Zq8wN3vTt1Lk"), "reflection reaches the key")
	// The search itself does find what is there to find.
	assert.True(t, rootReaches(reflect.ValueOf(c), "verification.didit.me"))
}

// rootReaches follows everything that reflection can follow, unexported fields too.
func rootReaches(v reflect.Value, needle string) bool {
	seen := map[uintptr]bool{}
	var walk func(v reflect.Value) bool
	walk = func(v reflect.Value) bool {
		switch v.Kind() {
		case reflect.String:
			return strings.Contains(v.String(), needle)
		case reflect.Pointer:
			if v.IsNil() || seen[v.Pointer()] {
				return false
			}
			seen[v.Pointer()] = true
			return walk(v.Elem())
		case reflect.Interface:
			return !v.IsNil() && walk(v.Elem())
		case reflect.Struct:
			for _, field := range v.Fields() {
				if walk(field) {
					return true
				}
			}
		case reflect.Slice, reflect.Array:
			if v.Type().Elem().Kind() == reflect.Uint8 && v.Kind() == reflect.Slice {
				return strings.Contains(string(v.Bytes()), needle)
			}
			for i := range v.Len() {
				if walk(v.Index(i)) {
					return true
				}
			}
		case reflect.Map:
			for it := v.MapRange(); it.Next(); {
				if walk(it.Key()) || walk(it.Value()) {
					return true
				}
			}
		default:
		}
		return false
	}
	return walk(v)
}

// A call's header map is its own: a RoundTripper may write to it.
func TestHeadersAreACallsOwn(t *testing.T) {
	t.Parallel()
	c := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
		r.Header.Set("X-Trace", "1")
		r.Header.Del("X-Api-Key")
		return rootAnswer(r, http.StatusOK, `{"session_id":"`+rootSession+`"}`), nil
	}))
	done := make(chan error, 8)
	for range cap(done) {
		go func() { _, err := c.GetSession(t.Context(), rootSession); done <- err }()
	}
	for range cap(done) {
		require.NoError(t, <-done)
	}
	var seen []rootSeen
	require.NoError(t, rootClient(t, rootRecorder(&seen, 200, `{}`)).Do(t.Context(), "GET", "/v3/", nil, nil))
	assert.Equal(t, rootKey, seen[0].header.Get("X-Api-Key"))
}

// A RoundTripper that breaks its contract is no reason to panic.
func TestRoundTripperWithoutAnything(t *testing.T) {
	t.Parallel()
	for _, call := range rootCalls() {
		err := call.do(t, rootClient(t, rootTrip(func(*http.Request) (*http.Response, error) { return nil, nil }), didit.WithMaxRetries(1)))
		var failure *didit.CallError
		require.ErrorAs(t, err, &failure, call.name)
		assert.Equal(t, didit.OutcomeUnknown, failure.Outcome)
		require.NotErrorIs(t, err, didit.ErrNotSent)
		require.NotErrorIs(t, err, io.EOF)
	}
}

// TestDoWithoutSlash: the redirect that Didit answers is told as what it is.
func TestDoWithoutSlash(t *testing.T) {
	t.Parallel()
	var seen []rootSeen
	c := rootClient(t, rootRecorder(&seen, http.StatusMovedPermanently, ``))
	require.ErrorContains(t, c.Do(t.Context(), "GET", "/v3/sessions?limit=1", nil, nil), "does not end in a slash")
	err := c.Do(t.Context(), "GET", "/v3/sessions/?limit=1", nil, nil)
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "slash")
}

// TestNoFinalStatus: an answer of a fake without a final status is none.
func TestNoFinalStatus(t *testing.T) {
	t.Parallel()
	for _, status := range []int{-1, 0, 100, 102, 103, 199} {
		n := 0
		c := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost {
				n++
			}
			return rootAnswer(r, status, `{}`), nil
		}))
		_, err := c.CreateSession(t.Context(), didit.CreateSessionParams{WorkflowID: rootWorkflow})
		require.ErrorIs(t, err, didit.ErrOutcomeUnknown, "%d: %v", status, err)
		assert.Equal(t, 1, n)
		_, err = c.GetSession(t.Context(), rootSession)
		require.ErrorIs(t, err, didit.ErrOutcomeUnknown, "%d: %v", status, err)
	}
}
