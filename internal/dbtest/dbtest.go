// Package dbtest opens databases for tests: SQLite everywhere, PostgreSQL where there is
// one. The tests of sqlstore are here too, so that it links no driver.
package dbtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	_ "modernc.org/sqlite"             // the driver sqlite
)

// SQLite returns the data source name of a database that is not there yet, for the driver
// sqlite: "file:", a path, and settings with which several processes can write.
func SQLite(t testing.TB) string {
	t.Helper()
	const settings = "?_pragma=busy_timeout(60000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"
	return "file:" + filepath.ToSlash(filepath.Join(t.TempDir(), "test.db")) + settings
}

// cluster is started once in a process.
var cluster = sync.OnceValues(start)

// PostgreSQL returns the URL of an empty database, for the driver pgx. It is dropped when
// the test ends.
//
// The server is that of the URL in TEST_DATABASE_URL, whose user may make databases. Where
// that is not set, one is started on a loopback port for this process alone. Where there
// is nothing to start the test is skipped, unless CI is set: then it fails.
func PostgreSQL(t testing.TB) string {
	t.Helper()
	server, err := os.Getenv("TEST_DATABASE_URL"), error(nil)
	if server == "" {
		server, err = cluster()
	}
	unavailable(t, err)
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal("dbtest: TEST_DATABASE_URL is no URL") // the error would show the password
	}
	admin := Open(t, server)
	name := "didit_" + strings.ToLower(rand.Text())
	if _, err := admin.ExecContext(t.Context(), `CREATE DATABASE `+name); err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	t.Cleanup(func() {
		if _, err := admin.ExecContext(context.WithoutCancel(t.Context()), `DROP DATABASE `+name+` WITH (FORCE)`); err != nil {
			t.Errorf("dbtest: %v", err)
		}
	})
	u.Path = "/" + name
	return u.String()
}

// Open opens what SQLite or PostgreSQL returned, as often as it is called, and closes it
// when the test ends.
func Open(t testing.TB, source string) *sql.DB {
	t.Helper()
	db, err := sql.Open(Driver(source), source)
	if err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("dbtest: %v", err)
		}
	})
	return db
}

// Driver names the driver of a source.
func Driver(source string) string {
	if strings.HasPrefix(source, "file:") {
		return "sqlite"
	}
	return "pgx"
}

// Dump returns all that a database holds: the bytes of SQLite's files, and what pg_dump
// writes. Where there is no pg_dump the test is skipped, or fails with CI set.
func Dump(t testing.TB, source string) string {
	t.Helper()
	if path, sqlite := strings.CutPrefix(source, "file:"); sqlite {
		path, _, _ = strings.Cut(path, "?")
		files, _ := filepath.Glob(path + "*") // the pattern is right
		var all strings.Builder
		for _, name := range files {
			text, err := os.ReadFile(name) //nolint:gosec // the test's own file
			if err != nil {
				t.Fatalf("dbtest: %v", err)
			}
			all.Write(text)
		}
		return all.String()
	}
	program, err := binary("pg_dump")
	unavailable(t, err)
	out, err := exec.CommandContext(t.Context(), program, "--dbname="+source).Output() //nolint:gosec // PostgreSQL's own
	if err != nil {
		t.Fatalf("dbtest: pg_dump: %v", err)
	}
	return string(out)
}

// unavailable ends a test that lacks something to run with.
func unavailable(t testing.TB, err error) {
	t.Helper()
	switch {
	case err != nil && os.Getenv("CI") != "":
		t.Fatalf("dbtest: %v; CI is set, so nothing is skipped", err)
	case err != nil:
		t.Skipf("dbtest: %v", err)
	}
}
