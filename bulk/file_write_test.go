package bulk

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestFileWriteFails holds every later record and Close to the first error.
func TestFileWriteFails(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "done.jsonl")
	f, err := OpenFile(path)
	require.NoError(t, err)
	require.NoError(t, f.Record(t.Context(), Record{ID: "a", State: Done}))
	writable := f.file
	f.file, err = os.Open(path) // refuses to be written to
	require.NoError(t, err)
	first := f.Record(t.Context(), Record{ID: "b", State: Done})
	require.ErrorContains(t, first, "write the checkpoint's file")
	require.NoError(t, f.file.Close())
	f.file = writable
	assert.Equal(t, first, f.Record(t.Context(), Record{ID: "c", State: Done}), "what is in the file is not known")
	_, ok, err := f.Lookup(t.Context(), "b")
	require.NoError(t, err)
	assert.False(t, ok)
	assert.Equal(t, first, f.Close())
	assert.Equal(t, first, f.Close())
}

// TestFileSharesSyncs gathers records while one write is under way: they become one.
func TestFileSharesSyncs(t *testing.T) {
	t.Parallel()
	f, err := OpenFile(filepath.Join(t.TempDir(), "done.jsonl"))
	require.NoError(t, err)
	f.writing.Lock() // a write that takes long
	var all sync.WaitGroup
	for _, id := range []string{"a", "b", "c"} {
		all.Go(func() { assert.NoError(t, f.Record(t.Context(), Record{ID: id, State: Done})) })
	}
	for gathered := 0; gathered < 3; {
		f.mu.Lock()
		gathered = len(f.next.digests)
		f.mu.Unlock()
	}
	b := f.next
	f.writing.Unlock()
	all.Wait()
	assert.True(t, b.written)
	assert.Len(t, b.digests, 3)
	assert.NotSame(t, b, f.next)
	assert.Empty(t, f.next.digests)
	require.NoError(t, f.Close())
}

// TestFileCloseWrites does not lose what has gathered.
func TestFileCloseWrites(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "done.jsonl")
	f, err := OpenFile(path)
	require.NoError(t, err)
	f.next.lines = append(f.next.lines, `{"id":"a","state":"done"}`+"\n"...) // its Record waits for its turn
	require.NoError(t, f.Close())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.NotEmpty(t, text)
}
