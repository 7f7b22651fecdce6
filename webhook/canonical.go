package webhook

import (
	"bytes"
	"errors"
	"sync"
)

const maxDepth = 256 // of nesting; Python's own limit is near 1,000

// errCanonical is why a text has no canonical form. It quotes nothing.
var errCanonical = errors.New("webhook: the text has no canonical form")

// Canonical appends to dst the text that X-Signature-V2 signs: body as Python's
// json.dumps writes it with sorted keys, no spaces and non-ASCII characters as they
// are, after floats without a fraction have become integers. Of duplicate keys the
// last stays, as in Python.
//
// It fails for what is not JSON, and for what Python's form is not certain for:
// invalid UTF-8, a byte-order mark, lone surrogates, numbers beyond float64, nesting
// deeper than 256, and numbers so long in full that they would blow the text up.
//
// https://docs.didit.me/integration/webhooks
func Canonical(dst, body []byte) ([]byte, error) {
	out, _, err := canonical(dst, body)
	return out, err
}

// canonical also tells whether a key stood twice in one object.
func canonical(dst, body []byte) (out []byte, duplicates bool, err error) {
	w, _ := writers.Get().(*writer)
	w.in, w.out, w.start, w.duplicates = body, dst, len(dst), false
	ok := w.run()
	out, duplicates = w.out, w.duplicates
	clear(w.scratch[:cap(w.scratch)]) // personal data
	w.in, w.out, w.stack, w.members = nil, nil, w.stack[:0], w.members[:0]
	if cap(w.scratch) <= 1<<20 && cap(w.members) <= 1<<14 {
		writers.Put(w)
	}
	if !ok {
		clear(out[len(dst):])
		return dst, false, errCanonical
	}
	return out, duplicates, nil
}

var writers = sync.Pool{New: func() any { return new(writer) }}

// writer rewrites a text in one pass. Members of an object are written as they come
// and put in order when it ends, so that what is moved is in its final form.
type writer struct {
	in         []byte
	i          int
	out        []byte
	start      int // of what this call wrote, in out
	stack      []container
	members    []member // of all open objects
	scratch    []byte
	duplicates bool
}

// container is an open object or array.
type container struct {
	object bool
	first  int // its first one in members
}

// member is "key":value in out.
type member struct{ key, value, end int }

func (w *writer) run() bool {
	w.i = 0
	for {
		// A value begins here.
		opened, ok := w.value()
		if !ok {
			return false
		}
		if opened {
			continue
		}
		// A value has ended; so may containers around it.
		for {
			w.space()
			if len(w.stack) == 0 {
				return w.i == len(w.in)
			}
			top := w.stack[len(w.stack)-1]
			if top.object {
				w.members[len(w.members)-1].end = len(w.out)
			}
			c := w.next()
			if c == ',' {
				w.out = append(w.out, ',')
				if top.object && !w.key() {
					return false
				}
				break
			}
			if top.object != (c == '}') || c != '}' && c != ']' {
				return false
			}
			w.close(top, c)
		}
		if len(w.out)-w.start > 2*len(w.in)+4096 {
			return false // numbers such as 1e300, again and again
		}
	}
}

// value writes a value, or opens a container that has something in it.
func (w *writer) value() (opened, ok bool) {
	w.space()
	switch c := w.next(); {
	case c == '{' || c == '[':
		if len(w.stack) >= maxDepth {
			return false, false
		}
		w.out = append(w.out, c)
		w.space()
		if end := c + 2; w.peek() == end { // '}' and ']' come two after their openings
			w.i++
			w.out = append(w.out, end)
			return false, true
		}
		w.stack = append(w.stack, container{c == '{', len(w.members)})
		return true, c == '[' || w.key()
	case c == '"':
		return false, w.text()
	case c == '-' || c >= '0' && c <= '9':
		w.i--
		return false, w.number()
	case c == 't':
		return false, w.literal("true")
	case c == 'f':
		return false, w.literal("false")
	case c == 'n':
		return false, w.literal("null")
	}
	return false, false
}

func (w *writer) literal(text string) bool {
	w.i--
	if !bytes.HasPrefix(w.in[w.i:], []byte(text)) {
		return false
	}
	w.i += len(text)
	w.out = append(w.out, text...)
	return true
}

// key writes a key and its colon.
func (w *writer) key() bool {
	w.space()
	start := len(w.out)
	if w.next() != '"' || !w.text() {
		return false
	}
	w.space()
	if w.next() != ':' {
		return false
	}
	w.members = append(w.members, member{key: start, value: len(w.out)})
	w.out = append(w.out, ':')
	return true
}

// close ends a container, an object with its members in order.
func (w *writer) close(c container, end byte) {
	if c.object {
		w.sort(w.members[c.first:])
		w.members = w.members[:c.first]
	}
	w.out = append(w.out, end)
	w.stack = w.stack[:len(w.stack)-1]
}

func (w *writer) space() {
	for w.i < len(w.in) {
		switch w.in[w.i] {
		case ' ', '\t', '\n', '\r':
			w.i++
		default:
			return
		}
	}
}

// peek returns the byte that comes, 0 at the end.
func (w *writer) peek() byte {
	if w.i < len(w.in) {
		return w.in[w.i]
	}
	return 0
}

// next takes a byte, 0 at the end.
func (w *writer) next() byte {
	c := w.peek()
	w.i++
	return c
}
