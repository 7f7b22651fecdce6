package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"
)

// columns are what a list may have.
type columns struct {
	used    []string
	needed  string
	ignored []string // what other commands print beside it
	// choose passes on the rows that count. It says how many people have no row that does.
	choose func(rows iter.Seq2[row, error], unshared *int) iter.Seq2[row, error]
}

func (c columns) known(name string) bool {
	return slices.Contains(c.used, name) || slices.Contains(c.ignored, name)
}

// items is a list: CSV with a heading, or JSON lines.
type items struct {
	columns  columns
	total    int // 0: not known
	unshared int // people without a row that counts, once the list is read
	lines    *bufio.Reader
	table    *csv.Reader // nil: JSON lines
	heading  []string
	end      func()
}

// openItems opens a list and reads its heading.
func (t *tool) openItems(ctx context.Context, path string, c columns) (*items, error) {
	list, err := t.beginItems(ctx, path, c)
	if err != nil {
		return nil, err
	}
	// What is not a file can be read once only.
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
		again, err := t.beginItems(ctx, path, c)
		if err != nil {
			return nil, errors.Join(err, list.close())
		}
		for range again.rows() { //nolint:errcheck // a row that cannot be read is an item as well
			list.total++
		}
		again.end()
	}
	return list, nil
}

func (t *tool) beginItems(ctx context.Context, path string, c columns) (*items, error) {
	in, end, err := t.open(ctx, "--in", path)
	if err != nil {
		return nil, err
	}
	list := &items{columns: c, lines: bufio.NewReader(in), end: end}
	if err := list.begin(); err != nil {
		end()
		return nil, err
	}
	return list, nil
}

func (l *items) close() error {
	l.end()
	return nil
}

// begin tells CSV from JSON lines, and reads the heading.
func (l *items) begin() error {
	if mark, _ := l.lines.Peek(3); string(mark) == "\ufeff" {
		_, _ = l.lines.Discard(len(mark)) // spreadsheets begin a file so
	}
	switch first, err := l.lines.Peek(1); {
	case errors.Is(err, io.EOF):
		return usageError("--in: is empty; it has these columns: " + strings.Join(l.columns.used, ", "))
	case err != nil:
		return err
	case first[0] == '{':
		return nil
	}
	l.table = csv.NewReader(l.lines)
	heading, err := l.table.Read()
	if err != nil {
		return usageError("--in: its first line is no heading in CSV")
	}
	for i, name := range heading {
		heading[i] = strings.ToLower(strings.TrimSpace(name))
		if !l.columns.known(heading[i]) { // its name is not quoted: it may be somebody's
			return usageError(fmt.Sprintf("--in: column %d of the heading is none of: %s", i+1, strings.Join(l.columns.used, ", ")))
		}
	}
	if l.heading = heading; !l.lists(l.columns.needed) {
		return usageError("--in: has no column " + l.columns.needed)
	}
	return nil
}

// lists reports whether a list may have a column.
func (l *items) lists(column string) bool {
	return l.table == nil || slices.Contains(l.heading, column)
}

// A row has the columns that are used.
type row map[string]string

// rows reads the rows that count.
func (l *items) rows() iter.Seq2[row, error] {
	if l.columns.choose == nil {
		return l.all()
	}
	return l.columns.choose(l.all(), &l.unshared)
}

// all reads the list. A row that cannot be read is an error, and the rows behind it are
// read. No error quotes a row.
func (l *items) all() iter.Seq2[row, error] {
	next := l.nextJSON
	if l.table != nil {
		next = l.nextCSV
	}
	return func(yield func(row, error) bool) {
		for n := 1; ; n++ {
			r, err := next()
			bad, isBad := errors.AsType[badRow](err)
			switch {
			case errors.Is(err, io.EOF), errors.Is(err, context.Canceled):
				return
			case isBad:
				err = fmt.Errorf("item %d of the list: %w", n, bad)
			case err != nil:
				yield(nil, fmt.Errorf("the list could not be read to its end: %w", err))
				return
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// badRow is a row that cannot be read, with others behind it.
type badRow string

func (b badRow) Error() string { return string(b) }

func (l *items) nextCSV() (row, error) {
	values, err := l.table.Read()
	if bad, ok := errors.AsType[*csv.ParseError](err); ok {
		return nil, badRow(bad.Error())
	}
	if err != nil {
		return nil, err
	}
	r := row{}
	for i, name := range l.heading {
		r[name] = values[i]
	}
	return r, nil
}

func (l *items) nextJSON() (row, error) {
	var line []byte
	for len(line) == 0 {
		read, err := l.lines.ReadBytes('\n')
		if line = bytes.TrimSpace(read); len(line) == 0 && err != nil {
			return nil, err
		}
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(line, &members) != nil {
		return nil, badRow("it is no JSON object on one line")
	}
	r := row{}
	for name, value := range members {
		var text string
		switch {
		case json.Unmarshal(value, &text) != nil && slices.Contains(l.columns.used, name):
			return nil, badRow(name + " is no JSON string")
		case !l.columns.known(name):
			return nil, badRow("it has a member that is none of: " + strings.Join(l.columns.used, ", "))
		}
		r[name] = text
	}
	return r, nil
}
