package didittest

import "net/http"

// listWebhooks answers GET /v3/session/{id}/webhooks/: an entry per attempt, newest first.
func (c *call) listWebhooks() answer {
	s := c.server
	s.mu.RLock()
	one := c.session()
	s.mu.RUnlock()
	if one == nil {
		return notFound()
	}
	entries := []obj{}
	for _, d := range s.hooks.deliveries(one.app) {
		if d.SessionID != one.id {
			continue
		}
		header := obj{}
		for name := range d.Header {
			header[name] = d.Header.Get(name)
		}
		entry := obj{
			"uuid": d.ID, "event_id": nullable(d.EventID), "webhook_type": string(d.Event), "created_at": stamp(d.At),
			"request_header": string(jsonAnswer(http.StatusOK, header).body), "request_body": string(d.Body), "response_status": nil,
		}
		if d.StatusCode != 0 {
			entry["response_status"] = d.StatusCode
		}
		entries = append([]obj{entry}, entries...)
	}
	return c.success(entries)
}
