package sqlstore

import "strings"

// Dialect is the SQL that a database speaks.
type Dialect string

// The dialects. SQLite has to be 3.42 or later, PostgreSQL 14 or later.
const (
	SQLite     Dialect = "sqlite"
	PostgreSQL Dialect = "postgresql"
)

// dialects hold what the two say differently.
var dialects = map[Dialect]struct {
	probe    string // fails on any other database; the second column is NULL on one that is too old
	begin    string // a transaction in which nobody else migrates
	triggers string // of the ledger
	words    *strings.Replacer
}{
	SQLite: {
		probe:    `SELECT sqlite_version(), CAST(unixepoch('subsec') AS BIGINT)`,
		begin:    `BEGIN IMMEDIATE`,
		triggers: sqliteTriggers,
		words: strings.NewReplacer(
			"{now}", `CAST(unixepoch('subsec') * 1000 AS BIGINT)`,
			"{skip}", ``,
			"{absent}", `column1 NOT IN (SELECT name FROM sqlite_master WHERE type = 'table')`,
			// Else a row that is put in with another one's rowid replaces it, past all triggers.
			"{rowid}", ` WITHOUT ROWID`,
		),
	},
	PostgreSQL: {
		probe:    `SELECT current_setting('server_version'), CASE WHEN CAST(current_setting('server_version_num') AS BIGINT) >= 140000 THEN 1 END`,
		begin:    `BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock(4916104250)`,
		triggers: postgresTriggers,
		words: strings.NewReplacer(
			// now() stands still in a transaction, and while a statement waits for a row.
			"{now}", `CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)`,
			"{skip}", `FOR UPDATE SKIP LOCKED`,
			"{absent}", `to_regclass(column1) IS NULL`,
			"{rowid}", ``,
		),
	},
}

// text puts a dialect's words into a statement that is else the same in all of them.
func (d Dialect) text(query string) string {
	return dialects[d].words.Replace(query)
}
