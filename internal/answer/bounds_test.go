package answer

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// large makes a body that is looked at.
func large(body string) []byte {
	return []byte(strings.Repeat(" ", smallBody) + body)
}

func list(n int, item string) string {
	return "[" + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + "]"
}

func TestBounded(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, body string
		want       bool
	}{
		{"as many as allowed", list(maxItems, "{}"), true},
		{"one more", list(maxItems+1, "{}"), false},
		{"in an object", `{"results": ` + list(maxItems+1, "1") + `}`, false},
		{"in a list", `[[], ` + list(maxItems+1, "1") + `]`, false},
		{"after a list", `[` + list(maxItems, "1") + "," + list(maxItems, "1") + `]`, true},
		{"lists of lists", list(maxItems, list(3, "1")), true},
		{"as many in all as allowed", `{"a":` + strings.Join(slices.Repeat([]string{list(maxItems, "1")}, maxAllItems/maxItems), `,"a":`) + `}`, true},
		{"one more in all", `{"b":[ 1 ],"a":` + strings.Join(slices.Repeat([]string{list(maxItems, "1")}, maxAllItems/maxItems), `,"a":`) + `}`, false},
		{"lists of lists count as items", list(maxItems, list(4, "1")), true},
		{"and one more", "[" + list(maxItems, list(4, "1")) + "]", false},
		{"many lists of one item", `{` + strings.TrimSuffix(strings.Repeat(`"a":["x"],`, maxAllItems), ",") + `}`, true},
		{"one more list of one item", `{` + strings.TrimSuffix(strings.Repeat(`"a":["x"],`, maxAllItems+1), ",") + `}`, false},
		{"empty lists have no items", `{` + strings.TrimSuffix(strings.Repeat("\"a\":[ \t\r\n],", maxAllItems+1), ",") + `}`, true},
		{"lists of an object", `{` + strings.TrimSuffix(strings.Repeat(`"a":[{"b":[]}],`, maxAllItems+1), ",") + `}`, false},
		{"long lists of lists", list(3, list(maxItems+1, "1")), false},
		{"members do not count", `{` + strings.TrimSuffix(strings.Repeat(`"a":1,`, 3*maxItems), ",") + `}`, true},
		{"members within a list do not count", `[{` + strings.TrimSuffix(strings.Repeat(`"a":1,`, 3*maxItems), ",") + `}]`, true},
		{"texts do not count", `["` + strings.Repeat(",", 3*maxItems) + `"]`, true},
		{"texts with quotes do not count", `["\"` + strings.Repeat(`,\\\"`, 3*maxItems) + `"]`, true},
		{"brackets in texts do not count", `["` + strings.Repeat("[", 3*maxItems) + `"]`, true},
		{"after a text", `["\\",` + list(maxItems+1, `"[\""`) + `]`, false},
		{"deep", strings.Repeat("[", maxItems), true},
		{"too deep", strings.Repeat("[", maxItems+1), false},
		{"too deep in objects", strings.Repeat(`{"a":`, maxItems+1), false},
		{"commas outside", strings.Repeat(",", 3*maxItems), true},
		{"too many ends", "]]}}" + list(maxItems+1, "1"), false},
		{"no JSON", strings.Repeat("<p>", 3*maxItems), true},
		{"an end in a text", `"\`, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, Bounded(large(test.body)))
		})
	}
	assert.True(t, Bounded(nil))
	small := []byte(list(smallBody/2-1, "1"))
	assert.True(t, Bounded(small), "a small one cannot become much")
	assert.False(t, Bounded(append(small, "  "...)))
}

// FuzzBounded compares with encoding/json on what is JSON.
func FuzzBounded(f *testing.F) {
	for _, seed := range []string{"1", "{}", `"a"`, `"\\"`, `"\",[\""`, `{"a":[1,2]}`, "[]", "[[[", "]", `{"a":1,"b":2}`, `1,1`, "\"", `"[,",{}`} {
		f.Add(seed, "", uint16(maxItems))
		f.Add(seed, ",1", uint16(maxItems+1))
		f.Add(seed, "]", uint16(3))
		f.Add("[1,2,3,4]", "", uint16(maxItems))
		f.Add("[1,2,3,4]", "\n", uint16(maxItems-1))
	}
	f.Fuzz(func(t *testing.T, item, tail string, n uint16) {
		if len(item) > 100 {
			return
		}
		body := large(list(int(n)%(2*maxItems), item) + tail)
		got := Bounded(body)
		if !json.Valid(body) {
			return
		}
		most, all := items(t, body)
		if want := most <= maxItems && all <= maxAllItems; got != want {
			t.Fatalf("%d times %q and %q: %v", n, item, tail, got)
		}
	})
}

// items counts the items of the longest array and of all arrays. It reads tokens,
// because a key that comes twice is decoded twice.
func items(t *testing.T, body []byte) (most, all int) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(body))
	type value struct{ list, items int }
	open := []value{{}}
	for {
		token, err := dec.Token()
		if err == io.EOF {
			return most, all
		}
		if err != nil {
			t.Fatal(err)
		}
		last := &open[len(open)-1]
		switch token {
		case json.Delim(']'), json.Delim('}'):
			open = open[:len(open)-1]
			continue
		}
		last.items += last.list
		all += last.list
		most = max(most, last.items)
		switch token {
		case json.Delim('['):
			open = append(open, value{list: 1})
		case json.Delim('{'):
			open = append(open, value{})
		}
	}
}
