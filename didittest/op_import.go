package didittest

import (
	"errors"
	"net/http"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest/internal/random"
	"github.com/didit-go/didit/didittest/internal/sharetoken"
)

// importShared answers POST /v3/session/import-shared/. What is refused leaves the token as good as it was.
func (c *call) importShared() answer {
	s := c.server
	f, bad := c.fields()
	if bad != nil {
		return *bad
	}
	token := f.text("share_token", true)
	workflowID := f.uuid("workflow_id")
	trust := f.boolean("trust_review", s.cfg.reviewRequired)
	vendorData := f.optionalText("vendor_data")
	if refused := f.refusal(); refused != nil {
		return *refused
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	source, kind, refused := c.redeem(token)
	if refused != nil {
		return *refused
	}
	app := c.key.app
	if _, done := s.imports[importKey{app.ID, source.id}]; done && !s.cfg.repeatedImports {
		return detail(http.StatusForbidden, "This session has already been imported into this application.")
	}
	w, ok := app.workflows[workflowID]
	if !ok {
		return detail(http.StatusNotFound, "Workflow not found.")
	}
	if w.kind != kind {
		return c.field("workflow_id", "The workflow is not for sessions of kind "+string(kind)+".")
	}

	one := &session{
		app: app, id: random.UUID(), kind: kind, status: didit.StatusInReview, verdict: source.verdict, workflowID: w.id, vendorData: vendorData,
		sharedFrom: source.id, copied: true, token: random.Secret()[:12], createdAt: c.now, listedAt: c.now.Add(s.cfg.listLag),
		subject: source.subject,
	}
	if trust {
		one.status = source.status
	}
	if vendorData == "" && s.cfg.inheritVendor {
		one.vendorData = source.vendorData
	}
	if s.cfg.dialect == DialectNewest {
		one.token = "" // the newest sample shows no link on an imported session
	}
	s.add(one)
	s.imports[importKey{app.ID, source.id}] = one.id
	s.tokens.redeemed(token, one.id)
	if s.cfg.importWebhooks {
		s.hooks.enqueue(one, EventStatusUpdated)
	}
	return c.imported(one)
}

// redeem finds the session that a token stands for, or the reason why it may not be had.
func (c *call) redeem(token string) (source *session, kind didit.SessionKind, refused *answer) {
	s := c.server
	claims, err := sharetoken.Read(s.signKey, token, c.now)
	switch {
	case errors.Is(err, sharetoken.ErrExpired):
		return nil, "", c.badToken(http.StatusUnauthorized, "Share token has expired.")
	case err != nil:
		return nil, "", c.badToken(http.StatusUnauthorized, "Invalid share token.")
	case claims.ForApplicationID != c.key.app.ID:
		return nil, "", c.badToken(http.StatusForbidden, "This share token was issued for another application.")
	}
	kind = didit.SessionKind(claims.SessionKind)
	if kind == "" {
		kind = didit.KindUser
	}
	// Didit looks in the table of the token's kind only.
	source = s.sessions[claims.SessionID]
	if source == nil || source.kind != kind {
		return nil, "", c.badToken(http.StatusNotFound, "The original session no longer exists.")
	}
	return source, kind, nil
}

// badToken is status 400 under share_token since October 2026, and the older status with a detail before.
func (c *call) badToken(older int, text string) *answer {
	a := c.field("share_token", text)
	if c.server.cfg.dialect.older() {
		a = detail(older, text)
	}
	return &a
}

// imported is the answer in the dialect's shape.
func (c *call) imported(one *session) answer {
	if c.server.cfg.dialect == DialectNewest {
		return c.success(obj{
			"session_id":     one.id,
			"session_number": one.number,
			"session_url":    one.url(c.key.links()),
			"status":         string(one.status),
			"workflow_id":    one.workflowID,
			"vendor_data":    nullable(one.vendorData),
			"created_at":     stamp(one.createdAt),
			"expires_at":     stamp(one.createdAt.Add(sessionLife)),
		})
	}
	d := c.head(one, false)
	d["shared_from_session"] = one.sharedFrom
	return c.success(c.withBlocks(d, one))
}
