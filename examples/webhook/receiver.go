package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/webhook"
)

// receiver turns events into shares.
type receiver struct {
	client      *didit.Client
	application string // its own
	partner     string
	environment string // "live" or "sandbox"
	send        func(didit.ShareToken)
	queue       chan string // sessions to share; a table of your database in real life, see examples/reconcile
	log         *slog.Logger
}

// serve receives events until ctx ends, then lets what is under way finish.
func (r *receiver) serve(ctx context.Context, l net.Listener, verifier *webhook.Verifier) error {
	opts := []webhook.HandlerOption{
		webhook.ForApplication(r.application),
		webhook.WithDeduplication(webhook.NewMemoryStore(10_000)),
		webhook.WithLogger(r.log), // says why an event was refused or skipped
	}
	if r.environment == "live" {
		opts = append(opts, webhook.LiveOnly())
	}
	mux := http.NewServeMux()
	mux.Handle("/didit", verifier.Handler(r.accept, opts...))
	server := &http.Server{Handler: mux, ReadTimeout: 10 * time.Second}
	var worker sync.WaitGroup
	worker.Go(func() { r.work(context.WithoutCancel(ctx)) })
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := server.Shutdown(end); err != nil {
		return err // a callback still runs, so the queue stays open
	}
	close(r.queue)
	worker.Wait()
	return nil
}

// accept is the callback. Didit hangs up after 5 seconds, so it only records what is to
// be done.
func (r *receiver) accept(ctx context.Context, e *webhook.Event) error {
	if reason := r.nothingToDo(e); reason != "" {
		r.log.Info("skipped", "event", e, "reason", reason)
		return nil // after an error Didit would send it again
	}
	select {
	case r.queue <- e.SessionID:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// nothingToDo says why an event is of no interest, "" if it is.
func (r *receiver) nothingToDo(e *webhook.Event) string {
	switch {
	case e.Test:
		return "it was sent from the console's test button"
	case r.environment == "sandbox" && e.Environment != "sandbox":
		return "it is not of the sandbox"
	case e.Type != webhook.EventStatusUpdated:
		return "it does not report a status"
	case e.Status != didit.StatusApproved:
		return "the session is not approved"
	}
	return ""
}

// work shares what is in the queue until it is closed.
func (r *receiver) work(ctx context.Context) {
	for id := range r.queue {
		if err := r.share(ctx, id); err != nil {
			// A job queue tries again what may then succeed.
			r.log.Error("not shared", "session", id, "error", err, "retryable", didit.Retryable(err))
		}
	}
}

// share reads the session again, because an event may be late, and shares it.
func (r *receiver) share(ctx context.Context, id string) error {
	session, err := r.client.GetSession(ctx, id)
	if err != nil {
		return err
	}
	if session.Status != didit.StatusApproved {
		r.log.Info("skipped", "session", session, "reason", "it is not approved any more")
		return nil
	}
	shared, err := r.client.ShareSession(ctx, id, didit.ShareSessionParams{ForApplicationID: r.partner, TTL: 10 * time.Minute, Status: session.Status})
	if err != nil {
		return err
	}
	r.log.Info("shared", "session", shared)
	r.send(shared.Token) // over a channel of your own
	return nil
}
