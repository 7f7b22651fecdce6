package handoff

import (
	"fmt"
	"io"
	"log/slog"
)

// What holds a secret, a token or what was sent with it prints ids. All verbs print
// String, or Error.

// String says nothing about the secret.
func (s Secret) String() string {
	if s.IsZero() {
		return "handoff.Secret(none)"
	}
	return "handoff.Secret"
}
func (s Secret) GoString() string           { return s.String() }
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }
func (s Secret) LogValue() slog.Value       { return slog.StringValue(s.String()) }

// String says how many partners there are.
func (s Secrets) String() string             { return fmt.Sprintf("handoff.Secrets(%d)", len(s)) }
func (s Secrets) GoString() string           { return s.String() }
func (s Secrets) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }
func (s Secrets) LogValue() slog.Value       { return slog.StringValue(s.String()) }

// String is the hand-off's id and the token's fingerprint.
func (e Envelope) String() string {
	return "handoff.Envelope(" + printID(e.ID) + ", " + e.Token.String() + ")"
}
func (e Envelope) GoString() string           { return e.String() }
func (e Envelope) Format(f fmt.State, _ rune) { io.WriteString(f, e.String()) }
func (e Envelope) LogValue() slog.Value       { return slog.StringValue(e.String()) }

// String is the hand-off's id.
func (q Request) String() string             { return "handoff.Request(" + printID(q.ID) + ")" }
func (q Request) GoString() string           { return q.String() }
func (q Request) Format(f fmt.State, _ rune) { io.WriteString(f, q.String()) }
func (q Request) LogValue() slog.Value       { return slog.StringValue(q.String()) }

// String says nothing about the partner.
func (*Sender) String() string               { return "handoff.Sender" }
func (s *Sender) GoString() string           { return s.String() }
func (s *Sender) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }
func (s *Sender) LogValue() slog.Value       { return slog.StringValue(s.String()) }

// String says nothing about the partner.
func (*Requester) String() string               { return "handoff.Requester" }
func (r *Requester) GoString() string           { return r.String() }
func (r *Requester) Format(f fmt.State, _ rune) { io.WriteString(f, r.String()) }
func (r *Requester) LogValue() slog.Value       { return slog.StringValue(r.String()) }

func (e RefusedError) Format(f fmt.State, _ rune)    { io.WriteString(f, e.Error()) }
func (e RefusedError) LogValue() slog.Value          { return slog.StringValue(e.Error()) }
func (e UnsettledError) Format(f fmt.State, _ rune)  { io.WriteString(f, e.Error()) }
func (e UnsettledError) LogValue() slog.Value        { return slog.StringValue(e.Error()) }
func (e UnrecordedError) Format(f fmt.State, _ rune) { io.WriteString(f, e.Error()) }
func (e UnrecordedError) LogValue() slog.Value       { return slog.StringValue(e.Error()) }

// printID shows the id of a hand-off where it is one.
func printID(id string) string {
	if !isID(id) {
		return "(no id)"
	}
	return id
}
