package answer

import (
	"bytes"
	"encoding/json"
	"time"
	"unicode/utf8"
)

// Text reads a JSON string. Names have no escapes as a rule, and a decoder for each
// of them would cost more than they do.
func Text(data []byte) string {
	if len(data) >= 2 && bytes.IndexByte(data, '\\') < 0 && utf8.Valid(data) {
		return string(data[1 : len(data)-1])
	}
	var text string
	_ = json.Unmarshal(data, &text) // the decoder that calls has found it valid
	return text
}

// NullText is a string of which it matters whether it was sent at all.
type NullText struct {
	Text string
	Sent bool // as null too
}

// UnmarshalJSON reads a string or null; what is neither counts as not sent.
func (t *NullText) UnmarshalJSON(data []byte) error {
	switch {
	case data[0] == '"':
		t.Text, t.Sent = Text(data), true
	case string(data) == "null":
		t.Sent = true
	}
	return nil
}

// Time is an instant in UTC that is left zero where it cannot be read: time.Time's
// own error would quote it and stop the decoding.
type Time time.Time

// UnmarshalJSON reads the forms that Didit sends; it never fails.
func (t *Time) UnmarshalJSON(data []byte) error {
	*t = Time{}
	if data[0] != '"' {
		return nil
	}
	text := string(data[1 : len(data)-1])
	if at, err := time.Parse(layout(text), text); err == nil {
		if at = at.UTC(); at.Year() >= 1 && at.Year() <= 9999 { // JSON has no other years: it could not be encoded again
			*t = Time(at)
		}
	}
	return nil
}

// layout tells by its shape how a time was sent, because trying costs allocations.
func layout(text string) string {
	switch last := len(text) - 1; {
	case last < len(time.DateOnly):
		return time.DateOnly
	case text[len(time.DateOnly)] == ' ':
		return "2006-01-02 15:04:05.999999999Z07:00"
	case text[last] == 'Z' || text[last-5] == '+' || text[last-5] == '-':
		return time.RFC3339Nano
	}
	return "2006-01-02T15:04:05.999999999"
}
