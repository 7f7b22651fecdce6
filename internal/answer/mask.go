package answer

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	masked      = "[redacted]"
	maxMessage  = 500      // runes of a text that is printed
	maxSent     = 1000     // strings of one call that are looked for
	longestSent = 64 << 10 // no answer that is looked at holds a longer one
	mostSent    = 1 << 20  // bytes: beyond, an expression would need gigabytes, and no text is shown
)

// secrets are the shapes of what Didit hands out, sent by us or not: share tokens
// and API keys.
//
//nolint:gosec // shapes, no secrets
const secrets = `eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*|sk_(?:live|test)_[A-Za-z0-9_-]+`

// Mask returns a function that makes a server's text fit to print: one line,
// bounded, and without any of the strings that were sent to it. The parts of a
// share token count as strings of their own. Strings under four characters are
// masked where they stand as a word.
func Mask(sent []string) func(string) string {
	var words []string
	for _, s := range sent {
		s = strings.ToValidUTF8(s, "\uFFFD")
		words = append(words, s)
		if folded := fold(s); folded != s {
			words = append(words, folded) // servers trim what they repeat
		}
		for part := range strings.SplitSeq(s, ".") {
			if len(part) >= 16 {
				words = append(words, part)
			}
		}
	}
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) })
	words = slices.DeleteFunc(slices.Compact(words), func(s string) bool {
		return strings.TrimSpace(s) == "" || len(s) > longestSent
	})
	if len(words) > maxSent {
		words = words[:maxSent]
	}
	alternatives := []string{secrets}
	for _, w := range words {
		quoted := regexp.QuoteMeta(w)
		if utf8.RuneCountInString(w) < 4 {
			quoted = edge(w, true) + quoted + edge(w, false)
		}
		alternatives = append(alternatives, quoted)
	}
	all := strings.Join(alternatives, "|")
	if len(all) > mostSent {
		return func(string) string { return masked }
	}
	find, err := regexp.Compile("(?i)(?:" + all + ")")
	return func(s string) string {
		if err != nil {
			return masked
		}
		s = find.ReplaceAllString(strings.ToValidUTF8(s, "\uFFFD"), masked)
		// Again, because folding may have put together what was sent.
		return cut(find.ReplaceAllString(fold(s), masked))
	}
}

// edge is a word boundary where the word has a word character there.
func edge(w string, start bool) string {
	c := w[len(w)-1]
	if start {
		c = w[0]
	}
	if c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
		return `\b`
	}
	return ""
}

// fold makes one line: it folds white space and drops what does not print.
func fold(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// cut shortens what is too long.
func cut(s string) string {
	if utf8.RuneCountInString(s) > maxMessage {
		s = string([]rune(s)[:maxMessage]) + "…"
	}
	return s
}

// SentStrings lists the strings in a JSON body of ours.
func SentStrings(body []byte) []string {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return nil
	}
	var all []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			all = append(all, v)
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
