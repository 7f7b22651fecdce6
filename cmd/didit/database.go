package main

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/spf13/cobra"
	_ "modernc.org/sqlite" // the driver "sqlite"

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
	if u, err := url.Parse(given); err == nil {
		if _, secret := u.User.Password(); secret || u.Query().Has("password") || u.Query().Has("sslpassword") {
			return "", usageError("--database has a password, which everybody on this machine can see: put the URL into " + databaseVariable)
		}
	}
	return given, nil
}

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
		// pgx quotes the URL, and what it takes for the password is not always all of it.
		return "", usageError("--database, or " + databaseVariable + ", cannot be read as a URL: are the signs in its password percent-encoded?")
	}
	return address, nil
}

// isAway reports whether a database may be there another time.
func isAway(err error) bool {
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok {
		return slices.Contains([]string{"57P01", "57P02", "57P03", "53300"}, refusal.Code) // shuts down, starts, is full
	}
	_, away := errors.AsType[*pgconn.ConnectError](err)
	return away
}

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
