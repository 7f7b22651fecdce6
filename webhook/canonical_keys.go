package webhook

import (
	"bytes"
	"slices"
)

// sort puts the members of an object in the order of their keys. Of equal keys the last
// one stays.
func (w *writer) sort(members []member) {
	sorted := true
	for i := 1; i < len(members) && sorted; i++ {
		sorted = compareKeys(w.keyOf(members[i-1]), w.keyOf(members[i])) < 0
	}
	if sorted {
		return
	}
	start := members[0].key
	out := w.out
	slices.SortStableFunc(members, func(a, b member) int { return compareKeys(out[a.key:a.value], out[b.key:b.value]) })
	w.scratch = w.scratch[:0]
	for i, m := range members {
		if i+1 < len(members) && compareKeys(w.keyOf(m), w.keyOf(members[i+1])) == 0 {
			w.duplicates = true
			continue
		}
		if len(w.scratch) > 0 {
			w.scratch = append(w.scratch, ',')
		}
		w.scratch = append(w.scratch, w.out[m.key:m.end]...)
	}
	w.out = append(w.out[:start], w.scratch...)
}

// keyOf is a key as it was written, with its quotes.
func (w *writer) keyOf(m member) []byte { return w.out[m.key:m.value] }

// compareKeys compares two written keys by code point. Only '"', '\' and control
// characters are escaped in them, each one a byte.
func compareKeys(a, b []byte) int {
	a, b = a[1:len(a)-1], b[1:len(b)-1]
	if bytes.IndexByte(a, '\\') < 0 && bytes.IndexByte(b, '\\') < 0 {
		return bytes.Compare(a, b)
	}
	for len(a) > 0 && len(b) > 0 {
		var x, y byte
		x, a = unescape(a)
		y, b = unescape(b)
		if x != y {
			return int(x) - int(y)
		}
	}
	return len(a) - len(b) // one of them is 0
}

// unescape takes the first byte of a written text.
func unescape(s []byte) (c byte, rest []byte) {
	if s[0] != '\\' {
		return s[0], s[1:]
	}
	switch s[1] {
	case 'n':
		return '\n', s[2:]
	case 'r':
		return '\r', s[2:]
	case 't':
		return '\t', s[2:]
	case 'b':
		return '\b', s[2:]
	case 'f':
		return '\f', s[2:]
	case 'u':
		n, _ := hex4(s[2:])
		return byte(n), s[6:] //nolint:gosec // only control characters are written so
	}
	return s[1], s[2:]
}
