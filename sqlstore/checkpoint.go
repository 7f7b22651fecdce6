package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/didit-go/didit/bulk"
)

// Checkpoint returns what the runs of one name have done, for package bulk. Runs of
// different names know nothing of each other. Two runs of one name must not be under way
// at the same time; unlike [bulk.OpenFile], nothing here prevents it.
//
// Records stay for good: a run of the same name, years later, skips what is done. Delete
// the rows of a run that is over, and will not be made again, from didit_checkpoints.
func (s *Store) Checkpoint(run string) bulk.Checkpoint {
	return &checkpoint{s, run}
}

type checkpoint struct {
	s   *Store
	run string
}

const (
	readCheckpoint = `SELECT record FROM didit_checkpoints WHERE run = $1 AND id = $2`

	writeCheckpoint = `INSERT INTO didit_checkpoints (run, id, record) VALUES ($1, $2, $3)
ON CONFLICT (run, id) DO UPDATE SET record = excluded.record`
)

// maxID is the longest id of package bulk, and short enough for the index of any database.
const maxID = 1 << 10

func (c *checkpoint) Lookup(ctx context.Context, id string) (bulk.Record, bool, error) {
	var text string
	found, err := c.s.row(ctx, []any{&text}, readCheckpoint, c.run, id)
	if err != nil {
		return bulk.Record{}, false, fmt.Errorf("sqlstore: the checkpoint could not be read: %w", err)
	}
	if !found {
		return bulk.Record{}, false, nil
	}
	var r bulk.Record
	if err := json.Unmarshal([]byte(text), &r); err != nil || r.ID != id {
		return bulk.Record{}, false, errors.New("sqlstore: the checkpoint's record is damaged; restore the row, or delete it")
	}
	return r, true, nil
}

func (c *checkpoint) Record(ctx context.Context, r bulk.Record) error {
	if r.ID == "" || !isText(r.ID) || !isText(c.run) || len(r.ID) > maxID || (r.State != bulk.Begun && r.State != bulk.Done) {
		return fmt.Errorf("sqlstore: a record needs an ID of up to %d bytes, a name of its run, both in UTF-8 without NUL, and Begun or Done as its State; nothing was written", maxID)
	}
	text, err := json.Marshal(r)
	if err != nil {
		return errors.New("sqlstore: the record has no JSON; nothing was written")
	}
	if _, err := c.s.changes(ctx, writeCheckpoint, c.run, r.ID, string(text)); err != nil {
		return fmt.Errorf("sqlstore: whether the checkpoint was written is not known: %w", err)
	}
	return nil
}

// isText reports whether every database takes it as text.
func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }
