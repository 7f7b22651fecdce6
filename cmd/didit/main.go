// Didit shares and imports verified identities from a terminal or a script, with package
// didit and the packages around it.
//
//	go install github.com/didit-go/didit/cmd/didit@latest
//	didit --help
//
// The README beside it has an example of each command, and the exit codes.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second one ends the program where it stands
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
