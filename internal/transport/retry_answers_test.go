package transport

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// statusRows are answers that are no success.
func statusRows() []row {
	var rows []row
	add := func(attempts [3]int, out Outcome, statuses ...int) {
		for _, status := range statuses {
			rows = append(rows, row{
				name: strconv.Itoa(status), place: answering(answers(status, `{"detail":"`+planted+`"}`)),
				attempts: attempts, sent: true, outcome: [3]Outcome{out, out, out}, status: status,
			})
		}
	}
	add(again, NotSent, 429)
	add(reads, Unknown, 500, 507, 520)
	add(once, Unknown, 501, 505)
	add(once, NotSent, 511)
	add(spare, Unknown, 502, 503, 504)
	add(once, NotSent, 400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 418, 422, 425, 451, 499)
	add(once, NotSent, 300, 301, 302, 303, 304, 305, 307, 308, 399)
	return rows
}

// answering is a server that always does the same.
func answering(h http.HandlerFunc) func(*testing.T) place {
	return func(t *testing.T) place {
		t.Helper()
		srv, n := counted(t, h)
		return place{base: srv.URL, hc: client(t), count: n.Load}
	}
}

// answerRows are successes that cannot be read.
func answerRows() []row {
	foreign := errors.New("invalid character in " + planted)
	return []row{
		{
			name: "truncated", sent: true, place: answering(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "100")
				io.WriteString(w, ` {"name":"`+planted)
			}),
			attempts: spare, outcome: lost, text: "the answer (status 200) broke off", is: []error{io.ErrUnexpectedEOF},
		},
		{
			name: "truncated page", sent: true, place: answering(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "100")
				io.WriteString(w, "<html>"+planted)
			}),
			attempts: spare, outcome: unknown, text: "the answer (status 200) broke off", is: []error{io.ErrUnexpectedEOF},
		},
		{
			name: "truncated chunk", sent: true, place: writing("HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n[" + planted),
			attempts: spare, outcome: lost, text: "the answer (status 202) broke off", is: []error{io.ErrUnexpectedEOF},
		},
		{
			name: "bad compression", sent: true, place: answering(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Encoding", "gzip")
				io.WriteString(w, planted+" is not compressed")
			}),
			attempts: spare, outcome: unknown, text: "the answer (status 200) broke off",
		},
		{
			name: "undecodable", sent: true, place: refusing(foreign),
			attempts: spare, outcome: lost, text: "the answer (status 201) could not be understood", is: []error{foreign},
		},
		{
			name: "unfit", sent: true, place: refusing(BadAnswer("speaks of another session")),
			attempts: spare, outcome: lost, text: "the answer (status 201) speaks of another session",
		},
		{
			name: "undecodable for good", sent: true, place: refusing(Final(errors.New("does not fit"))),
			attempts: once, outcome: lost, text: "the answer (status 201) does not fit",
		},
		{
			name: "too large", sent: true, place: func(t *testing.T) place {
				t.Helper()
				p := answering(answers(200, "["+strings.Repeat(planted, 10)))(t)
				p.limit = 10
				return p
			},
			attempts: once, outcome: unknown, text: "the answer (status 200) is larger than the limit",
		},
	}
}
