// Import is Partner B's part: it reads a share token from standard input and imports
// the session behind it.
//
//	DIDIT_API_KEY=... go run ./examples/import -workflow <id> -vendor-data <your reference> < token
//
// Run it again with -resume after an error that says that the outcome is open, with
// the same token and vendor data: the session is imported once.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/didit-go/didit"
)

func main() {
	workflow := flag.String("workflow", "", "id of your workflow that the copy is attached to")
	vendorData := flag.String("vendor-data", "", "your own reference for the person or company; only with it a lost import is returned")
	trust := flag.Bool("trust", false, "keep the partner's decision instead of reviewing again")
	resume := flag.Bool("resume", false, "an earlier run with this token may have reached Didit")
	baseURL := flag.String("base-url", didit.DefaultBaseURL, "another server, such as the sandbox of examples/sandbox")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	params := didit.ImportSharedSessionParams{WorkflowID: *workflow, Review: didit.ReviewAgain, VendorData: *vendorData, Resume: *resume}
	if *trust {
		params.Review = didit.TrustSourceReview
	}
	err := importSession(ctx, *baseURL, params)
	switch {
	case err == nil:
	case didit.Retryable(err):
		fmt.Fprintln(os.Stderr, err)
		fmt.Fprintln(os.Stderr, "run it again after", didit.RetryAfter(err), "with -resume")
		os.Exit(75) // "temporary failure" to job runners
	case errors.Is(err, didit.ErrShareTokenExpired):
		fmt.Fprintln(os.Stderr, err)
		fmt.Fprintln(os.Stderr, "ask the partner for a new token")
		os.Exit(1)
	default:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func importSession(ctx context.Context, baseURL string, params didit.ImportSharedSessionParams) error {
	client, err := didit.NewClient(didit.WithBaseURL(baseURL)) // the key is in DIDIT_API_KEY
	if err != nil {
		return err
	}
	token, err := io.ReadAll(io.LimitReader(os.Stdin, 16<<10))
	if err != nil {
		return err
	}
	params.Token = didit.NewShareToken(string(token))
	session, err := client.ImportSharedSession(ctx, params)
	if err != nil {
		return err
	}
	if session.Recovered {
		fmt.Fprintln(os.Stderr, "an earlier call had imported it; this is that copy; made before this token:", session.Earlier)
	}
	fmt.Println(session.SessionID, session.SessionKind, session.Status)
	return nil
}
