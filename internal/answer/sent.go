package answer

import (
	"bytes"
	"encoding/json"
)

// longNumber is the length from which a number may tell a person: of a phone or a
// document.
const longNumber = 8

// SentStrings lists the strings in a JSON body that is sent, and the long numbers.
func SentStrings(body []byte) []string {
	var v any
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if dec.Decode(&v) != nil {
		return nil
	}
	var all []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			all = append(all, v)
		case json.Number:
			if len(v) >= longNumber {
				all = append(all, v.String())
			}
		case []any:
			for _, item := range v {
				walk(item)
			}
		case map[string]any:
			for _, item := range v {
				walk(item)
			}
		}
	}
	walk(v)
	return all
}
