// Share is Partner A's part: it mints a token with which one other application may
// import a finished session, and writes the token, alone, to standard output.
//
//	DIDIT_API_KEY=... go run ./examples/share -session <id> -for <application id>
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/didit-go/didit"
)

func main() {
	session := flag.String("session", "", "id of the finished session")
	partner := flag.String("for", "", "id of the partner's application")
	ttl := flag.Duration("ttl", 10*time.Minute, "how long the token lives: no longer than the partner needs")
	baseURL := flag.String("base-url", didit.DefaultBaseURL, "another server, such as the sandbox of examples/sandbox")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := share(ctx, *baseURL, *session, *partner, *ttl); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func share(ctx context.Context, baseURL, session, partner string, ttl time.Duration) error {
	client, err := didit.NewClient(didit.WithBaseURL(baseURL)) // the key is in DIDIT_API_KEY
	if err != nil {
		return err
	}
	shared, err := client.ShareSession(ctx, session, didit.ShareSessionParams{ForApplicationID: partner, TTL: ttl})
	if err != nil {
		return err
	}
	// Whoever has the token can import the person's file: send it over a channel that
	// only the partner reads, and log no more than its fingerprint.
	fmt.Fprintf(os.Stderr, "shared %s session %s, token %s expires at %s\n",
		shared.SessionKind, shared.SessionID, shared.Token.Fingerprint(), shared.ExpiresAt().Format(time.RFC3339))
	fmt.Println(shared.Token.Reveal())
	return nil
}
