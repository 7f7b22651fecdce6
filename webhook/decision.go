package webhook

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/didit-go/didit"
)

// parseDecision reads the decision of an event. One of an older destination may leave
// out its id, which the event has.
func parseDecision(decision []byte, id string) (*didit.Session, error) {
	text := exact(decision)
	session, err := didit.ParseSession(text)
	if err != nil {
		if text = withID(text, id); text == nil {
			return nil, err
		}
		if session, err = didit.ParseSession(text); err != nil {
			return nil, err
		}
	}
	if &text[0] != &decision[0] {
		session.Raw = bytes.Clone(decision)
	}
	return session, nil
}

// withID puts an id into a decision that has none; nil where it has one or is none.
func withID(decision []byte, id string) []byte {
	var head struct {
		SessionID json.RawMessage `json:"session_id"`
	}
	if id == "" || decision[0] != '{' || json.Unmarshal(decision, &head) != nil || present(head.SessionID) != nil {
		return nil
	}
	quoted, err := json.Marshal(id)
	if err != nil {
		return nil
	}
	members := strings.TrimSpace(string(decision[1:]))
	comma := ","
	if members == "}" {
		comma = ""
	}
	return []byte(`{"session_id":` + string(quoted) + comma + members)
}
