package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// database is where the tickets and River's jobs are.
type database struct {
	name   string // "SQLite" or "PostgreSQL"
	schema string // of PostgreSQL; a file has none
	words  *strings.Replacer
	driver riverdriver.Driver[*sql.Tx]

	// shared is for callers and for reading; write is for the engine and River. They are
	// one pool on PostgreSQL. On SQLite a transaction of a callback holds write's only
	// connection, so whoever reads beside it needs another.
	shared, write *sql.DB
	listener      *pgxpool.Pool // of PostgreSQL, for LISTEN
}

// schema keeps the tables apart from those of other users of River in the database:
// the leader of another program discards stuck jobs of kinds that it does not know
// (riverqueue/river#1105).
const schema = "didit"

const urlForms = `"sqlite:path/to/file" or "postgres://user@host/name"`

// openDatabase makes the pools. It connects to nothing yet; a file is made if create says
// so.
func openDatabase(ctx context.Context, databaseURL string, connections int, create bool) (*database, error) {
	scheme, rest, _ := strings.Cut(databaseURL, ":")
	switch scheme {
	case "sqlite":
		return openSQLite(rest, create)
	case "postgres", "postgresql":
		return openPostgreSQL(ctx, databaseURL, connections)
	}
	return nil, errors.New("jobs: the database URL must be " + urlForms)
}

// sqlitePragmas: 10 s to wait for another process's lock, what was committed survives a
// power cut, and a transaction takes its lock when it begins: one that reads first and then
// writes would fail at once where another wrote in between. sqliteWAL: readers beside one
// writer; it stays with the file, so only who makes the tables sets it.
const (
	sqlitePragmas = "?_pragma=busy_timeout(10000)&_pragma=synchronous(FULL)&_txlock=immediate"
	sqliteWAL     = "&_pragma=journal_mode(WAL)"
)

func openSQLite(path string, create bool) (*database, error) {
	path = strings.TrimPrefix(path, "//")
	if path == "" || strings.HasPrefix(path, ":memory:") {
		return nil, errors.New(`jobs: the database URL names no file: it must be "sqlite:path/to/file"`)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("jobs: the database file: %w", err)
	}
	// The rows hold vendor data. The files beside it take over its mode.
	mode, pragmas := os.O_RDWR, sqlitePragmas
	if create {
		mode, pragmas = mode|os.O_CREATE, pragmas+sqliteWAL
	}
	file, err := os.OpenFile(path, mode, 0o600) //nolint:gosec // the caller's own path
	if err != nil {
		return nil, fmt.Errorf("jobs: the database file: %w", err)
	}
	_ = file.Close()
	source := "file:" + (&url.URL{Path: path}).EscapedPath() + pragmas
	d := &database{name: "SQLite", words: strings.NewReplacer("{didit}", "", "{blob}", "BLOB", "{lock}", "")}
	if d.write, err = sql.Open("sqlite", source); err != nil {
		return nil, fmt.Errorf("jobs: the database file: %w", err)
	}
	if d.shared, err = sql.Open("sqlite", source); err != nil {
		return nil, fmt.Errorf("jobs: the database file: %w", err)
	}
	d.write.SetMaxOpenConns(1) // SQLite has one writer; waiting here costs less than at its lock
	d.driver = riversqlite.New(d.write)
	return d, nil
}

func openPostgreSQL(ctx context.Context, databaseURL string, connections int) (*database, error) {
	listen, err := pgxpool.ParseConfig(databaseURL)
	if err != nil {
		// pgx quotes the URL, and what it takes for the password is not always all of it.
		return nil, errors.New("jobs: the database URL cannot be read: it must be " + urlForms)
	}
	listen.MinConns, listen.MaxConns = 0, 1
	d := &database{
		name: "PostgreSQL", schema: schema,
		words: strings.NewReplacer("{didit}", schema+".", "{blob}", "BYTEA", "{lock}", "FOR UPDATE"),
	}
	if d.listener, err = pgxpool.NewWithConfig(context.WithoutCancel(ctx), listen); err != nil {
		return nil, errors.New("jobs: the database URL cannot be used")
	}
	d.write = sql.OpenDB(stdlib.GetConnector(*listen.ConnConfig.Copy()))
	d.write.SetMaxOpenConns(connections)
	d.write.SetMaxIdleConns(connections)
	d.shared = d.write
	d.driver = riverdatabasesql.NewWithPgxListener(d.write, d.listener)
	return d, nil
}

// text puts the database's words into a statement that is else the same on both.
func (d *database) text(query string) string { return d.words.Replace(query) }

// errInCallback is what would wait for itself.
var errInCallback = errors.New("jobs: a callback holds SQLite's only writer: enqueue with its transaction (ImportTx, ShareTx), and leave the rest until it is over")

// inTx runs f in a transaction.
func (d *database) inTx(ctx context.Context, f func(*sql.Tx) error) error {
	if d.schema == "" && inCallback(ctx) {
		return errInCallback
	}
	tx, err := d.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("jobs: nothing was changed: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	if err := f(tx); err != nil {
		return err
	}
	return wrap("whether the transaction was committed is not known", tx.Commit())
}

func (d *database) close() error {
	if d.listener != nil {
		d.listener.Close()
	}
	if d.shared == d.write {
		return d.write.Close()
	}
	return errors.Join(d.shared.Close(), d.write.Close())
}

// LogValue names the database without its address.
func (d *database) LogValue() slog.Value { return slog.StringValue(d.name) }

// wrap says what an error of the database kept from being done; nil stays nil.
func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("jobs: %s: %w", what, err)
}
