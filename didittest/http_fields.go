package didittest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/didit-go/didit/didittest/internal/random"
)

// fields reads a request's JSON object field by field and gathers what is wrong with it, in the words of the framework that
// Didit's API runs on.
type fields struct {
	values map[string]json.RawMessage
	errors map[string][]string
	plain  bool
}

// readFields parses a body. Unknown fields stay in it and are ignored.
func readFields(body []byte, plain bool) (*fields, *answer) {
	f := &fields{errors: map[string][]string{}, plain: plain}
	if len(bytes.TrimSpace(body)) == 0 {
		return f, nil
	}
	if err := json.Unmarshal(body, &f.values); err != nil || f.values == nil {
		var a answer
		if json.Valid(body) {
			a = jsonAnswer(http.StatusBadRequest, obj{"non_field_errors": []string{"Invalid data. Expected a dictionary."}})
		} else {
			a = detail(http.StatusBadRequest, "JSON parse error.")
		}
		return nil, &a
	}
	return f, nil
}

func (f *fields) fail(name, text string) { f.errors[name] = append(f.errors[name], text) }

// refusal is the answer to what was gathered, nil if nothing was.
func (f *fields) refusal() *answer {
	if len(f.errors) == 0 {
		return nil
	}
	body := obj{}
	for name, texts := range f.errors {
		if f.plain {
			body[name] = texts[0]
		} else {
			body[name] = texts
		}
	}
	a := jsonAnswer(http.StatusBadRequest, body)
	return &a
}

// value returns a field's raw value. null is refused, as it is for every field that does not allow it.
func (f *fields) value(name string, required bool) (json.RawMessage, bool) {
	v, ok := f.values[name]
	switch {
	case !ok && required:
		f.fail(name, "This field is required.")
	case ok && string(v) == "null":
		f.fail(name, "This field may not be null.")
		return nil, false
	}
	return v, ok
}

// optional is value for a field that may be null.
func (f *fields) optional(name string) (json.RawMessage, bool) {
	v, ok := f.values[name]
	return v, ok && string(v) != "null"
}

func (f *fields) text(name string, required bool) string {
	v, ok := f.value(name, required)
	if !ok {
		return ""
	}
	return f.asText(name, v, required)
}

func (f *fields) optionalText(name string) string {
	v, ok := f.optional(name)
	if !ok {
		return ""
	}
	return f.asText(name, v, false)
}

func (f *fields) asText(name string, v json.RawMessage, required bool) string {
	var s string
	if json.Unmarshal(v, &s) != nil {
		f.fail(name, "Not a valid string.")
		return ""
	}
	s = trimmed(s)
	if required && s == "" {
		f.fail(name, "This field may not be blank.")
	}
	return s
}

// trimmed takes white space off both ends, as the framework does with every text: what Python's str.strip takes for it.
func trimmed(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f })
}

func (f *fields) uuid(name string) string {
	v, ok := f.value(name, true)
	if !ok {
		return ""
	}
	var s string
	if json.Unmarshal(v, &s) != nil || !random.IsUUID(s) {
		f.fail(name, "Must be a valid UUID.")
		return ""
	}
	return strings.ToLower(s)
}

func (f *fields) boolean(name string, required bool) bool {
	v, ok := f.value(name, required)
	if !ok {
		return false
	}
	var b bool
	if json.Unmarshal(v, &b) != nil {
		f.fail(name, "Must be a valid boolean.")
	}
	return b
}

// integer reads a whole number between low and high. Digits in a string are one only where the oldest pages show them.
func (f *fields) integer(name string, low, high, fallback int, digits bool) int {
	v, ok := f.value(name, false)
	if !ok {
		return fallback
	}
	text := string(v)
	if digits {
		text = strings.Trim(text, `"`)
	}
	n, err := strconv.Atoi(text)
	switch {
	case err != nil:
		f.fail(name, "A valid integer is required.")
	case n < low:
		f.fail(name, "Ensure this value is greater than or equal to "+strconv.Itoa(low)+".")
	case n > high:
		f.fail(name, "Ensure this value is less than or equal to "+strconv.Itoa(high)+".")
	}
	return n
}

// object returns a JSON object field as it was sent, nil if it is absent or null.
func (f *fields) object(name string) json.RawMessage {
	v, ok := f.optional(name)
	if !ok {
		return nil
	}
	if !bytes.HasPrefix(v, []byte("{")) {
		f.fail(name, "Expected a dictionary.")
		return nil
	}
	return v
}

func (f *fields) choice(name string, required bool, choices ...string) string {
	v, ok := f.value(name, required)
	if !ok {
		return ""
	}
	var s string
	if json.Unmarshal(v, &s) == nil {
		if slices.Contains(choices, s) {
			return s
		}
	}
	f.fail(name, strconv.Quote(s)+" is not a valid choice.")
	return ""
}

// fieldOrDetail refuses a value: under its field in the newest dialect, as a detail in the older ones. No page shows which.
func (c *call) fieldOrDetail(field, text string) answer {
	if c.server.cfg.dialect.older() {
		return detail(http.StatusBadRequest, text)
	}
	return c.field(field, text)
}

// field refuses a value under its field.
func (c *call) field(name, text string) answer {
	f := &fields{errors: map[string][]string{name: {text}}, plain: c.server.cfg.stringErrors}
	return *f.refusal()
}
