package jobs_test

import (
	"bytes"
	"context"
	"database/sql"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/internal/dbtest"
	"github.com/didit-go/didit/jobs"
)

// world is a Didit with both partners, and a database of B's.
type world struct {
	*testing.T
	didit    *didittest.Server
	a, b     *didittest.Application
	workflow string
	url      string
	sealer   *jobs.Sealer
	log      buffer // what the engines and River say
}

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// onBoth runs a test on both databases.
func onBoth(t *testing.T, f func(w *world), opts ...didittest.Option) {
	t.Helper()
	for name, open := range map[string]func(*testing.T) string{"SQLite": sqlite, "PostgreSQL": postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(newWorld(t, open(t), opts...))
		})
	}
}

func newWorld(t *testing.T, databaseURL string, opts ...didittest.Option) *world {
	t.Helper()
	server := didittest.NewServer(opts...)
	t.Cleanup(server.Close)
	w := &world{T: t, didit: server, a: server.AddApplication("Partner A"), b: server.AddApplication("Partner B"), url: databaseURL}
	w.workflow = w.b.AddWorkflow(didit.KindUser)
	w.sealer = sealer(t, 1)
	return w
}

func sqlite(t *testing.T) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "jobs.db")
}

func postgres(t *testing.T) string {
	t.Helper()
	return dbtest.PostgreSQL(t)
}

// sealer makes a sealer whose first key is told by a number.
func sealer(t *testing.T, keys ...byte) *jobs.Sealer {
	t.Helper()
	var all [][]byte
	for _, n := range keys {
		key := make([]byte, 32)
		for i := range key {
			key[i] = n + byte(i)
		}
		all = append(all, key)
	}
	s, err := jobs.NewSealer(all...)
	require.NoError(t, err)
	return s
}

// config is that of an application's engine.
func (w *world) config(app *didittest.Application) jobs.Config {
	return jobs.Config{
		Logger: slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Sealer: w.sealer, Workers: 4,
		Options: []didit.Option{didit.WithBaseURL(w.didit.URL()), didit.WithAPIKey(app.APIKey), didit.WithApplicationID(app.ID)},
	}
}

// open opens an engine and closes it with the test.
func (w *world) open(cfg jobs.Config) *jobs.Engine {
	w.Helper()
	e, err := jobs.Open(w.Context(), w.url, cfg)
	require.NoError(w, err)
	w.Cleanup(func() { require.NoError(w, e.Close()) })
	return e
}

// start opens an engine that works.
func (w *world) start(cfg jobs.Config) *jobs.Engine {
	w.Helper()
	e := w.open(cfg)
	require.NoError(w, e.Start(context.WithoutCancel(w.Context())))
	return e
}

// token shares a new session of A's with B.
func (w *world) token() (source string, token didit.ShareToken) {
	w.Helper()
	source = w.a.AddSession(didittest.SessionFixture{})
	s, err := w.a.Client().ShareSession(w.Context(), source, didit.ShareSessionParams{ForApplicationID: w.b.ID})
	require.NoError(w, err)
	return source, s.Token
}

// params are those of B's import.
func (w *world) params(token didit.ShareToken, vendorData string) didit.ImportSharedSessionParams {
	return didit.ImportSharedSessionParams{Token: token, WorkflowID: w.workflow, Review: didit.TrustSourceReview, VendorData: vendorData}
}

// copies are B's copies of a session.
func (w *world) copies(source string) (ids []string) {
	for _, s := range w.b.Sessions() {
		if s.SharedFrom == source {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// ends waits for a ticket to be in one of the states.
func (w *world) ends(e interface {
	Ticket(context.Context, string) (*jobs.Ticket, error)
}, id string, states ...jobs.State) *jobs.Ticket {
	w.Helper()
	for {
		t, err := e.Ticket(w.Context(), id)
		require.NoError(w, err)
		if slices.Contains(states, t.State) {
			return t
		}
		if t.State == jobs.StateDone || t.State == jobs.StateRefused || t.State == jobs.StateStopped {
			require.Contains(w, states, t.State, "%+v", *t)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// people is the partner's own table.
func people(w *world, e *jobs.Engine) {
	w.Helper()
	_, err := e.DB().ExecContext(w.Context(), `CREATE TABLE people (ticket TEXT NOT NULL PRIMARY KEY, session TEXT NOT NULL, imports BIGINT NOT NULL)`)
	require.NoError(w, err)
}

func addPerson(ctx context.Context, tx *sql.Tx, t *jobs.Ticket) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO people (ticket, session, imports) VALUES ($1, '', 0)`, t.ID)
	return err
}

// enqueue enqueues an import in the transaction of a person's row.
func (w *world) enqueue(e *jobs.Engine, token didit.ShareToken) *jobs.Ticket {
	w.Helper()
	ctx := w.Context()
	tx, err := e.DB().BeginTx(ctx, nil)
	require.NoError(w, err)
	ticket, err := e.ImportTx(ctx, tx, w.params(token, "customer-7"))
	require.NoError(w, err)
	require.NoError(w, addPerson(ctx, tx, ticket))
	require.NoError(w, tx.Commit())
	return ticket
}

// imported changes a person's row.
func imported(ctx context.Context, tx *sql.Tx, t *jobs.Ticket, s *didit.ImportedSession) error {
	_, err := tx.ExecContext(ctx, `UPDATE people SET session = $1, imports = imports + 1 WHERE ticket = $2`, s.SessionID, t.ID)
	return err
}
