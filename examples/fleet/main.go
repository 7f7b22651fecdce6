// Fleet plays a day of two partners with many workers on one database, and everything goes
// wrong: Didit's answers are lost, late, cut or refused, one of three worker processes is
// killed every few seconds, and one is frozen for longer than a dead one is waited for. At
// its end everybody was imported exactly once, and the partner's own table says so too, or
// it fails.
//
//	go run ./examples/fleet                                          # SQLite, a few minutes
//	go run ./examples/fleet -database postgres://user@host/name      # PostgreSQL
//	go run ./examples/fleet -people 100 -kill 2s -freeze 5s          # shorter
//
// It runs on the embedded stand-in, without a key and without a network, and prints the
// address of River's own page. Each role is a process of its own, which any number of
// machines may run; see settings for the environment that they need:
//
//	fleet -role enqueue   # partner A shares its sessions, partner B takes each token in with a row of its own
//	fleet -role work      # works on B's tickets until a signal comes
//	fleet -role watch     # shows how far they are, needs no key
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "fleet:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("fleet", flag.ContinueOnError)
	role := flags.String("role", "all", "enqueue, work or watch: be that process; all: play the whole day")
	database := flags.String("database", "", "sqlite:path or postgres://...; empty: SQLite in a temporary folder")
	listen := flags.String("listen", "127.0.0.1:0", "address of River's page, for all and watch; it asks nobody for a password")
	d := new(day)
	flags.IntVar(&d.people, "people", 2000, "how many sessions A shares")
	flags.IntVar(&d.workers, "workers", 3, "worker processes")
	flags.IntVar(&d.perMinute, "per-minute", 3000, "writes a minute that the played Didit allows to each partner; 300 are Didit's own")
	flags.Float64Var(&d.faults, "faults", 0.25, "share of the calls that go wrong")
	flags.DurationVar(&d.kill, "kill", 3*time.Second, "kill a worker this often; 0: never")
	flags.DurationVar(&d.freeze, "freeze", 150*time.Second, "freeze a worker for so long; a dead one is noticed after 120 s; 0: none")
	flags.BoolVar(&d.repeated, "repeated-imports", false, "play a Didit that imports a session as often as it is asked to")
	if err := flags.Parse(args); err != nil {
		return err
	}
	switch {
	case flags.NArg() > 0:
		return errors.New("takes flags only, see -h")
	case d.people < 1 || d.workers < 2 || d.perMinute < 1 || d.faults < 0 || d.faults > 0.9:
		return errors.New("-people and -per-minute must be 1 or more, -workers 2 or more, -faults 0 to 0.9")
	case *role == "all":
		d.database, d.listen, d.out = *database, *listen, stdout
		return d.play(ctx)
	case *database == "":
		return errors.New("-role " + *role + " needs -database")
	case *role == "watch":
		return watch(ctx, *database, *listen, stdout)
	}
	ctx, cancel := untilInputEnds(ctx)
	defer cancel()
	s, err := readSettings(*database)
	if err != nil {
		return err
	}
	switch *role {
	case "enqueue":
		return s.enqueue(ctx)
	case "work":
		return s.work(ctx)
	}
	return errors.New("-role must be enqueue, work, watch or all")
}
