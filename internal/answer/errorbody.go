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
	JSON    bool // the body is one whole JSON value
	Code    string
	Message string
	Fields  map[string][]string
}

const (
	maxFields = 200 // and texts of a list
	maxDepth  = 8
	maxPath   = 256 // bytes; each text repeats its path
)

// ParseErrorBody understands every shape of error body that Didit is known to
// send: {"detail"}, {"detail","code"}, {"message"}, {"error"}, maps of fields to
// texts, lists, maps and lists of maps, and bare lists. Anything else, a page of
// HTML above all, says nothing.
func ParseErrorBody(body []byte) ErrorBody {
	var e ErrorBody
	if !json.Valid(body) {
		return e
	}
	e.JSON = true
	var v any
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if dec.Decode(&v) != nil {
		return e
	}
	switch v := v.(type) {
	case string:
		e.Message = v
	case []any:
		e.Message = strings.Join(e.list("", v, 0), "; ")
	case map[string]any:
		e.object(v)
	}
	if e.Message == "" {
		e.Message = e.fieldText()
	}
	return e
}

func (e *ErrorBody) object(m map[string]any) {
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
			if texts := e.texts("", v, 0); len(texts) > 0 {
				if e.Message != "" {
					texts = append([]string{e.Message}, texts...)
				}
				e.Message = strings.Join(texts, "; ")
			}
			continue
		}
		switch v.(type) {
		case string, []any, map[string]any:
			e.add(key, e.texts(key, v, 0))
		}
	}
}

// texts returns what v says itself; what nested fields say goes into Fields.
func (e *ErrorBody) texts(path string, v any, depth int) []string {
	if len(path) > maxPath {
		return nil
	}
	switch v := v.(type) {
	case string:
		return []string{v}
	case json.Number:
		return []string{v.String()}
	case bool:
		return []string{strconv.FormatBool(v)}
	case []any:
		return e.list(path, v, depth)
	case map[string]any:
		if depth >= maxDepth {
			return nil
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			e.add(join(path, key), e.texts(join(path, key), v[key], depth+1))
		}
	}
	return nil
}

func (e *ErrorBody) list(path string, items []any, depth int) []string {
	var own []string
	if depth >= maxDepth {
		return nil
	}
	for i, item := range items {
		if len(own) >= maxFields {
			break
		}
		own = append(own, e.texts(path+"["+strconv.Itoa(i)+"]", item, depth+1)...)
	}
	return own
}

func (e *ErrorBody) add(path string, texts []string) {
	if len(texts) == 0 || len(e.Fields) >= maxFields {
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
