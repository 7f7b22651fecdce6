package answer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

const (
	token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzZXNzaW9uX2lkIjoiMGExYjJjM2QifQ.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"
	appID = "7a1f0c52-9d4e-4b8a-8c33-5e0d9b6a2f17"
)

func TestMask(t *testing.T) {
	t.Parallel()
	parts := strings.Split(token, ".")
	for _, test := range []struct {
		name string
		sent []string
		text string
		want string
	}{
		// What was not sent stays.
		{"nothing sent", nil, "Not found.", "Not found."},
		{"no text", []string{token}, "", ""},
		{"an ordinary text", []string{token, appID, "customer-1", "Žižek"}, "This session has already been imported into this application.", "This session has already been imported into this application."},
		{"another", []string{token, appID, "customer-1"}, "You do not have permission to perform this action.", "You do not have permission to perform this action."},
		{"a list of choices", []string{token, appID, "customer-1"}, "Only finished sessions (Approved, Declined or In Review) can be shared.", "Only finished sessions (Approved, Declined or In Review) can be shared."},
		{"a TTL", []string{token, appID}, "ttl_in_seconds: Ensure this value is less than or equal to 86400.", "ttl_in_seconds: Ensure this value is less than or equal to 86400."},
		{"another id", []string{appID}, "No session 0d4e7b1c-2f3a-4c5d-9e8f-a1b2c3d4e5f6", "No session 0d4e7b1c-2f3a-4c5d-9e8f-a1b2c3d4e5f6"},
		{"signs of escapes", []string{appID}, `100% of AT&T; \o/ %zz &#; &#x; &#-1; &a-b; \u12`, `100% of AT&T; \o/ %zz &#; &#x; &#-1; &a-b; \u12`},
		{"beyond ASCII", []string{"Jane Doe"}, "La sesión ya fue importada: “no” 再試行", "La sesión ya fue importada: “no” 再試行"},
		{"seven characters of it", []string{"abcdefghijkl"}, "starts with abcdefg", "starts with abcdefg"},

		// The text as it is.
		{"each string", []string{"alpha", "bravo"}, "alpha is not bravo, alpha", "[redacted] is not [redacted], [redacted]"},
		{"in the middle of a word", []string{"alpha"}, "xalphax", "[redacted]"},
		{"one within another", []string{"alpha", "alpha bravo"}, "alpha bravo, alpha", "[redacted], [redacted]"},
		{"a short id", []string{"customer-1"}, "No customer-1.", "No [redacted]."},
		{"a short id in quotes", []string{"customer-1"}, `Invalid pk "customer-1" - object does not exist.`, `Invalid pk "[redacted]" - object does not exist.`},
		{"a UUID", []string{appID}, "Application " + appID + " not found.", "Application [redacted] not found."},
		{"a UUID without hyphens", []string{appID}, "UUID('" + strings.ReplaceAll(appID, "-", "") + "')", "[redacted]')"},
		{"whole token", []string{token}, "Bad token " + token + "!", "Bad token [redacted]!"},
		{"payload of a token", []string{token}, "Bad payload '" + parts[1] + "'", "Bad payload '[redacted]'"},
		{"signature of a token", []string{token}, "Bad signature '" + parts[2] + "'", "Bad signature '[redacted]'"},
		{"several words", []string{"Jane Q. Doe-Smith"}, "Is Jane Q. Doe-Smith known?", "Is [redacted] known?"},
		{"signs of regular expressions", []string{`a.*(b|c)[d]\E+$`}, `said a.*(b|c)[d]\E+$ aXb`, "said [redacted]+$ aXb"},
		{"empty and blank", []string{"", " ", "\t\n"}, "a b  c", "a b c"},
		{"signs alone", []string{"-", "***"}, "a - b *** c", "a - b *** c"},

		// Short ones.
		{"short word", []string{"ab"}, "ab, tab, (AB) 7ab", "[redacted], tab, ([redacted]) 7ab"},
		{"short word in a name", []string{"ab"}, "x ab_c y", "x [redacted] y"},
		{"short word and a sign", []string{"a%"}, "a%b ba%", "[redacted] ba%"},
		{"one letter", []string{"a"}, "a letter, a b", "[redacted] letter, [redacted] b"},
		{"short number", []string{"42"}, "42 of 4200, 142", "[redacted] of 4200, 142"},
		{"short one with other signs", []string{"AB-12"}, "No ab 12.", "No [redacted]."},

		// What was not sent, but is a secret.
		{"a token that was not sent", nil, "Use " + token + ", please", "Use [redacted], please"},
		{"a token that was not sent, escaped", nil, "Use " + strings.ReplaceAll(token, ".", "%2E"), "Use [redacted]"},
		{"keys that were not sent", nil, "sk_live_abc-DEF_1 and SK_TEST_x", "[redacted] and [redacted]"},
		{"a key that was not sent, escaped", nil, "sk&#95;live&#x5f;abc", "[redacted]"},
		{"no key", nil, "sk_other_abc eyJ eyJabc", "sk_other_abc eyJ eyJabc"},

		// Parts.
		{"beginning", []string{"Oriane Vasquelle"}, "Name 'Oriane Va...' is too long", "Name '[redacted]...' is too long"},
		{"middle", []string{"Oriane Vasquelle"}, "near riane Vasq here", "near [redacted] here"},
		{"first 20 of a token", []string{token}, "Bad token " + token[:20], "Bad token [redacted]"},
		{"last 8 of a UUID", []string{appID}, "ends with " + appID[28:], "ends with [redacted]"},
		{"halves", []string{"Oriane Vasquelle"}, "vasquelle, not oriane vas", "[redacted], not [redacted]"},
		{"cut within an escape", []string{"Oriane Vasquelle"}, "Bad name Oriane%20Va%2", "Bad name [redacted]"},

		// Case.
		{"case", []string{"Jane Doe"}, "JANE DOE, jane doe", "[redacted], [redacted]"},
		{"case beyond ASCII", []string{"Žižek", "ΣΊΣΥΦΟΣ", "straße"}, "žIŽEK σίσυφος STRASSE Straße", "[redacted] [redacted] [redacted] [redacted]"},
		{"letters that fold to ASCII", []string{"session-kilo"}, "\u017fe\u017f\u017fion-\u212ailo", "[redacted]"},

		// Beyond ASCII.
		{"composed, sent composed", []string{"Jos\u00e9 Wu"}, "No Jos\u00e9 Wu.", "No [redacted] [redacted]."},
		{"decomposed", []string{"Jos\u00e9 Wu"}, "No Jose\u0301 Wu.", "No [redacted] [redacted]."},
		{"sent decomposed", []string{"Jose\u0301 Wu"}, "No Jos\u00e9 Wu.", "No [redacted] [redacted]."},
		{"without its accents", []string{"Müller-Lüdenscheidt"}, "no muller-ludenscheidt", "no [redacted]"},
		{"other letters", []string{"山田太郎"}, "no 山田 here", "no [redacted] here"},
		{"letters of something else", []string{"山田太郎"}, "La sesión", "La [redacted]"},
		{"one letter beyond ASCII", []string{"é"}, "café", "[redacted]"},
		{"signs beyond ASCII", []string{"🎉"}, "a 🎉 b", "a [redacted] b"},
		{"quotes beyond ASCII", []string{"山田"}, "no “name” – sorry…", "no “name” – sorry…"},
		{"invalid UTF-8", []string{"ab\xffcd"}, "x ab\xffcd \xfe", "x [redacted] [redacted]"},

		// Escapes.
		{"HTML", []string{"O'Neill & Sons <x>"}, "no O&#39;Neill &amp; Sons &lt;x&gt;", "no [redacted];"},
		{"HTML, hexadecimal", []string{"O'Neill"}, "no O&#x27;Neill", "no [redacted]"},
		{"HTML, names beyond ASCII", []string{"José Wu"}, "no Jos&eacute; Wu", "no [redacted] [redacted]"},
		{"HTML, a space", []string{"Jane Doe"}, "no Jane&nbsp;Doe", "no [redacted]"},
		{"HTML twice", []string{"O'Neill & Sons"}, "no O&amp;#39;Neill &amp;amp; Sons", "no [redacted]"},
		{"HTML in capitals", []string{"Neill & Sons"}, "NO NEILL &AMP; SONS", "NO [redacted]"},
		{"percent", []string{"jane@mail.example"}, "no jane%40mail.example", "no [redacted]"},
		{"percent of every character", []string{"jane"}, "no %6a%61%6E%65", "no [redacted]"},
		{"percent, twice", []string{"jane@mail.example"}, "no jane%2540mail.example", "no [redacted]"},
		{"percent, five times", []string{"jane@x"}, "no jane%252525252540x", "no [redacted]"},
		{"percent, beyond ASCII", []string{"José"}, "no jos%C3%A9", "no [redacted]"},
		{"percent, Latin-1", []string{"José"}, "no jos%E9", "no [redacted]"},
		{"percent, JavaScript's", []string{"Jané"}, "no jan%u00e9", "no [redacted]"},
		{"plus", []string{"Jane Doe"}, "no Jane+Doe", "no [redacted]"},
		{"\\u", []string{"Jané Doe"}, `no Jan\u00e9 Doe`, "no [redacted] [redacted]"},
		{"\\u of every character", []string{"jane"}, `no \u006a\u0061\u006E\u0065`, "no [redacted]"},
		{"\\u, escaped again", []string{"jane"}, `no \\u006a\\\u0061\\u006e\\u0065`, "no [redacted]"},
		{"\\u in capitals", []string{"jane doe"}, `NO JANE\U0020DOE`, "NO [redacted]"},
		{"\\u, a pair", []string{"🎉"}, `a \ud83c\udf89 b`, "a [redacted] b"},
		{"\\x", []string{"jane doe"}, `no jane\x20doe`, "no [redacted]"},
		{"\\x, bytes", []string{"José"}, `no b'Jos\xc3\xa9'`, "no [redacted]'"},
		{"\\n", []string{"Jane\nDoe"}, `no Jane\nDoe`, "no [redacted]"},
		{"percent in HTML", []string{"jane doe"}, "no jane&#37;20doe", "no [redacted]"},
		{"HTML in percent", []string{"O'Neill"}, "no O%26%2339%3BNeill", "no [redacted]"},
		{"\\u in percent in HTML", []string{"jane"}, `no &#37;5cu006a&#37;5cu0061&#37;5cu006e&#37;5cu0065`, "no [redacted]"},
		{"escapes were sent", []string{"a%20b&amp;cdefgh"}, `"a%20b&amp;cdefgh", "a b&cdefgh", "a%2520b%26amp;cdefgh"`, `"[redacted]", "[redacted]", "[redacted]"`},

		// One line.
		{"one line", nil, "a\r\nb\tc\u2028d\u00a0e\x00f\x1b[31mg\u202eh", "a b c d ef[31mgh"},
		{"white space around what was sent", []string{" Jane Doe \n"}, "Jane Doe is not known", "[redacted] is not known"},
		{"white space within what was sent", []string{"Jane\tDoe"}, "Jane Doe, Jane\tDoe", "[redacted], [redacted]"},
		{"put together by folding", []string{"Jane Doe"}, "Jane \n Doe, Ja\x00ne D\u200boe", "[redacted], [redacted]"},
		{"invisible characters, escaped", []string{"Jane Doe"}, `no Ja\u200bne D%00oe`, "no [redacted]"},

		// Length.
		{"long", nil, strings.Repeat("é", 501), strings.Repeat("é", 500) + "…"},
		{"not too long", nil, strings.Repeat("é", 500), strings.Repeat("é", 500)},
		{"cut in the middle of a mask", []string{"secret"}, strings.Repeat("x", 496) + " secret", strings.Repeat("x", 496) + " [re…"},
		{"after a long token", []string{strings.Repeat("a1b2c3d4", 1000)}, strings.Repeat("a1b2c3d4", 900) + " is unknown", "[redacted] is unknown"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, Mask(test.sent)(test.text))
		})
	}
}

// TestMaskAtTheEnd: a text is searched to a little beyond what is shown of it, so that
// the beginning of what stands across the end is known for what it is.
func TestMaskAtTheEnd(t *testing.T) {
	t.Parallel()
	const secret = "Oriane Vasquelle"
	escaped := strings.NewReplacer("a", "%2561", "e", "&amp;#101;", "i", `\\u0069`, " ", "%252520").Replace(secret)
	for _, echo := range []string{secret, escaped, "abc"} {
		mask := Mask([]string{secret, "abc"})
		for at := maxSearched - 2*margin; at < maxSearched+8; at += 7 {
			// The echo is within sight, because all before it is masked.
			got := mask(strings.Repeat("Oriane.Vasquelle", at/16) + strings.Repeat(".", at%16) + " " + echo)
			for _, part := range []string{"Ori", "O", "%", "quelle", "abc", "ab", "a b"} {
				if strings.Contains(strings.TrimPrefix(got, masked), part) {
					t.Fatalf("at %d: %q", at, got)
				}
			}
		}
	}
}

// TestMaskMuch: where too much was sent to look for all of it, nothing is shown.
func TestMaskMuch(t *testing.T) {
	t.Parallel()
	var sent []string
	for i := range 5000 {
		sent = append(sent, fmt.Sprintf("word%04d", i))
	}
	assert.Equal(t, "[redacted] but not word5000", Mask(sent)("word0000 but not word5000"))
	assert.Equal(t, "[redacted]", Mask(append(sent, strings.Repeat("x", mostSent)))("anything"))
	assert.Empty(t, Mask(append(sent, strings.Repeat("x", mostSent)))(" \n"))
}

// TestMaskCost: what is searched of one text is bounded however long it is, and
// nothing is prepared before there is a text.
func TestMaskCost(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		strings.Repeat("a", 1<<20), strings.Repeat("a ", 1<<20), strings.Repeat("%25", 1<<20), strings.Repeat("&amp;", 1<<20),
		strings.Repeat(";", 1<<20), strings.Repeat("é", 1<<20), "x" + strings.Repeat("é", 1<<20), strings.Repeat(`\u005c`, 1<<20),
	} {
		searched, _ := clip(oneLine(text), maxSearched)
		assert.LessOrEqual(t, len(searched), maxSearched)
		assert.Greater(t, len(searched), maxSearched-4)
		assert.LessOrEqual(t, len(unescape(searched).bytes), maxSearched, "undoing escapes makes nothing longer")
	}
}

func TestMaskIsLazy(t *testing.T) { //nolint:paralleltest // allocations are counted
	sent := []string{strings.Repeat("a1b2c3d4", 1000)}
	assert.LessOrEqual(t, testing.AllocsPerRun(10, func() { _ = Mask(sent)("") }), 10.0)
}

func TestSentStrings(t *testing.T) {
	t.Parallel()
	assert.ElementsMatch(t, []string{"a", "b", "c", "d", "", "491700000000"},
		SentStrings([]byte(`{"x": "a", "y": {"z": ["b", {"w": "c"}, 5, null, true, 491700000000, 1234567]}, "v": "d", "e": ""}`)))
	assert.Equal(t, []string{"a"}, SentStrings([]byte(`"a"`)))
	assert.Empty(t, SentStrings([]byte(`{"x": "a"`)))
	assert.Empty(t, SentStrings(nil))
}

func BenchmarkMask(b *testing.B) {
	sent := []string{token, appID, "customer-1", strings.Repeat("a1b2c3d4", 100)}
	for name, text := range map[string]string{
		"ordinary": "This session has already been imported into this application.",
		"echo":     "Bad token " + token,
		"64 KiB":   strings.Repeat("lorem ipsum ", 64<<10/12),
		"escapes":  strings.Repeat("&amp;%2541", 64<<10/10),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = Mask(sent)(text)
			}
		})
	}
}
