package didit

import (
	"context"
	"log/slog"
	"time"

	"github.com/didit-go/didit/internal/transport"
)

// callLog is the line that a call leaves in the log, at its end: a whole import is one
// line, with what its search found. What it takes to get there, attempts and the calls
// of a search, is logged as debug.
type callLog struct {
	operation string
	began     time.Time
	inner     bool // part of another call
	outcome   AuditOutcome
	sessionID string
	sourceID  string
	res       *transport.Result // of its request, nil without one
}

// log writes the line, if there is a logger.
func (c *Client) log(ctx context.Context, l callLog, requestID string, err error) {
	if c.logger == nil {
		return
	}
	level := slog.LevelInfo
	switch {
	case l.inner:
		level = slog.LevelDebug
	case err != nil:
		level = slog.LevelWarn
	}
	if !c.logger.Enabled(ctx, level) {
		return
	}
	switch {
	case err != nil:
		l.outcome = outcomeOf(err)
	case l.outcome == "":
		l.outcome = AuditOK
	}
	attrs := []slog.Attr{
		slog.String("operation", l.operation), slog.String("outcome", string(l.outcome)),
		slog.Duration("duration", time.Since(l.began)), slog.String("host", c.base.Host),
	}
	for _, id := range []struct{ name, value string }{
		{"session_id", l.sessionID}, {"source_session_id", l.sourceID}, {"request_id", requestID},
	} {
		if id.value != "" {
			attrs = append(attrs, slog.String(id.name, id.value))
		}
	}
	if l.res != nil {
		attrs = append(attrs, slog.Int("attempts", l.res.Attempts), slog.Int("status", l.res.Status))
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", safeText(err)))
	}
	c.logger.LogAttrs(ctx, level, "didit: call", attrs...)
}
