package bulk

import (
	"context"
	"time"
)

// Checkpoint keeps what runs have done, for the next one to go on. [File] is one. Its
// methods are called by several goroutines at the same time, and never with a token.
//
// Shares and imports need one each: an import that a run of shares has recorded is refused.
// Shares may look into that of imports, to skip who was imported, if they record nothing.
//
// Ids are as the items have them, except that UUIDs are in lower case.
type Checkpoint interface {
	// Lookup returns the last record of an id, and whether there is one. An error is
	// that item's: nothing is sent for it.
	Lookup(ctx context.Context, id string) (Record, bool, error)
	// Record keeps r in place of what was recorded for its id. When it returns nil, r
	// must be there after a crash. An error ends the run.
	Record(ctx context.Context, r Record) error
}

// State says whether an item is begun or done.
type State string

// The states.
const (
	Begun State = "begun" // an import's request may follow
	Done  State = "done"  // its result was delivered
)

// Record is what is kept of an item. Its JSON is a stored format. It never has a
// token, vendor data or personal data, unless you put them into the id.
type Record struct {
	ID              string    `json:"id"`
	SessionID       string    `json:"session_id,omitempty"`        // the session that was shared, or the copy
	SourceSessionID string    `json:"source_session_id,omitempty"` // of an import
	State           State     `json:"state"`
	At              time.Time `json:"at"` // UTC
}
