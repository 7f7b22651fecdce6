package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// version is that of the schema. A later one adds a migration and never edits this one.
const version = 1

const tables = `
CREATE TABLE IF NOT EXISTS didit_schema (
	version BIGINT NOT NULL PRIMARY KEY
);

-- Which webhook events are being handled, or were in the last 24 hours.
CREATE TABLE IF NOT EXISTS didit_deliveries (
	event_id TEXT NOT NULL PRIMARY KEY,
	owner TEXT NOT NULL,
	done BIGINT NOT NULL, -- 0 or 1
	until_ms BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS didit_deliveries_until ON didit_deliveries (until_ms);

-- Which hand-offs are being handled, or were, until they expire. Never a token.
CREATE TABLE IF NOT EXISTS didit_replays (
	id TEXT NOT NULL PRIMARY KEY,
	hash TEXT NOT NULL,
	state BIGINT NOT NULL, -- 0 until it is settled
	owner TEXT NOT NULL, -- empty while nobody has it
	again BIGINT NOT NULL, -- 0 or 1: the owner is not the first
	leased_ms BIGINT NOT NULL,
	keep_ms BIGINT NOT NULL,
	receipt TEXT
);
CREATE INDEX IF NOT EXISTS didit_replays_keep ON didit_replays (keep_ms);

-- What the runs of package bulk have done.
CREATE TABLE IF NOT EXISTS didit_checkpoints (
	run TEXT NOT NULL,
	id TEXT NOT NULL,
	record TEXT NOT NULL, -- JSON
	PRIMARY KEY (run, id)
);

-- Who got whose data, when, by whose decision. A row is never updated or deleted.
CREATE TABLE IF NOT EXISTS didit_ledger (
	n BIGINT NOT NULL PRIMARY KEY,
	time_ns BIGINT NOT NULL,
	action TEXT NOT NULL,
	outcome TEXT NOT NULL,
	session_id TEXT NOT NULL,
	source_session_id TEXT NOT NULL,
	from_application_id TEXT NOT NULL,
	for_application_id TEXT NOT NULL,
	event TEXT NOT NULL, -- JSON
	hash TEXT NOT NULL -- HMAC-SHA256 of the hash before and of this row, in hex
){rowid};
CREATE INDEX IF NOT EXISTS didit_ledger_time ON didit_ledger (time_ns, n);
CREATE INDEX IF NOT EXISTS didit_ledger_action ON didit_ledger (action, time_ns, n);
CREATE INDEX IF NOT EXISTS didit_ledger_outcome ON didit_ledger (outcome, time_ns, n);
CREATE INDEX IF NOT EXISTS didit_ledger_session ON didit_ledger (session_id, time_ns, n);
CREATE INDEX IF NOT EXISTS didit_ledger_source ON didit_ledger (source_session_id, time_ns, n);
CREATE INDEX IF NOT EXISTS didit_ledger_from ON didit_ledger (from_application_id, time_ns, n);
CREATE INDEX IF NOT EXISTS didit_ledger_for ON didit_ledger (for_application_id, time_ns, n);
`

// A row that is put in place of another one fires no trigger for the delete, hence the
// third.
const sqliteTriggers = `
CREATE TRIGGER IF NOT EXISTS didit_ledger_update BEFORE UPDATE ON didit_ledger
BEGIN SELECT RAISE(ABORT, 'didit_ledger is append only'); END;
CREATE TRIGGER IF NOT EXISTS didit_ledger_delete BEFORE DELETE ON didit_ledger
BEGIN SELECT RAISE(ABORT, 'didit_ledger is append only'); END;
CREATE TRIGGER IF NOT EXISTS didit_ledger_replace BEFORE INSERT ON didit_ledger
WHEN EXISTS (SELECT 1 FROM didit_ledger WHERE n = NEW.n)
BEGIN SELECT RAISE(IGNORE); END;
`

const postgresTriggers = `
CREATE OR REPLACE FUNCTION didit_ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'didit_ledger is append only'; END $$;
CREATE OR REPLACE TRIGGER didit_ledger_change BEFORE UPDATE OR DELETE ON didit_ledger
FOR EACH ROW EXECUTE FUNCTION didit_ledger_refuse();
CREATE OR REPLACE TRIGGER didit_ledger_truncate BEFORE TRUNCATE ON didit_ledger
FOR EACH STATEMENT EXECUTE FUNCTION didit_ledger_refuse();
`

// Schema returns the statements that make the tables, for a migration of your own with
// goose (between StatementBegin and StatementEnd), tern or golang-migrate. [Open] then
// only checks that they are there, and needs no right to make any. It is "" for an unknown
// dialect.
//
// The triggers of didit_ledger refuse to update and delete. What the law wants deleted
// is a migration of your own that drops them, deletes, and runs Schema again, which makes
// them again; [Ledger.Verify] names the first row that is gone from then on.
func Schema(d Dialect) string {
	if _, known := dialects[d]; !known {
		return ""
	}
	return strings.TrimLeft(d.text(tables)+dialects[d].triggers+`
INSERT INTO didit_schema (version) VALUES (1) ON CONFLICT DO NOTHING;
`, "\n")
}

// migrate makes the tables, unless they are there.
func (s *Store) migrate(ctx context.Context) error {
	var server string
	var known int64 // does not take NULL
	if err := s.db.QueryRowContext(ctx, dialects[s.dialect].probe).Scan(&server, &known); err != nil {
		return fmt.Errorf("the database does not answer, or not as %s, or is too old; nothing was changed: %w", string(s.dialect), err)
	}
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("nothing was changed: %w", err)
	}
	defer conn.Close() //nolint:errcheck // it goes back to the pool
	// The version cannot be read where there is no table yet.
	found, err := schemaVersion(ctx, conn)
	switch {
	case err == nil && found > 0:
		return check(ctx, conn, s.dialect, found)
	case s.onlyCheck && err == nil:
		return errors.New("didit_schema is empty: run the statements of Schema; nothing was changed")
	case s.onlyCheck:
		return fmt.Errorf("the tables are not there, or may not be read: is it the right database? Nothing was changed: %w", err)
	}
	if err := makeTables(ctx, conn, s.dialect); err != nil {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`)
		return fmt.Errorf("the tables could not be made; nothing was changed: %w", err)
	}
	if _, err := conn.ExecContext(ctx, `COMMIT`); err != nil {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`)
		return fmt.Errorf("whether the tables were made is not known; open it again: %w", err)
	}
	return nil
}

// makeTables leaves the transaction open.
func makeTables(ctx context.Context, conn *sql.Conn, d Dialect) error {
	for _, statements := range []string{dialects[d].begin, Schema(d)} {
		if _, err := conn.ExecContext(ctx, statements); err != nil {
			return err
		}
	}
	found, err := schemaVersion(ctx, conn)
	if err != nil {
		return err
	}
	return check(ctx, conn, d, found)
}

func schemaVersion(ctx context.Context, conn *sql.Conn) (found int64, err error) {
	err = conn.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) FROM didit_schema`).Scan(&found)
	return found, err
}

// missingTable asks the catalogue and no table: a reader of the ledger has no rights on the
// others. Whether the triggers are there is no condition: a ledger that was tampered with
// can be verified.
const missingTable = `SELECT column1 FROM (VALUES ('didit_deliveries'), ('didit_replays'), ('didit_checkpoints'), ('didit_ledger')) AS t
WHERE {absent} LIMIT 1`

// check tells whether this release can work with what is there.
func check(ctx context.Context, conn *sql.Conn, d Dialect, found int64) error {
	if found > version {
		return fmt.Errorf("the database has version %d of the schema, and this release knows %d: update github.com/didit-go/didit; nothing was changed", found, version)
	}
	var missing string
	switch err := conn.QueryRowContext(ctx, d.text(missingTable)).Scan(&missing); {
	case err == nil:
		return fmt.Errorf("the table %s is missing: run the statements of Schema; nothing was changed", missing)
	case !errors.Is(err, sql.ErrNoRows):
		return fmt.Errorf("the tables could not be looked for; nothing was changed: %w", err)
	}
	return nil
}
