package main

import (
	"encoding/csv"
	"errors"
	"os"
	"strconv"

	"github.com/didit-go/didit/bulk"
)

// results is the CSV of what became of each session. It never has a token.
type results struct {
	path string
	file *os.File
	out  *csv.Writer
}

// openResults goes on with the results of an earlier run.
func openResults(path string) (*results, error) {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // the caller's folder
	if err != nil {
		return nil, err
	}
	r := &results{path, file, csv.NewWriter(file)}
	info, err := file.Stat()
	if err == nil && info.Size() == 0 {
		err = r.write("reference", "copy", "status", "recovered", "error")
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return r, nil
}

// add writes a result. It is in the file when the loop asks for the next one.
func (r *results) add(one *bulk.ImportResult) error {
	if one.Err == nil {
		v := one.Value
		return r.write(one.Item.ID, v.SessionID, string(v.Status), strconv.FormatBool(v.Recovered), "")
	}
	reference := one.Item.ID
	if share, ok := errors.AsType[*shareError](one.Err); ok {
		reference = share.reference
	}
	return r.write(reference, "", "", "", one.Err.Error())
}

func (r *results) write(fields ...string) error {
	if err := r.out.Write(fields); err != nil {
		return err
	}
	r.out.Flush()
	return r.out.Error()
}

func (r *results) close() error { return r.file.Close() }

// shareError is a share that failed, on its way through the import's input.
type shareError struct {
	reference string
	err       error
}

func (e *shareError) Error() string { return e.err.Error() }
func (e *shareError) Unwrap() error { return e.err }
