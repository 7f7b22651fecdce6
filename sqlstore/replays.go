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
// [handoff.WithReplayStore] on any number of machines. It has no bound of its own.
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
	again = CASE WHEN didit_replays.keep_ms <= {now} THEN 0 ELSE 1 END,
	leased_ms = {now} + CAST($4 AS BIGINT), keep_ms = {now} + CAST($5 AS BIGINT)
WHERE didit_replays.leased_ms <= {now} AND (didit_replays.keep_ms <= {now}
	OR (didit_replays.hash = excluded.hash AND didit_replays.state = 0))
RETURNING again`

	readReplay = `SELECT hash, state, receipt FROM didit_replays WHERE id = $1
AND (leased_ms > {now} OR (keep_ms > {now} AND (state <> 0 OR hash <> $2)))`

	settleReplay = `UPDATE didit_replays SET state = $1, receipt = $2, owner = '', leased_ms = 0, keep_ms = {now} + CAST($3 AS BIGINT)
WHERE id = $4 AND owner = $5 AND owner <> ''`

	releaseReplay = `UPDATE didit_replays SET owner = '', leased_ms = 0 WHERE id = $1 AND owner = $2 AND owner <> ''`

	sweepReplays = `DELETE FROM didit_replays WHERE keep_ms <= {now} AND leased_ms <= {now} AND id IN (
SELECT id FROM didit_replays WHERE keep_ms <= {now} AND leased_ms <= {now} ORDER BY keep_ms LIMIT 1000 {skip})`
)

func (p *replays) Reserve(ctx context.Context, key, hash string, lease, keep time.Duration) (handoff.Replay, error) {
	p.old.sweep(ctx)
	r := handoff.Replay{State: handoff.ReplayAcquired, Key: key, Owner: rand.Text()}
	for {
		var again int64
		err := p.s.db.QueryRowContext(ctx, p.s.dialect.text(takeReplay), key, hash, r.Owner, millis(lease), millis(keep)).Scan(&again)
		if err == nil {
			r.Again = again == 1
			return r, nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return handoff.Replay{}, fmt.Errorf("sqlstore: the hand-off could not be reserved: %w", err)
		}
		found, err := p.read(ctx, key, hash)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			continue // it was given back in between
		case err != nil:
			return handoff.Replay{}, fmt.Errorf("sqlstore: the hand-off could not be read: %w", err)
		}
		return found, nil
	}
}

// read says why a message could not be taken.
func (p *replays) read(ctx context.Context, key, hash string) (handoff.Replay, error) {
	var other string
	var state int64
	var receipt sql.NullString
	if err := p.s.db.QueryRowContext(ctx, p.s.dialect.text(readReplay), key, hash).Scan(&other, &state, &receipt); err != nil {
		return handoff.Replay{}, err
	}
	r := handoff.Replay{State: handoff.ReplayState(state), Key: key}
	switch {
	case other != hash:
		r.State = handoff.ReplayOther
	case state == 0:
		r.State = handoff.ReplayInProgress
	case receipt.Valid:
		r.Receipt = []byte(receipt.String)
	}
	return r, nil
}

func (p *replays) Settle(ctx context.Context, r handoff.Replay, keep time.Duration) error {
	if r.State != handoff.ReplayDone && r.State != handoff.ReplayRejected {
		return errors.New("sqlstore: Settle: the state must be ReplayDone or ReplayRejected")
	}
	receipt := sql.NullString{String: string(r.Receipt), Valid: r.Receipt != nil}
	return p.s.owned(ctx, settleReplay, int64(r.State), receipt, millis(keep), r.Key, r.Owner)
}

func (p *replays) Release(ctx context.Context, r handoff.Replay) error {
	return p.s.owned(ctx, releaseReplay, r.Key, r.Owner)
}
