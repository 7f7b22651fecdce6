package bulk_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/bulk"
	"github.com/didit-go/didit/didittest"
)

// childFile is the variable that makes the test's program a run on the file that it names.
const childFile = "BULK_TEST_FILE"

// order is what a child is told on its standard input.
type order struct {
	URL      string   `json:"url"`
	Key      string   `json:"key"`
	Workflow string   `json:"workflow"`
	Tokens   []string `json:"tokens"`
	Point    string   `json:"point"` // where it stops, and waits to be killed; "" for nowhere
	After    int      `json:"after"` // how often it passes there before
}

// points are where a child can stop.
var points = []string{"before the request", "before the answer", "in the body", "before the record", "after the record"}

// TestKilled kills a run fifty times, and looks each time at what it left behind.
func TestKilled(t *testing.T) {
	t.Parallel()
	const n, kills = 500, 50
	server := didittest.NewServer(didittest.WithHistory(0))
	defer server.Close()
	a, b := server.AddApplication("Partner A"), server.AddApplication("Partner B")
	o := order{URL: server.URL(), Key: b.APIKey, Workflow: b.Workflow(didit.KindUser)}
	for range n {
		o.Tokens = append(o.Tokens, a.Share(a.AddSession(didittest.SessionFixture{}), b, time.Hour).Reveal())
	}
	path := filepath.Join(t.TempDir(), "done.jsonl")
	random := rand.New(rand.NewPCG(1, 2))
	delivered, twice, killed, torn := map[string]bool{}, 0, 0, 0
	round := func() {
		wasKilled, lines := runChild(t, path, o)
		for _, id := range lines {
			if delivered[id] {
				twice++
			}
			delivered[id] = true
		}
		if wasKilled {
			killed++
		}
		for id := range recorded(t, path) {
			assert.True(t, delivered[id], "recorded, but not delivered")
		}
	}
	for i := range kills {
		o.Point, o.After = points[i%len(points)], random.IntN(10)
		round()
		if random.IntN(3) == 0 { // killed in the middle of writing a line
			line := []byte(`{"id":"11111111-0000-4000-8000-000000000000","state":"done","at":"2026-05-04T03:02:01Z"}`)
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			require.NoError(t, err)
			_, err = f.Write(line[:1+random.IntN(len(line))])
			require.NoError(t, err)
			require.NoError(t, f.Close())
			torn++
		}
	}
	o.Point = ""
	round()
	t.Logf("%d imported, killed %d times, %d torn lines, %d delivered twice", n, killed, torn, twice)
	assert.Equal(t, kills, killed)
	assert.Len(t, delivered, n, "nothing is missing")
	assert.Len(t, recorded(t, path), n)
	sources := map[string]bool{}
	for _, s := range b.Sessions() {
		sources[s.SharedFrom] = true
	}
	assert.Len(t, b.Sessions(), n, "nothing is imported twice")
	assert.Len(t, sources, n)
}

// recorded are the ids that the file says are done.
func recorded(t *testing.T, path string) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.Split(string(text), "\n")
	done := map[string]bool{}
	for _, line := range lines[:len(lines)-1] { // what follows the last newline is torn
		var r bulk.Record
		require.NoError(t, json.Unmarshal([]byte(line), &r))
		if r.State == bulk.Done {
			done[r.ID] = true
		}
	}
	return done
}

// runChild runs a child until it ends or stops, and returns the ids that it delivered.
func runChild(t *testing.T, path string, o order) (killed bool, delivered []string) {
	t.Helper()
	text, err := json.Marshal(o)
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childFile+"="+path)
	cmd.Stdin, cmd.Stderr = strings.NewReader(string(text)), os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == "stopped" {
			killed = true
			require.NoError(t, cmd.Process.Kill())
			continue // what it wrote before
		}
		delivered = append(delivered, lines.Text())
	}
	if err := cmd.Wait(); !killed {
		require.NoError(t, err)
	}
	return killed, delivered
}

// child imports what it is told to. It writes the id of each delivered item.
func child() int {
	var o order
	if err := json.NewDecoder(os.Stdin).Decode(&o); err != nil {
		return fail(err)
	}
	file, err := bulk.OpenFile(os.Getenv(childFile))
	if err != nil {
		return fail(err)
	}
	var passed atomic.Int64
	reach := func(point string) {
		if point != o.Point {
			return
		}
		switch n := passed.Add(1) - 1; {
		case n == int64(o.After):
			fmt.Println("stopped")
			select {}
		case n > int64(o.After):
			select {} // nobody gets by
		}
	}
	client, err := didit.NewClient(didit.WithBaseURL(o.URL), didit.WithAPIKey(o.Key), didit.WithMaxRetries(0),
		didit.WithHTTPClient(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method != http.MethodPost {
				return http.DefaultTransport.RoundTrip(r)
			}
			reach("before the request")
			resp, err := http.DefaultTransport.RoundTrip(r)
			reach("before the answer")
			return resp, err
		})}))
	if err != nil {
		return fail(err)
	}
	items := func(yield func(bulk.ImportItem, error) bool) {
		for i, token := range o.Tokens {
			p := didit.ImportSharedSessionParams{
				Token: didit.NewShareToken(token), WorkflowID: o.Workflow, Review: didit.ReviewAgain, VendorData: "customer-" + strconv.Itoa(i),
			}
			if !yield(bulk.ImportItem{Params: p}, nil) {
				return
			}
		}
	}
	run := bulk.Import(context.Background(), client, items, bulk.Options{Checkpoint: stopping{file, reach}})
	for r := range run.All() {
		if r.Err != nil {
			return fail(r.Err)
		}
		fmt.Println(r.Value.SharedFromSession)
		reach("in the body")
	}
	if err := run.Err(); err != nil {
		return fail(err)
	}
	if err := file.Close(); err != nil {
		return fail(err)
	}
	return 0
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// stopping is a file around whose records a child can stop.
type stopping struct {
	*bulk.File
	reach func(point string)
}

func (s stopping) Record(ctx context.Context, r bulk.Record) error {
	s.reach("before the record")
	err := s.File.Record(ctx, r)
	s.reach("after the record")
	return err
}
