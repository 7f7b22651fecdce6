package contract

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDocumentedCode: every Go block of a page is code of a file that is compiled: of a test that runs it, or of an
// example. White space does not count. A block that is a whole program is run by its page's own test.
func TestDocumentedCode(t *testing.T) {
	t.Parallel()
	var code []string
	for _, file := range files(t, ".go") {
		code = append(code, squeeze(read(t, file)))
	}
	all := strings.Join(code, "\n") // no block spans two files: none has a line break
	for _, page := range files(t, ".md") {
		for i, block := range strings.Split(read(t, page), "```go\n")[1:] {
			block, _, _ = strings.Cut(block, "```")
			if !strings.HasPrefix(block, "package ") && !strings.Contains(all, squeeze(block)) {
				t.Errorf("%s: Go block %d stands in no file that is compiled:\n%s", page, i+1, block)
			}
		}
	}
}

var link = regexp.MustCompile(`\]\(([^)#:\s]+)(?:#[^)]*)?\)`)

// TestLinks: what a page links to within the repository is there.
func TestLinks(t *testing.T) {
	t.Parallel()
	for _, page := range files(t, ".md") {
		for _, found := range link.FindAllStringSubmatch(read(t, page), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), found[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", page, found[1])
			}
		}
	}
}

// files lists the files of the repository, other modules included, whose names end so.
func files(t *testing.T, ext string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return fs.SkipDir
		case !entry.IsDir() && strings.HasSuffix(name, ext):
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// squeeze makes one space of all white space.
func squeeze(code string) string { return strings.Join(strings.Fields(code), " ") }
