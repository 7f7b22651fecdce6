package answer

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

const token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzZXNzaW9uX2lkIjoiMGExYjJjM2QifQ.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"

func TestMask(t *testing.T) {
	t.Parallel()
	parts := strings.Split(token, ".")
	for _, test := range []struct {
		name string
		sent []string
		text string
		want string
	}{
		{"nothing sent", nil, "Not found.", "Not found."},
		{"each string", []string{"alpha", "bravo"}, "alpha is not bravo, alpha", "[redacted] is not [redacted], [redacted]"},
		{"in the middle of words", []string{"alpha"}, "xalphax", "x[redacted]x"},
		{"longest first", []string{"alpha", "alpha bravo"}, "alpha bravo, alpha", "[redacted], [redacted]"},
		{"whole token", []string{token}, "Bad token " + token + "!", "Bad token [redacted]!"},
		{"payload of a token", []string{token}, "Bad payload '" + parts[1] + "'", "Bad payload '[redacted]'"},
		{"signature of a token", []string{token}, "Bad signature '" + parts[2] + "'", "Bad signature '[redacted]'"},
		{"a token that was not sent", nil, "Use " + token + ", please", "Use [redacted], please"},
		{"keys that were not sent", nil, "sk_live_abc-DEF_1 and SK_TEST_x", "[redacted] and [redacted]"},
		{"no key", nil, "sk_other_abc eyJ eyJabc", "sk_other_abc eyJ eyJabc"},
		{"short part of what is no token", []string{"www.example.com"}, "example com www.example.com", "example com [redacted]"},
		{"case", []string{"Jane Doe"}, "JANE DOE, jane doe", "[redacted], [redacted]"},
		{"case beyond ASCII", []string{"Žižek", "ΣΊΣΥΦΟΣ", "straße"}, "žIŽEK σίσυφος STRAßE", "[redacted] [redacted] [redacted]"},
		{"signs of regular expressions", []string{`a.*(b|c)[d]\E+$`}, `said a.*(b|c)[d]\E+$ aXb`, "said [redacted] aXb"},
		{"short word", []string{"ab"}, "ab, tab, (AB) ab_c 7ab", "[redacted], tab, ([redacted]) ab_c 7ab"},
		{"short word of signs", []string{"-1"}, "x-1 -10", "x[redacted] -10"},
		{"short word that ends in a sign", []string{"a%"}, "a%b ba%", "[redacted]b ba%"},
		{"one letter", []string{"a"}, "a letter, a b", "[redacted] letter, [redacted] b"},
		{"short word beyond ASCII", []string{"é"}, "café", "caf[redacted]"},
		{"empty and blank", []string{"", " ", "\t\n"}, "a b  c", "a b c"},
		{"one line", nil, "a\r\nb\tc\u2028d\u00a0e\x00f\x1b[31mg\u202eh", "a b c d ef[31mgh"},
		{"white space around what was sent", []string{" Jane Doe \n"}, "Jane Doe is not known", "[redacted] is not known"},
		{"white space within what was sent", []string{"Jane\tDoe"}, "Jane Doe, Jane\tDoe", "[redacted], [redacted]"},
		{"put together by folding", []string{"Jane Doe"}, "Jane \n Doe, Ja\x00ne D\u200boe", "[redacted], [redacted]"},
		{"invalid UTF-8", []string{"ab\xffcd"}, "x ab\xffcd \xfe", "x [redacted] \uFFFD"},
		{"long", nil, strings.Repeat("é", 501), strings.Repeat("é", 500) + "…"},
		{"not too long", nil, strings.Repeat("é", 500), strings.Repeat("é", 500)},
		{"cut in the middle of it", []string{"secret"}, strings.Repeat("x", 497) + "secret", strings.Repeat("x", 497) + "[re…"},
		{"longer than any answer", []string{strings.Repeat("x", longestSent+1)}, "x", "x"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, Mask(test.sent)(test.text))
		})
	}
}

// TestMaskMuch: where too much was sent to look for all of it, the longest strings
// are looked for, or nothing is shown.
func TestMaskMuch(t *testing.T) {
	t.Parallel()
	var sent []string
	for i := range 3 * maxSent {
		sent = append(sent, fmt.Sprintf("word%d", i))
	}
	sent = append(sent, "the longest of all")
	assert.Equal(t, "[redacted]", Mask(sent)("the longest of all"))

	huge := make([]string, mostSent/longestSent)
	for i := range huge {
		huge[i] = fmt.Sprintf("%010d", i) + strings.Repeat("x", longestSent-10)
	}
	assert.Equal(t, "[redacted]", Mask(huge)("anything"))
	assert.Equal(t, "anything but [redacted]", Mask(huge[1:])("anything but "+huge[5]))
}

func TestSentStrings(t *testing.T) {
	t.Parallel()
	assert.ElementsMatch(t, []string{"a", "b", "c", "d", ""}, SentStrings([]byte(`{"x": "a", "y": {"z": ["b", {"w": "c"}, 5, null, true]}, "v": "d", "e": ""}`)))
	assert.Equal(t, []string{"a"}, SentStrings([]byte(`"a"`)))
	assert.Empty(t, SentStrings([]byte(`{"x": "a"`)))
	assert.Empty(t, SentStrings(nil))
}

// FuzzMask looks for what was sent in what is printed.
func FuzzMask(f *testing.F) {
	f.Add("Jane Doe", "", "Jane ", " Doe")
	f.Add("Jane  Doe", "other", "x", "Jane\x00 Doe")
	f.Add(token, "secret", "Bad ", "!")
	f.Add("a.*(b|c)", "abc", "", "")
	f.Add("ab\xffcd", "cd", "\xff", "\xfe")
	f.Add("žižek", "ſeſſion", "Ž", "K")
	f.Add("sk_live_abc def", "def", "", strings.Repeat("x", 500))
	f.Add("    four", "\u200bfour", "\n", "\u2028")
	f.Fuzz(func(t *testing.T, secret, other, before, after string) {
		mask := Mask([]string{secret, other})
		for _, text := range []string{before + secret + after, secret + secret, before + other + secret, strings.ToUpper(secret) + after} {
			got := mask(text)
			if !utf8.ValidString(got) || utf8.RuneCountInString(got) > maxMessage+1 || strings.ContainsFunc(got, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Fatalf("%q is not fit to print", got)
			}
			for _, s := range []string{secret, other} {
				if s = strings.ToValidUTF8(s, "\uFFFD"); !tells(s) {
					continue
				}
				if strings.Contains(got, s) {
					t.Fatalf("%q tells %q", got, s)
				}
			}
		}
	})
}

// tells leaves out what is masked as a word only, and what the mask itself or the
// sign of a cut could spell.
func tells(s string) bool {
	return utf8.RuneCountInString(s) >= 4 && strings.TrimSpace(s) != "" && len(s) <= longestSent &&
		!strings.ContainsAny(s, "[]…") && !strings.Contains(masked, strings.ToLower(s))
}
