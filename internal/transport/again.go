package transport

import (
	"net/http"
	"time"
)

// Class says when a request may go out a second time.
type Class uint8

const (
	// Read is for requests that change nothing, or nothing more the second time.
	Read Class = iota
	// Repeatable is for writes whose second delivery harms nobody, as minting a token.
	Repeatable
	// Once is for writes that must not be sent again once they may have arrived.
	Once
)

// statusAgain says whether an answer that is no success allows another attempt.
func statusAgain(class Class, status int) bool {
	switch status {
	case http.StatusTooManyRequests:
		return true
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return class != Once
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported, http.StatusNetworkAuthenticationRequired:
		return false
	}
	return status >= 500 && class == Read
}

// goOn decides whether there is another attempt, and when. One whose wait would be
// longer than is allowed is not begun.
func (c *call) goOn() bool {
	if !c.again || c.res.Attempts > c.t.cfg.MaxRetries {
		return false
	}
	if c.Err() != nil {
		c.res.CtxErr = c.Err()
		return false
	}
	base, wait := c.nextWait()
	if c.capped() && base > c.t.cfg.MaxRetryAfter {
		return false
	}
	if end, ok := c.Deadline(); ok && time.Until(end) <= wait {
		return false
	}
	c.wait = wait
	c.logAgain(wait)
	return true
}
