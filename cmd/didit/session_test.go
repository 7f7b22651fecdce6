package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// TestOutput is one person's way from A to B, in both formats.
func TestOutput(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"table", "json"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			session := w.session()
			token := w.path("a.token")
			var text strings.Builder
			for _, args := range [][]string{
				w.as(w.aKey, "list"),
				w.as(w.aKey, "get", session),
				w.as(w.aKey, "pdf", session, w.path("report.pdf")),
				w.as(w.aKey, "share", session, "--for", w.b.ID, "--ttl", "10m", "--token-file", token),
				{"token", "--token-file", token},
				w.importing("--token-file", token),
				w.as(w.bKey, "find", session, "--vendor-data", vendorData),
			} {
				r := cli(t, "", append(args, "-o", format)...).done(t)
				assert.Empty(t, r.errs)
				text.WriteString("=== " + args[0] + "\n" + r.out)
				if format == "json" {
					assert.True(t, json.Valid([]byte(r.out)), args[0])
					assert.Equal(t, 1, strings.Count(r.out, "\n"), args[0])
				}
			}
			golden(t, format, alike(text.String()))
			for _, name := range []string{"a.token", "report.pdf"} {
				info, err := os.Stat(w.path(name))
				require.NoError(t, err)
				assert.Equal(t, os.FileMode(0o600), info.Mode(), name)
			}
		})
	}
}

func TestShare(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	session := w.session()
	share := func(args ...string) []string { return w.as(w.aKey, append([]string{"share"}, args...)...) }

	r := open(t, "", share(session, "--for", w.b.ID, "--reveal", "-o", "json")...).done(t)
	var printed struct {
		Token string `json:"share_token"`
	}
	require.NoError(t, json.Unmarshal([]byte(r.out), &printed))
	open(t, printed.Token+"\n", w.importing()...).done(t)

	// A file that is there is not overwritten, and one that would be empty is not left behind.
	w.write(t, "mine", "mine")
	before := len(w.server.Requests())
	cli(t, "", share(session, "--for", w.b.ID, "--token-file", w.path("mine"))...).fails(t, exitUsage, "is there already")
	assert.Len(t, w.server.Requests(), before, "nothing was sent")
	assert.Equal(t, "mine", w.read(t, "mine"))
	cli(t, "", share(session, "--for", w.b.ID, "--token-file", w.path("none/token"))...).fails(t, exitUsage, "--token-file: open")

	for _, test := range []struct {
		code  int
		words []string
		args  []string
	}{
		{exitUsage, []string{"nothing was sent: SESSION must be a UUID", "--for must be a UUID", "--ttl must be whole seconds"}, []string{"x", "--for", "y", "--ttl", "1s"}},
		{exitRefused, []string{"Ask the partner for the id"}, []string{session, "--for", session}},
		{exitRefused, []string{"not found", "Check the session's id"}, []string{w.b.ID, "--for", w.b.ID}},
		{exitRefused, []string{"Wait until the session is Approved"}, []string{w.a.AddSession(didittest.SessionFixture{Status: didit.StatusInProgress}), "--for", w.b.ID}},
		{exitUsage, []string{"--for must not be your own application"}, []string{session, "--for", w.a.ID, "--application", w.a.ID}},
		{exitUsage, []string{"--base-url must be an absolute URL"}, []string{session, "--base-url", "x"}},
	} {
		r := cli(t, "", append(share(test.args[0], "--token-file", w.path("token")), test.args[1:]...)...)
		r.fails(t, test.code, test.words...)
		assert.NoFileExists(t, w.path("token"))
	}
	r = cli(t, "", w.as(w.write(t, "bad.key", "sk_test_bad"), "share", session, "--for", w.b.ID, "--reveal")...)
	r.fails(t, exitRefused, "401", "Check DIDIT_API_KEY")
	cli(t, "", w.as(w.path("no.key"), "list")...).fails(t, exitUsage, "--key-file: open")
	scoped := w.a.AddKey(didittest.KeyScope{Sessions: didittest.AccessRead})
	cli(t, "", w.as(w.write(t, "scoped.key", scoped), "share", session, "--for", w.b.ID, "--reveal")...).fails(t, exitRefused, "what the key may do")
}

// TestImport: what can go wrong, and what to do.
func TestImport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	session := w.session()
	cli(t, "", w.importing()...).fails(t, exitUsage, "there is no token")
	cli(t, strings.Repeat("x", maxInput+1), w.importing()...).fails(t, exitUsage, "more than 16 MiB")
	cli(t, "", w.importing("--token-file", w.path("nothing"))...).fails(t, exitUsage, "--token-file: open")
	cli(t, "x", w.as(w.bKey, "import")...).fails(t, exitUsage, "--workflow is required, or --user-workflow", "--review must be trust_source or review_again")

	token := w.token(t, session)
	cli(t, "", w.importing("--token-file", token, "--source", w.b.ID)...).fails(t, exitRefused, "--source", "Ask the partner")
	cli(t, "", w.importing("--token-file", token, "--from", w.b.ID)...).fails(t, exitRefused, "--from")
	foreign := w.write(t, "foreign", w.a.Share(session, w.a, 0).Reveal())
	cli(t, "", w.importing("--token-file", foreign, "--application", w.b.ID)...).fails(t, exitRefused, "for your application")
	business := append(w.importing("--token-file", token), "--workflow", w.b.Workflow(didit.KindBusiness))
	cli(t, "", business...).fails(t, exitRefused, "for that kind of session")

	w.server.Inject(didittest.Fault{Operation: didittest.OpImportSharedSession, Kind: didittest.FaultRateLimited, RetryAfter: 90e9})
	cli(t, "", w.importing("--token-file", token)...).fails(t, exitAgain, "429", "Run the same command again after 1m30s")

	cli(t, "", w.importing("--token-file", token)...).done(t)
	r := cli(t, "", w.importing("--token-file", token, "-o", "json")...).done(t)
	assert.Contains(t, r.out, `"recovered":true`)
	other := append(w.importing("--token-file", token), "--vendor-data", "another")
	cli(t, "", other...).fails(t, exitAgain, "had been imported before", "again after 1m0s, with --resume")
	none := append(w.importing("--token-file", token), "--vendor-data", "")
	cli(t, "", none...).fails(t, exitAgain, "; found 1 of your sessions that may be a copy", "Sessions that may be the copy: "+w.b.Sessions()[0].ID)

	cli(t, "", w.as(w.bKey, "find", session, "--vendor-data", "another")...).fails(t, exitRefused, "no imported copy", "Nothing was imported so far")
	cli(t, "", w.as(w.bKey, "find", session)...).fails(t, exitUsage, "--created-after is required")
	cli(t, "", w.as(w.bKey, "find", session, "--created-after", "2020-01-02T03:04:05Z")...).fails(t, exitRefused, "Sessions that may be the copy")
}

func TestGetFull(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	session := w.session()
	for _, format := range []string{"table", "json"} {
		r := open(t, "", w.as(w.aKey, "get", session, "--full", "-o", format)...).done(t)
		assert.Contains(t, r.out, firstName)
		assert.Contains(t, r.out, vendorData)
		assert.True(t, json.Valid([]byte(r.out)))
		assert.Equal(t, format == "json", strings.Count(r.out, "\n") == 1)
	}
	cli(t, "", w.as(w.aKey, "get", w.b.ID)...).fails(t, exitRefused, "404")
}

func TestList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 5 {
		w.session()
	}
	declined := w.a.AddSession(didittest.SessionFixture{Status: didit.StatusDeclined})
	company := w.a.AddSession(didittest.SessionFixture{Kind: didit.KindBusiness})
	list := func(args ...string) result { return cli(t, "", w.as(w.aKey, append([]string{"list"}, args...)...)...) }

	assert.Equal(t, 8, strings.Count(list("--kind", "all", "--page-size", "2").done(t).out, "\n"), "a heading and seven sessions")
	three := list("--limit", "3").done(t).out
	assert.Equal(t, 4, strings.Count(three, "\n"))
	for line := range strings.Lines(three) {
		assert.LessOrEqual(t, len(line), 81, "a terminal has 80 columns")
	}
	assert.Empty(t, list("--status", "Abandoned").done(t).out)
	r := list("--status", "Declined,In Review", "--since", "2020-01-01", "-o", "json").done(t)
	assert.Contains(t, r.out, declined)
	assert.Equal(t, 1, strings.Count(r.out, "\n"))
	assert.Contains(t, list("--kind", "business").done(t).out, company)
	assert.Equal(t, 6, strings.Count(list("--vendor-data", vendorData).done(t).out, "\n"))
	list("--status", "Late", "--country", "x", "--workflow", "y", "--since", "2020-01-02", "--until", "2020-01-01").fails(
		t, exitUsage, "--status is not a status", "--country must be", "--workflow must be", "--until must not be before --since")
}

func TestPDF(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	session := w.session()
	r := cli(t, "", w.as(w.aKey, "pdf", session, "-")...).done(t)
	assert.True(t, strings.HasPrefix(r.out, "%PDF-"))
	cli(t, "", w.as(w.aKey, "pdf", session, w.aKey)...).fails(t, exitUsage, "is there already")
	w.server.Inject(didittest.Fault{Operation: didittest.OpSessionPDF, Kind: didittest.FaultTruncated, Times: -1})
	cli(t, "", w.as(w.aKey, "pdf", session, w.path("half.pdf"))...).fails(t, exitAgain, "again after 5s.")
	assert.NoFileExists(t, w.path("half.pdf"))
}

func TestToken(t *testing.T) {
	t.Parallel()
	cli(t, "no token", "token").fails(t, exitRefused, "the token has no claims", "give it whole")
	token := didittest.Token(didit.ShareClaims{}).Reveal()
	r := cli(t, token, "token", "-o", "json").done(t)
	assert.Contains(t, r.out, `{"verified":false,`)
	assert.Contains(t, r.out, `"expired":false`)
}

// TestVerbose: the log has what the log of a client has.
func TestVerbose(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := cli(t, "", w.importing("--token-file", w.token(t, w.session()), "-v")...).done(t)
	assert.Contains(t, r.errs, "ImportSharedSession")
}
