package main

import (
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/didit-go/didit/bulk"
	"github.com/didit-go/didit/didittest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const fast = 1_000_000 // a minute

// TestMove interrupts a run and lets it go on.
func TestMove(t *testing.T) {
	t.Parallel()
	const sessions = 300
	dir := t.TempDir()
	server, err := play(dir, sessions, fast)
	require.NoError(t, err)
	defer server.Close()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	defer func() { _ = out.Close() }()

	// A hundred are imported, and then Didit does not answer.
	silence := server.Inject(didittest.Fault{
		Operation: didittest.OpImportSharedSession, Kind: didittest.FaultSlow, Skip: 100, Times: -1,
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for silence.Fired() == 0 {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	require.ErrorIs(t, move(ctx, dir, out), context.Canceled)
	silence.Stop()
	assert.LessOrEqual(t, len(readResults(t, dir)), 120)

	fault := server.Inject(didittest.Fault{Operation: didittest.OpShareSession, Kind: didittest.FaultHugeBody})
	_, err = play(dir, sessions, fast)
	require.ErrorContains(t, err, "another folder")
	require.NoError(t, move(t.Context(), dir, out))
	assert.Equal(t, 1, fault.Fired())
	require.NoError(t, move(t.Context(), dir, out), "the one that failed")

	imported := map[string]bool{}
	failed := 0
	for _, r := range readResults(t, dir) {
		if r[4] != "" {
			failed++
			continue
		}
		assert.Equal(t, "Approved", r[2])
		imported[r[0]] = true
	}
	assert.Len(t, imported, sessions)
	assert.Len(t, server.Applications()[1].Sessions(), sessions)
	assert.GreaterOrEqual(t, failed, 1)
	text, err := os.ReadFile(out.Name())
	require.NoError(t, err)
	assert.Contains(t, string(text), "299 of 300 imported")
	assert.Contains(t, string(text), "300 of 300 imported")
	assert.NotContains(t, string(text), "\r", "a file is no terminal")
	for _, name := range []string{"results.csv", "done.jsonl"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.NotContains(t, string(text), "eyJ", "no token")
	}
}

func readResults(t *testing.T, dir string) [][]string {
	t.Helper()
	file, err := os.Open(filepath.Join(dir, "results.csv"))
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	all, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	return all[1:]
}

// TestBadRows are failures of their own.
func TestBadRows(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	server, err := play(dir, 2, fast)
	require.NoError(t, err)
	defer server.Close()
	list, err := os.OpenFile(filepath.Join(dir, "sessions.csv"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = list.WriteString("one field\nno-session,customer-9\nno-session,customer-1\n")
	require.NoError(t, err)
	require.NoError(t, list.Close())
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	defer func() { _ = out.Close() }()
	require.NoError(t, move(t.Context(), dir, out))
	failed := map[string]string{}
	for _, r := range readResults(t, dir) {
		if r[4] != "" {
			failed[r[0]] = r[4]
		}
	}
	assert.Contains(t, failed[""], "wrong number of fields")
	assert.Contains(t, failed["customer-9"], "must be a UUID")
	assert.Contains(t, failed["customer-1"], "was told before")
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, run(t.Context(), "", true, 1, 1), "-dir")
	require.ErrorContains(t, run(t.Context(), "", false, 0, 1), "1 or more")
	require.ErrorContains(t, run(t.Context(), t.TempDir(), false, 1, 1), "-serve")
}

func TestProgressLine(t *testing.T) {
	t.Parallel()
	show := func(terminal bool) string {
		var out strings.Builder
		l := &progressLine{out: &out, terminal: terminal, earlier: 1000}
		for i := range 250 {
			p := bulk.Progress{Total: 9000, Done: i * 20, PerMinute: 12_000, Left: time.Duration(9000-i*20) * 5 * time.Millisecond}
			p.Elapsed = time.Duration(i) * 100 * time.Millisecond
			p.Failed, p.Waiting = i/100, i%2
			l.show(p)
		}
		l.end()
		return out.String()
	}
	lines := strings.Split(show(false), "\n")
	assert.Equal(t, []string{
		"3000 of 10000 imported, 12000 a minute, 35s left, 1 failed",
		"5000 of 10000 imported, 12000 a minute, 25s left, 2 failed",
		"5980 of 10000 imported, 12000 a minute, 20s left, 2 failed, 1 wait to be tried again", "",
	}, lines)
	shown := strings.Split(show(true), "\r")
	assert.Len(t, shown, 251)
	assert.Equal(t, "1020 of 10000 imported, 12000 a minute, 45s left, 1 wait to be tried again\x1b[K", shown[2])
	assert.Equal(t, 1, strings.Count(show(true), "\n"))
	assert.Contains(t, new(progressLine).text(bulk.Progress{Left: -1}), "not known")
}
