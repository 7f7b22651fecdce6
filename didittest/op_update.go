package didittest

import (
	"encoding/json"
	"net/http"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest/internal/random"
)

// updatable are the statuses that a session may be moved from by hand.
var updatable = map[didit.SessionStatus]bool{
	didit.StatusApproved: true, didit.StatusDeclined: true, didit.StatusInReview: true,
	didit.StatusKYCExpired: true, didit.StatusAbandoned: true, didit.StatusResubmitted: true,
}

// updateStatus answers PATCH /v3/session/{id}/update-status/.
func (c *call) updateStatus() answer {
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	one := c.session()
	if one == nil {
		return notFound()
	}
	if !updatable[one.status] { // checked before the body
		return detail(http.StatusBadRequest, "Wrong Current Status")
	}
	f, bad := c.fields()
	if bad != nil {
		return *bad
	}
	status := didit.SessionStatus(f.choice("new_status", true, "Approved", "Declined", "Resubmitted"))
	comment := f.optionalText("comment")
	f.nodes()
	if f.boolean("send_email", false) && f.optionalText("email_address") == "" {
		f.fail("email_address", "This field is required.")
	}
	if refused := f.refusal(); refused != nil {
		return *refused
	}
	body := obj{"session_id": one.id}
	if s.cfg.dialect.older() {
		body["session_kind"] = string(one.kind)
	}
	if one.status == status {
		if status == didit.StatusResubmitted {
			return detail(http.StatusBadRequest, "The new status is the same as the current status.")
		}
		return c.success(body) // nothing changes and nobody is told
	}
	one.reviews = append(one.reviews, review{
		id: random.UUID(), actor: "API_KEY", previous: one.status, status: status, comment: comment, createdAt: c.now,
	})
	one.setStatus(status)
	s.hooks.enqueue(one, EventStatusUpdated)
	return c.success(body)
}

// nodes checks nodes_to_resubmit: a list of objects with a node and its feature.
func (f *fields) nodes() {
	v, ok := f.optional("nodes_to_resubmit")
	if !ok {
		return
	}
	var nodes []struct {
		NodeID  string `json:"node_id"`
		Feature string `json:"feature"`
	}
	if json.Unmarshal(v, &nodes) != nil {
		f.fail("nodes_to_resubmit", "Expected a list of items with node_id and feature.")
		return
	}
	for _, n := range nodes {
		if n.NodeID == "" || n.Feature == "" {
			f.fail("nodes_to_resubmit", "node_id and feature are required.")
			return
		}
	}
}
