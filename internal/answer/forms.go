package answer

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"
)

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
	fill(reflect.ValueOf(v).Elem(), data)
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
	case reflect.Map:
		fillMap(v, data)
	case reflect.Struct:
		if data[0] == '"' {
			fillText(v, Text(data))
		} else if members := map[string]json.RawMessage(nil); json.Unmarshal(data, &members) == nil {
			fillStruct(v, members)
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

func fillMap(v reflect.Value, data []byte) {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(data, &members) // another type leaves it empty
	for key, member := range members {
		k := reflect.ValueOf(key)
		if old := v.MapIndex(k); old.IsValid() {
			item := reflect.New(old.Type()).Elem()
			item.Set(old)
			fill(item, member)
			v.SetMapIndex(k, item)
		}
	}
}

func fillStruct(v reflect.Value, members map[string]json.RawMessage) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		member, sent := members[name]
		switch {
		case field.Anonymous && name == "" && field.Type.Kind() == reflect.Struct:
			fillStruct(v.Field(i), members)
		case sent && name != "" && name != "-":
			fill(v.Field(i), member)
		}
	}
}

func fillText(v reflect.Value, text string) {
	for field, value := range v.Fields() {
		if field.Tag.Get("answer") == "text" {
			value.SetString(text)
		}
	}
}
