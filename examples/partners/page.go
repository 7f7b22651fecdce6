package main

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"strings"

	"github.com/didit-go/didit/handoff"
)

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// page is what a side's compliance officer sees.
type page struct {
	book     *ledger
	title    string
	action   string
	handOver handOver
}

var outcomes = []handoff.AuditOutcome{handoff.AuditOK, handoff.AuditRepeated, handoff.AuditRefused, handoff.AuditUnsettled}

func (p *page) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.show)
	mux.HandleFunc("GET /ledger.csv", p.export)
	mux.HandleFunc("POST /hand-over", p.press)
	return http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		mux.ServeHTTP(w, r)
	}))
}

func (p *page) show(w http.ResponseWriter, r *http.Request) { p.render(w, r, http.StatusOK, "") }

func (p *page) render(w http.ResponseWriter, r *http.Request, status int, said string) {
	partner, outcome := r.FormValue("partner"), r.FormValue("outcome")
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, map[string]any{
		"Title": p.title, "Action": p.action, "Said": said, "Rows": p.book.find(partner, outcome), "Partners": p.book.partners(),
		"Outcomes": outcomes, "Purposes": purposes, "Partner": partner, "Outcome": outcome,
	})
	if err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

func (p *page) export(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="hand-offs.csv"`)
	_ = writeCSV(w, p.book.find(r.FormValue("partner"), r.FormValue("outcome")))
}

// press is the page's button.
func (p *page) press(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	session, err := p.handOver(r.Context(), r.PostFormValue("reference"), r.PostFormValue("purpose"))
	status, said := http.StatusOK, session
	if err != nil {
		status, said = http.StatusConflict, err.Error()
	}
	switch {
	case strings.Contains(r.Header.Get("Accept"), "text/html"):
		if err == nil {
			said = "Imported as session " + session + "."
		}
		p.render(w, r, status, said)
	case err != nil:
		http.Error(w, said, status)
	default:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Write([]byte(said + "\n"))
	}
}
