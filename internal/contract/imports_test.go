package contract

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// linked lists the modules that a program links with the root package.
var linked = []string{
	module,
	"github.com/google/go-querystring",
	"github.com/hashicorp/go-cleanhttp",
	"github.com/hashicorp/go-retryablehttp",
}

// A layer says what packages of one place may import outside their tests, beside the standard library. Another
// module stands for all its packages, one of this module for itself; a name that ends in a slash for all below it.
type layer struct {
	place   string // first match in layers, relative to the module
	imports []string
}

// layers is the order of the packages: examples, then sqlstore, then didittest, webhook, bulk and handoff, then
// pace, the root, then internal.
// didittest reads Didit's documentation by itself: it takes the root's types, and nothing of what decides.
var layers = []layer{
	{"internal/testkit", []string{module, "github.com/stretchr/testify", "github.com/jarcoal/httpmock"}},
	{"internal", append([]string{module + "/internal/"}, linked[1:]...)},
	{"webhook/storetest", []string{module + "/webhook"}},
	{"webhook", []string{module, module + "/internal/"}},
	{"pace", []string{module}},
	{"bulk", []string{module, module + "/pace"}},
	{"didittest", []string{module, module + "/didittest", module + "/didittest/", "github.com/golang-jwt/jwt"}},
	{"handoff", []string{module, module + "/handoff", module + "/internal/", "github.com/standard-webhooks/standard-webhooks/libraries"}},
	{"sqlstore", []string{module, module + "/webhook", module + "/handoff", module + "/bulk"}},
	{"examples", []string{module, module + "/didittest", module + "/didittest/sandbox", module + "/webhook", module + "/pace", module + "/handoff", module + "/bulk"}},
	{".", append([]string{module + "/internal/"}, linked[1:]...)},
}

// TestLinkedModules keeps the list of modules that everybody who imports the package has to trust as short as it is.
func TestLinkedModules(t *testing.T) {
	t.Parallel()
	got := strings.Fields(goList(t, "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", "."))
	slices.Sort(got)
	for _, m := range slices.Compact(got) {
		if !slices.Contains(linked, m) {
			t.Errorf("the root package links %s", m)
		}
	}
}

// TestImports holds the direction of the imports.
func TestImports(t *testing.T) {
	t.Parallel()
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return skipDir(rel, name)
		}
		if path.Ext(rel) != ".go" {
			return nil
		}
		// Tests are read as well, for the test cache's sake.
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil || strings.HasSuffix(rel, "_test.go") {
			return err
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if !mayImport(filepath.ToSlash(rel), imported) {
				t.Errorf("%s imports %s", rel, imported)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// skipDir leaves out what the go command leaves out.
func skipDir(rel, name string) error {
	base := filepath.Base(rel)
	if rel == "." {
		return nil
	}
	if base == "testdata" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return fs.SkipDir
	}
	if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil {
		return fs.SkipDir // another module
	}
	return nil
}

// mayImport reports whether a file may import a package, by the layer that the file is in.
func mayImport(file, imported string) bool {
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		return true // standard library
	}
	if imported == module+"/internal/testkit" {
		return false // only tests may
	}
	for _, l := range layers {
		if l.place != "." && !strings.HasPrefix(file, l.place+"/") {
			continue
		}
		return slices.ContainsFunc(l.imports, func(allowed string) bool {
			if strings.HasSuffix(allowed, "/") {
				return strings.HasPrefix(imported, allowed)
			}
			below := imported != allowed && strings.HasPrefix(imported, allowed+"/")
			return imported == allowed || below && !strings.HasPrefix(allowed, module)
		})
	}
	return false
}

func TestMayImport(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		file, imported string
		want           bool
	}{
		{"didit.go", "net/http", true},
		{"didit.go", module + "/internal/transport", true},
		{"didit.go", "github.com/google/go-querystring/query", true},
		{"didit.go", module + "/didittest", false},
		{"didit.go", "github.com/golang-jwt/jwt/v5", false},
		{"internal/transport/do.go", "github.com/hashicorp/go-retryablehttp", true},
		{"internal/transport/do.go", module, false},
		{"webhook/verify.go", module, true},
		{"webhook/verify.go", module + "/didittest", false},
		{"didittest/server.go", "github.com/golang-jwt/jwt/v5", true},
		{"didittest/server.go", module + "/webhook", false},
		{"didittest/server.go", module + "/internal/transport", false},
		{"didittest/server.go", "github.com/stretchr/testify/assert", false},
		{"sqlstore/deliveries.go", module + "/webhook", true},
		{"sqlstore/sqlstore.go", "modernc.org/sqlite", false},
		{"webhook/verify.go", module + "/sqlstore", false},
		{"examples/share/main.go", module + "/didittest", true},
		{"examples/share/main.go", module + "/internal/transport", false},
	} {
		if got := mayImport(test.file, test.imported); got != test.want {
			t.Errorf("%s imports %s: %v, want %v", test.file, test.imported, got, test.want)
		}
	}
}
