package answer

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// mostForms is the size up to which an answer is looked at once more: no decision
// comes near it, and a larger one would cost what it is not worth.
const mostForms = 1 << 20

// Lenient takes the error of decoding data into v, a pointer. It lets pass that a
// value had another type than its field, which is zero then, and looks at such an
// answer once more for the forms that only some senders use:
//
//   - a whole number with a fraction, 24.0;
//   - one item where a list of them is due;
//   - a text where an object is due whose type has a field tagged `answer:"text"`.
func Lenient(err error, data []byte, v any) error {
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); !ok {
		return err
	}
	if len(data) <= mostForms {
		fill(reflect.ValueOf(v).Elem(), data)
	}
	return nil
}

// fill reads into v, where that is zero, what the decoder had to leave out. A type
// that decodes itself has had its own look.
func fill(v reflect.Value, data []byte) {
	if _, ok := reflect.TypeAssert[json.Unmarshaler](v.Addr()); ok || string(data) == "null" {
		return
	}
	switch v.Kind() {
	case reflect.Int, reflect.Int64:
		if v.IsZero() {
			fillWhole(v, data)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			fill(v.Elem(), data)
		}
	case reflect.Slice:
		fillList(v, data)
	case reflect.Struct:
		if data[0] == '"' {
			fillText(v, Text(data))
		} else {
			fillStruct(v, data)
		}
	}
}

func fillWhole(v reflect.Value, data []byte) {
	f, err := strconv.ParseFloat(string(data), 64)
	if err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		v.SetInt(int64(f))
	}
}

func fillList(v reflect.Value, data []byte) {
	if data[0] != '[' {
		one := reflect.New(v.Type().Elem())
		if err := Lenient(json.Unmarshal(data, one.Interface()), data, one.Interface()); err == nil && !one.Elem().IsZero() && v.Len() == 0 {
			v.Set(reflect.Append(v, one.Elem()))
		}
		return
	}
	var items []json.RawMessage
	_ = json.Unmarshal(data, &items) // it was found valid
	for i := range min(len(items), v.Len()) {
		fill(v.Index(i), items[i])
	}
}

func fillStruct(v reflect.Value, data []byte) {
	fields := map[string]reflect.Value{}
	collect(v, fields)
	Members(data, math.MaxInt, func(name string, value []byte) {
		if field, ok := fields[name]; ok {
			fill(field, value)
		}
	})
}

// collect finds the fields of a struct, those of embedded ones too, by their JSON names.
func collect(v reflect.Value, fields map[string]reflect.Value) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch embedded := reflect.Indirect(v.Field(i)); {
		case field.Anonymous && name == "" && embedded.Kind() == reflect.Struct:
			collect(embedded, fields)
		case name != "" && name != "-":
			fields[name] = v.Field(i)
		}
	}
}

// Members calls f with each member of a valid JSON object, in the order in which they
// were sent, and reports whether there were no more of them than limit. It keeps none,
// so that an object of any size costs its largest member only: f must not keep value.
func Members(data []byte, limit int, f func(name string, value []byte)) bool {
	dec := json.NewDecoder(bytes.NewReader(data))
	if brace, _ := dec.Token(); brace != json.Delim('{') {
		return true
	}
	value := json.RawMessage(nil)
	for n := 0; dec.More(); n++ {
		token, _ := dec.Token()
		name, ok := token.(string)
		if n == limit || !ok || dec.Decode(&value) != nil {
			return false
		}
		f(name, value)
	}
	return true
}

func fillText(v reflect.Value, text string) {
	for field, value := range v.Fields() {
		if field.Tag.Get("answer") == "text" {
			value.SetString(text)
		}
	}
}
