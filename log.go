package didit

import (
	"context"
	"log/slog"
	"slices"
	"time"
)

// story is one call of a public method as the log and the hooks are told it, at its
// end: a whole import is one line, with what its search found. What it takes to get
// there, attempts and the calls of a search, is logged as debug.
type story struct {
	c         *Client // nil where there is nobody to tell
	ctx       context.Context
	operation string
	began     time.Time
	ends      []func(AuditOutcome, error)

	outcome   AuditOutcome // of what did not fail; "" reads as ok
	sessionID string
	sourceID  string
}

// begin starts the story of a call. It returns the context that the call goes on with.
func (c *Client) begin(ctx context.Context, operation string) (context.Context, story) {
	if c == nil || ctx == nil || c.logger == nil && len(c.hooks) == 0 {
		return ctx, story{}
	}
	s := story{c: c, operation: operation, began: time.Now()}
	for _, hook := range c.hooks {
		inner, end := hook(ctx, operation)
		if inner != nil {
			ctx = inner
		}
		if end != nil {
			s.ends = append(s.ends, end)
		}
	}
	s.ctx = ctx
	return ctx, s
}

// end tells it. r is the request that mattered, nil without one; err is what the
// caller gets.
func (s *story) end(r *request, err error) {
	if s.c == nil {
		return
	}
	if s.sessionID == "" && r != nil {
		s.sessionID = r.id
	}
	switch {
	case err != nil:
		s.outcome = outcomeOf(s.operation, r, err)
	case s.outcome == "":
		s.outcome = AuditOK
	}
	level := slog.LevelInfo
	if err != nil {
		level = slog.LevelWarn
	}
	s.log(level, r, err)
	for _, end := range slices.Backward(s.ends) {
		end(s.outcome, err)
	}
}

// log writes the line, if there is a logger.
func (s *story) log(level slog.Level, r *request, err error) {
	if s.c.logger == nil || !s.c.logger.Enabled(s.ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("operation", s.operation), slog.String("outcome", string(s.outcome)),
		slog.Duration("duration", time.Since(s.began)), slog.String("host", s.c.base.Host),
	}
	for _, id := range []struct{ name, value string }{
		{"session_id", s.sessionID}, {"source_session_id", s.sourceID}, {"request_id", s.c.requestID(r)},
	} {
		if id.value != "" {
			attrs = append(attrs, slog.String(id.name, id.value))
		}
	}
	if r != nil && r.res != nil {
		attrs = append(attrs, slog.Int("attempts", r.res.Attempts), slog.Int("status", r.res.Status))
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", safeText(err)))
	}
	s.c.logger.LogAttrs(s.ctx, level, "didit: call", attrs...)
}
