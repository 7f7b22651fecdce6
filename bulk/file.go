package bulk

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// ErrInUse means that another run holds the file, in this process or another one.
var ErrInUse = errors.New("bulk: the checkpoint's file is in use by another run")

// maxLine is more than any record needs.
const maxLine = 64 << 10

// File is a [Checkpoint] in a file of JSON lines, a [Record] each. It holds some 40
// bytes of memory for each id; the records stay on the disk. Any number of goroutines
// may use it.
type File struct {
	file *os.File

	mu     sync.RWMutex // guards what follows
	places map[digest]int64
	next   *batch
	closed bool

	writing sync.Mutex // one batch at a time; guards what follows
	size    int64
	err     error // the first that a write met
}

// batch is the lines that are written, and synced, together.
type batch struct {
	lines   []byte
	digests []digest
	starts  []int64 // of the lines, in lines
	written bool
	err     error
}

// OpenFile opens the file of an earlier run, or makes one with mode 0600. Use one for
// each list of items, and one each for its shares and its imports: runs of several lists
// would take each other's ids for done.
//
// A last line that a crash cut short is dropped: nothing had been reported as recorded
// by it. A damaged line before it is an error that names its number, and a file that never
// was a checkpoint's is one too; then the file is left as it is. The file is locked until
// Close or the process's end, by the kernel: the error matches [ErrInUse] where another run
// holds it. Do not use it on a network file system that does not keep such locks. Systems
// without flock are refused.
func OpenFile(path string) (*File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the caller's path
	if err != nil {
		return nil, fmt.Errorf("bulk: %w", err)
	}
	f := &File{file: file, places: map[digest]int64{}, next: new(batch)}
	if err := f.open(path); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return f, nil
}

func (f *File) open(path string) error {
	if err := lock(f.file); err != nil {
		return err
	}
	if err := f.load(); err != nil {
		return errors.Join(err, unlock(f.file))
	}
	// The file's name must be there after a crash as well.
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("bulk: %w", err)
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// begins reports whether a torn line can have been a record, of which a crash may have left
// zeros: somebody's other file of one line is not to be emptied.
func begins(line []byte) bool {
	const begin = `{"id":"`
	line = bytes.Trim(line, "\x00")
	n := min(len(line), len(begin))
	return string(line[:n]) == begin[:n]
}

// load learns where the records are, and drops a last line that is torn.
func (f *File) load() error {
	in := bufio.NewReaderSize(f.file, maxLine)
	for number := 1; ; number++ {
		line, err := in.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF) && len(line) == 0:
			return nil
		case errors.Is(err, io.EOF) && number == 1 && !begins(line):
			return errors.New("bulk: the file is no checkpoint's; it was left as it is")
		case errors.Is(err, io.EOF):
			if err := f.file.Truncate(f.size); err != nil {
				return fmt.Errorf("bulk: drop the torn last line: %w", err)
			}
			return nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return fmt.Errorf("bulk: %w", err)
		}
		r, ok := parse(line)
		if err != nil || !ok {
			return fmt.Errorf("bulk: line %d of the checkpoint's file is damaged; restore the file, or take the line out", number)
		}
		f.places[digestOf(r.ID)] = f.size
		f.size += int64(len(line))
	}
}

// parse reads a line.
func parse(line []byte) (r Record, ok bool) {
	err := json.Unmarshal(line, &r)
	return r, err == nil && r.ID != "" && (r.State == Begun || r.State == Done)
}

// Lookup returns the last record of an id. After Close it fails with [os.ErrClosed].
func (f *File) Lookup(ctx context.Context, id string) (Record, bool, error) {
	if err := ctx.Err(); err != nil {
		return Record{}, false, err
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.closed {
		return Record{}, false, fmt.Errorf("bulk: the checkpoint's file: %w", os.ErrClosed)
	}
	place, found := f.places[digestOf(id)]
	if !found {
		return Record{}, false, nil
	}
	line, err := bufio.NewReader(io.NewSectionReader(f.file, place, maxLine)).ReadBytes('\n')
	if err != nil {
		return Record{}, false, fmt.Errorf("bulk: read the checkpoint's file: %w", err)
	}
	r, ok := parse(line)
	if !ok || r.ID != id {
		return Record{}, false, errors.New("bulk: the checkpoint's file was changed by others")
	}
	return r, true, nil
}

// Record appends r and returns when it is on the disk. Records that come at the same
// time share one fsync. After the first error that a write meets, it returns that
// error: what is in the file since is not known. After Close it fails with
// [os.ErrClosed].
func (f *File) Record(ctx context.Context, r Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("bulk: %w", err)
	}
	line = append(line, '\n')
	if back, ok := parse(line); !ok || back.ID != r.ID {
		return errors.New("bulk: a record needs an ID in UTF-8, and Begun or Done as its State")
	}
	if len(line) > maxLine {
		return errors.New("bulk: a record is longer than 64 KiB")
	}
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return fmt.Errorf("bulk: the checkpoint's file: %w", os.ErrClosed)
	}
	b := f.next
	b.digests = append(b.digests, digestOf(r.ID))
	b.starts = append(b.starts, int64(len(b.lines)))
	b.lines = append(b.lines, line...)
	f.mu.Unlock()

	f.writing.Lock()
	defer f.writing.Unlock()
	if !b.written { // else one that came at the same time has written it
		f.write()
	}
	return b.err
}

// write writes what has gathered while the last write was under way.
func (f *File) write() {
	f.mu.Lock()
	b := f.next
	f.next = new(batch)
	f.mu.Unlock()
	b.written = true
	if f.err == nil {
		_, err := f.file.WriteAt(b.lines, f.size)
		if err == nil {
			err = f.file.Sync()
		}
		if err != nil {
			f.err = fmt.Errorf("bulk: write the checkpoint's file: %w", err)
		}
	}
	if b.err = f.err; b.err != nil {
		return
	}
	f.mu.Lock()
	for i, d := range b.digests {
		f.places[d] = f.size + b.starts[i]
	}
	f.mu.Unlock()
	f.size += int64(len(b.lines))
}

// Close writes what has gathered and lets go of the file. It repeats the first error
// that a write met: then the last records may be missing. It may be called twice, and
// says the same.
func (f *File) Close() error {
	f.writing.Lock()
	defer f.writing.Unlock()
	if !f.close() {
		return f.err
	}
	f.write()
	if err := errors.Join(unlock(f.file), f.file.Close()); err != nil && f.err == nil {
		f.err = fmt.Errorf("bulk: close the checkpoint's file: %w", err)
	}
	return f.err
}

// close lets no more records in. It reports whether they were let in before.
func (f *File) close() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	open := !f.closed
	f.closed = true
	return open
}
