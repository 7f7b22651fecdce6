package didittest

import (
	"net/url"
	"strconv"
)

// link is the absolute address of another page, or null.
func (c *call) link(offset, limit int, there bool) any {
	if !there {
		return nil
	}
	q := cloneValues(c.query)
	q.Set("limit", strconv.Itoa(limit))
	q.Set("offset", strconv.Itoa(offset))
	u := url.URL{Scheme: "http", Host: c.request.Host, Path: c.request.URL.Path, RawQuery: q.Encode()}
	if c.request.TLS != nil {
		u.Scheme = "https"
	}
	return u.String()
}

// number reads limit and offset: what is not a number, or too low, is the default, as in the framework Didit runs on.
func number(text string, fallback, low int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < low {
		return fallback
	}
	return n
}
