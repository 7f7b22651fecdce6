package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/jobs"
)

// enqueue is partner A, which shares every approved session that has a reference, and ends
// once B has every token. Its own jobs are in a database of its own. B is another company:
// in earnest Deliver hands the token over to it through a channel, as package handoff has
// one.
func (s *settings) enqueue(ctx context.Context) error {
	b, err := s.fintech(ctx)
	if err != nil {
		return err
	}
	defer b.Close() //nolint:errcheck,contextcheck // this process ends
	if err := b.makeTable(ctx); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "fleet-bank-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // temporary
	references, err := s.references(ctx)
	if err != nil {
		return err
	}
	config, err := s.config(s.a)
	if err != nil {
		return err
	}
	config.Deliver = func(ctx context.Context, t *jobs.Ticket, shared *didit.SharedSession) error {
		return b.takeIn(ctx, references[t.SessionID], shared)
	}
	a, err := jobs.Open(ctx, "sqlite:"+filepath.Join(dir, "bank.db"), config)
	if err != nil {
		return err
	}
	defer a.Close() //nolint:errcheck,contextcheck // this process ends
	if err := shareAll(ctx, a, references, s.b.id); err != nil {
		return err
	}
	if err := a.Start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	if err := allDelivered(ctx, a, len(references)); err != nil {
		return err
	}
	return a.Stop(context.WithoutCancel(ctx))
}

// references are A's approved sessions, and what both partners call the person of each.
func (s *settings) references(ctx context.Context) (map[string]string, error) {
	client, err := didit.NewClient(s.options(s.a)...)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for session, err := range client.ListSessions(ctx, didit.ListSessionsParams{Statuses: []didit.SessionStatus{didit.StatusApproved}}) {
		if err != nil {
			return nil, err
		}
		if session.VendorData != "" {
			all[session.SessionID] = session.VendorData
		}
	}
	return all, nil
}

// shareAll enqueues all shares in one transaction.
func shareAll(ctx context.Context, a *jobs.Engine, references map[string]string, partner string) error {
	tx, err := a.DB().BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	for session := range references {
		if _, err := a.ShareTx(ctx, tx, session, didit.ShareSessionParams{ForApplicationID: partner, TTL: time.Hour}); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// allDelivered waits until B has every token.
func allDelivered(ctx context.Context, a *jobs.Engine, all int) error {
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for {
		counts, err := a.Count(ctx)
		if err != nil {
			return err
		}
		if n := counts[jobs.StateRefused] + counts[jobs.StateStopped]; n > 0 {
			return fmt.Errorf("%d sessions cannot be shared", n)
		}
		if counts[jobs.StateDone] == all {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
		}
	}
}
