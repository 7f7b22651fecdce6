package didittest

import (
	"net/url"
	"slices"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest/internal/random"
)

// create answers POST /v3/session/.
func (c *call) create() answer {
	s := c.server
	f, bad := c.fields()
	if bad != nil {
		return *bad
	}
	workflowID := f.uuid("workflow_id")
	vendorData := f.optionalText("vendor_data")
	callback := f.optionalText("callback")
	if u, err := url.Parse(callback); callback != "" && (err != nil || u.Host == "") {
		f.fail("callback", "Enter a valid URL.")
	}
	if _, ok := f.optional("callback_method"); ok {
		f.choice("callback_method", false, "initiator", "completer", "both")
	}
	f.optionalText("language")
	metadata, _ := f.optional("metadata")
	expected := f.object("expected_details")
	contact := f.object("contact_details")
	if refused := f.refusal(); refused != nil {
		return *refused
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	app := c.key.app
	w, ok := app.workflows[workflowID]
	if !ok {
		return c.field("workflow_id", "Workflow not found.")
	}
	if one := app.unfinished(workflowID, vendorData); one != nil {
		one.callback, one.metadata = callback, metadata
		return c.created(one)
	}
	one := &session{
		app: app, id: random.UUID(), kind: w.kind, status: didit.StatusNotStarted, verdict: didit.StatusNotStarted,
		workflowID: w.id, vendorData: vendorData, token: random.Secret()[:12], callback: callback, metadata: metadata,
		expected: expected, contact: contact, createdAt: c.now, listedAt: c.now.Add(s.cfg.listLag),
	}
	s.add(one)
	one.subject = &subject{person: Person{}.filled(one.number), company: Company{}.filled(one.number)}
	return c.created(one)
}

// unfinished finds the session that a create call with vendor data gets back instead of a new one.
func (a *Application) unfinished(workflowID, vendorData string) *session {
	if vendorData == "" {
		return nil
	}
	open := []didit.SessionStatus{didit.StatusNotStarted, didit.StatusInProgress, didit.StatusResubmitted, didit.StatusAwaitingUser}
	for _, one := range slices.Backward(a.sessions) {
		if one.vendorData == vendorData && one.workflowID == workflowID && one.token != "" && slices.Contains(open, one.status) {
			return one
		}
	}
	return nil
}

func (c *call) created(one *session) answer {
	body := obj{
		"session_id":       one.id,
		"session_number":   one.number,
		"session_token":    one.token,
		"url":              one.url(true),
		"vendor_data":      nullable(one.vendorData),
		"metadata":         rawOrNull(one.metadata),
		"status":           string(one.status),
		"workflow_id":      one.workflowID,
		"workflow_version": workflowVersion,
		"callback":         nullable(one.callback),
	}
	if c.server.cfg.dialect == DialectDecision {
		body["session_kind"] = string(one.kind)
	}
	return c.success(body)
}

const workflowVersion = 1
