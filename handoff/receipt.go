package handoff

// ReceiptStatus says whether the receiver has imported the session yet.
type ReceiptStatus string

// The statuses.
const (
	StatusImported ReceiptStatus = "imported" // the copy is there
	StatusAccepted ReceiptStatus = "accepted" // stored durably, the import follows
)

// Receipt ends a push: the receiver answers for what follows.
type Receipt struct {
	ID        string        `json:"id"` // the envelope's
	Status    ReceiptStatus `json:"status"`
	SessionID string        `json:"session_id,omitempty"` // the copy's, once it is imported
}

// problem says why the receipt ends nothing.
func (r *Receipt) problem(id string) string {
	switch {
	case r.ID != id:
		return "is for another hand-off"
	case r.Status != StatusImported && r.Status != StatusAccepted:
		return "has no status that is known"
	}
	var p problems
	if p.text("SessionID", r.SessionID, false); len(p) > 0 {
		return "has no usable session_id"
	}
	return ""
}

var receiptKeys = []string{"id", "status", "session_id"}

func readReceipt(body []byte) (*Receipt, error) {
	members, err := object(body)
	if err != nil {
		return nil, err
	}
	r := new(Receipt)
	return r, take(members, r, receiptKeys)
}
