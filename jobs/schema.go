package jobs

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"

	"github.com/riverqueue/river/rivermigrate"
)

// schemaVersion is that of the tickets. A later one adds statements and never edits
// these.
const schemaVersion = 1

var tables = []string{
	`CREATE TABLE IF NOT EXISTS {didit}didit_jobs_schema (
	version BIGINT NOT NULL PRIMARY KEY
)`,
	`CREATE TABLE IF NOT EXISTS {didit}didit_tickets (
	id TEXT NOT NULL PRIMARY KEY,
	kind TEXT NOT NULL,
	application_id TEXT NOT NULL, -- the one that shares or imports
	subject TEXT NOT NULL, -- what there is one ticket of
	params TEXT NOT NULL, -- JSON, without the token
	session_id TEXT NOT NULL,
	source_session_id TEXT NOT NULL,
	state TEXT NOT NULL,
	reason TEXT NOT NULL,
	token {blob}, -- sealed; empty once the ticket has ended
	token_id TEXT NOT NULL, -- its fingerprint
	token_ends_ms BIGINT NOT NULL, -- 0: not known
	begun BIGINT NOT NULL, -- 1: a request may have reached Didit
	stop BIGINT NOT NULL, -- 1: an operator wants it to end
	verdict TEXT NOT NULL, -- JSON: what Didit said, before the callback has taken it
	run TEXT NOT NULL, -- the run that has it
	attempts BIGINT NOT NULL,
	job_id BIGINT NOT NULL, -- River's
	wait_ms BIGINT NOT NULL,
	created_ms BIGINT NOT NULL,
	done_ms BIGINT NOT NULL
)`,
	// An application has one copy of a session; a session may be shared again once its
	// token was delivered.
	`CREATE UNIQUE INDEX IF NOT EXISTS didit_tickets_import ON {didit}didit_tickets (application_id, subject) WHERE kind = 'import'`,
	`CREATE UNIQUE INDEX IF NOT EXISTS didit_tickets_share ON {didit}didit_tickets (application_id, subject) WHERE kind = 'share' AND ` + isOpen,
	`CREATE INDEX IF NOT EXISTS didit_tickets_open ON {didit}didit_tickets (created_ms) WHERE ` + isOpen,
	`CREATE INDEX IF NOT EXISTS didit_tickets_state ON {didit}didit_tickets (state, id)`,
	`INSERT INTO {didit}didit_jobs_schema (version) VALUES (1) ON CONFLICT DO NOTHING`,
}

// isOpen is true of a ticket that has not ended.
const isOpen = `state IN ('queued', 'running', 'waiting')`

// migrate makes or migrates River's tables and the tickets', one process at a time.
func (d *database) migrate(ctx context.Context, logger *slog.Logger) error {
	if err := d.shared.PingContext(ctx); err != nil {
		return fmt.Errorf("jobs: Open: %s cannot be reached, nothing was changed: %w", d.name, err)
	}
	found, err := d.version(ctx)
	if err != nil {
		return fmt.Errorf("jobs: Open: %w", err)
	}
	unlock, err := d.lockMigrations(ctx)
	if err != nil {
		return fmt.Errorf("jobs: Open: the tables could not be made: %w", err)
	}
	defer unlock()
	migrator, err := rivermigrate.New(d.driver, &rivermigrate.Config{Schema: d.schema, Logger: logger})
	if err != nil {
		return fmt.Errorf("jobs: Open: %w", err)
	}
	// Where it is all there, a role that may make nothing can work.
	whole := found == schemaVersion
	if d.schema != "" && !whole {
		if _, err := d.shared.ExecContext(ctx, `CREATE SCHEMA IF NOT EXISTS `+d.schema); err != nil {
			return fmt.Errorf("jobs: Open: the schema %q could not be made: %w", d.schema, err)
		}
	}
	// Tells a database that a newer River has migrated.
	if _, err := migrator.ExistingVersions(ctx); err != nil {
		return fmt.Errorf("jobs: Open: River's tables cannot be read, or are of a newer release than this program's: then update it; nothing was changed: %w", err)
	}
	if d.schema != "" {
		if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
			return fmt.Errorf("jobs: Open: River's tables could not be made: %w", err)
		}
	}
	err = d.inTx(ctx, func(tx *sql.Tx) error {
		if d.schema == "" {
			// On SQLite the transaction is the lock, and no migration has to stand alone.
			if _, err := migrator.MigrateTx(ctx, tx, rivermigrate.DirectionUp, nil); err != nil { //nolint:staticcheck // deprecated for PostgreSQL's sake
				return err
			}
		}
		if whole {
			return nil
		}
		for _, statement := range tables {
			if _, err := tx.ExecContext(ctx, d.text(statement)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("jobs: Open: the tables could not be made: %w", err)
	}
	if _, err := d.version(ctx); err != nil {
		return fmt.Errorf("jobs: Open: %w", err)
	}
	return nil
}

// version is that of the tables, 0 where there are none: then the statement fails. It refuses
// those of a newer release.
func (d *database) version(ctx context.Context) (found int64, err error) {
	err = d.shared.QueryRowContext(ctx, d.text(`SELECT COALESCE(MAX(version), 0) FROM {didit}didit_jobs_schema`)).Scan(&found)
	if err == nil && found > schemaVersion {
		return 0, fmt.Errorf("the database has version %d of the tickets, this program knows %d: update it; nothing was changed", found, schemaVersion)
	}
	return found, nil
}

// lockMigrations keeps other processes from migrating meanwhile. Some of River's
// migrations cannot stand in one transaction on PostgreSQL, so the lock is held beside
// it.
func (d *database) lockMigrations(ctx context.Context) (unlock func(), err error) {
	if d.schema == "" {
		return func() {}, nil
	}
	conn, err := d.shared.Conn(ctx)
	if err != nil {
		return nil, err
	}
	const number = "4916104251" // only that it is the same in every process matters
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock(`+number+`)`); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return func() {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock(`+number+`)`)
		_ = conn.Close()
	}, nil
}
