package contract

import (
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTypesPrintOnPurpose: an exported struct either prints through Format and LogValue, as print.go has them, or stands
// in testdata/prints_fields.txt, because whoever prints it means to see its fields. A new type cannot be forgotten.
func TestTypesPrintOnPurpose(t *testing.T) {
	t.Parallel()
	file := filepath.Join("testdata", "prints_fields.txt")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	meant := map[string]bool{}
	for name := range strings.FieldsSeq(string(data)) {
		meant[name] = true
	}
	for _, importPath := range published(t) {
		if strings.Contains(importPath, "/didittest") || strings.HasSuffix(importPath, "test") {
			continue // the people and keys of tests are invented
		}
		pkg := load(t, importPath)
		for _, name := range pkg.Scope().Names() {
			o, ok := pkg.Scope().Lookup(name).(*types.TypeName)
			if !ok || !o.Exported() || o.IsAlias() {
				continue
			}
			if _, ok := o.Type().Underlying().(*types.Struct); !ok {
				continue
			}
			full := pkg.Name() + "." + name
			methods := types.NewMethodSet(types.NewPointer(o.Type()))
			prints := methods.Lookup(pkg, "Format") != nil && methods.Lookup(pkg, "LogValue") != nil
			switch {
			case prints && meant[full]:
				t.Errorf("%s implements Formatter and LogValuer, and stands in %s", full, file)
			case !prints && !meant[full]:
				t.Errorf("%s prints its fields: give it Format and LogValue in print.go, or name it in %s", full, file)
			}
			delete(meant, full)
		}
		for name := range meant {
			if strings.HasPrefix(name, pkg.Name()+".") {
				t.Errorf("%s names %s, which is no exported struct", file, name)
			}
		}
	}
}

// load reads what the compiler wrote of a package.
func load(t *testing.T, importPath string) *types.Package {
	t.Helper()
	exports := make(map[string]string)
	for line := range strings.Lines(goList(t, "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", importPath)) {
		name, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		exports[name] = file
	}
	pkg, err := importer.ForCompiler(token.NewFileSet(), "gc", func(name string) (io.ReadCloser, error) {
		return os.Open(exports[name])
	}).Import(importPath)
	if err != nil {
		t.Fatal(err)
	}
	return pkg
}
