package handoff

import (
	"fmt"
	"io"
	"log/slog"
)

// printID shows the id of a hand-off where it is one.
func printID(id string) string {
	if !isID(id) {
		return "(no id)"
	}
	return id
}

// String says nothing about the secret.
func (s Secret) String() string {
	if s.IsZero() {
		return "handoff.Secret(none)"
	}
	return "handoff.Secret"
}

// String says how many partners there are.
func (s Secrets) String() string { return fmt.Sprintf("handoff.Secrets(%d)", len(s)) }

// String is the hand-off's id and the token's fingerprint.
func (e Envelope) String() string {
	return "handoff.Envelope(" + printID(e.ID) + ", " + e.Token.String() + ")"
}

// String is the hand-off's id.
func (q Request) String() string { return "handoff.Request(" + printID(q.ID) + ")" }

// String is nothing that was sent.
func (s *Sender) String() string { return "handoff.Sender" }

// String is nothing that was sent.
func (r *Requester) String() string { return "handoff.Requester" }

// GoString is String.
func (s Secret) GoString() string { return s.String() }

// GoString is String.
func (s Secrets) GoString() string { return s.String() }

// GoString is String.
func (e Envelope) GoString() string { return e.String() }

// GoString is String.
func (q Request) GoString() string { return q.String() }

// GoString is String.
func (s *Sender) GoString() string { return s.String() }

// GoString is String.
func (r *Requester) GoString() string { return r.String() }

// Format prints String for every verb.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// Format prints String for every verb.
func (s Secrets) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// Format prints String for every verb.
func (e Envelope) Format(f fmt.State, _ rune) { io.WriteString(f, e.String()) }

// Format prints String for every verb.
func (q Request) Format(f fmt.State, _ rune) { io.WriteString(f, q.String()) }

// Format prints String for every verb.
func (s *Sender) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// Format prints String for every verb.
func (r *Requester) Format(f fmt.State, _ rune) { io.WriteString(f, r.String()) }

// LogValue is String.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// LogValue is String.
func (s Secrets) LogValue() slog.Value { return slog.StringValue(s.String()) }

// LogValue is String.
func (e Envelope) LogValue() slog.Value { return slog.StringValue(e.String()) }

// LogValue is String.
func (q Request) LogValue() slog.Value { return slog.StringValue(q.String()) }

// LogValue is String.
func (s *Sender) LogValue() slog.Value { return slog.StringValue(s.String()) }

// LogValue is String.
func (r *Requester) LogValue() slog.Value { return slog.StringValue(r.String()) }
