// Package sign writes webhooks as Didit does and signs them in its three ways.
package sign

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

type obj = map[string]any

// Event is an event as it is sent: sorted keys, no spaces, ASCII only, with all three signatures. Parts of the body that are
// encoded already are json.RawMessage.
func Event(secret string, body map[string]any, at time.Time) ([]byte, http.Header) {
	// Through text and back, so that decisions that are encoded already are sorted too.
	var tree any
	dec := json.NewDecoder(bytes.NewReader(encoded(body)))
	dec.UseNumber()
	if err := dec.Decode(&tree); err != nil {
		panic("didittest: an event cannot be encoded: " + err.Error())
	}
	wire := ascii(encoded(tree))
	canonical := encoded(shortened(tree))
	stampText := strconv.FormatInt(at.Unix(), 10)
	text := func(name string) string {
		if s, ok := body[name].(string); ok {
			return s
		}
		return ""
	}
	simple := fmt.Sprintf("%v:%s:%s:%s", body["timestamp"], text("session_id"), text("status"), text("webhook_type"))
	return wire, http.Header{
		"Content-Type":       {"application/json"},
		"User-Agent":         {"DiditWebhook/2.0 +https://didit.me"},
		"X-Timestamp":        {stampText},
		"X-Signature":        {mac(secret, wire)},
		"X-Signature-V2":     {mac(secret, unescaped(canonical))},
		"X-Signature-Simple": {mac(secret, []byte(simple))},
	}
}

func mac(secret string, text []byte) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write(text)
	return hex.EncodeToString(h.Sum(nil))
}

// encoded is JSON in one line, in which only what has to be escaped is.
func encoded(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("didittest: an event cannot be encoded: " + err.Error())
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// shortened makes integers of floats that are whole, as Didit does before it signs,
// and writes the others in their shortest form.
func shortened(v any) any {
	switch v := v.(type) {
	case obj:
		out := make(obj, len(v))
		for name, item := range v {
			out[name] = shortened(item)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = shortened(item)
		}
		return out
	case json.Number:
		f, err := v.Float64()
		switch {
		case err != nil || !strings.ContainsAny(v.String(), ".eE"):
		case f == 0:
			return json.Number("0") // also for -0.0
		case f == math.Trunc(f): // to the last digit, where the shortest form of a large one ends in zeros
			return json.Number(strconv.FormatFloat(f, 'f', 0, 64))
		case math.Abs(f) < 1e-4: // as Python writes it
			return json.Number(strconv.FormatFloat(f, 'e', -1, 64))
		default:
			return json.Number(strconv.FormatFloat(f, 'f', -1, 64))
		}
	}
	return v
}

// ascii writes what is not ASCII as \uXXXX.
func ascii(text []byte) []byte {
	var b bytes.Buffer
	for _, r := range string(text) {
		switch {
		case r < 0x80:
			b.WriteRune(r)
		case r > 0xFFFF:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xD800+r>>10, 0xDC00+r&0x3FF)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.Bytes()
}

// unescaped undoes the two escapes that Go makes and Python does not. A backslash that is itself escaped starts none.
func unescaped(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		switch n := 1; {
		case bytes.HasPrefix(text, []byte(`\u2028`)):
			out, text = append(out, "\u2028"...), text[6:]
		case bytes.HasPrefix(text, []byte(`\u2029`)):
			out, text = append(out, "\u2029"...), text[6:]
		default:
			if text[0] == '\\' {
				n = 2
			}
			out, text = append(out, text[:n]...), text[n:]
		}
	}
	return out
}
