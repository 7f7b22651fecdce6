package didittest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
)

// obj is a JSON object that is being built.
type obj = map[string]any

// rawJSON is encoded already.
type rawJSON []byte

// answer is what an operation came to, before faults and the wire.
type answer struct {
	status      int
	contentType string
	header      map[string]string
	body        []byte
}

func jsonAnswer(status int, v any) answer {
	if bodyless(status) {
		return answer{status: status}
	}
	if raw, ok := v.(rawJSON); ok {
		return answer{status: status, contentType: "application/json", body: raw}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("didittest: an answer cannot be encoded: " + err.Error())
	}
	return answer{status: status, contentType: "application/json", body: bytes.TrimRight(b.Bytes(), "\n")}
}

// detail is Didit's most common error body.
func detail(status int, text string) answer { return jsonAnswer(status, obj{"detail": text}) }

func (a answer) with(name, value string) answer {
	if a.header == nil {
		a.header = map[string]string{}
	}
	a.header[name] = value
	return a
}

// The texts that Didit's pages show; the others are the stand-in's own.
const (
	textNoPermission = "You do not have permission to perform this action."
	textKeyExpired   = "This API key has expired."
	textOldBadKey    = "Invalid or missing API key"
)

func notFound() answer { return detail(http.StatusNotFound, "Session not found.") }

func forbidden() answer { return detail(http.StatusForbidden, textNoPermission) }

// htmlAnswer is what a router or a proxy in front of the API says.
func htmlAnswer(status int) answer {
	title := strconv.Itoa(status) + " " + http.StatusText(status)
	return answer{
		status:      status,
		contentType: "text/html; charset=utf-8",
		body:        []byte("<!doctype html>\n<html><head><title>" + title + "</title></head><body><h1>" + title + "</h1></body></html>\n"),
	}
}

func (a answer) write(w http.ResponseWriter) {
	a.writeHeader(w)
	_, _ = w.Write(a.body)
}

func (a answer) writeHeader(w http.ResponseWriter) {
	h := w.Header()
	if a.contentType != "" {
		h.Set("Content-Type", a.contentType)
	}
	for name, value := range a.header {
		h.Set(name, value)
	}
	if !bodyless(a.status) {
		h.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
}
