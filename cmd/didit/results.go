package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// results are what became of many items: a line of CSV or JSON for each, on standard
// output or in a file.
type results struct {
	t       *tool
	out     io.Writer
	file    *os.File
	heading bool // is still to be written
}

// openResults opens the file of the results, which are lines with the fields of empty. A
// run that resumes goes on with it; otherwise it has to be new.
func (t *tool) openResults(path string, resume bool, empty record) (*results, error) {
	r := &results{t: t, out: t.out, heading: true}
	if path == "" {
		return r, nil
	}
	var err error
	if _, statErr := os.Stat(path); resume && statErr == nil {
		r.file, r.heading, err = t.reopen(path, empty)
	} else {
		r.file, err = newFile("--results", path)
	}
	r.out = r.file
	return r, err
}

// reopen opens the results of an earlier run. A last line that a crash cut short is
// dropped: its item was not recorded as done. Any other file is left as it is.
func (t *tool) reopen(path string, empty record) (file *os.File, isNew bool, err error) {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return nil, false, usageError("--results: " + path + " is no regular file")
	}
	data, err := os.ReadFile(path) //nolint:gosec // the caller's own path
	if err != nil {
		return nil, false, usageError(fmt.Sprintf("--results: %v", err))
	}
	if len(data) > 0 && !t.begins(data, empty) {
		return nil, false, usageError(fmt.Sprintf("--results: %s is there, and is no earlier run's of this command with -o %s", path, t.format))
	}
	file, err = os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0) //nolint:gosec // the caller's own path
	if err != nil {
		return nil, false, usageError(fmt.Sprintf("--results: %v", err))
	}
	whole := bytes.LastIndexByte(data, '\n') + 1
	if err = errors.Join(file.Chmod(0o600), file.Truncate(int64(whole))); err != nil {
		return nil, false, errors.Join(err, file.Close())
	}
	return file, whole == 0, nil
}

// begins reports whether the first line of a file is that of results.
func (t *tool) begins(data []byte, empty record) bool {
	if t.format == formatTable {
		var heading bytes.Buffer
		_ = writeCSV(&heading, empty, true) // a buffer takes everything
		line, _ := heading.ReadBytes('\n')
		return bytes.HasPrefix(data, line)
	}
	line, _, whole := bytes.Cut(data, []byte("\n"))
	var members map[string]json.RawMessage
	if !whole || json.Unmarshal(line, &members) != nil {
		return false
	}
	for _, f := range empty {
		if _, ok := members[f.name]; !ok && !f.empty() {
			return false // every result has it
		}
		delete(members, f.name)
	}
	return len(members) == 0
}

// add writes a result. In a file it is there after a crash.
func (r *results) add(line record) error {
	var err error
	if r.t.format == formatJSON {
		err = writeJSON(r.out, line)
	} else {
		err = writeCSV(r.out, line, r.heading)
	}
	r.heading = false
	if err != nil || r.file == nil {
		return err
	}
	return r.file.Sync()
}

func (r *results) close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}
