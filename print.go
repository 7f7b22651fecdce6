package didit

import (
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"

	"github.com/didit-go/didit/internal/route"
)

// What every type prints: ids, kinds and statuses, never a key, a token, vendor data or
// anything about a person. GoString, Format and LogValue are String, so that no verb of
// fmt and no handler of slog shows more. Types that print their fields are those whose
// fields may be shown.

// String names the server and the application, nothing else.
func (c Client) String() string {
	if c.base == nil {
		return "didit.Client(not made by NewClient)"
	}
	return "didit.Client(" + c.base.Host + " " + c.applicationID + ")"
}
func (c Client) GoString() string           { return c.String() }
func (c Client) Format(f fmt.State, _ rune) { io.WriteString(f, c.String()) }
func (c Client) LogValue() slog.Value       { return slog.StringValue(c.String()) }

// String is the fingerprint.
func (t ShareToken) String() string             { return "didit.ShareToken(" + t.Fingerprint() + ")" }
func (t ShareToken) GoString() string           { return t.String() }
func (t ShareToken) Format(f fmt.State, _ rune) { io.WriteString(f, t.String()) }
func (t ShareToken) LogValue() slog.Value       { return slog.StringValue(t.String()) }

// String is the session's id and kind, and the token's fingerprint.
func (s SharedSession) String() string {
	return printSession("didit.SharedSession", s.SessionID, s.SessionKind, "") + " " + s.Token.String()
}
func (s SharedSession) GoString() string           { return s.String() }
func (s SharedSession) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }
func (s SharedSession) LogValue() slog.Value       { return slog.StringValue(s.String()) }

// String is the id, kind and status.
func (s Session) String() string {
	return printSession("didit.Session", s.SessionID, s.SessionKind, s.Status)
}
func (s Session) GoString() string           { return s.String() }
func (s Session) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }
func (s Session) LogValue() slog.Value       { return slog.StringValue(s.String()) }

// String says how many items each list has, leaving out the empty ones.
func (d Decision) String() string {
	var counts []string
	for name, list := range d.lists() {
		if n := list.Len(); n > 0 {
			counts = append(counts, name+": "+strconv.Itoa(n))
		}
	}
	return "didit.Decision(" + strings.Join(counts, ", ") + ")"
}
func (d Decision) GoString() string           { return d.String() }
func (d Decision) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, d.String()) }
func (d Decision) LogValue() slog.Value       { return slog.StringValue(d.String()) }

// String is the id, kind and status.
func (s ImportedSession) String() string {
	return printSession("didit.ImportedSession", s.SessionID, s.SessionKind, s.Status)
}
func (s ImportedSession) GoString() string           { return s.String() }
func (s ImportedSession) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }
func (s ImportedSession) LogValue() slog.Value       { return slog.StringValue(s.String()) }

// String is the id, kind and status.
func (s SessionSummary) String() string {
	return printSession("didit.SessionSummary", s.SessionID, s.SessionKind, s.Status)
}
func (s SessionSummary) GoString() string           { return s.String() }
func (s SessionSummary) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }
func (s SessionSummary) LogValue() slog.Value       { return slog.StringValue(s.String()) }

// String is the id and the new status.
func (r SessionReview) String() string {
	return printSession("didit.SessionReview", r.ID, "", r.NewStatus)
}
func (r SessionReview) GoString() string           { return r.String() }
func (r SessionReview) Format(f fmt.State, _ rune) { io.WriteString(f, r.String()) }
func (r SessionReview) LogValue() slog.Value       { return slog.StringValue(r.String()) }

// String is the id, kind and status.
func (s CreatedSession) String() string {
	return printSession("didit.CreatedSession", s.SessionID, s.SessionKind, s.Status)
}
func (s CreatedSession) GoString() string           { return s.String() }
func (s CreatedSession) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }
func (s CreatedSession) LogValue() slog.Value       { return slog.StringValue(s.String()) }

// String is the fingerprint of the token, and the workflow.
func (p ImportSharedSessionParams) String() string {
	return "didit.ImportSharedSessionParams(" + p.Token.String() + ", workflow " + printID(p.WorkflowID) + ")"
}
func (p ImportSharedSessionParams) GoString() string           { return p.String() }
func (p ImportSharedSessionParams) Format(f fmt.State, _ rune) { io.WriteString(f, p.String()) }
func (p ImportSharedSessionParams) LogValue() slog.Value       { return slog.StringValue(p.String()) }

// String is the source session's id and kind.
func (p FindImportedSessionParams) String() string {
	return printSession("didit.FindImportedSessionParams", p.SourceSessionID, p.SessionKind, "")
}
func (p FindImportedSessionParams) GoString() string           { return p.String() }
func (p FindImportedSessionParams) Format(f fmt.State, _ rune) { io.WriteString(f, p.String()) }
func (p FindImportedSessionParams) LogValue() slog.Value       { return slog.StringValue(p.String()) }

// String is the workflow's id.
func (p CreateSessionParams) String() string {
	return "didit.CreateSessionParams(workflow " + printID(p.WorkflowID) + ")"
}
func (p CreateSessionParams) GoString() string           { return p.String() }
func (p CreateSessionParams) Format(f fmt.State, _ rune) { io.WriteString(f, p.String()) }
func (p CreateSessionParams) LogValue() slog.Value       { return slog.StringValue(p.String()) }

// String is the new status.
func (p UpdateSessionStatusParams) String() string {
	status := string(p.NewStatus)
	if !p.NewStatus.Known() {
		status = "unknown status"
	}
	return "didit.UpdateSessionStatusParams(" + status + ")"
}
func (p UpdateSessionStatusParams) GoString() string           { return p.String() }
func (p UpdateSessionStatusParams) Format(f fmt.State, _ rune) { io.WriteString(f, p.String()) }
func (p UpdateSessionStatusParams) LogValue() slog.Value       { return slog.StringValue(p.String()) }

// String names the kind.
func (p ListSessionsParams) String() string {
	kind := p.SessionKind
	if kind != KindBusiness && kind != KindAll {
		kind = KindUser
	}
	return "didit.ListSessionsParams(" + string(kind) + ")"
}
func (p ListSessionsParams) GoString() string           { return p.String() }
func (p ListSessionsParams) Format(f fmt.State, _ rune) { io.WriteString(f, p.String()) }
func (p ListSessionsParams) LogValue() slog.Value       { return slog.StringValue(p.String()) }

// String says nothing about the person.
func (ContactDetails) String() string               { return "didit.ContactDetails([redacted])" }
func (d ContactDetails) GoString() string           { return d.String() }
func (d ContactDetails) Format(f fmt.State, _ rune) { io.WriteString(f, d.String()) }
func (d ContactDetails) LogValue() slog.Value       { return slog.StringValue(d.String()) }

// String says nothing about the person.
func (ExpectedDetails) String() string               { return "didit.ExpectedDetails([redacted])" }
func (d ExpectedDetails) GoString() string           { return d.String() }
func (d ExpectedDetails) Format(f fmt.State, _ rune) { io.WriteString(f, d.String()) }
func (d ExpectedDetails) LogValue() slog.Value       { return slog.StringValue(d.String()) }
func (e APIError) Format(f fmt.State, _ rune)        { _, _ = io.WriteString(f, e.Error()) }
func (e APIError) LogValue() slog.Value              { return slog.StringValue(e.Error()) }
func (e CallError) Format(f fmt.State, _ rune)       { _, _ = io.WriteString(f, e.Error()) }
func (e CallError) LogValue() slog.Value             { return slog.StringValue(e.Error()) }
func (e *both) Format(f fmt.State, _ rune)           { _, _ = fmt.Fprint(f, e.Error()) }

// printID is an id as it may be printed: what a server sends as one may be anything.
func printID(id string) string {
	if lower, ok := route.UUID(id); ok {
		return lower
	}
	return "no id"
}

func printSession(what, id string, kind SessionKind, status SessionStatus) string {
	text := what + "(" + printID(id)
	if kind == KindUser || kind == KindBusiness {
		text += ", " + string(kind)
	}
	if status.Known() {
		text += ", " + string(status)
	}
	return text + ")"
}
