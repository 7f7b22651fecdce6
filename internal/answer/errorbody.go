package answer

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// ErrorBody is what an error body says, in the server's own words.
type ErrorBody struct {
	JSON    bool // one whole object, array or string; anything else says nothing
	Code    string
	Message string
	Fields  map[string][]string

	texts []string // what the Message is made of, each by itself; none where it is made of the Fields
}

const (
	maxTexts = 200 // of all fields together
	maxDepth = 8
	maxPath  = 256 // bytes; each text repeats its path
)

// ParseErrorBody understands every shape of error body that Didit is known to
// send: {"detail"}, {"detail","code"}, {"message"}, {"error"}, maps of fields to
// texts, lists, maps and lists of maps, and bare lists. Anything else says nothing,
// above all a page of HTML and a body that breaks off.
func ParseErrorBody(body []byte) ErrorBody {
	var e errorReader
	var v any
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if !json.Valid(body) || dec.Decode(&v) != nil {
		return ErrorBody{}
	}
	switch v := v.(type) {
	case string:
		e.texts = []string{v}
	case []any:
		e.texts = e.list("", v, 0)
	case map[string]any:
		e.object(v)
	default:
		return ErrorBody{}
	}
	e.JSON = true
	e.texts = slices.DeleteFunc(e.texts, func(s string) bool { return s == "" })
	e.Message = strings.Join(e.texts, "; ")
	if e.Message == "" {
		e.Message = e.fieldText()
	}
	return e.ErrorBody
}

// errorReader reads an error body, and counts its texts.
type errorReader struct {
	ErrorBody

	count int
}

func (e *errorReader) object(m map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(m)) {
		v := m[key]
		switch key {
		case "code":
			if s, ok := v.(string); ok {
				e.Code = s
				continue
			}
		case "detail", "message", "error":
			if nested, ok := v.(map[string]any); ok && key == "error" {
				e.object(nested)
				continue
			}
			e.texts = append(e.texts, e.textsOf("", v, 0)...)
			continue
		}
		switch v.(type) {
		case string, []any, map[string]any:
			e.add(key, e.textsOf(key, v, 0))
		}
	}
}

// textsOf returns what v says itself; what nested fields say goes into Fields.
func (e *errorReader) textsOf(path string, v any, depth int) []string {
	if len(path) > maxPath {
		return nil
	}
	switch v := v.(type) {
	case string:
		return e.text(v)
	case json.Number:
		return e.text(v.String())
	case bool:
		return e.text(strconv.FormatBool(v))
	case []any:
		return e.list(path, v, depth)
	case map[string]any:
		if depth >= maxDepth {
			return nil
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			e.add(join(path, key), e.textsOf(join(path, key), v[key], depth+1))
		}
	}
	return nil
}

func (e *errorReader) text(s string) []string {
	if e.count == maxTexts {
		return nil
	}
	e.count++
	return []string{s}
}

func (e *errorReader) list(path string, items []any, depth int) []string {
	var texts []string
	if depth >= maxDepth {
		return nil
	}
	for i, item := range items {
		texts = append(texts, e.textsOf(path+"["+strconv.Itoa(i)+"]", item, depth+1)...)
	}
	return texts
}

func (e *errorReader) add(path string, texts []string) {
	if len(texts) == 0 {
		return
	}
	if e.Fields == nil {
		e.Fields = make(map[string][]string)
	}
	e.Fields[path] = append(e.Fields[path], texts...)
}

// fieldText is the message of a body that has only fields.
func (e *ErrorBody) fieldText() string {
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(e.Fields)) {
		parts = append(parts, key+": "+strings.Join(e.Fields[key], " "))
	}
	return strings.Join(parts, "; ")
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// field reports whether the body speaks of a field.
func (e *ErrorBody) field(name string) bool {
	for path := range e.Fields {
		if isOf(path, name) {
			return true
		}
	}
	return false
}

// isOf reports whether a path is a field or something within it.
func isOf(path, field string) bool {
	rest, ok := strings.CutPrefix(path, field)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// Other reports whether every field that the body speaks of is another than those
// named, and there is one.
func (e *ErrorBody) Other(names ...string) bool {
	return len(e.Fields) > 0 && !slices.ContainsFunc(names, e.field)
}
