package main

import (
	"encoding/csv"
	"errors"
	"io"
	"iter"
	"os"
)

// row is a line of the list: a session, and what both partners call the person. It is
// an invented reference, not a name.
type row struct{ sessionID, reference string }

// readList reads a list with a heading, a row at a time. A row that cannot be read is
// an error, and the rows behind it are read.
func readList(path string) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		file, err := os.Open(path) //nolint:gosec // the caller's folder
		if err != nil {
			yield(row{}, err)
			return
		}
		defer func() { _ = file.Close() }()
		in := csv.NewReader(file)
		in.FieldsPerRecord, in.ReuseRecord = 2, true
		for n := 0; ; n++ {
			fields, err := in.Read()
			var bad *csv.ParseError
			switch {
			case errors.Is(err, io.EOF):
				return
			case err != nil && !errors.As(err, &bad):
				yield(row{}, err)
				return
			case err != nil:
				if !yield(row{}, err) {
					return
				}
			case n > 0 && !yield(row{fields[0], fields[1]}, nil):
				return
			}
		}
	}
}
