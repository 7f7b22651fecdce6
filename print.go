package didit

import (
	"fmt"
	"io"
	"log/slog"
)

// String names the server and the application, nothing else.
func (c Client) String() string {
	if c.base == nil {
		return "didit.Client(not made by NewClient)"
	}
	return "didit.Client(" + c.base.Host + " " + c.applicationID + ")"
}

// GoString is String.
func (c Client) GoString() string { return c.String() }

// Format prints String for every verb.
func (c Client) Format(f fmt.State, _ rune) { io.WriteString(f, c.String()) }

// LogValue is String.
func (c Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

// String is the fingerprint; GoString, Format and LogValue are the same.
func (t ShareToken) String() string { return "didit.ShareToken(" + t.Fingerprint() + ")" }

// GoString is String.
func (t ShareToken) GoString() string { return t.String() }

// Format prints String for every verb.
func (t ShareToken) Format(f fmt.State, _ rune) { io.WriteString(f, t.String()) }

// LogValue is String.
func (t ShareToken) LogValue() slog.Value { return slog.StringValue(t.String()) }

// String is the session's id and kind, and the token's fingerprint.
func (s SharedSession) String() string {
	return printSession("didit.SharedSession", s.SessionID, s.SessionKind, "") + " " + s.Token.String()
}

// GoString is String.
func (s SharedSession) GoString() string { return s.String() }

// Format prints String for every verb.
func (s SharedSession) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// LogValue is String.
func (s SharedSession) LogValue() slog.Value { return slog.StringValue(s.String()) }

// String is the id, kind and status.
func (s ImportedSession) String() string {
	return printSession("didit.ImportedSession", s.SessionID, s.SessionKind, s.Status)
}

// GoString is String.
func (s ImportedSession) GoString() string { return s.String() }

// Format prints String for every verb.
func (s ImportedSession) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// LogValue is String.
func (s ImportedSession) LogValue() slog.Value { return slog.StringValue(s.String()) }

// String is the fingerprint of the token, and the workflow.
func (p ImportSharedSessionParams) String() string {
	return "didit.ImportSharedSessionParams(" + p.Token.String() + ", workflow " + printID(p.WorkflowID) + ")"
}

// GoString is String.
func (p ImportSharedSessionParams) GoString() string { return p.String() }

// Format prints String for every verb.
func (p ImportSharedSessionParams) Format(f fmt.State, _ rune) { io.WriteString(f, p.String()) }

// LogValue is String.
func (p ImportSharedSessionParams) LogValue() slog.Value { return slog.StringValue(p.String()) }

// String is the source session's id and kind.
func (p FindImportedSessionParams) String() string {
	return printSession("didit.FindImportedSessionParams", p.SourceSessionID, p.SessionKind, "")
}

// GoString is String.
func (p FindImportedSessionParams) GoString() string { return p.String() }

// Format prints String for every verb.
func (p FindImportedSessionParams) Format(f fmt.State, _ rune) { io.WriteString(f, p.String()) }

// LogValue is String.
func (p FindImportedSessionParams) LogValue() slog.Value { return slog.StringValue(p.String()) }

// Format prints Error for every verb, of a copied value too: Body is in it.
func (e APIError) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, e.Error()) }

// LogValue is Error.
func (e APIError) LogValue() slog.Value { return slog.StringValue(e.Error()) }

// Format prints Error for every verb, of a copied value too: Err may say anything.
func (e CallError) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, e.Error()) }

// LogValue is Error.
func (e CallError) LogValue() slog.Value { return slog.StringValue(e.Error()) }
