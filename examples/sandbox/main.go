// Sandbox serves the stand-in for Didit as a program, for clients in any language:
//
//	go run ./examples/sandbox -addr 127.0.0.1:8123 -control 127.0.0.1:8124
//
// It prints one line of JSON: the base URL, the address of the control API and its page,
// two applications with their keys, and the first one's sessions. Each request and each
// delivery of a webhook is a line on standard error. SIGINT and SIGTERM
// end it. A script that ends it with SIGTERM has to build it first: go run does not pass
// that on.
//
// A fault is an operation, a kind and how often, 1 unless said and -1 for always:
//
//	go run ./examples/sandbox -fault ImportSharedSession:answer-lost -fault GetSession:error-before:3
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		os.Exit(1)
	}
}

// Output is the line that is printed.
type Output struct {
	BaseURL      string        `json:"base_url"`
	ControlURL   string        `json:"control_url"`
	Applications []Application `json:"applications"`
	Sessions     []Session     `json:"sessions"`
}

// Application is a partner.
type Application struct {
	ID            string    `json:"id"`
	Name          string    `json:"name"`
	APIKey        string    `json:"api_key"`
	WebhookSecret string    `json:"webhook_secret"`
	Workflows     Workflows `json:"workflows"`
}

// Workflows are an application's, one per kind.
type Workflows struct {
	User     string `json:"user"`
	Business string `json:"business"`
}

// Session is one of the first application's.
type Session struct {
	ID          string              `json:"id"`
	Kind        didit.SessionKind   `json:"kind"`
	Status      didit.SessionStatus `json:"status"`
	Application string              `json:"application"`
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	cfg, err := parse(args, stderr)
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.addr)
	if err != nil {
		return err
	}
	log := &logger{out: stderr, seen: map[string]bool{}}
	server := didittest.NewServer(append(cfg.options, didittest.WithListener(listener), didittest.WithObserver(log.request))...)
	defer server.Close()
	out := fill(server)
	if cfg.webhooks != "" {
		server.Applications()[0].DeliverTo(cfg.webhooks)
	}
	for _, f := range cfg.faults {
		if err := inject(server, f); err != nil {
			return err
		}
	}
	var end func()
	if out.ControlURL, end, err = serveControl(ctx, server, cfg.control); err != nil {
		return err
	}
	defer end()
	if err := json.NewEncoder(stdout).Encode(out); err != nil {
		return err
	}
	if onTerminal(stderr) {
		_, _ = fmt.Fprint(stderr, welcome(out))
	}
	if cfg.open {
		openBrowser(ctx, out.ControlURL, stderr)
	}
	// Retries of webhooks become due as time passes.
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		log.deliveries(server)
		select {
		case <-ctx.Done():
			log.deliveries(server)
			return nil
		case <-tick.C:
			server.Advance(0)
		}
	}
}

// serveControl serves the control API and its page on an address of its own.
func serveControl(ctx context.Context, server *didittest.Server, addr string) (address string, end func(), err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return "", nil, err
	}
	control := &http.Server{Handler: server.Control(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = control.Serve(listener) }()
	host, port, _ := net.SplitHostPort(listener.Addr().String())
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port), func() { _ = control.Close() }, nil
}

// welcome is for who started it by hand.
func welcome(out Output) string {
	return fmt.Sprintf(`
  Didit stand-in  %s
  Page            %s/
  Try             curl -H 'x-api-key: %s' '%s/v3/sessions/?limit=1'

`, out.BaseURL, out.ControlURL, out.Applications[0].APIKey, out.BaseURL)
}

func onTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// openBrowser asks the desktop to.
func openBrowser(ctx context.Context, address string, stderr io.Writer) {
	command := map[string][]string{"darwin": {"open"}, "windows": {"rundll32", "url.dll,FileProtocolHandler"}}[runtime.GOOS]
	if command == nil {
		command = []string{"xdg-open"}
	}
	if err := exec.CommandContext(ctx, command[0], append(command[1:], address)...).Start(); err != nil { //nolint:gosec // the address is our own
		_, _ = fmt.Fprintf(stderr, "sandbox: no browser could be opened (%v); the page is %s/\n", err, address)
	}
}

// fill makes two applications, and sessions of both kinds in the first one.
func fill(server *didittest.Server) Output {
	out := Output{BaseURL: server.URL()}
	for _, name := range []string{"Partner A", "Partner B"} {
		a := server.AddApplication(name)
		out.Applications = append(out.Applications, Application{
			ID: a.ID, Name: a.Name, APIKey: a.APIKey, WebhookSecret: a.WebhookSecret,
			Workflows: Workflows{User: a.Workflow(didit.KindUser), Business: a.Workflow(didit.KindBusiness)},
		})
	}
	first := server.Applications()[0]
	for _, kind := range []didit.SessionKind{didit.KindUser, didit.KindBusiness} {
		for _, status := range []didit.SessionStatus{
			didit.StatusApproved, didit.StatusApproved, didit.StatusApproved, didit.StatusDeclined, didit.StatusInReview, // can be shared
			didit.StatusInProgress, didit.StatusExpired,
		} {
			id := first.AddSession(didittest.SessionFixture{Kind: kind, Status: status})
			out.Sessions = append(out.Sessions, Session{ID: id, Kind: kind, Status: status, Application: first.ID})
		}
	}
	return out
}
