package transport

import (
	"log/slog"
	"net/http"
)

func (c *call) log(level slog.Level, msg string, attrs ...slog.Attr) {
	l := c.t.cfg.Logger
	if l == nil || !l.Enabled(c.Context, level) {
		return
	}
	l.LogAttrs(c.Context, level, msg, append([]slog.Attr{
		slog.String("operation", c.req.Operation),
		slog.Int("attempt", c.res.Attempts),
		slog.Int("status", c.res.Status),
		slog.String("request_id", c.requestID()),
	}, attrs...)...)
}

// requestID is the server's text: it may repeat what was sent.
func (c *call) requestID() string {
	if c.req.Mask == nil || c.res.RequestID == "" {
		return c.res.RequestID
	}
	return c.req.Mask(c.res.RequestID)
}

func (c *call) logEnd() {
	if c.t.cfg.Logger == nil {
		return
	}
	switch {
	case c.res.OK:
		c.log(slog.LevelDebug, "didit: call done")
	case c.res.CtxErr != nil:
		c.log(slog.LevelWarn, "didit: call ended by its context")
	default:
		c.log(slog.LevelWarn, "didit: call failed", slog.String("failure", c.failure()))
	}
}

// failure names the last failure in words of this package.
func (c *call) failure() string {
	if c.res.Err != nil {
		return c.res.Err.Error()
	}
	return http.StatusText(c.res.Status)
}
