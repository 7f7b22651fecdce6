// Partners plays a bank that shares and a fintech that imports, as two programs with a
// channel of their own between them:
//
//	go run ./examples/partners          # one person by push, one by pull, then it ends
//	go run ./examples/partners -serve   # stays, for the pages of both compliance officers
//
// It runs on the embedded stand-in, without a key and without a network. Each side has
// its own key and secrets, and a page at / with what was handed to whom, when, for what
// purpose and with what outcome. SIGINT and SIGTERM end it.
package main

import (
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "partners:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout io.Writer) error {
	flags := flag.NewFlagSet("partners", flag.ContinueOnError)
	serve := flags.Bool("serve", false, "stay until a signal comes")
	role := flags.String("role", "", "bank or fintech: be that side; the program starts both by itself")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case flags.NArg() > 0:
		return errors.New("takes flags only, see -h")
	case *role == "":
		return play(ctx, *serve, stdout)
	}
	return be(ctx, *role, stdin, stdout)
}

// play starts the stand-in and both sides, and walks one person through each way.
func play(ctx context.Context, serve bool, stdout io.Writer) error {
	server := didittest.NewServer()
	defer server.Close()
	bank, fintech := server.AddApplication("Invented Bank"), server.AddApplication("Invented Fintech")
	configs := pair(server, bank, fintech)
	var started []*side
	defer func() {
		for _, s := range started {
			s.end()
		}
	}()
	for _, role := range []string{roleBank, roleFintech} {
		s, err := start(role, configs[role])
		if err != nil {
			return err
		}
		started = append(started, s)
	}
	a, b := started[0], started[1]
	if err := errors.Join(a.meet(b), b.meet(a)); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(stdout, "Didit's stand-in  %s\nthe bank          %s\nthe fintech       %s\n\n", server.URL(), a.URL, b.URL)
	if err := walk(ctx, a, b, fintech, stdout); err != nil {
		return err
	}
	if !serve {
		return nil
	}
	_, _ = fmt.Fprintf(stdout, `
for a sender of your own, by handoff/README.md:
  POST          %s/handoff
  for, from     %s, %s
  secret        %s
  a session     %s
  to share it   POST %s/v3/session/{session}/share/ {"for_application_id": ...} with x-api-key: %s
`, b.URL, fintech.ID, bank.ID, configs[roleBank].PushSecret, configs[roleBank].People["customer-3"], server.URL(), bank.APIKey)
	select {
	case <-ctx.Done():
		return nil
	case <-a.gone:
		return errors.New("the bank's program has ended")
	case <-b.gone:
		return errors.New("the fintech's program has ended")
	}
}

// pair makes up what each side is told.
func pair(server *didittest.Server, bank, fintech *didittest.Application) map[string]config {
	people := map[string]string{}
	for _, ref := range []string{"customer-1", "customer-2", "customer-3"} {
		people[ref] = bank.AddSession(didittest.SessionFixture{})
	}
	push, pull := newSecret(), newSecret()
	names := map[string]string{bank.ID: bank.Name, fintech.ID: fintech.Name}
	return map[string]config{
		roleBank: {
			Didit: server.URL(), APIKey: bank.APIKey, Self: bank.ID, Partner: fintech.ID, Names: names,
			PushSecret: push, PullSecret: pull, People: people,
		},
		roleFintech: {
			Didit: server.URL(), APIKey: fintech.APIKey, Self: fintech.ID, Partner: bank.ID, Names: names,
			PushSecret: push, PullSecret: pull, Workflow: fintech.Workflow(didit.KindUser),
		},
	}
}

// walk hands one person over by push and one by pull, and sees that all agree.
func walk(ctx context.Context, a, b *side, fintech *didittest.Application, stdout io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for _, step := range []struct {
		what, reference string
		side            *side
	}{
		{"push: the bank hands customer-1 over", "customer-1", a},
		{"pull: the fintech asks for customer-2", "customer-2", b},
	} {
		session, err := step.side.handOver(ctx, step.reference, purposes[0])
		if err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
		_, _ = fmt.Fprintf(stdout, "%s, to %s\n  imported as %s\n", step.what, purposes[0], session)
	}
	if n := len(fintech.Sessions()); n != 2 {
		return fmt.Errorf("the fintech has %d sessions, not 2", n)
	}
	for _, s := range []*side{a, b} {
		if err := s.recorded(ctx, 2); err != nil {
			return err
		}
	}
	_, _ = fmt.Fprintln(stdout, "both ledgers have both")
	return nil
}

// handOver presses the button on a side's page.
func (s *side) handOver(ctx context.Context, reference, purpose string) (session string, err error) {
	form := url.Values{"reference": {reference}, "purpose": {purpose}}
	return s.call(ctx, http.MethodPost, "/hand-over", form)
}

// recorded counts what a side's ledger says was handed over.
func (s *side) recorded(ctx context.Context, want int) error {
	text, err := s.call(ctx, http.MethodGet, "/ledger.csv?outcome=ok", nil)
	if err != nil {
		return err
	}
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return err
	}
	if len(rows) != want+1 { // and the names of the columns
		return fmt.Errorf("the ledger of %s has %d hand-offs, not %d", s.URL, len(rows)-1, want)
	}
	return nil
}

func (s *side) call(ctx context.Context, method, path string, form url.Values) (string, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "text/plain")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = errors.New(strings.TrimSpace(string(text)))
	}
	return strings.TrimSpace(string(text)), err
}
