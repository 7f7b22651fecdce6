package didit_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

func TestWirePaths(t *testing.T) {
	t.Parallel()
	for _, base := range []string{didit.DefaultBaseURL, "http://127.0.0.1:8080/gate/way"} {
		for _, call := range testkit.Calls() {
			t.Run(call.Name, func(t *testing.T) {
				t.Parallel()
				var seen []testkit.Seen
				var name, template string
				rt := testkit.Recorder(&seen, http.StatusOK, call.Success)
				c := testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
					name, template, _ = didit.OperationFromContext(r.Context())
					return rt(r)
				}), didit.WithBaseURL(base))
				require.NoError(t, call.Do(t, c))
				require.Len(t, seen, 1)
				assert.Equal(t, call.Method, seen[0].Method)
				assert.Equal(t, base+call.Path, seen[0].URL)
				assert.Equal(t, call.Name, name)
				assert.Equal(t, call.Template(), template)

				h := seen[0].Header
				assert.Equal(t, []string{testkit.APIKey}, h["X-Api-Key"])
				assert.Regexp(t, `^didit-go/\d+\.\d+\.\d+$`, h.Get("User-Agent"))
				assert.Empty(t, h.Get("Idempotency-Key"), "net/http replays requests that carry one")
				if call.Name == "SessionPDF" {
					assert.Empty(t, h.Get("Accept"))
				} else {
					assert.Equal(t, "application/json", h.Get("Accept"))
				}
				if seen[0].Body != "" {
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
	upper := strings.ToUpper(testkit.SessionID)
	var seen []testkit.Seen
	c := testkit.Client(t, testkit.Recorder(&seen, http.StatusOK, "%PDF-1.7"))
	_, err := c.SessionPDF(t.Context(), upper, io.Discard)
	require.NoError(t, err)
	assert.Equal(t, didit.DefaultBaseURL+"/v3/session/"+testkit.SessionID+"/generate-pdf/", seen[0].URL)
}

func TestBadIDs(t *testing.T) {
	t.Parallel()
	c := testkit.Client(t, testkit.Mock(t))
	for _, id := range []string{
		"", "not-an-id", testkit.SessionID + " ", " " + testkit.SessionID, "{" + testkit.SessionID + "}", strings.ReplaceAll(testkit.SessionID, "-", ""),
		"urn:uuid:" + testkit.SessionID, testkit.SessionID[:35] + "g", testkit.SessionID[:35] + "/", "../../../../../../../../../../../abc",
		"6f1b0c52_7a53_4c2f_9d0e_2f1f4a1f0a01", testkit.SessionID[:34] + "%2", testkit.SessionID[:33] + "é1",
	} {
		ctx := t.Context()
		_, err := c.ShareSession(ctx, id, didit.ShareSessionParams{ForApplicationID: id})
		assert.Equal(t, []string{"sessionID", "ForApplicationID"}, testkit.Fields(t, err))
		_, err = c.GetSession(ctx, id)
		assert.Equal(t, []string{"sessionID"}, testkit.Fields(t, err))
		if id != "" {
			assert.NotContains(t, err.Error(), id)
		}
		err = c.UpdateSessionStatus(ctx, id, didit.UpdateSessionStatusParams{})
		assert.Equal(t, []string{"sessionID", "NewStatus"}, testkit.Fields(t, err))
		assert.Equal(t, []string{"sessionID"}, testkit.Fields(t, c.DeleteSession(ctx, id)))
		_, err = c.SessionPDF(ctx, id, nil)
		assert.Equal(t, []string{"sessionID", "w"}, testkit.Fields(t, err))
		_, err = c.CreateSession(ctx, didit.CreateSessionParams{WorkflowID: id})
		assert.Equal(t, []string{"WorkflowID"}, testkit.Fields(t, err))
		_, err = c.ImportSharedSession(ctx, didit.ImportSharedSessionParams{Token: didit.NewShareToken("t"), WorkflowID: id, Review: didit.ReviewAgain})
		assert.Equal(t, []string{"WorkflowID"}, testkit.Fields(t, err))
		_, err = c.FindImportedSession(ctx, didit.FindImportedSessionParams{SourceSessionID: id, SessionKind: didit.KindUser, VendorData: "v"})
		assert.Equal(t, []string{"SourceSessionID"}, testkit.Fields(t, err))
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
					case x.Name == "url" && n.Sel.Name != "Values", what == "setting.URL", x.Name == "route" && n.Sel.Name != "UUID",
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
		"url.Parse":         {"CreateSession"},
		"setting.URL":       {"parseBaseURL"},
		"url.QueryUnescape": {"Do"},
		"route.Path":        {"call"},
		"route.Parse":       {"Do"},
		"transport.Request": {"call"},
	}, calls)
	slices.Sort(templates)
	var want []string
	for _, call := range testkit.Calls() {
		if call.Name != "Do" {
			want = append(want, call.Template())
		}
	}
	slices.Sort(want)
	assert.Equal(t, want, templates, "a row of the table, and no call in internal/testkit/calls.go")
	for _, path := range templates {
		assert.True(t, strings.HasSuffix(path, "/"), "%s would be redirected", path)
	}
}
