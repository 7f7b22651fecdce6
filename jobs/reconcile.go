package jobs

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/riverqueue/river"
)

// orphans are open tickets without a job that is alive, whatever became of it: a leader of
// another program discarded it, somebody deleted or cancelled it, or changed it so that
// River fails with it (the engine itself fails no job: one that is retryable is such, or its
// worker has died) or no worker of the queue gets it.
const orphans = ` FROM {didit}didit_tickets t
LEFT JOIN {didit}river_job j ON j.id = t.job_id
WHERE t.` + isOpen + ` AND (j.id IS NULL OR j.state IN ('cancelled', 'completed', 'discarded', 'retryable')
	OR j.queue <> '` + queuePrefix + `' || t.application_id OR j.kind <> 'didit_' || t.kind)`

// reconcileEveryMinute does so until ctx ends.
func (e *Engine) reconcileEveryMinute(ctx context.Context) {
	ticker := time.NewTicker(time.Minute)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := e.reconcile(ctx); err != nil && ctx.Err() == nil {
			e.config.Logger.ErrorContext(ctx, "didit jobs: tickets without a job could not be looked for", "error", err)
		}
	}
}

// reconcile gives every open ticket a job that has none.
func (e *Engine) reconcile(ctx context.Context) error {
	rows, err := e.database.shared.QueryContext(ctx, e.database.text(`SELECT t.id`+orphans+` LIMIT 10000`))
	if err != nil {
		return err
	}
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			_ = rows.Close()
			return err
		}
		ids = append(ids, id)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, id := range ids {
		err := e.adopt(ctx, id)
		if isDamaged(err) {
			e.config.Logger.ErrorContext(ctx, "didit jobs: an open ticket without a job gets none", "ticket", id, "error", err)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// adopt gives one ticket a job, unless it got one meanwhile. A job that was cancelled is an
// operator's wish: the ticket stays open until it is known whether a copy was made.
func (e *Engine) adopt(ctx context.Context, id string) error {
	_, err := e.change(ctx, id, func(tx sqlTx, r *row) error {
		var cancelled int
		err := tx.row(ctx, `SELECT CASE WHEN j.state = 'cancelled' THEN 1 ELSE 0 END`+orphans+` AND t.id = $1`, id).Scan(&cancelled)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		e.config.Logger.WarnContext(ctx, "didit jobs: an open ticket had no job; it gets one", "ticket", id, "cancelled", cancelled != 0)
		if cancelled != 0 {
			if _, err := tx.exec(ctx, `UPDATE {didit}didit_tickets SET stop = 1 WHERE id = $1`, id); err != nil {
				return err
			}
		}
		if _, err := e.river.JobCancelTx(ctx, tx.tx, r.jobID); err != nil && !errors.Is(err, river.ErrNotFound) {
			return err
		}
		return addJob(ctx, tx, r)
	})
	return err
}
