// Sandbox serves the stand-in for Didit as a program, for clients in any language:
//
//	go run ./examples/sandbox -addr 127.0.0.1:8123
//
// It prints one line of JSON: the base URL, two applications with their keys, and the
// first one's sessions. Each request is a line on standard error. SIGINT and SIGTERM
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
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
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
	flags := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "127.0.0.1:0", "address to serve on; port 0 takes a free one")
	public := flags.Bool("public", false, "allow an address that is not loopback")
	dialect := flags.String("dialect", string(didittest.DialectNewest), "generation of Didit's answers: "+dialects())
	limit := flags.Int("rate-limit", 0, "writes and, apart, reads a minute per key; 0: no limit")
	webhooks := flags.String("webhooks", "", "URL that the first application's events are delivered to")
	var faults []didittest.Fault
	flags.Func("fault", "operation:kind[:times], more than once if need be; kinds: "+kinds(), func(text string) error {
		f, err := parseFault(text)
		faults = append(faults, f)
		return err
	})
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case flags.NArg() > 0:
		return errors.New("takes flags only, see -h")
	case !slices.Contains(didittest.Dialects(), didittest.Dialect(*dialect)):
		return errors.New("-dialect must be one of " + dialects())
	case *limit < 0:
		return errors.New("-rate-limit must not be negative")
	case !*public && !loopback(*addr):
		return errors.New("-addr is not a loopback address: everybody could reach it; say -public if that is meant")
	case *webhooks != "" && !strings.HasPrefix(*webhooks, "http://") && !strings.HasPrefix(*webhooks, "https://"):
		return errors.New("-webhooks must be a URL")
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", *addr)
	if err != nil {
		return err
	}
	var mu sync.Mutex // lines stay whole
	server := didittest.NewServer(
		didittest.WithListener(listener), didittest.WithDialect(didittest.Dialect(*dialect)), didittest.WithRateLimit(*limit),
		didittest.WithHistory(0), didittest.WithObserver(func(r didittest.Request) {
			mu.Lock()
			defer mu.Unlock()
			_, _ = fmt.Fprintln(stderr, line(r))
		}))
	defer server.Close()
	out := fill(server)
	server.Applications()[0].DeliverTo(*webhooks)
	for _, f := range faults {
		if err := inject(server, f); err != nil {
			return err
		}
	}
	if err := json.NewEncoder(stdout).Encode(out); err != nil {
		return err
	}
	// Retries of webhooks become due as time passes.
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			server.Advance(0)
		}
	}
}

// line is a request as it is logged. The stand-in has masked keys and tokens in it.
func line(r didittest.Request) string {
	operation, fault := string(r.Operation), ""
	if operation == "" {
		operation = "-"
	}
	if r.Fault != "" {
		fault = " fault=" + string(r.Fault)
	}
	return fmt.Sprintf("%s %s %q %d %s%s", r.Time.Format(time.TimeOnly), r.Method, r.Path, r.Status, operation, fault)
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

func parseFault(text string) (didittest.Fault, error) {
	parts := strings.Split(text, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return didittest.Fault{}, errors.New("must be operation:kind or operation:kind:times")
	}
	f := didittest.Fault{Operation: didittest.Operation(parts[0]), Kind: didittest.FaultKind(parts[1])}
	if f.Operation != didittest.OpAny && !slices.Contains(didittest.Operations(), f.Operation) {
		return f, errors.New("no such operation")
	}
	if !slices.Contains(didittest.FaultKinds(), f.Kind) {
		return f, errors.New("no such kind")
	}
	if f.Kind == didittest.FaultAppliedLate {
		f.Delay = 10 * time.Second
	}
	if len(parts) == 3 {
		n, err := strconv.Atoi(parts[2])
		if err != nil {
			return f, errors.New("times must be a number")
		}
		f.Times = n
	}
	return f, nil
}

// inject makes an error of the panic with which the stand-in refuses a fault that no
// call could meet.
func inject(server *didittest.Server, f didittest.Fault) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("-fault: %v", p)
		}
	}()
	server.Inject(f)
	return nil
}

func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}

func dialects() string { return join(didittest.Dialects()) }
func kinds() string    { return join(didittest.FaultKinds()) }

func join[T ~string](all []T) string {
	texts := make([]string, len(all))
	for i, text := range all {
		texts[i] = string(text)
	}
	return strings.Join(texts, ", ")
}
