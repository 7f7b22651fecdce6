package sandbox

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/didit-go/didit/didittest"
)

// logger writes a line for each request and for each delivery of a webhook.
type logger struct {
	mu   sync.Mutex // lines stay whole
	out  io.Writer
	seen map[string]bool // deliveries, by id
}

func (l *logger) request(r didittest.Request) {
	operation, fault := string(r.Operation), ""
	if operation == "" {
		operation = "-"
	}
	if r.Fault != "" {
		fault = " fault=" + string(r.Fault)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	// The stand-in has masked keys and tokens in it.
	_, _ = fmt.Fprintf(l.out, "%s %s %q %d %s%s\n", r.Time.Format(time.TimeOnly), r.Method, r.Path, r.Status, operation, fault)
}

// deliveries logs those that are new.
func (l *logger) deliveries(server *didittest.Server) {
	for _, a := range server.Applications() {
		for _, d := range a.Deliveries() {
			if l.seen[d.ID] {
				continue
			}
			l.seen[d.ID] = true
			l.mu.Lock()
			_, _ = fmt.Fprintf(l.out, "%s webhook %s to %q: %d attempt=%d %s\n", d.At.Format(time.TimeOnly), d.Event, d.URL, d.StatusCode, d.Attempt, d.Error)
			l.mu.Unlock()
		}
	}
}
