package main

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/internal/dbtest"
	"github.com/didit-go/didit/jobs"
)

// engine opens one of B's on a database.
func (w *world) engine(t *testing.T, databaseURL string) *jobs.Engine {
	t.Helper()
	sealer, err := jobs.NewSealer([]byte("32 bytes that are good for tests"))
	require.NoError(t, err)
	e, err := jobs.Open(t.Context(), databaseURL, jobs.Config{
		Sealer: sealer,
		Options: []didit.Option{
			didit.WithBaseURL(w.server.URL()), didit.WithAPIKey(w.b.APIKey), didit.WithApplicationID(w.b.ID),
		},
		Deliver: func(context.Context, *jobs.Ticket, *didit.SharedSession) error { return nil },
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return e
}

// ticket enqueues B's import of a new session.
func (w *world) ticket(t *testing.T, e *jobs.Engine) *jobs.Ticket {
	t.Helper()
	ticket, err := e.Import(t.Context(), didit.ImportSharedSessionParams{
		Token: w.a.Share(w.session(), w.b, 0), WorkflowID: w.b.Workflow(didit.KindUser),
		Review: didit.TrustSourceReview, VendorData: vendorData,
	})
	require.NoError(t, err)
	return ticket
}

// becomes waits for a ticket to be in a state.
func becomes(t *testing.T, e *jobs.Engine, id string, state jobs.State) {
	t.Helper()
	for {
		ticket, err := e.Ticket(t.Context(), id)
		require.NoError(t, err)
		if ticket.State == state {
			return
		}
		require.True(t, ticket.State.Open(), "%+v", *ticket)
		time.Sleep(5 * time.Millisecond)
	}
}

func TestJobsOnSQLite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	address := "sqlite:" + w.path("100%?.db")
	testJobs(t, w, address, func(args ...string) result {
		return cli(t, "", append(append([]string{"jobs"}, args...), "--database", address)...)
	})
}

// TestJobsOnPostgreSQL has the URL, which may have a password, in the environment.
func TestJobsOnPostgreSQL(t *testing.T) {
	address := dbtest.PostgreSQL(t)
	t.Setenv(databaseVariable, address)
	testJobs(t, newWorld(t), address, func(args ...string) result {
		return cli(t, "", append([]string{"jobs"}, args...)...)
	})
}

// testJobs: an operator sees tickets and moves them, and an engine then does as told.
func testJobs(t *testing.T, w *world, databaseURL string, tickets func(args ...string) result) {
	t.Helper()
	ctx := t.Context()
	e := w.engine(t, databaseURL)
	first, second, third := w.ticket(t, e), w.ticket(t, e), w.ticket(t, e)

	r := tickets("status").done(t)
	assert.Equal(t, "queued   3\nrunning  0\nwaiting  0\ndone     0\nrefused  0\nstopped  0\n", r.out)
	assert.JSONEq(t, `{"queued":3,"running":0,"waiting":0,"done":0,"refused":0,"stopped":0}`, tickets("status", "-o", "json").done(t).out)
	r = tickets("cancel", first.ID).done(t)
	assert.Regexp(t, `state +stopped`, r.out)
	assert.Regexp(t, `reason +stopped by an operator`, r.out)
	tickets("status", strings.ToUpper(first.ID)).done(t)
	tickets("retry", strings.ToUpper(first.ID)).fails(t, exitRefused, "didit: the ticket has ended, and its token is gone: import the session again")
	tickets("retry", "none").fails(t, exitRefused, "didit: there is no such ticket\n", `"didit jobs list" shows which there are.`)
	tickets("status", "none").fails(t, exitRefused, "didit: there is no such ticket\n")

	// The first try of an import is refused for a while, so that its ticket waits.
	w.server.Inject(didittest.Fault{Operation: didittest.OpImportSharedSession, Kind: didittest.FaultRateLimited, RetryAfter: time.Hour})
	tickets("cancel", third.ID).done(t)
	require.NoError(t, e.Start(context.WithoutCancel(ctx)))
	becomes(t, e, second.ID, jobs.StateWaiting)
	r = tickets("status", second.ID).done(t)
	assert.Regexp(t, `state +waiting`, r.out)
	assert.Regexp(t, `wait until +\d{4}-`, r.out)
	require.NoError(t, e.Close())
	e = w.engine(t, databaseURL) // another process, whose pacer knows of no pause
	assert.Regexp(t, `state +queued`, tickets("retry", second.ID).done(t).out)
	require.NoError(t, e.River().QueuePause(ctx, "*", nil)) // as an operator does in riverui
	require.NoError(t, e.Start(context.WithoutCancel(ctx)))
	assert.JSONEq(t, `{"resumed":true}`, tickets("resume", "-o", "json").done(t).out)
	becomes(t, e, second.ID, jobs.StateDone)
	tickets("retry", second.ID).fails(t, exitRefused, "didit: the ticket is done")

	r = tickets("list").done(t)
	lines := strings.Split(r.out, "\n")
	require.Len(t, lines, 5)
	assert.Regexp(t, `^TICKET +KIND +STATE +CREATED AT$`, lines[0])
	for i, ticket := range []*jobs.Ticket{first, second, third} {
		assert.Len(t, regexp.MustCompile(ticket.ID).FindAllString(r.out, -1), 1, i)
	}
	assert.Equal(t, 2, strings.Count(tickets("list", "--state", "stopped", "-o", "json").done(t).out, "\n"))
	assert.Equal(t, 1, strings.Count(tickets("list", "--limit", "1", "-o", "json").done(t).out, "\n"))
	tickets("list", "--limit", "-1").fails(t, exitUsage, "--limit")
	var done struct {
		Ticket    string `json:"ticket"`
		SessionID string `json:"session_id"`
	}
	require.NoError(t, json.Unmarshal([]byte(tickets("list", "--state", "done", "-o", "json").done(t).out), &done))
	assert.Equal(t, second.ID, done.Ticket)
	assert.Equal(t, w.b.Sessions()[0].ID, done.SessionID)
}

// TestJobsDatabase: what is not the database of an engine is said to be none.
func TestJobsDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	status := func(args ...string) result { return cli(t, "", append([]string{"jobs", "status"}, args...)...) }
	status("--database", "sqlite:"+w.path("none.db")).fails(t, exitUsage, "there is no file")
	status("--database", "mysql://x").fails(t, exitUsage, "must begin with sqlite: or postgres://")
	status("--database", "sqlite:"+w.write(t, "empty.db", "")).fails(t, exitRefused, "didit: the tickets could not be read: ", "is it the database of an engine?")
	r := status("--database", "postgres://didit:hunter2@127.0.0.1:1/x")
	r.fails(t, exitUsage, "put the URL into DIDIT_DATABASE_URL")
	assert.NotContains(t, r.errs, "hunter2")
	status("--database", "postgres://127.0.0.1:1/x?connect_timeout=1").fails(t, exitAgain, "didit: the tickets could not be read: ", "failed to connect")
	cli(t, "", "jobs", "list", "--state", "open", "--database", "sqlite:x").fails(t, exitUsage, "--state must be one of queued, running, waiting")
}
