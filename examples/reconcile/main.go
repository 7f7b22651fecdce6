// Reconcile is a receiver whose records end up right, whatever becomes of an event. It
//
//   - records that a session has to be read, and nothing of what the event says,
//   - acknowledges the event, once that is recorded,
//   - works elsewhere: one reader at a time reads the session again and stores its state,
//   - reconciles now and then: what Didit lists and the records do not show is read too.
//
// It runs on the embedded stand-in and ends by itself:
//
//	go run ./examples/reconcile
//
// An event arrives twice, one arrives after a newer one, one is never delivered, and one
// arrives while its session is being read. Each session's record must be right in the end.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/webhook"
)

func main() {
	if err := run(context.Background(), slog.Default()); err != nil {
		slog.Error("ended", "error", err)
		os.Exit(1)
	}
}

// service keeps records of an application's sessions.
type service struct {
	client  *didit.Client
	records *records
	log     *slog.Logger
}

// accept is the webhook's callback. Didit hangs up after 5 seconds, so it only records.
func (s *service) accept(ctx context.Context, e *webhook.Event) error {
	if e.Type != webhook.EventStatusUpdated && e.Type != webhook.EventDataUpdated {
		return nil
	}
	s.log.Info("recorded", "event", e)
	return s.records.mark(ctx, e.SessionID)
}

// work reads every session that is marked. In real life it runs all the time, on one
// machine or on many.
func (s *service) work(ctx context.Context) error {
	for {
		m, ok := s.records.take()
		if !ok {
			return nil
		}
		session, err := s.client.GetSession(ctx, m.sessionID)
		switch {
		case errors.Is(err, didit.ErrNotFound):
			s.records.forget(m) // it was deleted at Didit
		case err != nil:
			s.records.giveBack(m) // read again later
			return err
		default:
			s.log.Info("read again", "session", session)
			s.records.store(m, session.Status)
		}
	}
}

// reconcile marks the sessions that Didit lists in another state than the records. A
// list is read from the first day that may be incomplete.
func (s *service) reconcile(ctx context.Context, from time.Time) error {
	for row, err := range s.client.ListSessions(ctx, didit.ListSessionsParams{SessionKind: didit.KindAll, DateFrom: from}) {
		if err != nil {
			return err // what was marked stays marked
		}
		if s.records.status(row.SessionID) == row.Status {
			continue
		}
		s.log.Info("missed", "session", row)
		if err := s.records.mark(ctx, row.SessionID); err != nil {
			return err
		}
	}
	return nil
}

// run plays Didit and the persons.
func run(ctx context.Context, log *slog.Logger) error {
	server := didittest.NewServer()
	defer server.Close()
	app := server.AddApplication("Partner A")
	verifier, err := webhook.NewVerifier(app.WebhookSecret, webhook.WithClock(server.Now))
	if err != nil {
		return err
	}
	s := &service{client: app.Client(), records: newRecords(), log: log}
	receiver := httptest.NewServer(verifier.Handler(s.accept, webhook.ForApplication(app.ID),
		webhook.WithDeduplication(webhook.NewMemoryStore(10_000)), webhook.WithLogger(log)))
	defer receiver.Close()
	app.DeliverTo(receiver.URL)
	start := server.Now()
	begun := func() string { return app.AddSession(didittest.SessionFixture{Status: didit.StatusInProgress}) }

	log.Info("--- an event arrives twice")
	server.RepeatWebhooks(1)
	twice := begun()
	app.SetStatus(twice, didit.StatusApproved)
	server.FlushWebhooks()

	log.Info("--- an event arrives after a newer one")
	server.LoseWebhooks(1)
	late := begun()
	app.SetStatus(late, didit.StatusInReview)
	server.FlushWebhooks()
	app.SetStatus(late, didit.StatusApproved)
	server.FlushWebhooks()
	if err := s.work(ctx); err != nil {
		return err
	}
	server.Advance(time.Minute) // Didit tries the first one again
	server.FlushWebhooks()
	if err := s.work(ctx); err != nil {
		return err
	}

	log.Info("--- an event arrives while its session is being read")
	during := begun()
	app.SetStatus(during, didit.StatusInReview)
	server.FlushWebhooks()
	m, _ := s.records.take() // a worker begins,
	session, err := s.client.GetSession(ctx, m.sessionID)
	if err != nil {
		return err
	}
	app.SetStatus(during, didit.StatusDeclined)
	server.FlushWebhooks()             // the event comes,
	s.records.store(m, session.Status) // and the worker stores what it has read
	if err := s.work(ctx); err != nil {
		return err
	}

	log.Info("--- an event is never delivered")
	server.LoseWebhooks(3)
	never := begun()
	app.SetStatus(never, didit.StatusDeclined)
	for _, wait := range []time.Duration{0, time.Minute, 4 * time.Minute} {
		server.Advance(wait)
		server.FlushWebhooks()
	}
	if err := s.reconcile(ctx, start); err != nil {
		return err
	}
	if err := s.work(ctx); err != nil {
		return err
	}

	for id, want := range map[string]didit.SessionStatus{
		twice: didit.StatusApproved, late: didit.StatusApproved, during: didit.StatusDeclined, never: didit.StatusDeclined,
	} {
		if got := s.records.status(id); got != want {
			return fmt.Errorf("session %s is recorded as %s, and is %s", id, got, want)
		}
	}
	log.Info("every record is right")
	return nil
}
