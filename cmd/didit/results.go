package main

import (
	"bytes"
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

// openResults opens the file of the results. A run that resumes goes on with it;
// otherwise it has to be new.
func (t *tool) openResults(path string, resume bool) (*results, error) {
	r := &results{t: t, out: t.out, heading: true}
	if path == "" {
		return r, nil
	}
	var err error
	if _, statErr := os.Stat(path); resume && statErr == nil {
		r.file, r.heading, err = t.reopen(path)
	} else {
		r.file, err = newFile("--results", path)
	}
	r.out = r.file
	return r, err
}

// reopen opens the results of an earlier run. A last line that a crash cut short is
// dropped: its item was not recorded as done.
func (t *tool) reopen(path string) (file *os.File, empty bool, err error) {
	data, err := os.ReadFile(path) //nolint:gosec // the caller's own path
	if err != nil {
		return nil, false, usageError(fmt.Sprintf("--results: %v", err))
	}
	whole := data[:bytes.LastIndexByte(data, '\n')+1]
	if len(whole) > 0 && (whole[0] == '{') != (t.format == formatJSON) {
		return nil, false, usageError("--results: " + path + " has the other format: -o json writes JSON lines, -o table CSV")
	}
	file, err = os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0) //nolint:gosec // the caller's own path
	if err != nil {
		return nil, false, usageError(fmt.Sprintf("--results: %v", err))
	}
	if err = errors.Join(file.Chmod(0o600), file.Truncate(int64(len(whole)))); err != nil {
		return nil, false, errors.Join(err, file.Close())
	}
	return file, len(whole) == 0, nil
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
