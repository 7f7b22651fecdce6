package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/internal/dbtest"
	"github.com/didit-go/didit/jobs"
)

// TestMain lets the test's own binary be a process of the fleet.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "-role" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
			_, _ = io.WriteString(os.Stderr, err.Error()+"\n")
			os.Exit(1) //nolint:gocritic // stop has nothing to undo then
		}
		return
	}
	os.Exit(m.Run())
}

// TestDay plays a small day on both databases. What goes wrong depends on how many were
// imported, and nobody waits for the clock: see badDay.
func TestDay(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		testDay(t, "sqlite:"+filepath.Join(t.TempDir(), "fleet.db"), "")
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		testDay(t, dbtest.PostgreSQL(t), "didit.")
	})
}

func testDay(t *testing.T, database, schema string) {
	t.Helper()
	var out strings.Builder
	d := &day{
		people: 60, workers: 3, perMinute: 10_000, faults: 0.1, database: database, listen: "127.0.0.1:0", out: &out,
	}
	bad := &badDay{T: t, day: d, schema: schema}
	d.harm = bad.harm
	require.NoError(t, d.play(t.Context()), out.String())
	t.Log(out.String())
	assert.Equal(t, 5, d.killed)
	assert.Contains(t, out.String(), "copies: 60 people have one, 0 have none, 0 have several\ncustomers: 60 rows, 0 disagree with Didit\n")
	assert.Positive(t, d.didit.wrong())

	d.harm = nil
	require.ErrorContains(t, d.play(t.Context()), "tickets of an earlier day")
}

// badDay is what goes wrong in a test.
type badDay struct {
	*testing.T
	*day
	schema string
	steps  int
}

func (b *badDay) harm(imported int) error {
	if err := b.hurry(); err != nil {
		return err
	}
	if err := b.thawInTime(time.Now()); err != nil {
		return err
	}
	for step, at := range []int{5, 10, 20, 30} {
		if b.steps != step || imported < at {
			continue
		}
		b.steps++
		switch step {
		case 1:
			return b.freezeOne(time.Second)
		case 3:
			return b.powerCut()
		default:
			return b.killOne()
		}
	}
	return nil
}

// hurry has tickets tried again that wait.
func (b *badDay) hurry() error {
	for ticket, err := range b.admin.Tickets(b.Context(), jobs.StateWaiting) {
		if err != nil {
			return err
		}
		if _, err := b.admin.Retry(b.Context(), ticket.ID); err != nil {
			return err
		}
	}
	return nil
}

// powerCut kills all workers, and starts others when ten minutes have gone by.
func (b *badDay) powerCut() error {
	if b.frozen != nil {
		b.thaw = time.Time{}
		if err := b.thawInTime(time.Now()); err != nil {
			return err
		}
	}
	for _, p := range b.fleet {
		p.kill()
		b.killed++
	}
	for _, statement := range []string{
		`UPDATE ` + b.schema + `river_job SET attempted_at = '2026-01-01 00:00:00' WHERE state = 'running'`,
		`DELETE FROM ` + b.schema + `river_leader`,
	} {
		if _, err := b.admin.DB().ExecContext(b.Context(), statement); err != nil {
			return err
		}
	}
	for i := range b.fleet {
		if err := b.startWorker(i); err != nil {
			return err
		}
	}
	return nil
}

// TestWorkerEnds: a worker that nobody has killed is missed at once, and not waited for.
func TestWorkerEnds(t *testing.T) {
	t.Parallel()
	d := &day{people: 60, workers: 2, perMinute: 10_000, listen: "127.0.0.1:0", out: io.Discard}
	d.harm = func(int) error {
		d.fleet[0].kill()
		d.fleet[1].kill()
		return nil
	}
	require.ErrorContains(t, d.play(t.Context()), "a worker has ended by itself")
	require.NoError(t, os.RemoveAll(d.dir)) // the logs of a day that failed stay
}

func TestBadFlags(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"what":                                   "flags only",
		"-people 0":                              "1 or more",
		"-workers 1":                             "2 or more",
		"-role work":                             "needs -database",
		"-role nobody -database sqlite:x":        "-role must be",
		"-role work -database sqlite:x":          "32 bytes",
		"-role watch -database sqlite:/none/x":   "no such file",
		"-database mysql://root:geheim-7@host/x": "must be",
		"-database sqlite: -people 1":            "names no file",
	} {
		err := run(t.Context(), strings.Fields(text), io.Discard)
		require.ErrorContains(t, err, want, text)
		assert.NotContains(t, err.Error(), "geheim")
	}
}

func TestProgressLine(t *testing.T) {
	t.Parallel()
	show := func(terminal bool) string {
		var out strings.Builder
		l := newProgressLine(&out)
		l.terminal = terminal
		for n := range 25 {
			l.show(l.shown.Add(time.Duration(n%10+1)*time.Second), countsText(map[jobs.State]int{jobs.StateDone: n, jobs.StateWaiting: n % 2}))
		}
		l.end()
		return out.String()
	}
	assert.Equal(t, "1 waiting, 9 done\n1 waiting, 19 done\n24 done\n", show(false))
	assert.Equal(t, 1, strings.Count(show(true), "\n"))
	assert.Len(t, strings.Split(show(true), "\r"), 26)
}
