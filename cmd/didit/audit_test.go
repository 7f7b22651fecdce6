package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/dbtest"
	"github.com/didit-go/didit/sqlstore"
)

// TestAudit: what the ledger holds can be exported, and a changed row shows.
func TestAudit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path, key := w.path("100%?.db"), w.write(t, "ledger.key", strings.Repeat("k", 32))
	db, err := sql.Open("sqlite", w.path("made.db"))
	require.NoError(t, err)
	defer func() { _ = db.Close() }()
	store, err := sqlstore.Open(t.Context(), db, sqlstore.SQLite, sqlstore.WithLedgerKey([]byte(strings.Repeat("k", 32))))
	require.NoError(t, err)
	client := w.a.Client(didit.WithAuditHook(store.Ledger().Hook()))
	session := w.session()
	_, err = client.ShareSession(t.Context(), session, didit.ShareSessionParams{ForApplicationID: w.b.ID})
	require.NoError(t, err)
	_, err = client.ShareSession(t.Context(), w.b.ID, didit.ShareSessionParams{ForApplicationID: w.b.ID})
	require.Error(t, err)
	_, err = db.ExecContext(t.Context(), `VACUUM INTO ?`, path)
	require.NoError(t, err)

	audit := func(args ...string) result {
		return cli(t, "", append([]string{"audit"}, append(args, "--database", "sqlite:"+path, "--ledger-key-file", key)...)...)
	}
	r := audit("verify", "-o", "json").done(t)
	assert.Regexp(t, `^{"verified":true,"rows":2,"head":"[0-9a-f]{64}"}\n$`, r.out)
	r = audit("export", "--outcome", "ok").done(t)
	assert.Equal(t, 2, strings.Count(r.out, "\n"))
	assert.Contains(t, r.out, session)
	r = audit("export", "--since", "2020-01-01", "--action", "share", "-o", "json").done(t)
	require.Equal(t, 2, strings.Count(r.out, "\n"))
	var event didit.AuditEvent
	require.NoError(t, json.NewDecoder(strings.NewReader(r.out)).Decode(&event))
	assert.Equal(t, session, event.SessionID)
	assert.Empty(t, audit("export", "--until", "2020-01-01", "-o", "json").done(t).out)
	assert.Empty(t, audit("export", "--outcome", "recovered", "--session", session, "--partner", w.b.ID, "-o", "json").done(t).out)
	for _, filter := range [][]string{{"--action", "shared"}, {"--outcome", "okay"}, {"--session", "{" + session + "}"}, {"--partner", "Partner B"}} {
		audit(append([]string{"export"}, filter...)...).fails(t, exitUsage, filter[0]+" must be")
	}
	var head struct {
		Head string `json:"head"`
	}
	require.NoError(t, json.Unmarshal([]byte(audit("verify", "-o", "json").done(t).out), &head))
	audit("verify", "--from", "2:"+head.Head).done(t)
	audit("verify", "--from", "3:"+head.Head).fails(t, exitRefused, "row 3")
	for _, wrong := range []string{"2", "0:" + head.Head, "2:" + head.Head[1:], "2:", ":" + head.Head} {
		audit("verify", "--from", wrong).fails(t, exitUsage, "must be ROWS:HEAD")
	}

	changed, err := sql.Open("sqlite", "file:"+strings.NewReplacer("%", "%25", "?", "%3f").Replace(path))
	require.NoError(t, err)
	defer func() { _ = changed.Close() }()
	var trigger string
	rows, err := changed.QueryContext(t.Context(), `SELECT name FROM sqlite_master WHERE type = 'trigger'`)
	require.NoError(t, err)
	var triggers []string
	for rows.Next() {
		require.NoError(t, rows.Scan(&trigger))
		triggers = append(triggers, trigger)
	}
	require.NoError(t, rows.Err())
	for _, trigger := range triggers {
		_, err = changed.ExecContext(t.Context(), `DROP TRIGGER `+trigger)
		require.NoError(t, err)
	}
	_, err = changed.ExecContext(t.Context(), `UPDATE didit_ledger SET outcome = 'refused' WHERE n = 1`)
	require.NoError(t, err)
	audit("verify").fails(t, exitRefused, "1")
}

func TestAuditDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	empty := w.write(t, "empty.db", "")
	verify := func(args ...string) result { return cli(t, "", append([]string{"audit", "verify"}, args...)...) }
	verify("--database", "sqlite:"+w.path("none.db")).fails(t, exitUsage, "there is no file")
	verify("--database", "sqlite:"+w.dir).fails(t, exitUsage, "there is no file")
	verify("--database", "sqlite:").fails(t, exitUsage, "there is no file")
	verify("--database", "mysql://x").fails(t, exitUsage, "must begin with sqlite: or postgres://")
	for _, address := range []string{"postgres://didit:hunter2@127.0.0.1:1/x", "postgres://127.0.0.1:1/x?user=didit&password=hunter2", "postgres://127.0.0.1:1/x?sslpassword=hunter2"} {
		r := verify("--database", address)
		r.fails(t, exitUsage, "put the URL into DIDIT_DATABASE_URL")
		assert.NotContains(t, r.errs, "hunter2")
	}
	for _, address := range []string{"postgres://didit:hunter2%zz@127.0.0.1:1/x", "postgres://127.0.0.1:1/x?password=hunter2%zz"} {
		r := verify("--database", address)
		r.fails(t, exitUsage, "cannot be read as a URL")
		assert.NotContains(t, r.errs, "hunter2")
	}
	verify("--database", "postgres://127.0.0.1:1/x?connect_timeout=1").fails(t, exitAgain, "does not answer")
	verify("--database", "sqlite:"+empty, "--ledger-key-file", w.path("none")).fails(t, exitUsage, "--ledger-key-file: open")
	verify("--database", "sqlite:"+empty, "--ledger-key-file", w.write(t, "short", "x")).fails(t, exitUsage, "--ledger-key-file: the key needs at least 32 bytes")
	here, err := os.Getwd()
	require.NoError(t, err)
	relative, err := filepath.Rel(here, empty)
	require.NoError(t, err)
	for _, address := range []string{"sqlite:" + empty, "sqlite:" + empty, "sqlite://" + relative} {
		verify("--database", address).fails(t, exitRefused, "is it the right database?")
	}
}

// TestAway: a database that does not answer, or is at work, may do so another time.
func TestAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	busy := func() error {
		var all [2]*sql.Conn
		for i := range all {
			db, err := sql.Open("sqlite", w.path("busy.db"))
			require.NoError(t, err)
			defer func() { _ = db.Close() }()
			all[i], err = db.Conn(t.Context())
			require.NoError(t, err)
			defer func() { _ = all[i].Close() }()
		}
		_, err := all[0].ExecContext(t.Context(), `BEGIN EXCLUSIVE`)
		require.NoError(t, err)
		_, err = all[1].ExecContext(t.Context(), `BEGIN EXCLUSIVE`)
		return err
	}
	for _, err := range []error{
		busy(), io.ErrUnexpectedEOF, &net.OpError{Op: "read", Err: io.EOF}, &pgconn.PgError{Code: "57P01"}, &pgconn.PgError{Code: "08006"},
		&pgconn.ConnectError{},
	} {
		assert.Equal(t, exitAgain, code(away(fmt.Errorf("it was read: %w", err))), "%T", err)
	}
	for _, err := range []error{&pgconn.PgError{Code: "28P01"}, &sqlstore.ChainError{}, errors.New("another")} {
		assert.Equal(t, exitRefused, code(away(err)), "%T", err)
	}
	assert.NoError(t, away(nil))
}

// TestAuditOnPostgreSQL has the URL, which may have a password, in the environment.
func TestAuditOnPostgreSQL(t *testing.T) {
	address := dbtest.PostgreSQL(t)
	t.Setenv(databaseVariable, address)
	w := newWorld(t)
	store, err := sqlstore.Open(t.Context(), dbtest.Open(t, address), sqlstore.PostgreSQL)
	require.NoError(t, err)
	session := w.session()
	_, err = w.a.Client(didit.WithAuditHook(store.Ledger().Hook())).ShareSession(t.Context(), session, didit.ShareSessionParams{ForApplicationID: w.b.ID})
	require.NoError(t, err)
	assert.Contains(t, cli(t, "", "audit", "verify").done(t).out, "rows      1\n")
	assert.Contains(t, cli(t, "", "audit", "export", "--action", "share").done(t).out, session)
}
