package main

import (
	"os"
	"path/filepath"
)

// distinct refuses a run of which two files are one: it would write over what it reads, or
// over its own results.
func (t *tool) distinct(b bulkFlags) error {
	for _, pair := range []struct {
		flags string
		same  bool
	}{
		{"--in and --results", t.isList(b.in, b.results)},
		{"--in and --resume", t.isList(b.in, b.resume)},
		{"--results and --resume", sameFile(b.results, b.resume)},
	} {
		if pair.same {
			return usageError(pair.flags + " are one file")
		}
	}
	return nil
}

// isList reports whether a path names the list, which may be standard input's file.
func (t *tool) isList(list, path string) bool {
	if list != "" && list != "-" {
		return sameFile(list, path)
	}
	in, ok := t.in.(*os.File)
	if !ok {
		return false
	}
	a, errA := in.Stat()
	b, errB := os.Stat(path)
	return errA == nil && errB == nil && os.SameFile(a, b)
}

// sameFile reports whether two paths name one file, or would if it were made.
func sameFile(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	switch {
	case errA == nil && errB == nil:
		return os.SameFile(infoA, infoB)
	case errA == nil || errB == nil:
		return false
	}
	return filepath.Base(a) == filepath.Base(b) && sameFile(filepath.Dir(a), filepath.Dir(b))
}
