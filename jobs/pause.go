package jobs

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// keyRefused marks a queue that a refused key has paused: an engine that starts resumes it.
// A pause without it is an operator's.
const keyRefused = `{"didit_key_refused": true}`

// pause stops the work on this application's tickets, in every process. Where an operator
// was first, the pause stays theirs.
func (e *Engine) pause(ctx context.Context) error {
	name := queue(e.client.ApplicationID())
	return e.database.inTx(ctx, func(tx *sql.Tx) error {
		if q, err := e.river.QueueGetTx(ctx, tx, name); err != nil || q.PausedAt != nil {
			return err
		}
		if _, err := e.river.QueueUpdateTx(ctx, tx, name, &river.QueueUpdateParams{Metadata: []byte(keyRefused)}); err != nil {
			return err
		}
		return e.river.QueuePauseTx(ctx, tx, name, nil)
	})
}

// resumePaused goes on after a pause of the engine's own.
func (e *Engine) resumePaused(ctx context.Context) error {
	q, err := e.river.QueueGet(ctx, queue(e.client.ApplicationID()))
	switch {
	case errors.Is(err, rivertype.ErrNotFound):
		return nil // never started
	case err != nil:
		return err
	case q.PausedAt == nil || !bytes.Contains(q.Metadata, []byte("didit_key_refused")):
		return nil
	}
	return e.resume(ctx, q.Name)
}

// Resume has every application's tickets worked on again, whoever has paused them: a
// refused key, or an operator. Where nobody has, it does nothing.
func (a *Admin) Resume(ctx context.Context) error {
	if a.database.schema == "" && inCallback(ctx) {
		return errInCallback
	}
	queues, err := a.river.QueueList(ctx, river.NewQueueListParams().First(10_000))
	if err != nil {
		return fmt.Errorf("jobs: Resume: nothing was changed: %w", err)
	}
	for _, q := range queues.Queues {
		if q.PausedAt != nil && strings.HasPrefix(q.Name, queuePrefix) {
			if err := a.resume(ctx, q.Name); err != nil {
				return fmt.Errorf("jobs: Resume: the queue %s may still be paused: %w", q.Name, err)
			}
		}
	}
	return nil
}

func (a *Admin) resume(ctx context.Context, queue string) error {
	_, err := a.river.QueueUpdate(ctx, queue, &river.QueueUpdateParams{Metadata: []byte("{}")})
	if err != nil {
		return err
	}
	return a.river.QueueResume(ctx, queue, nil)
}
