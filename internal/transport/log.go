package transport

import (
	"log/slog"
	"net/http"
	"time"
)

// logAgain says why an attempt is made again, and when. How a call ends is for its
// caller to log.
func (c *call) logAgain(wait time.Duration) {
	l := c.t.cfg.Logger
	if l == nil || !l.Enabled(c.Context, slog.LevelDebug) {
		return
	}
	failure := http.StatusText(c.res.Status)
	if c.res.Err != nil {
		failure = c.res.Err.Error()
	}
	l.LogAttrs(c.Context, slog.LevelDebug, "didit: attempt failed, trying again",
		slog.String("operation", c.req.Operation), slog.Int("attempt", c.res.Attempts), slog.Int("status", c.res.Status),
		slog.String("failure", failure), slog.Duration("wait", wait))
}
