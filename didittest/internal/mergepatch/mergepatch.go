// Package mergepatch applies JSON merge patches (RFC 7396).
package mergepatch

import (
	"bytes"
	"encoding/json"
)

// Apply returns the document, which must be an object, as the patch, which must be one too, changes it. Numbers keep their text.
func Apply(document, patch []byte) ([]byte, error) {
	var to, from map[string]any
	for text, into := range map[*[]byte]*map[string]any{&document: &to, &patch: &from} {
		dec := json.NewDecoder(bytes.NewReader(*text))
		dec.UseNumber()
		if err := dec.Decode(into); err != nil {
			return nil, err
		}
	}
	merge(to, from)
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(to); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

func merge(to, from map[string]any) {
	for name, value := range from {
		nested, isObject := value.(map[string]any)
		switch {
		case value == nil:
			delete(to, name)
		case isObject:
			below, ok := to[name].(map[string]any)
			if !ok {
				below = map[string]any{}
			}
			merge(below, nested)
			to[name] = below
		default:
			to[name] = value
		}
	}
}
