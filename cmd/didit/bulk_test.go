package main

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/vbauerster/mpb/v8"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/bulk"
	"github.com/didit-go/didit/didittest"
)

// many makes n sessions of A's and returns the list of them in CSV.
func (w *world) many(n int) string {
	var list strings.Builder
	list.WriteString("\ufeffID,session_id\r\n")
	for i := range n {
		list.WriteString(strings.Repeat("i", i+1) + "," + w.session() + "\r\n")
	}
	return list.String()
}

func readCSV(t *testing.T, text string) (rows []map[string]string) {
	t.Helper()
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	for _, values := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			row[name] = values[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// TestBulk: a list is shared by A and imported by B, and what is done is not done again.
func TestBulk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	list := w.write(t, "list.csv", w.many(5)+"iiiiiii,no-uuid\r\none field\r\n")
	share := w.as(w.aKey, "bulk", "share", "--in", list, "--for", w.b.ID, "--results", w.path("tokens.csv"), "--resume", w.path("shared"))
	r := cli(t, "", share...)
	assert.Equal(t, exitRefused, r.code)
	assert.Contains(t, r.errs, "2 failed; their errors are in the results")
	assert.Regexp(t, `done +5\nfailed +2\ndone before +0\n`, r.out)
	tokens := readCSV(t, w.read(t, "tokens.csv"))
	require.Len(t, tokens, 7)
	for _, row := range tokens {
		switch row["id"] {
		case "":
			assert.Contains(t, row["error"], "item 7 of the list: record on line 8: wrong number of fields")
		case "iiiiiii":
			assert.Contains(t, row["error"], "session_id must be a UUID")
		default:
			assert.Equal(t, "1", row["attempts"])
			assert.NotEmpty(t, row["share_token"])
		}
	}
	info, err := os.Stat(w.path("tokens.csv"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode())

	// The next run makes only what failed, and adds to the results. Half a line is dropped.
	w.write(t, "tokens.csv", w.read(t, "tokens.csv")+"half a li")
	r = cli(t, "", append(share, "-o", "table")...)
	assert.Regexp(t, `done +0\nfailed +2\ndone before +5\n`, r.out)
	assert.Len(t, readCSV(t, w.read(t, "tokens.csv")), 9)

	good := w.as(w.bKey, "bulk", "import", "--workflow", w.b.Workflow(didit.KindUser), "--review", "review_again", "--id-as-vendor-data",
		"--in", w.path("good.csv"), "--resume", w.path("imported"))
	var lines []string
	for line := range strings.Lines(w.read(t, "tokens.csv")) {
		if strings.HasPrefix(line, "id") || strings.Contains(line, "eyJ") {
			lines = append(lines, line)
		}
	}
	w.write(t, "good.csv", strings.Join(lines, ""))
	r = cli(t, "", good...).done(t)
	assert.Contains(t, r.errs, "5 done, 0 failed, 0 done before")
	for _, row := range readCSV(t, r.out) {
		assert.Equal(t, "In Review", row["status"])
	}
	assert.Len(t, w.b.Sessions(), 5)
	r = cli(t, "", good...).done(t)
	assert.Empty(t, r.out)
	assert.Contains(t, r.errs, "0 done, 0 failed, 5 done before")
}

// TestBulkJSON: a list as "list" prints it, from standard input to standard output.
func TestBulkJSON(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.many(3)
	w.a.AddSession(didittest.SessionFixture{Status: didit.StatusInProgress})
	list := cli(t, "", w.as(w.aKey, "list", "-o", "json")...).done(t).out
	share := w.as(w.aKey, "bulk", "share", "-o", "json", "--for", w.b.ID, "--reveal")
	bad := `{"session_id":7}` + "\n\n{\n" + `{"nobody":"knows"}` + "\n" + `{"ttl":"soon"}`
	r := open(t, list+bad, share...)
	assert.Equal(t, exitRefused, r.code)
	var items strings.Builder
	failed := map[string]bool{}
	for line := range strings.Lines(r.out) {
		var one struct {
			Error string `json:"error"`
		}
		require.NoError(t, json.Unmarshal([]byte(line), &one))
		if one.Error == "" {
			items.WriteString(line)
		}
		failed[one.Error] = true
	}
	for _, words := range []string{
		"", "status must be Approved", "item 5 of the list: session_id is no JSON string",
		"item 6 of the list: it is no JSON object", "item 7 of the list: it has a member that is none of", "ttl must be a duration",
	} {
		found := false
		for text := range failed {
			found = found || strings.Contains(text, words)
		}
		assert.True(t, found, words)
	}
	r = cli(t, items.String(), w.as(w.bKey, "bulk", "import", "-o", "json", "--user-workflow", w.b.Workflow(didit.KindUser), "--review", "trust_source")...)
	r.done(t)
	assert.Equal(t, 3, strings.Count(r.out, `"status":"Approved"`))

	// A column of an item wins over the flag.
	token := w.a.Share(w.session(), w.b, 0)
	item := `{"share_token":"` + token.Reveal() + `","vendor_data":"` + vendorData + `","review":"review_again","workflow_id":"` + w.b.Workflow(didit.KindUser) + `"}`
	r = cli(t, item, w.as(w.bKey, "bulk", "import", "-o", "json", "--user-workflow", w.a.ID, "--review", "trust_source")...).done(t)
	assert.Contains(t, r.out, "In Review")
	assert.Equal(t, vendorData, w.b.Sessions()[3].VendorData)
}

// TestBulkAgain: what may be tried again is code 75, and a run that resumes says so.
func TestBulkAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	list := w.write(t, "list.csv", w.many(1)) // a second one would wait the hour for its turn
	share := w.as(w.aKey, "bulk", "share", "--in", list, "--for", w.b.ID, "--results", w.path("tokens.csv"))
	w.server.Inject(didittest.Fault{Operation: didittest.OpShareSession, Kind: didittest.FaultRateLimited, RetryAfter: 3600e9, Times: -1})
	r := cli(t, "", share...)
	assert.Equal(t, exitAgain, r.code, r.errs)
	assert.Contains(t, r.errs, "1 failed, of which 1 may be tried again; with --resume another run would go on")
	cli(t, "", share...).fails(t, exitUsage, "--results: "+w.path("tokens.csv")+" is there already")
}

func TestBulkRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	session := w.session()
	held, err := bulk.OpenFile(w.path("held"))
	require.NoError(t, err)
	defer func() { _ = held.Close() }()
	share := func(in string, args ...string) result {
		return cli(t, in, w.as(w.aKey, append([]string{"bulk", "share", "--for", w.b.ID}, args...)...)...)
	}
	cli(t, "", w.as(w.aKey, "bulk", "share", "--for", w.b.ID)...).fails(t, exitUsage, "at least one of the flags in the group [results reveal]")
	share("", "--reveal").fails(t, exitUsage, "--in: is empty; it has these columns: id, session_id")
	share("session_id,"+vendorData+"\n", "--reveal").fails(t, exitUsage, "column 2 of the heading is none of: id, session_id")
	share("\"", "--reveal").fails(t, exitUsage, "no heading")
	share("", "--reveal", "--in", w.path("none.csv")).fails(t, exitUsage, "--in: open")
	share("session_id\n", "--results", w.path("none/x")).fails(t, exitUsage, "--results: open")
	share("session_id\n", "--reveal", "--resume", w.path("held")).fails(t, exitRefused, "--resume: bulk: the checkpoint's file is in use")
	share("session_id\n"+session+"\n", "--reveal", "--workers", "-1").fails(t, exitUsage, "--workers")
	for _, test := range []struct{ command, list, flags, words string }{
		{"share", "session_id\n", "--reveal", "--for"},
		{"share", "session_id\n", "--reveal --ttl 1s --for " + w.b.ID, "--ttl"},
		{"share", "session_id,for_application_id\n", "--reveal --ttl 1s", "--ttl"},
		{"import", "id\n", "--review trust_source --workflow " + w.b.ID, "no column share_token"},
		{"import", "share_token\n", "--workflow " + w.b.ID, "--review"},
		{"import", "share_token,review\n", "--review yes --workflow " + w.b.ID, "--review"},
		{"import", "share_token\n", "--review trust_source", "--workflow"},
		{"import", "share_token\n", "--review trust_source --workflow " + w.b.ID + " --resume " + w.path("new"), "no column vendor_data, which --resume needs"},
		{"import", "share_token\n", "--review trust_source --id-as-vendor-data --workflow " + w.b.ID + " --resume " + w.path("new"), "no column vendor_data, which --resume needs"},
		{"import", "share_token\n", "--review trust_source --workers -1 --workflow " + w.b.ID + " --results " + w.path("new"), "--workers must not be negative"},
		{"share", "id\n", "--reveal --for " + w.b.ID, "no column session_id"},
	} {
		flags := append(strings.Fields(test.flags), "--in", w.write(t, "list", test.list))
		cli(t, "", w.as(w.bKey, append([]string{"bulk", test.command}, flags...)...)...).fails(t, exitUsage, test.words)
	}
	require.NoError(t, os.WriteFile(w.path("bad.csv"), []byte("\""), 0o600))
	share("", "--reveal", "--in", w.path("bad.csv")).fails(t, exitUsage, "no heading")
}

func TestProgressText(t *testing.T) {
	t.Parallel()
	assert.Equal(t, " 30 of 9000, 300 a minute, 29m54s left, 1 failed, 2 wait",
		progressText(&bulk.Progress{Total: 9000, Done: 20, Skipped: 10, PerMinute: 300, Left: 1794e9, Failed: 1, Waiting: 2}))
	assert.Equal(t, " 1, 0 a minute", progressText(&bulk.Progress{Done: 1, Left: -1}))
}

// TestBar: on a terminal the bar shows where the run ended.
func TestBar(t *testing.T) {
	t.Parallel()
	var none *bar
	none.show(bulk.Progress{})
	none.end()
	assert.Nil(t, newBar(new(strings.Builder), 3))
	var out strings.Builder
	b := makeBar(3, mpbTerminal(&out)...)
	b.show(bulk.Progress{Total: 3, Done: 2, Failed: 1})
	b.end()
	assert.Contains(t, out.String(), "2 of 3")
}

func mpbTerminal(out *strings.Builder) []mpb.ContainerOption {
	return []mpb.ContainerOption{mpb.WithOutput(out), mpb.WithAutoRefresh(), mpb.WithWidth(80)}
}
