package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/didit-go/didit/bulk"
)

// Checkpoint returns what the runs of one name have done, for package bulk. Runs of
// different names know nothing of each other. Two runs of one name must not be under way
// at the same time; unlike [bulk.OpenFile], nothing here prevents it.
func (s *Store) Checkpoint(run string) bulk.Checkpoint {
	return &checkpoint{s, run}
}

type checkpoint struct {
	s   *Store
	run string
}

const (
	readCheckpoint = `SELECT session_id, source_session_id, state, at_ns FROM didit_checkpoints WHERE run = $1 AND id = $2`

	writeCheckpoint = `INSERT INTO didit_checkpoints (run, id, session_id, source_session_id, state, at_ns)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (run, id) DO UPDATE SET session_id = excluded.session_id, source_session_id = excluded.source_session_id,
	state = excluded.state, at_ns = excluded.at_ns`
)

func (c *checkpoint) Lookup(ctx context.Context, id string) (bulk.Record, bool, error) {
	r, at := bulk.Record{ID: id}, int64(0)
	row := c.s.db.QueryRowContext(ctx, readCheckpoint, c.run, id)
	switch err := row.Scan(&r.SessionID, &r.SourceSessionID, &r.State, &at); {
	case errors.Is(err, sql.ErrNoRows):
		return bulk.Record{}, false, nil
	case err != nil:
		return bulk.Record{}, false, fmt.Errorf("sqlstore: the checkpoint could not be read: %w", err)
	}
	r.At = time.Unix(0, at).UTC()
	return r, true, nil
}

func (c *checkpoint) Record(ctx context.Context, r bulk.Record) error {
	_, err := c.s.db.ExecContext(ctx, writeCheckpoint, c.run, r.ID, r.SessionID, r.SourceSessionID, string(r.State), r.At.UnixNano())
	if err != nil {
		return fmt.Errorf("sqlstore: the checkpoint could not be written: %w", err)
	}
	return nil
}
