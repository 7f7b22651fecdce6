package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
)

// TestResultsOfOthers: a file that no earlier run wrote is left as it is.
func TestResultsOfOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	list := w.write(t, "list.csv", w.many(2))
	share := func(results, format string) result {
		return cli(t, "", w.as(w.aKey, "bulk", "share", "--in", list, "--for", w.b.ID, "--results", results, "--resume", w.path("shared"), "-o", format)...)
	}
	imported := map[string]string{}
	for format, name := range map[string]string{formatTable: "tokens.csv", formatJSON: "tokens.json"} {
		own := w.write(t, name+".list", w.many(2))
		open(t, "", w.as(w.aKey, "bulk", "share", "--in", own, "--for", w.b.ID, "--results", w.path(name), "-o", format)...).done(t)
		r := cli(t, "", w.as(w.bKey, "bulk", "import", "--in", w.path(name), "--workflow", w.b.Workflow(didit.KindUser), "--review", "trust_source", "-o", format)...)
		imported[format] = r.out
	}
	for _, test := range []struct{ text, format string }{
		{"id,session_id\nx,y", formatTable},
		{"one line of a text, without its end", formatTable},
		{"a text\n", formatTable},
		{"{}\n", formatTable},
		{w.read(t, "tokens.json"), formatTable},
		{imported[formatTable], formatTable},
		{w.read(t, "tokens.csv"), formatJSON},
		{`{"attempts":1,"theirs":"x"}` + "\n", formatJSON},
		{`{"id":"x"}` + "\n", formatJSON},
		{`{"id":"x"}`, formatJSON},
		{imported[formatJSON], formatJSON},
	} {
		path := w.path("theirs")
		require.NoError(t, os.WriteFile(path, []byte(test.text), 0o640))
		share(path, test.format).fails(t, exitUsage, "--results: "+path+" is there, and is no earlier run's of this command with -o "+test.format)
		assert.Equal(t, test.text, w.read(t, "theirs"))
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o640), info.Mode())
	}
	share(w.dir, formatTable).fails(t, exitUsage, "--results: "+w.dir+" is no regular file")
	assert.NoFileExists(t, w.path("shared"), "nothing was begun")

	// An empty one, as of a run that was killed early, is gone on with.
	share(w.write(t, "empty", ""), formatTable).done(t)
	assert.Len(t, readCSV(t, w.read(t, "empty")), 2)
}

// TestOneFileTwice: no two of the files of a run may be one.
func TestOneFileTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text := strings.TrimSpace(w.many(2)) // without the end of its last line
	list := w.write(t, "list.csv", text)
	require.NoError(t, os.Symlink(w.dir, w.path("link")))
	through := filepath.Join(w.path("link"), "new")
	for _, test := range []struct{ results, resume, words string }{
		{list, w.path("new"), "--in and --results are one file"},
		{w.path("new"), list, "--in and --resume are one file"},
		{w.path("new"), w.dir + "/./new", "--results and --resume are one file"},
		{w.path("new"), through, "--results and --resume are one file"},
	} {
		cli(t, "", w.as(w.aKey, "bulk", "share", "--in", list, "--for", w.b.ID, "--results", test.results, "--resume", test.resume)...).
			fails(t, exitUsage, test.words)
	}
	in, err := os.Open(list)
	require.NoError(t, err)
	defer func() { _ = in.Close() }()
	tool := &tool{in: in}
	require.ErrorContains(t, tool.distinct(bulkFlags{results: list, resume: w.path("new")}), "--in and --results are one file")
	require.NoError(t, tool.distinct(bulkFlags{results: w.path("none/x"), resume: w.path("none/y")}))
	assert.Equal(t, text, w.read(t, "list.csv"))
	assert.NoFileExists(t, w.path("new"))
}
