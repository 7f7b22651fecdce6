package didittest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
)

// secret is what a key or a token looks like, wherever somebody puts it by mistake.
var secret = regexp.MustCompile(`eyJ[\w-]*\.[\w-]+\.[\w-]*|sk_(live|test)_[\w-]+`)

func maskText(s string) string { return secret.ReplaceAllString(s, Masked) }

func maskHeader(h http.Header) http.Header {
	masked := make(http.Header, len(h))
	for name, values := range h {
		switch name {
		case "X-Api-Key", "Authorization", "Cookie", "Proxy-Authorization":
			masked[name] = []string{Masked}
		default:
			for _, v := range values {
				masked[name] = append(masked[name], maskText(v))
			}
		}
	}
	return masked
}

func maskQuery(q url.Values) url.Values {
	masked := make(url.Values, len(q))
	for name, values := range q {
		for _, v := range values {
			masked[maskText(name)] = append(masked[maskText(name)], maskText(v))
		}
	}
	return masked
}

// maskBody masks the token that was sent, however it is written, and whatever looks like a secret.
func maskBody(body []byte) []byte {
	if bytes.Contains(body, []byte("share_token")) || bytes.IndexByte(body, '\\') >= 0 {
		var v map[string]json.RawMessage
		if json.Unmarshal(body, &v) == nil && v["share_token"] != nil {
			masked := false
			quoted := []byte(`"` + Masked + `"`)
			if text := v["share_token"]; len(text) > 2 && bytes.Count(body, text) == 1 {
				body, masked = bytes.Replace(body, text, quoted, 1), true
			}
			if !masked {
				v["share_token"] = quoted
				if again, err := json.Marshal(v); err == nil {
					body = again
				}
			}
		}
	}
	if bytes.Contains(body, []byte("eyJ")) || bytes.Contains(body, []byte("sk_")) {
		return secret.ReplaceAll(body, []byte(Masked))
	}
	return body
}
