package contract

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"go/types"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "accept the exported API as it is")

const module = "github.com/didit-go/didit"

// root is the module's directory, seen from this package.
var root = filepath.Join("..", "..")

// TestExportedAPI fails when a change of the exported API was not meant, in any module. If it was: make api, and a line in CHANGELOG.md.
func TestExportedAPI(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("testdata", "api", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for _, importPath := range published(t) {
		name := "didit"
		if importPath != module {
			name = strings.ReplaceAll(strings.TrimPrefix(importPath, module+"/"), "/", "-")
		}
		golden := filepath.Join("testdata", "api", name+".txt")
		files = slices.DeleteFunc(files, func(f string) bool { return f == golden })
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, err := os.ReadFile(golden)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			got := exportedAPI(t, importPath)
			if *update {
				if err := os.WriteFile(golden, []byte(strings.Join(got, "\n")+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := difference(strings.Split(strings.TrimSpace(string(want)), "\n"), got); diff != "" {
				t.Errorf("the exported API of %s is not what %s says; accept with: make api\n%s", name, golden, diff)
			}
		})
	}
	for _, gone := range files {
		if workspace(t) {
			t.Errorf("%s describes a package that is not there", gone)
		}
	}
}

// exportedAPI describes the exported API of a package, a fact a line, sorted. It reads what the compiler wrote, so
// constants are evaluated and promoted methods are there.
func exportedAPI(t *testing.T, importPath string) []string {
	t.Helper()
	pkg := load(t, importPath)
	d := describer{pkg: pkg}
	for _, name := range pkg.Scope().Names() {
		if o := pkg.Scope().Lookup(name); o.Exported() {
			d.object(o)
		}
	}
	slices.Sort(d.lines)
	return d.lines
}

// A describer collects the lines of one package.
type describer struct {
	pkg   *types.Package
	lines []string
}

func (d *describer) add(format string, args ...any) {
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

func (d *describer) text(typ types.Type) string { return types.TypeString(typ, d.qualifier) }

// signature is a function's type without the word func.
func (d *describer) signature(f *types.Func) string {
	return strings.TrimPrefix(d.text(f.Signature()), "func")
}

func (d *describer) qualifier(p *types.Package) string {
	if p == d.pkg {
		return ""
	}
	return p.Name()
}

func (d *describer) object(o types.Object) {
	switch o := o.(type) {
	case *types.Const:
		d.add("const %s %s = %s", o.Name(), d.text(o.Type()), o.Val().ExactString())
	case *types.Var:
		d.add("var %s %s", o.Name(), d.text(o.Type()))
	case *types.Func:
		d.add("func %s%s", o.Name(), d.signature(o))
	case *types.TypeName:
		if o.IsAlias() {
			d.add("type %s = %s", o.Name(), d.text(types.Unalias(o.Type())))
			return
		}
		d.declared(o)
	}
}

// declared describes a type that is not an alias: what it is, its exported fields or methods.
func (d *describer) declared(o *types.TypeName) {
	name := d.text(o.Type())
	switch u := o.Type().Underlying().(type) {
	case *types.Struct:
		// == compiles or it does not: users rely on the one, and we on the other.
		if types.Comparable(o.Type()) {
			d.add("type %s struct, comparable", name)
		} else {
			d.add("type %s struct", name)
		}
		d.fields(name, u)
	case *types.Interface:
		d.add("type %s interface", name)
		for m := range u.Methods() {
			if m.Exported() {
				d.add("type %s interface, %s%s", name, m.Name(), d.signature(m))
			} else {
				d.add("type %s interface, unexported methods", name)
			}
		}
		return // its methods are listed
	default:
		d.add("type %s %s", name, d.text(u))
	}
	d.methods(name, o.Type())
}

func (d *describer) fields(name string, s *types.Struct) {
	for i := range s.NumFields() {
		f := s.Field(i)
		line := f.Name() + " " + d.text(f.Type())
		if f.Embedded() {
			line = "embedded " + d.text(f.Type())
		}
		if tag := s.Tag(i); tag != "" {
			line += " `" + tag + "`"
		}
		if f.Exported() {
			d.add("type %s struct, %s", name, line)
		}
	}
}

// methods describes the methods that a pointer to the type has, promoted ones too.
func (d *describer) methods(name string, typ types.Type) {
	ofValue := types.NewMethodSet(typ)
	for m := range types.NewMethodSet(types.NewPointer(typ)).Methods() {
		f, ok := m.Obj().(*types.Func)
		if !ok || !f.Exported() {
			continue
		}
		receiver := name
		if ofValue.Lookup(f.Pkg(), f.Name()) == nil {
			receiver = "*" + name
		}
		d.add("method (%s) %s%s", receiver, f.Name(), d.signature(f))
	}
}

// difference lists what is only in one of the two, in their order, or is empty.
func difference(want, got []string) string {
	var b strings.Builder
	for _, line := range want {
		if line != "" && !slices.Contains(got, line) {
			fmt.Fprintf(&b, "- %s\n", line)
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			fmt.Fprintf(&b, "+ %s\n", line)
		}
	}
	return b.String()
}

// published lists the packages that others may import, of every module of the workspace.
func published(t *testing.T) []string {
	t.Helper()
	var paths []string
	for line := range strings.Lines(goList(t, "-f", "{{.Name}} {{.ImportPath}} {{.Dir}} {{join .GoFiles \" \"}}", "work")) {
		words := strings.Fields(line)
		if len(words) < 4 || words[0] == "main" || strings.Contains(words[1], "/internal/") {
			continue
		}
		paths = append(paths, words[1])
		// For the test cache: TestImports does not read other modules.
		for _, file := range words[3:] {
			if _, err := os.Stat(filepath.Join(words[2], file)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return paths
}

// workspace reports whether the other modules are seen; with GOWORK=off they are not.
func workspace(t *testing.T) bool {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOWORK").Output()
	if err != nil {
		t.Fatal(err)
	}
	file := strings.TrimSpace(string(out))
	return file != "" && file != "off"
}

// goList runs go list in the module's directory. What it reads is unknown to the test cache: TestImports, which
// parses every file, makes the tests of this package run again when one has changed.
func goList(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list"}, args...)...)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.Bytes())
	}
	return string(out)
}
