package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/handoff"
)

const (
	roleBank    = "bank"
	roleFintech = "fintech"
)

// config is what a side is told on its standard input: keys and secrets do not belong
// into arguments. In production each side has its own, and knows nothing of the other's key.
type config struct {
	Didit      string            `json:"didit"`
	APIKey     string            `json:"api_key"`
	Self       string            `json:"self"`
	Partner    string            `json:"partner"`
	Names      map[string]string `json:"names"`       // of applications
	PushSecret string            `json:"push_secret"` // what the bank signs with
	PullSecret string            `json:"pull_secret"` // what the fintech signs with
	People     map[string]string `json:"people"`      // the bank's: a session by reference
	Workflow   string            `json:"workflow"`    // the fintech's
}

// address is the line with which a side is told of itself or of the other.
type address struct {
	URL string `json:"url"`
}

func newSecret() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return "whsec_" + base64.StdEncoding.EncodeToString(key)
}

// side is a program that was started.
type side struct {
	address
	in   io.WriteCloser
	once sync.Once
	gone chan struct{} // closed when it has ended
}

// start starts a side and reads where it is.
func start(role string, c config) (*side, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, "-role", role) //nolint:gosec,noctx // itself; it ends when its input does
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &side{in: in, gone: make(chan struct{})}
	err = json.NewEncoder(in).Encode(c) //nolint:gosec // what the program is told, over a pipe of its own
	if err == nil {
		err = json.NewDecoder(out).Decode(&s.address)
	}
	go func() {
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait()
		close(s.gone)
	}()
	if err != nil {
		s.end()
		return nil, fmt.Errorf("the %s did not start: %w", role, err)
	}
	return s, nil
}

// meet tells a side where the other is.
func (s *side) meet(other *side) error { return json.NewEncoder(s.in).Encode(other.address) }

// end closes the program's input, on which it ends, and waits for that.
func (s *side) end() {
	s.once.Do(func() { _ = s.in.Close() })
	<-s.gone
}

// be is one side, until its input ends or a signal comes.
func be(ctx context.Context, role string, stdin io.Reader, stdout io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	lines := bufio.NewReader(stdin)
	var c config
	if err := readLine(lines, &c); err != nil {
		return fmt.Errorf("no settings on standard input: %w", err)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if err := json.NewEncoder(stdout).Encode(address{URL: "http://" + listener.Addr().String()}); err != nil {
		return err
	}
	var partner address
	if err := readLine(lines, &partner); err != nil {
		return fmt.Errorf("no partner on standard input: %w", err)
	}
	go func() {
		_, _ = io.Copy(io.Discard, lines)
		cancel()
	}()
	book := &ledger{names: c.Names, self: c.Self}
	client, err := didit.NewClient(didit.WithAPIKey(c.APIKey), didit.WithApplicationID(c.Self), didit.WithBaseURL(c.Didit),
		didit.WithAuditHook(book.imported))
	if err != nil {
		return err
	}
	opts := []handoff.Option{
		handoff.WithAuditHook(book.add),
		handoff.WithLogger(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))),
	}
	var endpoint http.Handler
	p := &page{book: book, title: c.Names[c.Self]}
	switch role {
	case roleBank:
		endpoint, p.handOver, err = newBank(c, client, partner.URL+"/handoff", opts)
		p.action = "Hand a customer over"
	case roleFintech:
		endpoint, p.handOver, err = newFintech(c, client, partner.URL+"/handoff", opts)
		p.action = "Ask the bank for a customer"
	default:
		err = fmt.Errorf("-role must be %s or %s", roleBank, roleFintech)
	}
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/handoff", endpoint)
	mux.Handle("/", p.handler())
	return serveUntil(ctx, listener, mux)
}

func readLine(r *bufio.Reader, v any) error {
	line, err := r.ReadBytes('\n')
	if err != nil {
		return err
	}
	return json.Unmarshal(line, v)
}

// serveUntil serves until ctx ends, and lets what is under way finish.
func serveUntil(ctx context.Context, l net.Listener, h http.Handler) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return server.Shutdown(end)
}
