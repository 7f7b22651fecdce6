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
	"os"
	"os/signal"
	"syscall"

	"github.com/didit-go/didit/didittest/sandbox"
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

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var cfg sandbox.Config
	flags := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	flags.SetOutput(stderr)
	cfg.Flags(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return errors.New("takes flags only, see -h")
	}
	return sandbox.Serve(ctx, &cfg, stderr, func(out sandbox.Output) error {
		if err := json.NewEncoder(stdout).Encode(out); err != nil {
			return err
		}
		if onTerminal(stderr) {
			_, _ = fmt.Fprint(stderr, out.Welcome())
		}
		return nil
	})
}

func onTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
