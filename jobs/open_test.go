package jobs_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/internal/dbtest"
	"github.com/didit-go/didit/jobs"
)

// TestOpenRefuses says what is wrong with a configuration or a URL, without showing it.
func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sqlite(t))
	good := w.config(w.b)
	for name, test := range map[string]struct {
		url    string
		change func(*jobs.Config)
		want   string
	}{
		"no scheme":       {url: "jobs.db", want: `must be "sqlite:path/to/file"`},
		"another scheme":  {url: "mysql://root:geheim-7@host/db", want: `must be "sqlite:path/to/file"`},
		"no file":         {url: "sqlite:", want: "names no file"},
		"in memory":       {url: "sqlite::memory:", want: "names no file"},
		"no folder":       {url: "sqlite:" + filepath.Join(t.TempDir(), "none", "jobs.db"), want: "no such file"},
		"a folder":        {url: "sqlite:" + t.TempDir(), want: "directory"},
		"not PostgreSQL":  {url: "postgres://user:geheim-7@127.0.0.1:1/db", want: "cannot be reached"},
		"a port of words": {url: "postgres://user:geheim-7@host:port/db", want: "cannot be read"},
		"no sealer":       {url: w.url, change: func(c *jobs.Config) { c.Sealer = nil }, want: "Config.Sealer is required"},
		"a zero sealer":   {url: w.url, change: func(c *jobs.Config) { c.Sealer = new(jobs.Sealer) }, want: "Config.Sealer is required"},
		"workers":         {url: w.url, change: func(c *jobs.Config) { c.Workers = -1 }, want: "Config.Workers"},
		"an option":       {url: w.url, change: func(c *jobs.Config) { c.Options = append(c.Options, didit.WithMaxRetries(-1)) }, want: ""},
		"a bad option":    {url: w.url, change: func(c *jobs.Config) { c.Options = append(c.Options, didit.WithBaseURL("ftp://x")) }, want: "WithBaseURL"},
		"no application": {url: w.url, change: func(c *jobs.Config) {
			c.Options = []didit.Option{didit.WithBaseURL(w.didit.URL()), didit.WithAPIKey(w.b.APIKey)}
		}, want: "WithApplicationID"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := good
			if test.change != nil {
				test.change(&cfg)
			}
			_, err := jobs.Open(t.Context(), test.url, cfg)
			if test.want == "" {
				return // refused or overridden by the engine's own
			}
			require.ErrorContains(t, err, test.want)
			assert.NotContains(t, err.Error(), "geheim-7")
			assert.NotContains(t, err.Error(), w.b.APIKey)
		})
	}
}

// TestPoolSettings: a URL may have settings of a pool of pgx's, which another program has
// from it; the engine has its own.
func TestPoolSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, postgres(t))
	w.url += "&pool_max_conns=3"
	_, err := w.open(w.config(w.b)).Count(t.Context())
	require.NoError(t, err)
}

// TestOpenAtOnce: several processes may open a new database at the same time.
func TestOpenAtOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				e, err := jobs.Open(w.Context(), w.url, w.config(w.b))
				if assert.NoError(w, err) {
					assert.NoError(w, e.Close())
				}
			})
		}
		all.Wait()
	})
}

// TestFewRights: a role that may make nothing can work with tables that are there.
func TestFewRights(t *testing.T) {
	t.Parallel()
	w := newWorld(t, postgres(t))
	ctx := t.Context()
	e := w.open(w.config(w.b))
	role := "few_" + strings.ToLower(rand.Text())
	_, err := e.DB().ExecContext(ctx, `CREATE ROLE `+role+` LOGIN PASSWORD 'planted'; GRANT USAGE ON SCHEMA didit TO `+role+`;
		GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA didit TO `+role+`; GRANT USAGE ON ALL SEQUENCES IN SCHEMA didit TO `+role)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := e.DB().ExecContext(context.WithoutCancel(ctx), `DROP OWNED BY `+role+`; DROP ROLE `+role)
		assert.NoError(t, err)
	})
	u, err := url.Parse(w.url)
	require.NoError(t, err)
	u.User = url.UserPassword(role, "planted")
	few, err := jobs.Open(ctx, u.String(), w.config(w.b))
	require.NoError(t, err)
	defer few.Close() //nolint:errcheck // the test is over
	require.NoError(t, few.Start(ctx))
	_, token := w.token()
	ticket, err := few.Import(ctx, w.params(token, "customer-7"))
	require.NoError(t, err)
	w.ends(few, ticket.ID, jobs.StateDone)
	require.NoError(t, few.Stop(ctx))
}

// TestNewerSchema: a database that a newer release has migrated is left alone.
func TestNewerSchema(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		e := w.open(w.config(w.b))
		_, err := e.DB().ExecContext(ctx, `INSERT INTO `+w.table("didit_jobs_schema")+` (version) VALUES (99)`)
		require.NoError(w, err)
		_, err = jobs.Open(ctx, w.url, w.config(w.b))
		require.ErrorContains(w, err, "version 99")
		require.ErrorContains(w, err, "nothing was changed")
		_, err = jobs.OpenAdmin(ctx, w.url)
		require.ErrorContains(w, err, "version 99")
		_, err = e.DB().ExecContext(ctx, `DELETE FROM `+w.table("didit_jobs_schema")+` WHERE version = 99`)
		require.NoError(w, err)

		_, err = e.DB().ExecContext(ctx, `INSERT INTO `+w.table("river_migration")+` (line, version) VALUES ('main', 999)`)
		require.NoError(w, err)
		_, err = jobs.Open(ctx, w.url, w.config(w.b))
		require.ErrorContains(w, err, "newer release")
	})
}

// TestKeys: a key that open tickets need is missed when the engine opens; with a new one in
// front the old ones still open.
func TestKeys(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		e := w.open(w.config(w.b))
		_, token := w.token()
		ticket, err := e.Import(ctx, w.params(token, "customer-7"))
		require.NoError(w, err)
		cfg := w.config(w.b)
		cfg.Sealer = sealer(w.T, 2)
		_, err = jobs.Open(ctx, w.url, cfg)
		require.ErrorContains(w, err, "Config.Sealer does not have")
		cfg.Sealer = sealer(w.T, 2, 1)
		e = w.start(cfg)
		w.ends(e, ticket.ID, jobs.StateDone)
		require.NoError(w, e.Stop(ctx))
		cfg.Sealer = sealer(w.T, 2)
		e = w.start(cfg) // no open ticket needs the old one

		// A process that lacks a key leaves the ticket to one that has it.
		_, token = w.token()
		ticket, err = w.open(w.config(w.b)).Import(ctx, w.params(token, "customer-8"))
		require.NoError(w, err)
		assert.Equal(w, "this process does not have the key that sealed the token", w.ends(e, ticket.ID, jobs.StateWaiting).Reason)
		require.NoError(w, e.Stop(ctx))
		e = w.start(w.config(w.b))
		w.retry(e, ticket.ID)
		w.ends(e, ticket.ID, jobs.StateDone)
	})
}

// TestChangedToken: a sealed token that was changed, or put into another ticket's row, opens
// for nobody.
func TestChangedToken(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		cfg := w.config(w.b)
		refused := make(chan error, 2)
		cfg.Refused = func(_ context.Context, _ *sql.Tx, _ *jobs.Ticket, err error) error {
			refused <- err
			return nil
		}
		e := w.open(cfg)
		_, one := w.token()
		_, other := w.token()
		first, err := e.Import(ctx, w.params(one, "customer-1"))
		require.NoError(w, err)
		second, err := e.Import(ctx, w.params(other, "customer-2"))
		require.NoError(w, err)
		tickets := w.table("didit_tickets")
		_, err = e.DB().ExecContext(ctx, `UPDATE `+tickets+` SET token = (SELECT token FROM `+tickets+` WHERE id = $1) WHERE id = $2`, first.ID, second.ID)
		require.NoError(w, err)
		require.NoError(w, e.Start(ctx))
		w.ends(e, first.ID, jobs.StateDone)
		require.ErrorIs(w, <-refused, didit.ErrShareTokenInvalid)
		assert.Contains(w, w.ends(e, second.ID, jobs.StateRefused).Reason, "cannot be opened")
	})
}

// TestSecrets: no token and no key is in a row, a file, a log or what is printed.
func TestSecrets(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		cfg := w.config(w.b)
		cfg.Deliver = func(context.Context, *jobs.Ticket, *didit.SharedSession) error { return fmt.Errorf("no") }
		e := w.open(cfg)
		w.didit.Inject(didittest.Fault{Operation: didittest.OpImportSharedSession, Kind: didittest.FaultAnswerLost, Times: 2})
		w.didit.Inject(didittest.Fault{Operation: didittest.OpImportSharedSession, Kind: didittest.FaultErrorBefore, Skip: 2})
		secrets := []string{w.b.APIKey, string([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})}
		var tickets []*jobs.Ticket
		for range 4 {
			_, token := w.token()
			secrets = append(secrets, token.Reveal(), token.Reveal()[40:80])
			ticket, err := e.Import(ctx, w.params(token, "customer-planted"))
			require.NoError(w, err)
			tickets = append(tickets, ticket)
		}
		waiting, err := e.Share(ctx, w.b.AddSession(didittest.SessionFixture{}), didit.ShareSessionParams{ForApplicationID: w.a.ID})
		require.NoError(w, err)
		require.NoError(w, e.Start(ctx))
		w.ends(e, waiting.ID, jobs.StateWaiting)
		require.NoError(w, e.Stop(ctx))
		source := w.url
		if path, ok := strings.CutPrefix(source, "sqlite:"); ok {
			source = "file:" + path
			info, err := os.Stat(path)
			require.NoError(w, err)
			if runtime.GOOS != "windows" {
				assert.Equal(w, os.FileMode(0o600), info.Mode().Perm())
			}
		}
		everything := dbtest.Dump(w.T, source) + w.log.String() + fmt.Sprintf("%v %+v %#v %+v %#v %+v %#v", cfg.Sealer, cfg.Sealer, cfg.Sealer, cfg, cfg, e, e)
		for _, ticket := range tickets {
			everything += fmt.Sprintf("%+v %#v", *ticket, *ticket)
		}
		assert.Contains(w, everything, tickets[0].ID)
		for _, secret := range secrets {
			assert.NotContains(w, everything, secret)
		}
		assert.NotContains(w, w.log.String(), "customer-planted")
		if u, err := url.Parse(w.url); err == nil && u.User != nil {
			assert.NotContains(w, w.log.String(), u.User.String()+"@")
		}
	})
}

// TestSealer refuses keys that are none.
func TestSealer(t *testing.T) {
	t.Parallel()
	_, err := jobs.NewSealer()
	require.ErrorContains(t, err, "at least one")
	_, err = jobs.NewSealer(make([]byte, 16))
	require.ErrorContains(t, err, "key 1 must have 32 bytes, it has 16")
	_, err = jobs.NewSealer(make([]byte, 32), make([]byte, 33))
	require.ErrorContains(t, err, "key 2 must have 32 bytes, it has 33")
}
