package webhook

import (
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"

	"github.com/didit-go/didit"
)

// String is the event's id and type, its session and the status that it reports.
func (e Event) String() string {
	kind := "another type"
	if e.Type.Known() {
		kind = string(e.Type)
	}
	s := didit.Session{SessionID: e.SessionID, SessionKind: e.SessionKind, Status: e.Status}
	return "webhook.Event(" + printID(e.ID) + ", " + kind + ", " + s.String() + ")"
}

func (e Event) GoString() string           { return e.String() }
func (e Event) Format(f fmt.State, _ rune) { io.WriteString(f, e.String()) }
func (e Event) LogValue() slog.Value       { return slog.StringValue(e.String()) }

// String says nothing about the secrets.
func (Verifier) String() string { return "webhook.Verifier" }

func (v Verifier) GoString() string           { return v.String() }
func (v Verifier) Format(f fmt.State, _ rune) { io.WriteString(f, v.String()) }
func (v Verifier) LogValue() slog.Value       { return slog.StringValue(v.String()) }

// String names the state.
func (s ReservationState) String() string {
	switch s {
	case Acquired:
		return "acquired"
	case InProgress:
		return "in progress"
	case Done:
		return "done"
	}
	return "ReservationState(" + strconv.Itoa(int(s)) + ")"
}

// printID shows an id that looks like one: it came from outside.
func printID(id string) string {
	if !plainWord(id) {
		return "no id"
	}
	return id
}

func printType(t EventType) string {
	if !plainWord(string(t)) {
		return "no type"
	}
	return string(t)
}

// plainWord reports whether a text can stand in a log as it is.
func plainWord(text string) bool {
	return text != "" && len(text) <= 64 && !strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.:", r)
	})
}
