package bulk_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/bulk"
)

func open(t *testing.T, path string) *bulk.File {
	t.Helper()
	f, err := bulk.OpenFile(path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "done.jsonl")
	f := open(t, path)
	at := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	begun := bulk.Record{ID: "a", SourceSessionID: "s", State: bulk.Begun, At: at}
	done := bulk.Record{ID: "a", SourceSessionID: "s", SessionID: "c", State: bulk.Done, At: at.Add(time.Second)}
	require.NoError(t, f.Record(t.Context(), begun))
	require.NoError(t, f.Record(t.Context(), bulk.Record{ID: "b\n\"<é", State: bulk.Done, At: at}))
	got, ok, err := f.Lookup(t.Context(), "a")
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Equal(t, begun, got)
	require.NoError(t, f.Record(t.Context(), done))
	check := func(f *bulk.File) {
		got, ok, err := f.Lookup(t.Context(), "a")
		require.NoError(t, err)
		assert.True(t, ok)
		assert.Equal(t, done, got, "the last one")
		_, ok, err = f.Lookup(t.Context(), "b\n\"<é")
		require.NoError(t, err)
		assert.True(t, ok)
		_, ok, err = f.Lookup(t.Context(), "c")
		require.NoError(t, err)
		assert.False(t, ok)
	}
	check(f)
	require.NoError(t, f.Close())
	require.NoError(t, f.Close())
	again := open(t, path)
	check(again)
	require.NoError(t, again.Close())

	text, err := os.ReadFile(path)
	require.NoError(t, err)
	first, _, _ := strings.Cut(string(text), "\n")
	assert.JSONEq(t, `{"id":"a","source_session_id":"s","state":"begun","at":"2026-05-04T03:02:01Z"}`, first)
	assert.Contains(t, string(text), `{"id":"a","session_id":"c","source_session_id":"s","state":"done","at":"2026-05-04T03:02:02Z"}`+"\n")
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestFileRefusals(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "done.jsonl")
	f := open(t, path)
	require.Error(t, f.Record(t.Context(), bulk.Record{State: bulk.Done}))
	require.Error(t, f.Record(t.Context(), bulk.Record{ID: "a"}))
	require.Error(t, f.Record(t.Context(), bulk.Record{ID: "\xff", State: bulk.Done}))
	require.Error(t, f.Record(t.Context(), bulk.Record{ID: strings.Repeat("x", 64<<10), State: bulk.Done}))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, f.Record(ended, bulk.Record{ID: "a", State: bulk.Done}), context.Canceled)
	_, _, err := f.Lookup(ended, "a")
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, f.Close(), "a refusal is no failed write")
	require.ErrorIs(t, f.Record(t.Context(), bulk.Record{ID: "a", State: bulk.Done}), os.ErrClosed)
	_, _, err = f.Lookup(t.Context(), "a")
	require.ErrorIs(t, err, os.ErrClosed)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Zero(t, info.Size())

	_, err = bulk.OpenFile(t.TempDir())
	require.Error(t, err)
}

func TestFileInUse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "done.jsonl")
	f := open(t, path)
	_, err := bulk.OpenFile(path)
	require.ErrorIs(t, err, bulk.ErrInUse)
	require.NoError(t, f.Close())
	open(t, path)
}

// TestFileTorn cuts the file anywhere in its last line.
func TestFileTorn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := open(t, filepath.Join(dir, "whole"))
	for _, id := range []string{"a", "b"} {
		require.NoError(t, f.Record(t.Context(), bulk.Record{ID: id, State: bulk.Done}))
	}
	require.NoError(t, f.Close())
	whole, err := os.ReadFile(filepath.Join(dir, "whole"))
	require.NoError(t, err)
	first := bytes.IndexByte(whole, '\n') + 1
	for size := first; size < len(whole); size++ {
		path := filepath.Join(dir, fmt.Sprint(size))
		require.NoError(t, os.WriteFile(path, whole[:size], 0o600))
		f := open(t, path)
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, int64(first), info.Size())
		_, ok, err := f.Lookup(t.Context(), "a")
		require.NoError(t, err)
		assert.True(t, ok)
		_, ok, err = f.Lookup(t.Context(), "b")
		require.NoError(t, err)
		assert.False(t, ok)
		require.NoError(t, f.Record(t.Context(), bulk.Record{ID: "b", State: bulk.Done}))
		require.NoError(t, f.Close())
		mended, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, string(whole), string(mended))
	}
}

// TestFileOfAnother: one line without its end may be a torn record, or somebody's key.
func TestFileOfAnother(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	for _, text := range []string{"a-key-of-somebody", `{"key":"x"}`, "{\n", "x\ny"} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := bulk.OpenFile(path)
		require.Error(t, err, text)
		left, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, text, string(left))
	}
	for _, text := range []string{"", "{", `{"id":"`, `{"id":"a","state":"do`, "\x00\x00"} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		require.NoError(t, open(t, path).Close())
		left, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Empty(t, left)
	}
}

func TestFileDamaged(t *testing.T) {
	t.Parallel()
	const good = `{"id":"a","state":"done","at":"2026-05-04T03:02:01Z"}` + "\n"
	for name, text := range map[string]string{
		"garbage":        good + "garbage\n" + good,
		"cut and joined": good + good[:20] + good + good,
		"empty line":     good + "\n" + good,
		"no id":          good + `{"state":"done"}` + "\n" + good,
		"unknown state":  good + `{"id":"b","state":"half"}` + "\n",
		"whole and last": good + "garbage\n",
		"zeros":          good + string(make([]byte, 100)) + "\n" + good,
		"long":           good + strings.Repeat("x", 70<<10) + "\n" + good,
		"long and last":  good + strings.Repeat("x", 70<<10),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "done.jsonl")
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			_, err := bulk.OpenFile(path)
			require.ErrorContains(t, err, "line 2 ")
			_, err = bulk.OpenFile(path)
			require.NotErrorIs(t, err, bulk.ErrInUse, "nothing is held")
			left, err := os.ReadFile(path)
			require.NoError(t, err)
			assert.Equal(t, text, string(left), "as it was")
		})
	}
}

// TestFileOtherFields reads records that a later version wrote.
func TestFileOtherFields(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "done.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(`{"id":"a","state":"done","more":[1]}`+"\n"), 0o600))
	r, ok, err := open(t, path).Lookup(t.Context(), "a")
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Equal(t, bulk.Done, r.State)
}

// TestFileChanged is a file that somebody else wrote to.
func TestFileChanged(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "done.jsonl")
	f := open(t, path)
	require.NoError(t, f.Record(t.Context(), bulk.Record{ID: "a", State: bulk.Done}))
	require.NoError(t, os.WriteFile(path, []byte(`{"id":"b","state":"done"}`+"\n"), 0o600))
	_, _, err := f.Lookup(t.Context(), "a")
	require.ErrorContains(t, err, "changed")
	require.NoError(t, os.Truncate(path, 0))
	_, _, err = f.Lookup(t.Context(), "a")
	require.Error(t, err)
}

// TestFileTogether writes from many goroutines, and reads all the while.
func TestFileTogether(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "done.jsonl")
	f := open(t, path)
	var all sync.WaitGroup
	for i := range 64 {
		all.Go(func() {
			for j := range 10 {
				id := fmt.Sprint(i, "-", j)
				begun := f.Record(t.Context(), bulk.Record{ID: id, State: bulk.Begun})
				r, ok, err := f.Lookup(t.Context(), id)
				done := f.Record(t.Context(), bulk.Record{ID: id, State: bulk.Done})
				if err := errors.Join(begun, err, done); err != nil {
					t.Error(err)
				}
				assert.True(t, ok)
				assert.Equal(t, bulk.Begun, r.State)
			}
		})
	}
	all.Wait()
	require.NoError(t, f.Close())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, 1280, bytes.Count(text, []byte("\n")))
	f = open(t, path)
	for i := range 64 {
		r, _, err := f.Lookup(t.Context(), fmt.Sprint(i, "-", 9))
		require.NoError(t, err)
		assert.Equal(t, bulk.Done, r.State)
	}
}
