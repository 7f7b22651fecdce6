package webhook

import (
	"bytes"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

const maxDigits = 4300 // of an integer, as Python's

// plain says which bytes of a string are written as they are.
var plain = func() (table [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		table[c] = c != '"' && c != '\\'
	}
	return table
}()

// text writes a string; its opening quote has been read.
func (w *writer) text() bool {
	w.out = append(w.out, '"')
	for {
		start := w.i
		for w.i < len(w.in) && plain[w.in[w.i]] {
			w.i++
		}
		w.out = append(w.out, w.in[start:w.i]...)
		if w.i >= len(w.in) {
			return false
		}
		switch c := w.in[w.i]; {
		case c == '"':
			w.i++
			w.out = append(w.out, '"')
			return true
		case c == '\\':
			if !w.escape() {
				return false
			}
		case c < ' ':
			return false
		default:
			_, size := utf8.DecodeRune(w.in[w.i:])
			if size == 1 {
				return false // not UTF-8
			}
			w.out = append(w.out, w.in[w.i:w.i+size]...)
			w.i += size
		}
	}
}

// escape reads an escape and writes it as Python would.
func (w *writer) escape() bool {
	if w.i+1 >= len(w.in) {
		return false
	}
	c := w.in[w.i+1]
	w.i += 2
	switch c {
	case '"', '\\', 'n', 'r', 't', 'b', 'f':
		w.out = append(w.out, '\\', c)
		return true
	case '/':
		w.out = append(w.out, '/')
		return true
	case 'u':
	default:
		return false
	}
	r, ok := hex4(w.in[w.i:])
	if !ok {
		return false
	}
	w.i += 4
	if utf16.IsSurrogate(r) {
		if !bytes.HasPrefix(w.in[w.i:], []byte(`\u`)) {
			return false
		}
		low, ok := hex4(w.in[w.i+2:])
		if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
			return false // a lone one
		}
		w.i += 6
	}
	w.out = appendRune(w.out, r)
	return true
}

func appendRune(out []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(out, '\\', byte(r))
	case '\n':
		return append(out, `\n`...)
	case '\r':
		return append(out, `\r`...)
	case '\t':
		return append(out, `\t`...)
	case '\b':
		return append(out, `\b`...)
	case '\f':
		return append(out, `\f`...)
	}
	if r < ' ' {
		const digits = "0123456789abcdef"
		return append(out, '\\', 'u', '0', '0', digits[r>>4], digits[r&15])
	}
	return utf8.AppendRune(out, r)
}

func hex4(s []byte) (r rune, ok bool) {
	if len(s) < 4 {
		return 0, false
	}
	for _, c := range s[:4] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// number writes a number as Python does: integers digit by digit, floats without a
// fraction as integers, others in the shortest form that reads back the same.
func (w *writer) number() bool {
	start := w.i
	if w.peek() == '-' {
		w.i++
	}
	whole := w.digits()
	if whole == 0 || whole > 1 && w.in[w.i-whole] == '0' {
		return false
	}
	float := false
	if w.peek() == '.' {
		w.i++
		float = true
		if w.digits() == 0 {
			return false
		}
	}
	if c := w.peek(); c == 'e' || c == 'E' {
		w.i++
		float = true
		if c := w.peek(); c == '+' || c == '-' {
			w.i++
		}
		if w.digits() == 0 {
			return false
		}
	}
	text := w.in[start:w.i]
	if !float {
		if string(text) == "-0" {
			text = text[1:]
		}
		w.out = append(w.out, text...)
		return whole <= maxDigits
	}
	f, err := strconv.ParseFloat(string(text), 64)
	switch {
	case err != nil:
		return false
	case f == 0:
		w.out = append(w.out, '0') // -0.0 too
	case f == math.Trunc(f):
		w.out = strconv.AppendFloat(w.out, f, 'f', 0, 64)
	case math.Abs(f) < 1e-4:
		w.out = strconv.AppendFloat(w.out, f, 'e', -1, 64)
	default:
		w.out = strconv.AppendFloat(w.out, f, 'f', -1, 64)
	}
	return true
}

func (w *writer) digits() int {
	start := w.i
	for w.i < len(w.in) && w.in[w.i] >= '0' && w.in[w.i] <= '9' {
		w.i++
	}
	return w.i - start
}
