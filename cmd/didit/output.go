package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
)

// The formats of --output.
const (
	formatTable = "table"
	formatJSON  = "json"
)

// A record is what a command prints of one thing, in order.
type record []field

// A field has a name in snake case. Texts, times and lists that are empty are left out.
type field struct {
	name  string
	value any
}

// print writes one record: a line for each field and for each element of a list, or one
// of JSON.
func (t *tool) print(r record) error {
	if t.format == formatJSON {
		return writeJSON(t.out, r)
	}
	width := 0
	for _, f := range r {
		if !f.empty() {
			width = max(width, len(f.name))
		}
	}
	var b strings.Builder
	for _, f := range r {
		if !f.empty() {
			text := strings.Join(f.lines(), "\n"+strings.Repeat(" ", width+2))
			_, _ = fmt.Fprintf(&b, "%-*s  %s\n", width, strings.ReplaceAll(f.name, "_", " "), text)
		}
	}
	_, err := io.WriteString(t.out, b.String())
	return err
}

// rows prints records as they come: of each as many fields as there are widths, or one
// line of JSON with all of them.
type rows struct {
	t      *tool
	widths []int
	headed bool
}

func (l *rows) add(r record) error {
	if l.t.format == formatJSON {
		return writeJSON(l.t.out, r)
	}
	names, values := make([]string, len(l.widths)), make([]string, len(l.widths))
	for i := range l.widths {
		names[i], values[i] = strings.ToUpper(strings.ReplaceAll(r[i].name, "_", " ")), r[i].text()
		if at, ok := r[i].value.(time.Time); ok {
			values[i] = at.UTC().Format("2006-01-02 15:04Z") // the whole line fits 80 columns
		}
	}
	text := l.line(values)
	if !l.headed {
		text = l.line(names) + text
	}
	l.headed = true
	_, err := io.WriteString(l.t.out, text)
	return err
}

func (l *rows) line(cells []string) string {
	var b strings.Builder
	for i, cell := range cells {
		_, _ = fmt.Fprintf(&b, "%-*s  ", l.widths[i], cell)
	}
	return strings.TrimRight(b.String(), " ") + "\n"
}

// writeJSON writes an object on one line.
func writeJSON(w io.Writer, r record) error {
	var members []string
	for _, f := range r {
		if f.empty() {
			continue
		}
		value, err := json.Marshal(f.value)
		if err != nil {
			return err
		}
		members = append(members, fmt.Sprintf("%q:%s", f.name, value))
	}
	_, err := io.WriteString(w, "{"+strings.Join(members, ",")+"}\n")
	return err
}

// writeCSV writes a line with every field, after a heading if that is asked for.
func writeCSV(w io.Writer, r record, heading bool) error {
	names, values := make([]string, len(r)), make([]string, len(r))
	for i, f := range r {
		names[i] = f.name
		if !f.empty() {
			values[i] = f.text()
		}
	}
	var b bytes.Buffer
	out := csv.NewWriter(&b)
	all := [][]string{names, values}
	if !heading {
		all = all[1:]
	}
	if err := out.WriteAll(all); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes()) // one write: a line is there or it is not
	return err
}

func (f field) empty() bool {
	switch v := reflect.ValueOf(f.value); v.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int64:
		return false
	default:
		return !v.IsValid() || v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0
	}
}

// text is the value in a cell.
func (f field) text() string { return strings.Join(f.lines(), ", ") }

// lines are the value's, without what a terminal could take for a command.
func (f field) lines() []string {
	lines := []string{fmt.Sprint(f.value)}
	switch v := f.value.(type) {
	case time.Time:
		if lines[0] = ""; !v.IsZero() {
			lines[0] = v.UTC().Format(time.RFC3339)
		}
	case []string:
		lines = slices.Clone(v)
	case []check:
		lines = nil
		for _, c := range v {
			lines = append(lines, c.String())
		}
	}
	for i, line := range lines {
		lines[i] = strings.Map(func(r rune) rune {
			if unicode.IsPrint(r) {
				return r
			}
			return '?'
		}, line)
	}
	return lines
}
