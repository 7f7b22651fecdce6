package didittest

import (
	"math"
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
	// Never by the request's Host header: a client would follow it with its key.
	return c.server.url + c.request.URL.EscapedPath() + "?" + q.Encode()
}

// number reads limit and offset: what is not a number, or too low, is the default, as in the framework Didit runs on. One
// that is larger than there can be rows is as good as another.
func number(text string, fallback, low int) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < low {
		return fallback
	}
	return min(n, math.MaxInt32)
}
