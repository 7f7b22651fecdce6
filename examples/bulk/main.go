// Bulk moves a list of verified people from Partner A to Partner B: each session of a
// CSV is shared by A and imported by B, at the speed that the limits allow. In real life
// the partners are two programs, with a channel of their own between them.
//
// It runs on the embedded stand-in and ends by itself:
//
//	go run ./examples/bulk
//
// To stop it, or to kill it, and start it again where it was, let the stand-in live in a
// process of its own. It writes sessions.csv and what both partners know to the folder:
//
//	go run ./examples/bulk -dir demo -serve
//	go run ./examples/bulk -dir demo
//
// The second one leaves results.csv, a line for each session that was imported or failed.
// What failed is tried again by the next run, so its id may be there more than once. Share
// tokens are in neither file: a run that goes on mints new ones.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir := flag.String("dir", "", "folder of the list, the results and the checkpoint; empty: play Didit as well, in a temporary one")
	serve := flag.Bool("serve", false, "play Didit for -dir until interrupted")
	sessions := flag.Int("sessions", 10_000, "people in the list that is made up")
	perMinute := flag.Int("per-minute", 12_000, "writes a minute that the played Didit allows to each partner; 300 are Didit's own")
	flag.Parse()
	if err := run(ctx, *dir, *serve, *sessions, *perMinute); err != nil {
		fmt.Fprintln(os.Stderr, err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, dir string, serve bool, sessions, perMinute int) error {
	switch {
	case serve && dir == "":
		return errors.New("-serve needs -dir")
	case sessions < 1 || perMinute < 1:
		return errors.New("-sessions and -per-minute must be 1 or more")
	case serve:
		server, err := play(dir, sessions, perMinute)
		if err != nil {
			return err
		}
		defer server.Close()
		fmt.Fprintf(os.Stderr, "Didit is played on %s, start: go run ./examples/bulk -dir %s\n", server.URL(), dir)
		<-ctx.Done()
		return nil
	case dir != "":
		return move(ctx, dir, os.Stderr)
	}
	dir, err := os.MkdirTemp("", "bulk-")
	if err != nil {
		return err
	}
	server, err := play(dir, sessions, perMinute)
	if err != nil {
		return err
	}
	defer server.Close()
	return move(ctx, dir, os.Stderr)
}
