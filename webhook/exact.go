package webhook

import (
	"bytes"
	"encoding/json"
)

// exact hides the members of an object that no field is named like. Didit's keys are
// lower case, and encoding/json would read "STATUS" as "status". The keys of such
// members are overwritten in a copy; without one, and where it is not JSON, object itself
// is returned. Nested objects are left as they are.
func exact(object []byte) []byte {
	text, copied := object, false
	depth, key := 0, false // key: what comes next at depth 1 is one
	for i := 0; i < len(object); i++ {
		switch object[i] {
		case '{', '[':
			depth++
			key = depth == 1
		case '}', ']':
			depth--
		case ',':
			key = depth == 1
		case '"':
			start := i + 1
			i = closingQuote(object, start)
			if key && !lowerCase(object[start:i]) {
				if !copied {
					if !json.Valid(object) {
						return object // the decoder says so
					}
					text, copied = bytes.Clone(object), true
				}
				for j := start; j < i; j++ {
					text[j] = '_'
				}
			}
			key = false
		}
	}
	return text
}

// closingQuote finds the end of a string that starts at i, or the end of the text.
func closingQuote(text []byte, i int) int {
	for ; i < len(text) && text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return min(i, len(text))
}

// lowerCase reports whether a key, as it is written, is one that Didit could send.
func lowerCase(key []byte) bool {
	if bytes.IndexByte(key, '\\') >= 0 {
		var plain string
		if json.Unmarshal(append(append([]byte{'"'}, key...), '"'), &plain) != nil {
			return false
		}
		key = []byte(plain)
	}
	for _, c := range key {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}
