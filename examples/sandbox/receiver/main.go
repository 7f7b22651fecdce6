// Receiver is what compose.yaml runs beside the sandbox: Partner A's backend. It has the
// sandbox send it A's events, verifies them, and shares each session that is approved
// with Partner B.
//
// What it takes from the sandbox's control API, keys and secret, comes from your
// console and your secret store in production. There the address is https, and
// WithInsecureHTTP is not needed.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/webhook"
)

func main() {
	control := flag.String("control", "http://127.0.0.1:8124", "address of the sandbox's control API")
	base := flag.String("base", "", "base URL of the sandbox's API as this receiver reaches it; empty: as the sandbox says")
	listen := flag.String("listen", "127.0.0.1:9000", "address to serve on")
	self := flag.String("url", "", "this receiver's own URL as the sandbox reaches it; empty: by -listen")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *control, *base, *listen, *self, os.Stdout); err != nil {
		slog.Error(err.Error())
		os.Exit(1)
	}
}

// sandbox is what the control API shows.
type sandbox struct {
	BaseURL      string    `json:"base_url"`
	Clock        time.Time `json:"clock"`
	Applications []struct {
		ID            string `json:"id"`
		APIKey        string `json:"api_key"`
		WebhookSecret string `json:"webhook_secret"`
	} `json:"applications"`
}

func run(ctx context.Context, control, base, listen, self string, out io.Writer) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return err
	}
	if self == "" {
		self = "http://" + listener.Addr().String()
	}
	var box sandbox
	for { // both may be starting
		if err = ask(ctx, http.MethodGet, control+"/state", "", &box); err == nil {
			break
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Second):
		}
	}
	if len(box.Applications) < 2 {
		return fmt.Errorf("the sandbox has %d applications, two are needed", len(box.Applications))
	}
	a, b := box.Applications[0], box.Applications[1]
	client, err := didit.NewClient(didit.WithBaseURL(cmp.Or(base, box.BaseURL)), didit.WithInsecureHTTP(), didit.WithAPIKey(a.APIKey), didit.WithApplicationID(a.ID))
	if err != nil {
		return err
	}
	// An event carries the sandbox's time, and the sandbox's clock can be moved. Didit's cannot: leave WithClock out there.
	verifier, err := webhook.NewVerifier(a.WebhookSecret, webhook.WithClock(func() time.Time {
		now := sandbox{Clock: time.Now()}
		_ = ask(ctx, http.MethodGet, control+"/state", "", &now)
		return now.Clock
	}))
	if err != nil {
		return err
	}
	approved := make(chan string, 100) // a database table in real life: Didit hangs up after 5 seconds
	handler := verifier.Handler(func(_ context.Context, e *webhook.Event) error {
		_, _ = fmt.Fprintf(out, "event %s: session %s is %s\n", e.Type, e.SessionID, e.Status)
		if e.Status == didit.StatusApproved {
			approved <- e.SessionID
		}
		return nil
	}, webhook.WithLogger(slog.New(slog.NewTextHandler(out, nil))))
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	defer func() { _ = server.Close() }()
	if err := ask(ctx, http.MethodPost, control+"/applications/"+a.ID+"/webhook", `{"url":"`+self+`"}`, nil); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "waiting for events; approve a session on the sandbox's page\n")
	for {
		select {
		case <-ctx.Done():
			return nil
		case id := <-approved:
			shared, err := client.ShareSession(ctx, id, didit.ShareSessionParams{ForApplicationID: b.ID})
			if err != nil {
				_, _ = fmt.Fprintln(out, "not shared:", err)
				continue
			}
			_, _ = fmt.Fprintf(out, "shared %s as token %s\n", id, shared.Token.Fingerprint())
		}
	}
}

// ask calls the control API.
func ask(ctx context.Context, method, url, body string, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= http.StatusMultipleChoices {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
		return fmt.Errorf("%s %s: %s: %s", method, url, resp.Status, text)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(into)
}
