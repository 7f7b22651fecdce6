package jobs

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
)

// enqueuer is a transaction of either driver.
type enqueuer interface {
	exec(ctx context.Context, query string, args ...any) (int64, error)
	row(ctx context.Context, query string, args ...any) interface{ Scan(...any) error }
	job(ctx context.Context, args river.JobArgs, opts *river.InsertOpts) (id int64, err error)
}

// sqlTx is a transaction of database/sql.
type sqlTx struct {
	a  *Admin
	tx *sql.Tx
}

func (t sqlTx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	return affected(t.tx.ExecContext(ctx, t.a.database.text(query), args...))
}

func (t sqlTx) row(ctx context.Context, query string, args ...any) interface{ Scan(...any) error } {
	return t.tx.QueryRowContext(ctx, t.a.database.text(query), args...)
}

func (t sqlTx) job(ctx context.Context, args river.JobArgs, opts *river.InsertOpts) (int64, error) {
	res, err := t.a.river.InsertTx(ctx, t.tx, args, opts)
	if err != nil {
		return 0, err
	}
	return res.Job.ID, nil
}

func affected(res sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// pgxTx is a transaction of pgx.
type pgxTx struct {
	e  *Engine
	tx pgx.Tx
}

func (t pgxTx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	tag, err := t.tx.Exec(ctx, t.e.database.text(query), args...)
	return tag.RowsAffected(), err
}

func (t pgxTx) row(ctx context.Context, query string, args ...any) interface{ Scan(...any) error } {
	return t.tx.QueryRow(ctx, t.e.database.text(query), args...)
}

func (t pgxTx) job(ctx context.Context, args river.JobArgs, opts *river.InsertOpts) (int64, error) {
	res, err := t.e.pgx.InsertTx(ctx, t.tx, args, opts)
	if err != nil {
		return 0, err
	}
	return res.Job.ID, nil
}
