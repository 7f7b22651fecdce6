package sqlstore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/didit-go/didit/handoff"
)

// Replays returns the store of the hand-offs that were handled, for
// [handoff.WithReplayStore] on any number of machines. There is one in a database,
// however often this is called. It has no bound but the database's.
func (s *Store) Replays() handoff.ReplayStore {
	return &replays{s: s, old: sweeper{s: s, statement: sweepReplays}}
}

type replays struct {
	s   *Store
	old sweeper
}

const (
	// takeReplay takes a message that is new, forgotten, or the same and nobody's. A row
	// that nobody has was leased until 0.
	takeReplay = `INSERT INTO didit_replays (id, hash, state, owner, again, leased_ms, keep_ms)
VALUES ($1, $2, 0, $3, 0, {now} + CAST($4 AS BIGINT), {now} + CAST($5 AS BIGINT))
ON CONFLICT (id) DO UPDATE SET hash = excluded.hash, state = 0, owner = excluded.owner, receipt = NULL,
	again = CASE WHEN didit_replays.hash = excluded.hash AND didit_replays.state = 0 THEN 1 ELSE 0 END,
	leased_ms = {now} + CAST($4 AS BIGINT), keep_ms = {now} + CAST($5 AS BIGINT)
WHERE didit_replays.leased_ms <= {now} AND (didit_replays.keep_ms <= {now}
	OR (didit_replays.hash = excluded.hash AND didit_replays.state = 0))
RETURNING again`

	// readReplay says why a message could not be taken.
	readReplay = `SELECT hash, state, receipt FROM didit_replays WHERE id = $1
AND (leased_ms > {now} OR (keep_ms > {now} AND (state <> 0 OR hash <> $2)))`

	settleReplay = `UPDATE didit_replays SET state = $1, receipt = $2, owner = '', leased_ms = 0, keep_ms = {now} + CAST($3 AS BIGINT)
WHERE id = $4 AND owner = $5 AND owner <> ''`

	releaseReplay = `UPDATE didit_replays SET owner = '', leased_ms = 0 WHERE id = $1 AND owner = $2 AND owner <> ''`

	sweepReplays = `DELETE FROM didit_replays WHERE id IN (
SELECT id FROM didit_replays WHERE keep_ms <= {now} AND leased_ms <= {now} ORDER BY keep_ms LIMIT 1000 {skip})`
)

func (p *replays) Reserve(ctx context.Context, key, hash string, lease, keep time.Duration) (handoff.Replay, error) {
	p.old.sweep(ctx)
	r := handoff.Replay{State: handoff.ReplayAcquired, Key: key, Owner: rand.Text()}
	for {
		var again int64
		taken, err := p.s.row(ctx, []any{&again}, takeReplay, key, hash, r.Owner, millis(lease), millis(keep))
		if err != nil {
			return handoff.Replay{}, fmt.Errorf("sqlstore: the hand-off may be reserved until its lease lapses: %w", err)
		}
		if taken {
			r.Again = again == 1
			return r, nil
		}
		var other string
		var state int64
		var receipt sql.NullString
		found, err := p.s.row(ctx, []any{&other, &state, &receipt}, readReplay, key, hash)
		switch {
		case err != nil:
			return handoff.Replay{}, fmt.Errorf("sqlstore: whose the hand-off is could not be read: %w", err)
		case !found:
			continue // it was given back in between
		case other != hash:
			return handoff.Replay{State: handoff.ReplayOther, Key: key}, nil
		case state == 0:
			return handoff.Replay{State: handoff.ReplayInProgress, Key: key}, nil
		}
		settled := handoff.Replay{State: handoff.ReplayState(state), Key: key}
		if receipt.Valid {
			settled.Receipt = []byte(receipt.String)
		}
		return settled, nil
	}
}

func (p *replays) Settle(ctx context.Context, r handoff.Replay, keep time.Duration) error {
	if r.State != handoff.ReplayDone && r.State != handoff.ReplayRejected {
		return errors.New("sqlstore: Settle: State must be ReplayDone or ReplayRejected; nothing was changed")
	}
	receipt := sql.NullString{String: string(r.Receipt), Valid: r.Receipt != nil}
	return p.s.owned(ctx, settleReplay, int64(r.State), receipt, millis(keep), r.Key, r.Owner)
}

func (p *replays) Release(ctx context.Context, r handoff.Replay) error {
	return p.s.owned(ctx, releaseReplay, r.Key, r.Owner)
}
