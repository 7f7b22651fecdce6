package answer

import (
	"slices"
	"strings"
)

// words are the texts that a meaning is looked for in, in lower case.
type words []string

// words returns the code, the message where it is not made of the fields, and the
// texts of the named fields. Other fields do not count: they may quote what was sent.
func (e *ErrorBody) words(fields ...string) words {
	w := words{strings.ToLower(e.Code)}
	if len(e.texts) > 0 {
		w = append(w, strings.ToLower(e.Message))
	}
	for path, texts := range e.Fields {
		if slices.ContainsFunc(fields, func(field string) bool { return isOf(path, field) }) {
			w = append(w, strings.ToLower(strings.Join(texts, " ")))
		}
	}
	return w
}

// has reports whether one of the phrases stands in one of the texts.
func (w words) has(phrases ...string) bool {
	return slices.ContainsFunc(w, func(text string) bool {
		return slices.ContainsFunc(phrases, func(phrase string) bool { return strings.Contains(text, phrase) })
	})
}
