package answer

import (
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// encodings are the ways in which a server may write what it quotes. Each writes one
// character after the other, so that what it makes of a part stands in what it makes
// of the whole.
var encodings = []func(string) string{
	func(s string) string { return s },
	html.EscapeString,
	url.PathEscape,
	url.QueryEscape,
	strings.ToUpper,
	strings.ToLower,
	eachRune(func(r rune) string { return fmt.Sprintf("&#%d;", r) }),
	eachRune(func(r rune) string { return fmt.Sprintf("&#x%X;", r) }),
	eachRune(func(r rune) string { return fmt.Sprintf(`\u%04x`, r) }),
	eachRune(func(r rune) string {
		if r < utf8.RuneSelf {
			return string(r)
		}
		return fmt.Sprintf(`\u%04x`, r)
	}),
	eachRune(func(r rune) string {
		var b strings.Builder
		for _, c := range []byte(string(r)) {
			fmt.Fprintf(&b, "%%%02x", c)
		}
		return b.String()
	}),
	strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace,
	strings.NewReplacer("é", "e\u0301", "ü", "u\u0308", "Ž", "Z\u030c", "ç", "c\u0327").Replace,
	strings.NewReplacer("e\u0301", "é", "u\u0308", "ü", "Z\u030c", "Ž", "c\u0327", "ç").Replace,
	strings.NewReplacer("é", "&eacute;", "ü", "&uuml;", "ç", "&ccedil;", " ", "&nbsp;").Replace,
}

func eachRune(f func(rune) string) func(string) string {
	return func(s string) string {
		var b strings.Builder
		for _, r := range s {
			b.WriteString(f(r))
		}
		return b.String()
	}
}

// encode writes s in a chain of up to three encodings.
func encode(s string, chain [3]byte) string {
	for _, c := range chain {
		s = encodings[int(c)%len(encodings)](s)
	}
	return s
}

// windows are the shortest parts of s that have eight letters and digits, as they are
// in s and without white space at their ends.
func windows(s string) []string {
	var all []string
	runes := []rune(s)
	for from := range runes {
		n := 0
		for to := from; to < len(runes) && isWord(runes[from]); to++ {
			if isWord(runes[to]) {
				n++
			}
			if n == 8 {
				all = append(all, string(runes[from:to+1]))
				break
			}
		}
	}
	return all
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// FuzzMask quotes a secret, or a part of it, in a chain of encodings: no part of it
// that has eight letters and digits may be printed, in the same encodings or without.
func FuzzMask(f *testing.F) {
	chain := func(a, b, c byte) uint32 { return uint32(a) | uint32(b)<<8 | uint32(c)<<16 }
	for i, secret := range []string{"Jane Doe-Smith", "Oriane Vasquelle", token, appID, "José Müller, Žižek 17", "sk_live_abc def", "a.*(b|c) and more",
		"ab\xffcd efgh ijkl", "jane+doe@mail.example", "https://app.example/cb?name=Jane&x=1", "12 Main St\nSpringfield", "  four and more ", "山田太郎様御中各位", "K\u212ailo\u017fe\u017f\u017fion"} {
		for a := range encodings {
			f.Add(secret, "No ", " here.", chain(byte(a), byte(i), byte(a*i)), uint16(0), uint16(20))
		}
		f.Add(secret, "", "", chain(2, 2, 1), uint16(i), uint16(12))
	}
	f.Fuzz(func(t *testing.T, secret, before, after string, chain uint32, from, to uint16) {
		if len(secret) > 120 || len(before)+len(after) > 1000 || strings.ContainsAny(secret, `%\`) || strings.Contains(secret, "&") && strings.Contains(secret, ";") {
			return // escapes of its own are a table's: what an encoding makes of them is another text
		}
		secret = strings.ToValidUTF8(secret, "\uFFFD")
		runes := []rune(secret)
		first := min(int(from), len(runes))
		part := string(runes[first:min(max(first, int(to)), len(runes))])
		codes := [3]byte{byte(chain), byte(chain >> 8), byte(chain >> 16)}
		mask := Mask([]string{"other", secret})
		for _, echo := range []string{secret, part} {
			got := mask(before + " " + encode(echo, codes) + " " + after)
			if !utf8.ValidString(got) || utf8.RuneCountInString(got) > maxMessage+1 || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Fatalf("%q is not fit to print", got)
			}
			got = strings.ToLower(got)
			if strings.Contains(got, masked) {
				got = strings.ReplaceAll(got, masked, "\x00")
			}
			for _, w := range windows(echo) {
				for _, form := range []string{w, encode(w, codes)} {
					if form = strings.ToLower(oneLine(form)); strings.Contains(got, form) {
						t.Fatalf("%q tells %q of %q", got, form, echo)
					}
				}
			}
		}
	})
}

// FuzzUnescape: what it tells of where each byte comes from is true, and it leaves
// nothing to undo.
func FuzzUnescape(f *testing.F) {
	for _, seed := range []string{"", "abc", "%41", "%2541", "&amp;#65;", `\u0041`, `\\x41`, "%4%31", "&#37;41", "%C3%A9", "&eacute;", "&;", "&#x110000;", `\ud800`, "%u00e9", "&" + strings.Repeat("a", 40) + ";"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u := unescape(s)
		if len(u.bytes) > len(s) || len(u.bytes) != len(u.from) || len(u.bytes) != len(u.to) {
			t.Fatalf("%q: %d bytes, %d, %d", s, len(u.bytes), len(u.from), len(u.to))
		}
		for i := range u.bytes {
			if u.from[i] >= u.to[i] || u.to[i] > len(s) || i > 0 && u.from[i] < u.from[i-1] {
				t.Fatalf("%q: byte %d comes from %d to %d", s, i, u.from[i], u.to[i])
			}
			if u.to[i]-u.from[i] == 1 && s[u.from[i]] != u.bytes[i] {
				t.Fatalf("%q: byte %d is not %d", s, i, u.from[i])
			}
		}
		if again := unescape(string(u.bytes)); string(again.bytes) != string(u.bytes) {
			t.Fatalf("%q: %q, then %q", s, u.bytes, again.bytes)
		}
	})
}
