package webhook

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// errDuplicates refuses a body in which Python reads another value than Go: of
// duplicate keys the one keeps the last, and the other merges them.
var errDuplicates = fmt.Errorf("%w: a key stands twice in one object", ErrMalformed)

// repeatsKey reports whether a key stands twice in one object of a body that was signed
// as it is. A canonical form, which is made in buf, was checked when it was made.
func repeatsKey(signed, body []byte, buf *[]byte) bool {
	if len(body) == 0 || &signed[0] != &body[0] {
		return false
	}
	text, duplicates, err := canonical((*buf)[:0], body)
	*buf = text
	return duplicates || err != nil && repeatsKeySlowly(body)
}

// repeatsKeySlowly does the same for a text that has no canonical form.
func repeatsKeySlowly(text []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	type container struct {
		keys  map[string]bool // nil in an array
		value bool            // a key has been read, its value comes
	}
	var open []container
	for {
		token, err := dec.Token()
		if err != nil {
			return false // its end, or not JSON: the decoder says so
		}
		if end, ok := token.(json.Delim); ok && (end == '}' || end == ']') {
			open = open[:len(open)-1]
			continue
		}
		if n := len(open); n > 0 && open[n-1].keys != nil {
			top := &open[n-1]
			if key, ok := token.(string); ok && !top.value {
				if top.keys[key] {
					return true
				}
				top.keys[key], top.value = true, true
				continue
			}
			top.value = false
		}
		switch token {
		case json.Delim('{'):
			open = append(open, container{keys: map[string]bool{}})
		case json.Delim('['):
			open = append(open, container{})
		}
	}
}
