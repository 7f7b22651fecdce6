package dbtest_test

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/internal/dbtest"
	"github.com/didit-go/didit/sqlstore"
	"github.com/didit-go/didit/webhook"
)

// What makes the test's program a process beside it: what it does, on which database.
const (
	childRole    = "DBTEST_CHILD"
	childDialect = "DBTEST_DIALECT"
	childSource  = "DBTEST_SOURCE"
)

// roles are what a process beside the test can do. Each line that it says is a thing done.
var roles = map[string]func(ctx context.Context, s *sqlstore.Store, db *sql.DB) error{
	"handle": handleAll,
	"hold":   hold,
	"append": appendAll,
}

func child(role string) int {
	ctx, source := context.Background(), os.Getenv(childSource)
	db, err := sql.Open(dbtest.Driver(source), source)
	if err == nil {
		defer db.Close() //nolint:errcheck // the process ends
		db.SetMaxOpenConns(4)
		var s *sqlstore.Store
		if s, err = sqlstore.Open(ctx, db, sqlstore.Dialect(os.Getenv(childDialect)), sqlstore.WithLedgerKey(key)); err == nil {
			err = roles[role](ctx, s, db)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// startChild starts a process and returns it with the lines that it says.
func startChild(t *testing.T, role string, d sqlstore.Dialect, source string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childRole+"="+role, childDialect+"="+string(d), childSource+"="+source)
	cmd.Stderr = os.Stderr
	_, err := cmd.StdinPipe() // it ends with this process
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	return cmd, bufio.NewScanner(out)
}

const (
	childEvents     = 50 // webhook events, the same for all processes
	childGoroutines = 64 // of each process
)

// handleAll handles the events with 64 goroutines, beside other processes that do the
// same. That an event is being handled stands in a table of its own, which lets nobody
// else in meanwhile.
func handleAll(ctx context.Context, s *sqlstore.Store, db *sql.DB) error {
	store := s.Deliveries()
	failed := make([]error, childGoroutines)
	var wg sync.WaitGroup
	for g := range childGoroutines {
		wg.Go(func() {
			for i := range childEvents {
				id := "evt-" + strconv.Itoa((i+g*37+os.Getpid())%childEvents)
				if failed[g] = handle(ctx, store, db, id, (i+g)%3 == 0); failed[g] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(failed...)
}

func handle(ctx context.Context, store webhook.DeliveryStore, db *sql.DB, id string, first bool) error {
	for {
		r, err := store.Reserve(ctx, id, time.Hour)
		if err != nil || r.State != webhook.Acquired {
			return err
		}
		if _, err := db.ExecContext(ctx, `INSERT INTO working (id) VALUES ($1)`, id); err != nil {
			return fmt.Errorf("somebody else handles the event: %w", err)
		}
		if _, err := db.ExecContext(ctx, `DELETE FROM working WHERE id = $1`, id); err != nil {
			return err
		}
		if first { // as after a callback that failed
			if err := store.Release(ctx, r); err != nil {
				return err
			}
			first = false
			continue
		}
		if _, err := db.ExecContext(ctx, `INSERT INTO handled (id) VALUES ($1)`, id); err != nil {
			return fmt.Errorf("the event was handled before: %w", err)
		}
		return store.Complete(ctx, r)
	}
}

// hold reserves an event and waits to be killed.
func hold(ctx context.Context, s *sqlstore.Store, _ *sql.DB) error {
	r, err := s.Deliveries().Reserve(ctx, "held", time.Hour)
	if err != nil {
		return err
	}
	fmt.Println(r.Owner)
	_, err = bufio.NewReader(os.Stdin).ReadByte()
	return err
}

// appendAll writes to the ledger for as long as somebody listens, and says the event's
// number when the hook has returned.
func appendAll(ctx context.Context, s *sqlstore.Store, _ *sql.DB) error {
	hook := s.Ledger().Hook()
	var one sync.Mutex
	failed := make([]error, 4)
	var wg sync.WaitGroup
	for g := range failed {
		wg.Go(func() {
			for i := 0; failed[g] == nil; i++ {
				e := event(os.Getpid()*1_000_000 + g*100_000 + i)
				if failed[g] = hook(ctx, e); failed[g] == nil {
					one.Lock()
					_, failed[g] = fmt.Println(e.SessionID)
					one.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(failed...)
}

// TestProcesses: 3 processes of 64 goroutines handle each event once.
func TestProcesses(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		db := dbtest.Open(t, source)
		openStore(t, db, d)
		execute(t, db, `CREATE TABLE working (id TEXT PRIMARY KEY); CREATE TABLE handled (id TEXT PRIMARY KEY)`)
		began := time.Now()
		var all []*exec.Cmd
		for range 3 {
			cmd, _ := startChild(t, "handle", d, source)
			all = append(all, cmd)
		}
		for _, cmd := range all {
			require.NoError(t, cmd.Wait())
		}
		require.Equal(t, childEvents, count(t, db, `SELECT COUNT(*) FROM handled`))
		require.Equal(t, childEvents, count(t, db, `SELECT COUNT(*) FROM didit_deliveries WHERE done = 1`))
		t.Logf("%d reservations asked for in %v", 3*childGoroutines*childEvents, time.Since(began).Round(time.Millisecond))
	})
}

// TestProcessDies: the event of a process that was killed is free when its lease lapses.
func TestProcessDies(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		db := dbtest.Open(t, source)
		store := openStore(t, db, d).Deliveries()
		cmd, lines := startChild(t, "hold", d, source)
		require.True(t, lines.Scan())
		dead := webhook.Reservation{State: webhook.Acquired, EventID: "held", Owner: lines.Text()}
		require.NoError(t, cmd.Process.Kill())
		require.Error(t, cmd.Wait())
		r, err := store.Reserve(t.Context(), "held", time.Minute)
		require.NoError(t, err)
		require.Equal(t, webhook.InProgress, r.State)
		execute(t, db, `UPDATE didit_deliveries SET until_ms = until_ms - 3600002`)
		r, err = store.Reserve(t.Context(), "held", time.Minute)
		require.NoError(t, err)
		require.Equal(t, webhook.Acquired, r.State)
		require.Error(t, store.Complete(t.Context(), dead), "it came back, and is another's now")
		require.NoError(t, store.Complete(t.Context(), r))
	})
}

// TestLedgerKilled kills 15 processes, three at a time, while they write to the ledger: the
// chain holds, and has each event whose hook returned.
func TestLedgerKilled(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		ledger := openStore(t, dbtest.Open(t, source), d, sqlstore.WithLedgerKey(key)).Ledger()
		var mu sync.Mutex
		said := map[string]bool{}
		var wg sync.WaitGroup
		for p := range 3 {
			wg.Go(func() {
				for kill := range 5 {
					cmd, lines := startChild(t, "append", d, source)
					for n := 0; lines.Scan(); n++ {
						mu.Lock()
						said[strings.TrimSpace(lines.Text())] = true
						mu.Unlock()
						if n == 7*kill+3*p {
							_ = cmd.Process.Kill()
						}
					}
					_ = cmd.Wait()
				}
			})
		}
		wg.Wait()
		require.NoError(t, ledger.Verify(t.Context()))
		written := map[string]bool{}
		for _, e := range events(t, ledger, sqlstore.Filter{}) {
			require.False(t, written[e.SessionID], "written twice")
			written[e.SessionID] = true
		}
		for id := range said {
			if len(id) == 36 { // a process that is killed may cut its last line
				require.True(t, written[id], "the hook returned, and the event is not there")
			}
		}
		require.NotEmpty(t, said)
		t.Logf("%d events of 15 processes, all killed; %d of them were told", len(written), len(said))
	})
}
