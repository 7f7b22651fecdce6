package main

import (
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"

	"github.com/didit-go/didit"
)

// TestHelp: every command's help, for a terminal of 80 columns.
func TestHelp(t *testing.T) {
	t.Parallel()
	tool := &tool{in: strings.NewReader(""), out: io.Discard, errs: io.Discard}
	var text strings.Builder
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		path := strings.Fields(c.CommandPath())[1:]
		r := cli(t, "", append(path, "--help")...).done(t)
		text.WriteString("=== " + c.CommandPath() + "\n" + r.out + "\n")
		for _, child := range c.Commands() {
			if child.Name() != "help" { // cobra's own
				walk(child)
			}
		}
		if !c.HasSubCommands() {
			assert.Contains(t, c.Example, "didit "+strings.Join(path, " "), c.CommandPath())
		}
	}
	walk(tool.root())
	for line := range strings.Lines(text.String()) {
		assert.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), 80, line)
	}
	golden(t, "help", text.String())
}

// TestUsage: what is no command line is code 2, and says where to look.
func TestUsage(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ args, words string }{
		{"foo", `unknown command "foo"`},
		{"bulk", "which one? There are: share, import"},
		{"bulk shar", "which one?"},
		{"webhook", "verify, sign"},
		{"audit", "verify, export"},
		{"jobs", "status, list, retry, cancel, resume"},
		{"jobs retry", "takes TICKET: 0 were given"},
		{"jobs status a b", "takes TICKET: 2 were given"},
		{"share", "takes SESSION: 0 were given"},
		{"pdf x", "takes SESSION and FILE: 1 were given"},
		{"list x", "takes no arguments"},
		{"list --nothing", "unknown flag: --nothing"},
		{"list -o yaml", "--output must be table or json"},
		{"share x --for y", "at least one of the flags in the group [reveal token-file]"},
		{"share x --reveal --token-file y", "none of the others can be"},
		{"find x --created-after yesterday", "must be as 2026-11-26"},
		{"sandbox --addr 0.0.0.0:0", "--addr is not a loopback address: everybody could reach it; say --public"},
		{"sandbox --fault GetSession", "operation:kind"},
		{"help nope", "there is no command \"nope\""},
		{"help bulk nope", "there is no command \"bulk nope\""},
		{"webhook verify -H nocolon", "-H must be as"},
	} {
		r := cli(t, "", strings.Fields(test.args)...)
		r.fails(t, exitUsage, test.words, `See "didit`, `--help".`)
	}
}

// TestWords: what the packages call by names of Go is called by those of the command line.
func TestWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	session := w.session()
	unread := w.write(t, "unread.token", "not a token")
	list := w.write(t, "list.csv", "id,share_token,vendor_data\nx,"+w.a.Share(session, w.b, 0).Reveal()+",\n")
	shares := w.write(t, "shares.csv", "session_id\n\"\"\n"+session+"\n"+session+"\n")
	bulkImport := []string{"bulk", "import", "--in", list, "--resume", w.path("done.jsonl"), "--workflow", w.b.Workflow(didit.KindUser), "--review", "trust_source"}
	for _, test := range []struct {
		args  []string
		code  int
		words []string
	}{
		{w.as(w.aKey, "share", session, "--for", session, "--reveal"), exitRefused, []string{"check --for with your partner"}},
		{w.as(w.aKey, "share", session, "--for", w.a.ID, "--reveal"), exitRefused, []string{"--for must be your partner's"}},
		{[]string{"get", session, "--key-file", w.aKey, "--base-url", "http://example.com"}, exitUsage, []string{"http is for loopback addresses only\n"}},
		{w.as(w.bKey, "find", "nonsense", "--vendor-data", "c"), exitUsage, []string{"the source session must be a UUID"}},
		{w.as(w.bKey, "import", "--token-file", unread, "--user-workflow", w.b.ID, "--review", "trust_source"), exitRefused, []string{"give --workflow"}},
		{w.as(w.bKey, bulkImport...), exitRefused, []string{"vendor_data is required with --resume"}},
		{w.as(w.aKey, "bulk", "share", "--in", shares, "--for", w.b.ID, "--results", w.path("shared.csv")), exitRefused, []string{"session_id is required", "id was told before"}},
	} {
		r := open(t, "", test.args...)
		said := r.errs + r.out
		if test.args[0] == "bulk" && test.args[1] == "share" {
			said += w.read(t, "shared.csv")
		}
		assert.Equal(t, test.code, r.code, said)
		for _, word := range test.words {
			assert.Contains(t, said, word)
		}
		assert.NotRegexp(t, `ForApplicationID|WorkflowID|SourceSessionID|VendorData|With[A-Z]|Checkpoint`, said)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	r := cli(t, "", "--version").done(t)
	assert.Regexp(t, `^didit \S+\n$`, r.out)
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish"} {
		assert.Contains(t, cli(t, "", "completion", shell).done(t).out, "didit", shell)
	}
	for args, want := range map[string]string{
		"bulk ": "share", "import --review ": "review_again", "list --kind ": "business", "list -o ": "json", "sh": "share", "audit export --action ": "find", "jobs list --state ": "refused",
	} {
		words := strings.Split(args, " ")
		assert.Contains(t, cli(t, "", append([]string{cobra.ShellCompRequestCmd}, words...)...).out, want, args)
	}
}
