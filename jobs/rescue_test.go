package jobs_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/jobs"
)

// TestDeadWorker: what a worker had under way that died is worked on as soon as it has been
// waited for long enough.
func TestDeadWorker(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		e := w.open(w.config(w.b))
		_, token := w.token()
		ticket, err := e.Import(ctx, w.params(token, "customer-7"))
		require.NoError(w, err)
		_, err = e.DB().ExecContext(ctx, `UPDATE `+w.table("river_job")+` SET state = 'running', attempt = 1, attempted_at = '2026-01-01 00:00:00'`)
		require.NoError(w, err)
		require.NoError(w, e.Start(ctx))
		for count(w, e.DB(), w.table("river_job")+` WHERE state = 'running'`) > 0 {
			time.Sleep(5 * time.Millisecond)
		}
		var scheduled string
		at := `to_char(scheduled_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS')`
		if w.table("") == "" {
			at = `strftime('%Y-%m-%d %H:%M:%S', scheduled_at)`
		}
		require.NoError(w, e.DB().QueryRowContext(ctx, `SELECT `+at+` FROM `+w.table("river_job")).Scan(&scheduled))
		when, err := time.Parse(time.DateTime, scheduled)
		require.NoError(w, err)
		assert.Less(w, time.Until(when), 10*time.Second)
		w.ends(e, ticket.ID, jobs.StateDone)
	})
}

// TestOvertaken: a run that was given up for dead, and goes on once another has the ticket,
// neither ends it nor leaves a verdict.
func TestOvertaken(t *testing.T) {
	t.Parallel()
	for name, gone := range map[string]bool{"imported": false, "refused": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(w *world) {
				ctx := w.Context()
				entered, leave := make(chan struct{}), make(chan struct{})
				cfg := w.config(w.b)
				cfg.Options = append(cfg.Options, didit.WithHTTPClient(&http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
					resp, err := http.DefaultTransport.RoundTrip(r)
					entered <- struct{}{}
					<-leave
					return resp, err
				})}))
				cfg.Imported = imported
				e := w.open(cfg)
				people(w, e)
				source, token := w.token()
				if gone {
					w.a.DeleteSession(source)
				}
				ticket, err := e.Import(ctx, w.params(token, "customer-7"))
				require.NoError(w, err)
				require.NoError(w, e.Start(ctx))
				<-entered
				_, err = e.DB().ExecContext(ctx, `UPDATE `+w.table("didit_tickets")+` SET run = 'another'`)
				require.NoError(w, err)
				close(leave)
				go func() {
					for range entered { // its searches
					}
				}()
				for count(w, e.DB(), w.table("river_job")+` WHERE state = 'completed'`) == 0 {
					time.Sleep(5 * time.Millisecond)
				}
				require.NoError(w, e.Stop(ctx))
				close(entered)
				assert.Equal(w, jobs.StateRunning, w.ends(e, ticket.ID, jobs.StateRunning).State)
				assert.Equal(w, 1, count(w, e.DB(), w.table("didit_tickets")+` WHERE verdict = ''`))
			})
		})
	}
}

// TestFrozen: a run that was given up for dead goes on while another has the ticket. What it
// then tells River is of a job that is over, so that no third run begins beside the second.
func TestFrozen(t *testing.T) {
	t.Parallel()
	onBoth(t, func(w *world) {
		ctx := w.Context()
		frozen, goOn := make(chan struct{}), make(chan struct{})
		var freeze, begin sync.Once
		cfg := w.config(w.b)
		cfg.Workers = 1 // and that one is busy
		cfg.Options = append(cfg.Options, didit.WithHTTPClient(&http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			freeze.Do(func() { close(frozen) })
			<-goOn
			return &http.Response{StatusCode: http.StatusTooManyRequests, Body: http.NoBody, Request: r}, nil
		})}))
		one := w.open(cfg)
		source, token := w.token()
		ticket, err := one.Import(ctx, w.params(token, "customer-7"))
		require.NoError(w, err)
		require.NoError(w, one.Start(ctx))
		<-frozen
		second, hold := make(chan struct{}), make(chan struct{})
		cfg = w.config(w.b)
		cfg.Options = append(cfg.Options, didit.WithHTTPClient(&http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
			begin.Do(func() { close(second) })
			<-hold
			return http.DefaultTransport.RoundTrip(r)
		})}))
		river := w.table("river_job")
		_, err = one.DB().ExecContext(ctx, `UPDATE `+river+` SET state = 'available'`) // as River's rescuer does
		require.NoError(w, err)
		two := w.open(cfg)
		require.NoError(w, two.Start(context.WithoutCancel(ctx)))
		<-second
		for count(w, two.DB(), river+` WHERE state = 'completed'`) == 0 {
			time.Sleep(5 * time.Millisecond)
		}
		close(goOn)
		close(hold)
		require.NoError(w, one.Stop(ctx))
		done := w.ends(two, ticket.ID, jobs.StateDone)
		require.NoError(w, two.Stop(ctx))
		assert.Equal(w, []string{done.SessionID}, w.copies(source))
		assert.Equal(w, 2, count(w, two.DB(), river+` WHERE state = 'completed'`))
		assert.Equal(w, 2, count(w, two.DB(), river))
	})
}

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) { return t(r) }
