package main

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/spf13/cobra"
	"modernc.org/sqlite" // the driver "sqlite"

	"github.com/didit-go/didit/sqlstore"
)

const databaseVariable = "DIDIT_DATABASE_URL"

func addDatabase(c *cobra.Command, database *string) {
	c.Flags().StringVar(database, "database", "", "`URL`, sqlite:PATH or postgres://HOST/NAME; default: "+databaseVariable)
}

// databaseURL is the flag's, or the environment's where there is none.
func databaseURL(given string) (string, error) {
	if given == "" {
		if given = os.Getenv(databaseVariable); given == "" {
			return "", usageError("there is no --database, and " + databaseVariable + " is not set")
		}
		return given, nil
	}
	if strings.HasPrefix(given, "sqlite:") {
		return given, nil
	}
	u, err := url.Parse(given)
	if err != nil {
		return "", errUnreadable
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "", errUnreadable
	}
	if _, secret := u.User.Password(); secret || query.Has("password") || query.Has("sslpassword") {
		return "", usageError("--database has a password, which everybody on this machine can see: put the URL into " + databaseVariable)
	}
	return given, nil
}

// errUnreadable does not quote the URL: what a parser takes for the password is not always
// all of it.
const errUnreadable = usageError("--database, or " + databaseVariable + ", cannot be read as a URL: are the signs in its password percent-encoded?")

// existingDatabase is the URL of a database that can be there, as package jobs takes it.
func existingDatabase(given string) (string, error) {
	address, err := databaseURL(given)
	if err != nil {
		return "", err
	}
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
		path = strings.TrimPrefix(path, "//")
		if info, err := os.Stat(path); err != nil || info.IsDir() {
			return "", usageError(fmt.Sprintf("--database: there is no file %q", path))
		}
		return "sqlite:" + path, nil
	}
	if !strings.HasPrefix(address, "postgres://") && !strings.HasPrefix(address, "postgresql://") {
		return "", usageError("--database must begin with sqlite: or postgres://")
	}
	if _, err := pgx.ParseConfig(address); err != nil {
		return "", errUnreadable
	}
	return address, nil
}

// awayError is of a database that may answer another time.
type awayError struct{ error }

func (e awayError) Unwrap() error { return e.error }

// away tells an error of a database that is away from those of what is in it.
func away(err error) error {
	_, unreached := errors.AsType[*pgconn.ConnectError](err)
	_, broken := errors.AsType[*net.OpError](err)
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok { // a class and a state: connections; full; shuts down or starts
		unreached = strings.HasPrefix(refusal.Code, "08") || refusal.Code == "53300" || strings.HasPrefix(refusal.Code, "57P0")
	}
	if file, ok := errors.AsType[*sqlite.Error](err); ok {
		broken = file.Code()&0xff == sqliteBusy
	}
	if unreached || broken || errors.Is(err, io.ErrUnexpectedEOF) {
		return awayError{err}
	}
	return err
}

// sqliteBusy is SQLITE_BUSY: another process has the file locked.
const sqliteBusy = 5

// openDatabase opens a database that is there. It connects when it is first used.
func openDatabase(given string) (*sql.DB, sqlstore.Dialect, error) {
	address, err := existingDatabase(given)
	if err != nil {
		return nil, "", err
	}
	driver, dialect := "pgx", sqlstore.PostgreSQL
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
		driver, dialect = "sqlite", sqlstore.SQLite
		address = "file:" + (&url.URL{Path: path}).EscapedPath() + "?mode=rw&_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, address)
	return db, dialect, err
}
