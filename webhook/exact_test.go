package webhook

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestExact(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"status":1}`:                        `{"status":1}`,
		`{"STATUS":1}`:                        `{"______":1}`,
		` { "a" : "B" , "B" : "a" } `:         ` { "a" : "B" , "_" : "a" } `,
		`{"a":{"B":{"C":1}},"D":[{"E":"F"}]}`: `{"a":{"B":{"C":1}},"_":[{"E":"F"}]}`,
		`{"a":["B","C"],"d":"E","F":1}`:       `{"a":["B","C"],"d":"E","_":1}`,
		`{"a":"\",\"B\":1,\"","B":1}`:         `{"a":"\",\"B\":1,\"","_":1}`,
		`{"\u0061":1,"\u0041":2}`:             `{"\u0061":1,"______":2}`,
		`{"k_9":1,"K":2,"\"":3,"":4}`:         `{"k_9":1,"_":2,"__":3,"":4}`,
		"{\"\u017f\":1,\"\u212a\":2}":         `{"__":1,"___":2}`, // encoding/json takes them for s and k
		`{`:                                   `{`, `{"`: `{"`, `{"A`: `{"A`, `{"\`: `{"\`, `{"a":"\`: `{"a":"\`, `]}`: `]}`, ``: ``, `"A"`: `"A"`,
	} {
		given := []byte(text)
		assert.Equal(t, want, string(exact(given)), text)
		assert.Equal(t, text, string(given), "it was changed")
	}
	plain := []byte(`{"status":"Approved","decision":{"A":1}}`)
	assert.Same(t, &plain[0], &exact(plain)[0], "it was copied")
}

// FuzzExact: what is left are the members with exact names, as a map shows them.
func FuzzExact(f *testing.F) {
	f.Add([]byte(`{"status":"Approved","STATUS":{"a":["x","\"",{"B":1}]},"\u0061":1}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		got := exact(text)
		if len(got) != len(text) || json.Valid(got) != json.Valid(text) {
			t.Fatalf("%q became %q", text, got)
		}
		var before, after map[string]json.RawMessage
		if json.Unmarshal(text, &before) != nil || json.Unmarshal(got, &after) != nil {
			return
		}
		for name, value := range before {
			if lowerCase([]byte(name)) != bytes.Equal(after[name], value) && !hidden(name) {
				t.Fatalf("%q became %q: %q", text, got, name)
			}
		}
		for name := range after {
			if !lowerCase([]byte(name)) {
				t.Fatalf("%q became %q: %q", text, got, name)
			}
		}
	})
}

// hidden reports whether a key may be another's that was overwritten.
func hidden(name string) bool { return len(bytes.Trim([]byte(name), "_")) == 0 }
