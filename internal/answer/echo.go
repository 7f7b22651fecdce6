package answer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	longRun = 8 // letters and digits in a row that are recognised wherever they stand
	wordRun = 4 // shorter ones are recognised only as a word
)

// echoes recognise in a text what was sent. Both are compared by their ASCII letters
// and digits alone, so that it does not matter how a server escapes, trims or wraps
// what it quotes. Of all other letters it is only known whether some were sent: then
// every one in a text is taken for an echo. There are too many ways to write them.
type echoes struct {
	runs  map[string]struct{} // each part of longRun letters, and what is shorter as a whole
	other bool                // something else than ASCII was sent
}

// newEchoes returns nil where too much was sent.
func newEchoes(sent []string) *echoes {
	e := &echoes{runs: make(map[string]struct{})}
	n := 0
	for _, s := range sent {
		if n += len(s); n > mostSent {
			return nil
		}
		e.add(s)
		if strings.ContainsAny(s, "\n\r\t") {
			e.add(lineEnds.Replace(s))
		}
	}
	return e
}

// lineEnds writes white space by the letters of its escapes.
var lineEnds = strings.NewReplacer("\n", "n", "\r", "r", "\t", "t")

func (e *echoes) add(s string) {
	text := lettersOf(unescape(s)).text
	// What does not print counts as well: a server may write it as something that does.
	e.other = e.other || strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
	for run := range strings.SplitSeq(text, string(otherLetter)) {
		if n := len(run); n > 0 && n < longRun {
			e.runs[run] = struct{}{}
		}
		for i := longRun; i <= len(run); i++ {
			e.runs[run[i-longRun:i]] = struct{}{}
		}
	}
}

// find tells of each byte of a line whether it belongs to an echo or a secret.
func (e *echoes) find(line string) []bool {
	depth := make([]int, len(line)+1) // how many begin at a byte, less those that end
	mark := func(from, to int) {
		depth[from]++
		depth[to]--
	}
	u := unescape(line)
	for _, at := range secrets().FindAllIndex(u.bytes, -1) {
		mark(u.from[at[0]], u.to[at[1]-1])
	}
	l := lettersOf(u)
	for i := range l.text {
		if l.text[i] == otherLetter && e.other {
			mark(l.from[i], l.to[i])
		}
		for n := 1; n <= min(longRun, len(l.text)-i); n++ {
			if _, ok := e.runs[l.text[i:i+n]]; ok && (n >= wordRun || l.edge(i) && l.edge(i+n)) {
				mark(l.from[i], l.to[i+n-1])
			}
		}
	}
	hidden, open := make([]bool, len(line)), 0
	for i := range hidden {
		open += depth[i]
		hidden[i] = open > 0
	}
	return hidden
}

// letters are the ASCII letters and digits of a text in lower case, each with where it
// begins and ends there.
type letters struct {
	text     string
	from, to []int
}

// otherLetter stands for each letter, number, mark and symbol that is not ASCII's.
const otherLetter = '\x00'

func lettersOf(u unescaped) letters {
	l := letters{from: make([]int, 0, len(u.bytes)), to: make([]int, 0, len(u.bytes))}
	text := make([]byte, 0, len(u.bytes))
	for i, size := 0, 0; i < len(u.bytes); i += size {
		var r rune
		r, size = utf8.DecodeRune(u.bytes[i:])
		r = unicode.ToLower(unicode.ToUpper(r)) // both, for those that fold to ASCII
		switch {
		case isLetter(r):
		case r < utf8.RuneSelf, !unicode.IsPrint(r), unicode.IsPunct(r), unicode.IsSpace(r):
			continue
		default:
			r = otherLetter
		}
		text = utf8.AppendRune(text, r)
		l.from, l.to = append(l.from, u.from[i]), append(l.to, u.to[i+size-1])
	}
	l.text = string(text)
	return l
}

// edge reports whether a word can begin or end before the letter i.
func (l *letters) edge(i int) bool {
	return i == 0 || i == len(l.text) || l.to[i-1] < l.from[i] || l.text[i-1] == otherLetter || l.text[i] == otherLetter
}

// isLetter reports whether c is an ASCII letter or digit.
func isLetter(c rune) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
