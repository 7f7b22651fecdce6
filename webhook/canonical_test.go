package webhook_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"sort"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/webhook"
)

type vector struct {
	Text      string `json:"text"`
	Canonical string `json:"canonical"`
}

func vectors(t testing.TB) []vector {
	t.Helper()
	data, err := os.ReadFile("testdata/canonical.json")
	require.NoError(t, err)
	var all []vector
	require.NoError(t, json.Unmarshal(data, &all))
	require.NotEmpty(t, all)
	return all
}

// TestCanonicalIsPythons holds the form against what Python made.
func TestCanonicalIsPythons(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		got, err := webhook.Canonical([]byte("before "), []byte(v.Text))
		require.NoError(t, err, v.Text)
		assert.Equal(t, "before "+v.Canonical, string(got), v.Text)
	}
}

// TestCanonicalRefuses what is not JSON, and what has no certain form.
func TestCanonicalRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", " ", "{", "}", "[", "]", "[1", "[1,", "[1,]", "[,1]", `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, `{1:2}`, `[1}`, `{"a":1]`,
		`"`, `"a`, `"\`, `"\x"`, `"\u12"`, `"\u12g4"`, "\"\n\"", "\"\x00\"", "\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"",
		`"\ud800"`, `"\udc00"`, `"\ud800x"`, `"\ud800\ud800"`, `"\ud800\u0041"`, `"\ud800\u12"`, "\ufeff{}",
		"01", "-", "-a", "1.", ".5", "1e", "1e+", "+1", "0x1", "1e400", "-1e400", "NaN", "Infinity", "-Infinity",
		"tru", "truex", "nul", "falsE", "1 2", "{} {}", "[] x", "'a'", "{\"a\":1 \"b\":2}",
		strings.Repeat("[", 257) + strings.Repeat("]", 257),
		strings.Repeat("1", 4301),
		"[" + strings.Repeat("1e300,", 1000) + "1]",
	} {
		got, err := webhook.Canonical([]byte("kept"), []byte(text))
		require.Error(t, err, "%.40q", text)
		assert.Equal(t, "kept", string(got))
	}
	deep := strings.Repeat("[", 256) + strings.Repeat("]", 256)
	got, err := webhook.Canonical(nil, []byte(deep))
	require.NoError(t, err)
	assert.Equal(t, deep, string(got))
}

func FuzzCanonical(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add([]byte(v.Text))
	}
	f.Add([]byte(`{"a":1,"a":{"b":[1.50,"\ud83d\ude00"]}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := webhook.Canonical(nil, text)
		want, ok := reference(text)
		if err != nil {
			// The reference has no limits of length.
			if ok && len(want) < len(text)+1000 && !strings.Contains(string(text), "[[[[") && len(text) < 4000 {
				t.Fatalf("refused %q, which is %q", text, want)
			}
			return
		}
		if !ok || string(got) != want {
			t.Fatalf("%q: got %q, want %q (%t)", text, got, want, ok)
		}
		again, err := webhook.Canonical(nil, got)
		if err != nil || !bytes.Equal(again, got) {
			t.Fatalf("the form of %q is %q (%v)", got, again, err)
		}
	})
}

// reference is the form made the slow, obvious way: decode, then write.
func reference(text []byte) (string, bool) {
	if !utf8.Valid(text) || loneSurrogate(string(text)) || !json.Valid(text) {
		return "", false
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return "", false
	}
	var b strings.Builder
	ok := write(&b, v)
	return b.String(), ok
}

// loneSurrogate looks for an escaped half of a pair. Pairs are taken out first.
func loneSurrogate(text string) bool {
	text = strings.ReplaceAll(text, `\\`, "")
	for i := 0; i+6 <= len(text); i++ {
		if text[i] != '\\' || text[i+1] != 'u' {
			continue
		}
		n, err := strconv.ParseUint(text[i+2:i+6], 16, 32)
		if err != nil || n < 0xD800 || n > 0xDFFF {
			continue
		}
		if n >= 0xDC00 || i+12 > len(text) || text[i+6:i+8] != `\u` {
			return true
		}
		low, err := strconv.ParseUint(text[i+8:i+12], 16, 32)
		if err != nil || low < 0xDC00 || low > 0xDFFF {
			return true
		}
		i += 11
	}
	return false
}

func write(b *strings.Builder, v any) bool {
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case string:
		writeText(b, v)
	case json.Number:
		return writeNumber(b, v.String())
	case []any:
		b.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			if !write(b, item) {
				return false
			}
		}
		b.WriteByte(']')
	case map[string]any:
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		sort.Strings(keys)
		b.WriteByte('{')
		for i, key := range keys {
			if i > 0 {
				b.WriteByte(',')
			}
			writeText(b, key)
			b.WriteByte(':')
			if !write(b, v[key]) {
				return false
			}
		}
		b.WriteByte('}')
	}
	return true
}

func writeText(b *strings.Builder, s string) {
	b.WriteByte('"')
	for _, r := range s {
		switch short := map[rune]string{'"': `\"`, '\\': `\\`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\b': `\b`, '\f': `\f`}[r]; {
		case short != "":
			b.WriteString(short)
		case r < ' ':
			fmt.Fprintf(b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}

func writeNumber(b *strings.Builder, text string) bool {
	if !strings.ContainsAny(text, ".eE") {
		if text == "-0" {
			text = "0"
		}
		b.WriteString(text)
		return true
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) {
		return false
	}
	switch {
	case f == 0:
		b.WriteByte('0')
	case f == math.Trunc(f):
		b.WriteString(strconv.FormatFloat(f, 'f', 0, 64))
	case math.Abs(f) < 1e-4:
		b.WriteString(strconv.FormatFloat(f, 'e', -1, 64))
	default:
		b.WriteString(strconv.FormatFloat(f, 'f', -1, 64))
	}
	return true
}
