// Webhook is a receiver of Partner A's: it shares each approved session with Partner
// B as soon as Didit reports it.
//
// By default it runs on the embedded stand-in, sends itself some events and ends:
//
//	go run ./examples/webhook
//
// With -listen it serves until it is told to end. The key is in DIDIT_API_KEY, the
// destination's secret in DIDIT_WEBHOOK_SECRET:
//
//	go run ./examples/webhook -listen :8080 -application <ours> -partner <B's application id>
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/webhook"
)

func main() {
	listen := flag.String("listen", "", "address to serve on; empty: the demonstration on the stand-in")
	application := flag.String("application", "", "with -listen: id of our application")
	partner := flag.String("partner", "", "with -listen: id of the partner's application")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	run := demonstrate
	if *listen != "" {
		run = func(ctx context.Context) error { return production(ctx, *listen, *application, *partner) }
	}
	if err := run(ctx); err != nil {
		slog.Error(err.Error())
		os.Exit(1)
	}
}

// receiver turns events into shares.
type receiver struct {
	client      *didit.Client
	application string // ours
	partner     string
	environment string
	send        func(didit.ShareToken) // to the partner, over a channel of our own
	queue       chan string            // sessions to share; a database table in real life
}

// accept is the callback. Didit hangs up after 5 seconds, so it only writes down what
// is to be done.
func (r *receiver) accept(ctx context.Context, e *webhook.Event) error {
	if e.ApplicationID != r.application || e.Environment != r.environment || e.Test {
		slog.Info("not for us", "event", e)
		return nil // an error would have Didit send it again
	}
	if e.Type != webhook.EventStatusUpdated || e.Status != didit.StatusApproved {
		slog.Info("nothing to share", "event", e)
		return nil
	}
	select {
	case r.queue <- e.SessionID:
		return nil
	case <-ctx.Done():
		return ctx.Err() // 500: Didit tries again
	}
}

// work shares what is in the queue until it is closed.
func (r *receiver) work(ctx context.Context) {
	for id := range r.queue {
		shared, err := r.client.ShareSession(ctx, id, didit.ShareSessionParams{ForApplicationID: r.partner, TTL: 10 * time.Minute})
		if err != nil {
			slog.Error("not shared", "session", id, "error", err, "again", didit.Retryable(err))
			continue
		}
		slog.Info("shared", "session", shared)
		r.send(shared.Token)
	}
}

// serve receives events until ctx ends, then lets what is under way finish.
func serve(ctx context.Context, l net.Listener, verifier *webhook.Verifier, r *receiver) error {
	mux := http.NewServeMux()
	mux.Handle("/didit", verifier.Handler(r.accept, webhook.WithDeduplication(webhook.NewMemoryStore(10_000))))
	server := &http.Server{Handler: mux, ReadTimeout: 10 * time.Second}
	var worker sync.WaitGroup
	worker.Go(func() { r.work(context.WithoutCancel(ctx)) })
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		err = server.Shutdown(end)
	}
	close(r.queue)
	worker.Wait()
	return err
}

func production(ctx context.Context, address, application, partner string) error {
	client, err := didit.NewClient(didit.WithApplicationID(application))
	if err != nil {
		return err
	}
	verifier, err := webhook.NewVerifier(os.Getenv("DIDIT_WEBHOOK_SECRET"))
	if err != nil {
		return fmt.Errorf("DIDIT_WEBHOOK_SECRET: %w", err)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	slog.Info("serving", "address", l.Addr().String(), "path", "/didit")
	return serve(ctx, l, verifier, &receiver{
		client: client, application: application, partner: partner, environment: "live", queue: make(chan string, 100),
		send: func(token didit.ShareToken) {
			slog.Warn("send the token to the partner here", "token", token.Fingerprint())
		},
	})
}

// demonstrate plays Didit, both partners and the persons.
func demonstrate(ctx context.Context) error {
	server := didittest.NewServer()
	defer server.Close()
	a, b := server.AddApplication("Partner A"), server.AddApplication("Partner B")
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	a.DeliverTo("http://" + l.Addr().String() + "/didit")
	verifier, err := webhook.NewVerifier(a.WebhookSecret)
	if err != nil {
		return err
	}
	var tokens []didit.ShareToken
	r := &receiver{
		client: a.Client(), application: a.ID, partner: b.ID, environment: "sandbox", queue: make(chan string, 100),
		send: func(token didit.ShareToken) { tokens = append(tokens, token) },
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- serve(ctx, l, verifier, r) }()

	approved := a.AddSession(didittest.SessionFixture{Status: didit.StatusInProgress})
	declined := a.AddSession(didittest.SessionFixture{Status: didit.StatusInProgress})
	server.LoseWebhooks(1)   // the first delivery gets lost: Didit tries again
	server.RepeatWebhooks(1) // the next arrives twice: it is handled once
	a.SetStatus(approved, didit.StatusApproved)
	a.SetStatus(declined, didit.StatusDeclined)
	a.SendTest()
	server.Flush()
	server.Advance(time.Minute)
	server.Flush()
	stop()
	if err := <-done; err != nil {
		return err
	}
	if len(tokens) != 1 {
		return fmt.Errorf("%d sessions were shared, not one", len(tokens))
	}
	imported, err := b.Client().ImportSharedSession(context.WithoutCancel(ctx), didit.ImportSharedSessionParams{
		Token: tokens[0], WorkflowID: b.Workflow(didit.KindUser), Review: didit.TrustSourceReview, VendorData: "customer-1",
	})
	if err != nil {
		return err
	}
	slog.Info("imported by the partner", "session", imported)
	if imported.SharedFromSession != approved {
		return errors.New("another session was shared")
	}
	return nil
}
