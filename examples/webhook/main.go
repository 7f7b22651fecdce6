// Webhook is Partner A's receiver: it shares each approved session with Partner B as
// soon as Didit reports it.
//
// By default it runs on the embedded stand-in, sends itself some events and ends:
//
//	go run ./examples/webhook
//
// With -listen it serves until it is told to end. The key is in DIDIT_API_KEY, the
// destination's secret in DIDIT_WEBHOOK_SECRET:
//
//	go run ./examples/webhook -listen :8080 -application <yours> -partner <Partner B's>
//
// On the sandbox, the first line that it prints has the ids, the key and the secret:
//
//	go run ./examples/sandbox -addr 127.0.0.1:8123 -webhooks http://127.0.0.1:8080/didit
//	go run ./examples/webhook -listen 127.0.0.1:8080 -base-url http://127.0.0.1:8123 -environment sandbox -application ... -partner ...
//	curl -X PATCH http://127.0.0.1:8123/v3/session/<id>/update-status/ -H "x-api-key: ..." -H "content-type: application/json" -d '{"new_status": "Declined"}'
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/webhook"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Getenv, slog.Default())
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		slog.Error("ended", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, getenv func(string) string, log *slog.Logger) error {
	flags := flag.NewFlagSet("webhook", flag.ContinueOnError)
	listen := flags.String("listen", "", "address to serve on; empty: the demonstration on the stand-in")
	application := flags.String("application", "", "with -listen: id of your application")
	partner := flags.String("partner", "", "with -listen: id of the partner's application")
	baseURL := flags.String("base-url", didit.DefaultBaseURL, "with -listen: where Didit serves its API, or the sandbox")
	environment := flags.String("environment", "live", "with -listen: whose events are for you, live or sandbox")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case flags.NArg() > 0:
		return errors.New("takes flags only, see -h")
	case *listen == "":
		return demonstrate(ctx, log)
	case *application == "" || *partner == "":
		return errors.New("-listen needs -application and -partner")
	case *environment != "live" && *environment != "sandbox":
		return errors.New("-environment must be live or sandbox")
	}
	client, err := didit.NewClient(didit.WithAPIKey(getenv("DIDIT_API_KEY")), didit.WithApplicationID(*application), didit.WithBaseURL(*baseURL))
	if err != nil {
		return err
	}
	verifier, err := webhook.NewVerifier(getenv("DIDIT_WEBHOOK_SECRET"))
	if err != nil {
		return fmt.Errorf("DIDIT_WEBHOOK_SECRET: %w", err)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", *listen)
	if err != nil {
		return err
	}
	log.Info("serving", "url", "http://"+l.Addr().String()+"/didit", "environment", *environment)
	r := &receiver{
		client: client, application: *application, partner: *partner, environment: *environment, log: log, queue: make(chan string, 100),
		send: func(token didit.ShareToken) {
			log.Warn("send the token to the partner here", "token", token)
		},
	}
	return r.serve(ctx, l, verifier)
}

// demonstrate plays Didit, both partners and the persons.
func demonstrate(ctx context.Context, log *slog.Logger) error {
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
		client: a.Client(), application: a.ID, partner: b.ID, environment: "sandbox", log: log, queue: make(chan string, 100),
		send: func(token didit.ShareToken) { tokens = append(tokens, token) },
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- r.serve(ctx, l, verifier) }()

	approved := a.AddSession(didittest.SessionFixture{Status: didit.StatusInProgress})
	declined := a.AddSession(didittest.SessionFixture{Status: didit.StatusInProgress})
	server.LoseWebhooks(1)   // the first delivery gets lost: Didit tries again
	server.RepeatWebhooks(1) // the next arrives twice: it is handled once
	a.SetStatus(approved, didit.StatusApproved)
	a.SetStatus(declined, didit.StatusDeclined)
	a.SendTest()
	server.FlushWebhooks()
	server.Advance(time.Minute)
	server.FlushWebhooks()
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
	log.Info("imported by the partner", "session", imported)
	if imported.SharedFromSession != approved {
		return errors.New("another session was shared")
	}
	return nil
}
