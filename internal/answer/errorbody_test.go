package answer

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

type fields = map[string][]string

// TestParseErrorBody has every shape that Didit is known to send, and what it is
// not known to send.
func TestParseErrorBody(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, body string
		want       ErrorBody
	}{
		{"detail", `{"detail": "Not found."}`, ErrorBody{JSON: true, Message: "Not found."}},
		{"detail and code", `{"detail": "Gone.", "code": "application_deleted"}`, ErrorBody{JSON: true, Code: "application_deleted", Message: "Gone."}},
		{"message", `{"message": "No."}`, ErrorBody{JSON: true, Message: "No."}},
		{"error", `{"error": "No."}`, ErrorBody{JSON: true, Message: "No."}},
		{"error object", `{"error": {"code": "bad", "message": "No."}}`, ErrorBody{JSON: true, Code: "bad", Message: "No."}},
		{"error object with fields", `{"error": {"x": ["No."]}}`, ErrorBody{JSON: true, Message: "x: No.", Fields: fields{"x": {"No."}}}},
		{"several texts", `{"message": "C.", "error": "B.", "detail": "A."}`, ErrorBody{JSON: true, Message: "A.; B.; C."}},
		{"detail list", `{"detail": ["A.", "B."]}`, ErrorBody{JSON: true, Message: "A.; B."}},
		{"detail map", `{"detail": {"x": ["A."]}}`, ErrorBody{JSON: true, Message: "x: A.", Fields: fields{"x": {"A."}}}},
		{"detail number", `{"detail": 5}`, ErrorBody{JSON: true, Message: "5"}},
		{"field lists", `{"share_token": ["A.", "B."], "workflow_id": ["C."]}`, ErrorBody{
			JSON: true, Message: "share_token: A. B.; workflow_id: C.", Fields: fields{"share_token": {"A.", "B."}, "workflow_id": {"C."}},
		}},
		{"field text", `{"share_token": "A."}`, ErrorBody{JSON: true, Message: "share_token: A.", Fields: fields{"share_token": {"A."}}}},
		{"detail and field", `{"detail": "D.", "ttl_in_seconds": ["A."]}`, ErrorBody{JSON: true, Message: "D.", Fields: fields{"ttl_in_seconds": {"A."}}}},
		{"nested maps", `{"a": {"b": {"c": ["A."]}, "d": "B."}}`, ErrorBody{JSON: true, Message: "a.b.c: A.; a.d: B.", Fields: fields{"a.b.c": {"A."}, "a.d": {"B."}}}},
		{"lists of maps", `{"a": [{"b": ["A."]}, {}, {"b": ["B."], "c": "C."}]}`, ErrorBody{
			JSON: true, Message: "a[0].b: A.; a[2].b: B.; a[2].c: C.", Fields: fields{"a[0].b": {"A."}, "a[2].b": {"B."}, "a[2].c": {"C."}},
		}},
		{"texts and maps", `{"a": ["A.", {"b": "B."}]}`, ErrorBody{JSON: true, Message: "a: A.; a[1].b: B.", Fields: fields{"a": {"A."}, "a[1].b": {"B."}}}},
		{"other values in fields", `{"a": [1.50, true, null, "x"]}`, ErrorBody{JSON: true, Message: "a: 1.50 true x", Fields: fields{"a": {"1.50", "true", "x"}}}},
		{"bare list", `["A.", "B."]`, ErrorBody{JSON: true, Message: "A.; B."}},
		{"bare list of maps", `[{"a": ["A."]}, "B."]`, ErrorBody{JSON: true, Message: "B.", Fields: fields{"[0].a": {"A."}}}},
		{"bare text", `"A."`, ErrorBody{JSON: true, Message: "A."}},
		{"code that is no text", `{"code": 17, "detail": "D."}`, ErrorBody{JSON: true, Message: "D."}},
		{"code of a list", `{"code": ["A."]}`, ErrorBody{JSON: true, Message: "code: A.", Fields: fields{"code": {"A."}}}},
		{"status and others", `{"status": 400, "ok": false, "x": null, "detail": "D."}`, ErrorBody{JSON: true, Message: "D."}},
		{"empty texts", `{"detail": "", "a": []}`, ErrorBody{JSON: true}},
		{"empty detail, field", `{"detail": "", "a": ["A."]}`, ErrorBody{JSON: true, Message: "a: A.", Fields: fields{"a": {"A."}}}},
		{"empty object", `{}`, ErrorBody{JSON: true}},
		{"empty list", ` [] `, ErrorBody{JSON: true}},
		{"white space around it", "\r\n\t {\"detail\": \"D.\"}\n ", ErrorBody{JSON: true, Message: "D."}},
		{"invalid UTF-8", "{\"detail\": \"a\xff\"}", ErrorBody{JSON: true, Message: "a\uFFFD"}},

		// Not Didit's words, or not all of them.
		{"empty", ``, ErrorBody{}},
		{"white space", " \n", ErrorBody{}},
		{"null", `null`, ErrorBody{}},
		{"number", `42`, ErrorBody{}},
		{"bool", `true`, ErrorBody{}},
		{"HTML", `<!DOCTYPE html><html><body><h1>Server Error (500)</h1></body></html>`, ErrorBody{}},
		{"text", `upstream connect error`, ErrorBody{}},
		{"broken off in a text", `{"detail": "Invalid or missing API k`, ErrorBody{}},
		{"broken off after a text", `{"detail": "This API key has expired."`, ErrorBody{}},
		{"broken off between members", `{"code": "authentication_failed", `, ErrorBody{}},
		{"broken off in a list", `["Only finished sessions can be shared."`, ErrorBody{}},
		{"HTML after it", `{"detail": "D."} <html>`, ErrorBody{}},
		{"a second value after it", `{"detail": "D."}{"detail": "E."}`, ErrorBody{}},
		{"a bracket after it", `{"detail": "D."}}`, ErrorBody{}},
		{"a zero byte after it", "{\"detail\": \"D.\"}\x00", ErrorBody{}},
		{"a byte-order mark", "\uFEFF{\"detail\": \"D.\"}", ErrorBody{}},
		{"single quotes", `{'detail': 'D.'}`, ErrorBody{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := ParseErrorBody([]byte(test.body))
			got.texts = nil
			assert.Equal(t, test.want, got)
		})
	}
}

func TestParseErrorBodyBounds(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 1000 {
		many = append(many, fmt.Sprintf(`"f%d": ["A."]`, i))
	}
	e := ParseErrorBody([]byte("{" + strings.Join(many, ",") + "}"))
	assert.Len(t, e.Fields, maxTexts)

	// All texts count together: each is masked by itself.
	e = ParseErrorBody([]byte("{" + strings.ReplaceAll(strings.Join(many, ","), `["A."]`, list(50, `"A."`)) + "}"))
	total := 0
	for _, texts := range e.Fields {
		total += len(texts)
	}
	assert.Equal(t, maxTexts, total)

	assert.Len(t, ParseErrorBody([]byte(`{"detail":`+list(10_000, `"A."`)+`}`)).texts, maxTexts)
	assert.Len(t, ParseErrorBody([]byte(`{"f":` + list(10_000, `"A."`) + `}`)).Fields["f"], maxTexts)

	long := strings.Repeat("k", maxPath)
	assert.Equal(t, fields{long: {"A."}}, ParseErrorBody([]byte(`{"`+long+`": "A."}`)).Fields)
	assert.Equal(t, ErrorBody{JSON: true}, ParseErrorBody([]byte(`{"`+long+`k": "A.", "`+long+`": {"b": "B."}}`)))

	for _, depth := range []int{maxDepth, maxDepth + 1, 5000} {
		// One level of each kind of nesting at a time; the outermost is the field.
		maps := ParseErrorBody([]byte(`{"f":` + strings.Repeat(`{"a":`, depth) + `"A."` + strings.Repeat("}", depth+1)))
		lists := ParseErrorBody([]byte(`{"f":` + strings.Repeat(`[`, depth) + `"A."` + strings.Repeat("]", depth) + "}"))
		if depth <= maxDepth {
			assert.Equal(t, fields{"f" + strings.Repeat(".a", depth): {"A."}}, maps.Fields)
			assert.Equal(t, fields{"f": {"A."}}, lists.Fields)
		} else {
			assert.Empty(t, maps.Fields)
			assert.Empty(t, lists.Fields)
		}
	}
	assert.Equal(t, "M.", ParseErrorBody([]byte(strings.Repeat(`{"error":`, 5000)+`{"message":"M."}`+strings.Repeat("}", 5000))).Message)
}

func TestOther(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]bool{
		`{"vendor_data": ["Too long."]}`:                    true,
		`{"vendor_data": ["x"], "share_token_2": ["x"]}`:    true,
		`{"vendor_data": ["x"], "share_token": ["x"]}`:      false,
		`{"share_token": {"exp": ["x"]}}`:                   false,
		`{"share_token": [{"exp": ["x"]}], "other": ["x"]}`: false,
		`{"workflow_id": ["x"]}`:                            false,
		`{"detail": "x"}`:                                   false,
		``:                                                  false,
	} {
		e := ParseErrorBody([]byte(body))
		assert.Equal(t, want, e.Other("share_token", "workflow_id"), body)
	}
}

func FuzzParseErrorBody(f *testing.F) {
	for _, seed := range []string{
		`{"detail": "Not found."}`, `{"detail": "x", "code": "y"}`, `{"a": {"b": [{"c": ["d"]}]}}`, `["a", "b"]`, `{"message": 1}`,
		`{"error": {"error": {"code": "x"}}}`, `"x"`, `<html>`, ``, `null`, `[[[[[[[[[["x"]]]]]]]]]]`, `{"": {"": ""}}`, `{"detail": "`, "\"\xff\"",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		before := string(body)
		e := ParseErrorBody(body)
		if string(body) != before {
			t.Fatal("the body was changed")
		}
		if len(e.Fields) > maxTexts {
			t.Fatalf("%d fields", len(e.Fields))
		}
		for path, texts := range e.Fields {
			if len(texts) == 0 || len(path) > maxPath {
				t.Fatalf("%q has %d texts", path, len(texts))
			}
			if depth := strings.Count(path, "["); depth > strings.Count(before, "[")+maxDepth {
				t.Fatalf("%q", path)
			}
		}
		for table := Plain; table <= Import; table++ {
			for _, status := range []int{400, 401, 403, 404, 422} {
				kinds := Kinds(table, status, e, Token{})
				if table == Import && len(kinds) > 2 {
					t.Fatalf("an import failed for %d reasons", len(kinds))
				}
			}
		}
		_ = e.Other("share_token")
	})
}
