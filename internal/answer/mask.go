package answer

import (
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

const (
	masked      = "[redacted]"
	maxMessage  = 500       // runes of a text that is printed
	maxSearched = 8 << 10   // bytes of a text that are searched
	margin      = 512       // bytes of those at the end that are never printed: an echo may begin there
	mostSent    = 512 << 10 // bytes of what was sent; beyond, no text is shown
)

// secrets are the shapes of what Didit hands out, whether it was sent or not: share
// tokens and API keys.
var secrets = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)eyJ[a-z0-9_-]{8,}(?:\.[a-z0-9_-]*)*|sk_(?:live|test)_[a-z0-9_-]+`)
})

// Mask returns a function that makes a server's text fit to print: one line, bounded,
// and without what was sent to the server. Each word of the text that repeats eight
// letters and digits in a row of something that was sent, or the whole of something
// shorter, is replaced. Case, signs, white space and escapes make no difference, so
// that it is rather too much than too little. The function may be called by several
// goroutines; what it needs is prepared when it meets the first text.
func Mask(sent []string) func(string) string {
	prepared := sync.OnceValue(func() *echoes { return newEchoes(sent) })
	return func(text string) string {
		text = oneLine(text)
		if text == "" {
			return ""
		}
		e := prepared()
		if e == nil {
			return masked
		}
		searched, more := clip(text, maxSearched)
		shown := searched
		if more {
			shown, _ = clip(searched, maxSearched-margin)
		}
		text = redact(searched, e.find(searched), len(shown))
		if utf8.RuneCountInString(text) > maxMessage {
			text, more = string([]rune(text)[:maxMessage]), true
		}
		if more {
			text += "…"
		}
		return text
	}
}

// redact replaces the words of a line in which something is hidden. It shows nothing
// from byte end on.
func redact(line string, hidden []bool, end int) string {
	var b strings.Builder
	at := 0
	for first, is := range hidden[:end] {
		if !is || first < at {
			continue
		}
		start := max(at, strings.LastIndexByte(line[:first], ' ')+1)
		for start < first && isSign(line[start]) {
			start++
		}
		b.WriteString(line[at:start])
		b.WriteString(masked)
		for at = first; at < len(line) && (hidden[at] || line[at] != ' '); {
			at++
		}
		for !hidden[at-1] && isSign(line[at-1]) {
			at--
		}
	}
	b.WriteString(line[min(at, end):end])
	return b.String()
}

// isSign reports whether c is a quote, a bracket, a full stop and the like.
func isSign(c byte) bool { return c < utf8.RuneSelf && !isLetter(rune(c)) }

// oneLine folds white space and drops what does not print.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.Join(strings.Fields(s), " ")
}

// clip returns at most n bytes of s, in whole characters, and whether there are more.
func clip(s string, n int) (string, bool) {
	if len(s) <= n {
		return s, false
	}
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n], true
}
