// Package sandbox serves the stand-in for Didit as a program, for clients in any language.
// examples/sandbox and "didit sandbox" are made of it.
package sandbox

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"runtime"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// Output is where the sandbox is and what is in it.
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

// Welcome says where to go, for who started it by hand.
func (out Output) Welcome() string {
	return fmt.Sprintf(`
  Didit stand-in  %s
  Page            %s/
  Try             curl -H 'x-api-key: %s' '%s/v3/sessions/?limit=1'

`, out.BaseURL, out.ControlURL, out.Applications[0].APIKey, out.BaseURL)
}

// Serve serves the stand-in and its control API until the context ends. ready is told once
// where they are and what is in them, and ends it with an error. A line for each request
// and each delivery of a webhook goes to log. The error is a [FlagError] where cfg makes no
// sense.
func Serve(ctx context.Context, cfg *Config, log io.Writer, ready func(Output) error) error {
	options, err := cfg.settle()
	if err != nil {
		return err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.addr)
	if err != nil {
		return err
	}
	lines := &logger{out: log, seen: map[string]bool{}}
	server := didittest.NewServer(append(options, didittest.WithListener(listener), didittest.WithObserver(lines.request))...)
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
	if err := ready(out); err != nil {
		return err
	}
	if cfg.open {
		openBrowser(ctx, out.ControlURL, log)
	}
	// Retries of webhooks become due as time passes.
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		lines.deliveries(server)
		select {
		case <-ctx.Done():
			lines.deliveries(server)
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

// openBrowser asks the desktop to.
func openBrowser(ctx context.Context, address string, log io.Writer) {
	command := map[string][]string{"darwin": {"open"}, "windows": {"rundll32", "url.dll,FileProtocolHandler"}}[runtime.GOOS]
	if command == nil {
		command = []string{"xdg-open"}
	}
	if err := exec.CommandContext(ctx, command[0], append(command[1:], address)...).Start(); err != nil { //nolint:gosec // the address is our own
		_, _ = fmt.Fprintf(log, "sandbox: no browser could be opened (%v); the page is %s/\n", err, address)
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
