package didittest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// secret is what a key or a token looks like, wherever somebody puts it by mistake.
var secret = regexp.MustCompile(`eyJ[\w-]*\.[\w-]+\.[\w-]*|(?i:sk_(live|test)_)[\w-]+`)

// secretName is what headers are called that carry one.
var secretName = regexp.MustCompile(`(?i)auth|cookie|key|secret|signature|token`)

// masker leaves keys and tokens out of what is kept of a request.
type masker struct{ key string } // the request's own, whatever it looks like

// minKey is how long a key has to be for its text to mean nothing else.
const minKey = 8

func (m masker) text(s string) string {
	if len(m.key) >= minKey {
		s = strings.ReplaceAll(s, m.key, Masked)
	}
	s = secret.ReplaceAllString(s, Masked)
	if m.hides(s) {
		return Masked // written in another way: nothing of it is kept
	}
	return s
}

// The ways to write a text that look for something else: \uXXXX, and base64 of at least a key's prefix.
var (
	escaped = regexp.MustCompile(`\\u[0-9a-fA-F]{4}`)
	encoded = regexp.MustCompile(`[\w+/-]{16,}`)
)

// hides says that a text holds a secret once it is read as percent-encoded, escaped or base64.
func (m masker) hides(s string) bool {
	shows := func(s string) bool {
		return secret.MatchString(s) || len(m.key) >= minKey && strings.Contains(s, m.key)
	}
	if strings.Contains(s, "%") {
		if plain, err := url.QueryUnescape(s); err == nil && plain != s && (shows(plain) || m.hides(plain)) {
			return true
		}
	}
	if strings.Contains(s, `\u`) {
		if shows(escaped.ReplaceAllStringFunc(s, unescape)) {
			return true
		}
	}
	for _, run := range encoded.FindAllString(s, -1) {
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			if plain, err := encoding.DecodeString(run); err == nil && shows(string(plain)) {
				return true
			}
		}
	}
	return false
}

func unescape(text string) string {
	n, _ := strconv.ParseUint(text[2:], 16, 16)
	return string(rune(n))
}

func (m masker) header(h http.Header) http.Header {
	masked := make(http.Header, len(h))
	for name, values := range h {
		for _, v := range values {
			if secretName.MatchString(name) {
				v = Masked
			}
			name = m.text(name)
			masked[name] = append(masked[name], m.text(v))
		}
	}
	return masked
}

func (m masker) query(q url.Values) url.Values {
	masked := make(url.Values, len(q))
	for name, values := range q {
		for _, v := range values {
			masked[m.text(name)] = append(masked[m.text(name)], m.text(v))
		}
	}
	return masked
}

// body masks the token that was sent, however it is written, and whatever looks like a secret.
func (m masker) body(body []byte) []byte {
	if len(body) == 0 {
		return body
	}
	var v any
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	if dec.Decode(&v) == nil && !dec.More() {
		if masked, changed := m.value(v); changed {
			return jsonAnswer(http.StatusOK, masked).body
		}
	}
	return []byte(m.text(string(body))) // also for what only the text shows, a key that comes twice
}

// value masks what is in a value of JSON.
func (m masker) value(v any) (masked any, changed bool) {
	switch v := v.(type) {
	case string:
		masked := m.text(v)
		return masked, masked != v
	case []any:
		for i := range v {
			item, now := m.value(v[i])
			v[i], changed = item, changed || now
		}
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, item := range v {
			item, now := m.value(item)
			if name == "share_token" {
				item, now = Masked, true
			}
			to := m.text(name)
			out[to], changed = item, changed || now || to != name
		}
		return out, changed
	}
	return v, changed
}
