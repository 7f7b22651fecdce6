package didittest

import (
	"slices"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest/internal/random"
)

// maxComment is in characters.
const maxComment = 10000

// reviewed finds the call's session for its reviews, which only people's sessions have.
func (c *call) reviewed() *session {
	one := c.session()
	if one == nil || one.kind != didit.KindUser {
		return nil
	}
	return one
}

// listReviews answers GET /v3/sessions/{id}/reviews/.
func (c *call) listReviews() answer {
	c.server.mu.RLock()
	defer c.server.mu.RUnlock()
	one := c.reviewed()
	if one == nil {
		return notFound()
	}
	all := slices.Clone(one.reviews)
	if c.query.Get("ordering") != "created_at" {
		slices.Reverse(all)
	}
	limit := number(c.query.Get("limit"), defaultPage, 1)
	offset := number(c.query.Get("offset"), 0, 0)
	rows := []obj{}
	for _, r := range all[min(offset, len(all)):min(offset+limit, len(all))] {
		rows = append(rows, obj{
			"uuid": r.id, "activity_type": "STATUS_UPDATED", "actor_display": "API Client", "actor_email": nil, "actor_type": r.actor,
			"new_status": string(r.status), "previous_status": string(r.previous), "comment": nullable(r.comment),
			"mentioned_emails": []any{}, "previous_value": nil, "new_value": nil, "changed_fields": []any{}, "metadata": nil,
			"created_at": stamp(r.createdAt),
		})
	}
	return c.success(obj{
		"count":    len(all),
		"next":     c.link(offset+limit, limit, offset+limit < len(all)),
		"previous": c.link(max(0, offset-limit), limit, offset > 0),
		"results":  rows,
	})
}

// createReview answers POST /v3/sessions/{id}/reviews/: a note only by the newest page, a change of status by the older one.
func (c *call) createReview() answer {
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	one := c.reviewed()
	if one == nil {
		return notFound()
	}
	f, bad := c.fields()
	if bad != nil {
		return *bad
	}
	older := s.cfg.dialect.older()
	choices := []string{"Approved", "Declined", "In Review"}
	if !older {
		choices = choices[:0]
		for status := range statuses {
			choices = append(choices, string(status))
		}
	}
	status := didit.SessionStatus(f.choice("new_status", older, choices...))
	comment := f.optionalText("comment")
	if len([]rune(comment)) > maxComment {
		f.fail("comment", "Ensure this field has no more than 10000 characters.")
	}
	if refused := f.refusal(); refused != nil {
		return *refused
	}
	one.reviews = append(one.reviews, review{
		id: random.UUID(), actor: "API_KEY", previous: one.status, status: status, comment: comment, createdAt: c.now,
	})
	if older && one.setStatus(status) {
		s.hooks.enqueue(one, EventStatusUpdated)
	}
	return c.success(obj{
		"user": "API Client", "new_status": nullable(string(status)), "comment": nullable(comment), "created_at": stamp(c.now),
	})
}
