package sqlstore

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/didit-go/didit/webhook"
)

// Deliveries returns the store of the webhook events that were handled, for
// [webhook.WithDeduplication] on any number of machines. There is one in a database,
// however often this is called.
//
// An owner whose lease has lapsed may still complete or release its event, for an hour,
// while nobody else has taken it.
func (s *Store) Deliveries() webhook.DeliveryStore {
	return &deliveries{s: s, old: sweeper{s: s, statement: sweepDeliveries}}
}

type deliveries struct {
	s   *Store
	old sweeper
}

const (
	// takeDelivery takes an event that is new, or nobody's any more. The new until is
	// reckoned when the row is locked, which may be later than when the statement began.
	takeDelivery = `INSERT INTO didit_deliveries (event_id, owner, done, until_ms)
VALUES ($1, $2, 0, {now} + CAST($3 AS BIGINT))
ON CONFLICT (event_id) DO UPDATE SET owner = excluded.owner, done = 0, until_ms = {now} + CAST($3 AS BIGINT)
WHERE didit_deliveries.until_ms <= {now}`

	readDelivery = `SELECT done FROM didit_deliveries WHERE event_id = $1 AND until_ms > {now}`

	completeDelivery = `UPDATE didit_deliveries SET done = 1, until_ms = {now} + CAST($1 AS BIGINT)
WHERE event_id = $2 AND owner = $3 AND done = 0`

	releaseDelivery = `DELETE FROM didit_deliveries WHERE event_id = $1 AND owner = $2 AND done = 0`

	// An owner may be late: its lapsed lease stays for an hour.
	sweepDeliveries = `DELETE FROM didit_deliveries WHERE event_id IN (
SELECT event_id FROM didit_deliveries WHERE until_ms <= {now} - 3600000 ORDER BY until_ms LIMIT 1000 {skip})`

	// doneFor is how long an event that was handled is remembered.
	doneFor = 24 * time.Hour
)

func (d *deliveries) Reserve(ctx context.Context, eventID string, lease time.Duration) (webhook.Reservation, error) {
	d.old.sweep(ctx)
	r := webhook.Reservation{State: webhook.Acquired, EventID: eventID, Owner: rand.Text()}
	for {
		taken, err := d.s.changes(ctx, takeDelivery, eventID, r.Owner, millis(lease))
		if err != nil {
			return webhook.Reservation{}, fmt.Errorf("sqlstore: the event may be reserved until its lease lapses: %w", err)
		}
		if taken {
			return r, nil
		}
		var done int64
		found, err := d.s.row(ctx, []any{&done}, readDelivery, eventID)
		switch {
		case err != nil:
			return webhook.Reservation{}, fmt.Errorf("sqlstore: whose the event is could not be read: %w", err)
		case !found:
			continue // it was given back in between
		case done == 1:
			return webhook.Reservation{State: webhook.Done, EventID: eventID}, nil
		}
		return webhook.Reservation{State: webhook.InProgress, EventID: eventID}, nil
	}
}

func (d *deliveries) Complete(ctx context.Context, r webhook.Reservation) error {
	return d.s.owned(ctx, completeDelivery, millis(doneFor), r.EventID, r.Owner)
}

func (d *deliveries) Release(ctx context.Context, r webhook.Reservation) error {
	return d.s.owned(ctx, releaseDelivery, r.EventID, r.Owner)
}
