package setting_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/didit-go/didit/internal/setting"
)

func TestPasted(t *testing.T) {
	t.Parallel()
	for _, value := range []string{`"a"`, "'a'", "`a`", "“a”", "«a»", `"a`, `a"`, `""`} {
		assert.Equal(t, "must not be in quotes", setting.Pasted(value), value)
	}
	for _, value := range []string{"Bearer a", "bearer a", "BEARER "} {
		assert.Equal(t, `must not have "Bearer " before it`, setting.Pasted(value), value)
	}
	for _, value := range []string{"", "a", `it's a "b" c`, "Bearers", "Bearer"} {
		assert.Empty(t, setting.Pasted(value), value)
	}
}

func TestID(t *testing.T) {
	t.Parallel()
	lower, problem := setting.ID("0B8FA2EE-7ea8-4b5c-a4f1-7d30ab3f6c21")
	assert.Equal(t, "0b8fa2ee-7ea8-4b5c-a4f1-7d30ab3f6c21", lower)
	assert.Empty(t, problem)
	for id, want := range map[string]string{
		"": "is missing: give a UUID, such as ", "x": "must be a UUID, such as ", "0b8fa2ee": "must be a UUID, such as ",
		`"0b8fa2ee-7ea8-4b5c-a4f1-7d30ab3f6c21"`: "must not be in quotes", "Bearer x": "must not have \"Bearer \" before it",
	} {
		lower, problem := setting.ID(id)
		assert.Empty(t, lower, id)
		assert.Contains(t, problem, want, id)
	}
}

func TestURL(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://h.example/a?b=c": "", " http://h.example\n": "",
		"":                             `must be an absolute URL, such as "https://x.example"`,
		"h.example/a":                  `must be an absolute URL, such as "https://x.example"`,
		"ftp://h":                      `must be an absolute URL, such as "https://x.example"`,
		"https://":                     `must be an absolute URL, such as "https://x.example"`,
		"https://%zz":                  "is not a URL",
		"https://u:hunter22@h.example": "must not have user info", "https://h.example/#a": "must not have a fragment", "https://h.example/#": "must not have a fragment",
	} {
		u, problem := setting.URL(raw, "https://x.example")
		assert.Equal(t, want, problem, raw)
		assert.Equal(t, problem == "", u != nil, raw)
	}
}

func TestPrintable(t *testing.T) {
	t.Parallel()
	assert.True(t, setting.Printable("shop/1.2 (~)"))
	for _, value := range []string{"a\n", "a\x00", "\x7f", "é"} {
		assert.False(t, setting.Printable(value), "%q", value)
	}
}

func TestLoopback(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost": true, "127.0.0.1": true, "127.8.8.8": true, "::1": true,
		"": false, "h.example": false, "10.0.0.1": false, "0.0.0.0": false, "localhost.example": false, "127.0.0.1.example": false,
	} {
		assert.Equal(t, want, setting.Loopback(host), host)
	}
}

func TestIsNil(t *testing.T) {
	t.Parallel()
	for _, value := range []any{nil, (*int)(nil), map[string]int(nil), (func())(nil), []int(nil), (chan int)(nil)} {
		assert.True(t, setting.IsNil(value), "%T", value)
	}
	for _, value := range []any{0, "", new(int), map[string]int{}, func() {}, []int{}, struct{}{}} {
		assert.False(t, setting.IsNil(value), "%T", value)
	}
}
