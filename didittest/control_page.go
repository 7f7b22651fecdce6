package didittest

import (
	"embed"
	"mime"
	"net/http"
	"path"
)

// pages is the page for people: HTML, CSS, one script and an icon, served as they are.
//
//go:embed page
var pages embed.FS

// pagePolicy lets the page load and call nothing but its own address.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func page(name string) http.Handler {
	text, err := pages.ReadFile("page/" + name)
	if err != nil {
		panic("didittest: " + err.Error())
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", mime.TypeByExtension(path.Ext(name)))
		w.Header().Set("Content-Security-Policy", pagePolicy)
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write(text)
	})
}
