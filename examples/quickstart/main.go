// Quickstart plays both partners: A shares a person's and a company's finished
// verification, B imports them. Then it shows what goes wrong, and what the errors say.
//
// It runs on the embedded stand-in, without a key and without a network:
//
//	go run ./examples/quickstart
//
// Only -live makes it call Didit, with the keys of both applications:
//
//	DIDIT_API_KEY=... DIDIT_PARTNER_API_KEY=... go run ./examples/quickstart -live \
//		-user <A's finished KYC session> -business <A's finished KYB session> \
//		-application <B's id> -user-workflow <B's> -business-workflow <B's>
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// partners is everything that the steps need, live or not.
type partners struct {
	a, b           *didit.Client
	applicationB   string
	user, business string // A's finished sessions; live, one may be missing
	workflows      didit.Workflows
	vendorData     string

	// Only the stand-in has these.
	unfinished string // a session of A's that cannot be shared
	later      func(time.Duration)
}

func main() {
	live := flag.Bool("live", false, "call Didit itself: shares real sessions, keys in DIDIT_API_KEY (A) and DIDIT_PARTNER_API_KEY (B)")
	var p partners
	flag.StringVar(&p.user, "user", "", "with -live: id of a finished KYC session of A's")
	flag.StringVar(&p.business, "business", "", "with -live: id of a finished KYB session of A's")
	flag.StringVar(&p.applicationB, "application", "", "with -live: id of B's application")
	flag.StringVar(&p.workflows.User, "user-workflow", "", "with -live: id of B's KYC workflow")
	flag.StringVar(&p.workflows.Business, "business-workflow", "", "with -live: id of B's KYB workflow")
	flag.StringVar(&p.vendorData, "vendor-data", "quickstart", "B's own reference for the imported person and company")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *live, p); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart failed:", err)
		os.Exit(1)
	}
	fmt.Println("\nEvery step did what it should.")
}

func run(ctx context.Context, live bool, p partners) error {
	if live {
		if err := connect(&p); err != nil {
			return err
		}
	} else {
		server := didittest.NewServer()
		defer server.Close()
		embed(server, &p)
	}
	for _, kind := range []struct{ name, session string }{{"a person (KYC)", p.user}, {"a company (KYB)", p.business}} {
		if kind.session == "" {
			continue
		}
		if err := p.shareAndImport(ctx, kind.name, kind.session); err != nil {
			return err
		}
	}
	if live {
		return nil
	}
	return p.whatGoesWrong(ctx)
}

// shareAndImport is the whole job.
func (p *partners) shareAndImport(ctx context.Context, name, session string) error {
	fmt.Printf("\n%s\n", name)
	shared, err := p.a.ShareSession(ctx, session, didit.ShareSessionParams{ForApplicationID: p.applicationB, TTL: 10 * time.Minute})
	if err != nil {
		return err
	}
	fmt.Printf("  A shares session %s (%s)\n", shared.SessionID, shared.SessionKind)
	fmt.Printf("  A sends token %s to B, over a channel of their own\n", shared.Token.Fingerprint())

	params := p.importParams(shared.Token)
	imported, err := p.b.ImportSharedSession(ctx, params)
	if err != nil {
		return err
	}
	fmt.Printf("  B imports it as  %s: %s\n", imported.SessionID, imported.Status)
	if imported.SharedFromSession != session || imported.SessionKind != shared.SessionKind {
		return errors.New("the copy is not of that session")
	}
	copied, err := p.b.GetSession(ctx, imported.SessionID)
	if err != nil {
		return err
	}
	fmt.Printf("  B reads its decision: %v\n", copied.Decision)

	// Didit redeems a token once. Asking again brings the same copy, not a second one.
	again, err := p.b.ImportSharedSession(ctx, params)
	if err != nil {
		return err
	}
	fmt.Printf("  B imports again: the same session, recovered: %t\n", again.Recovered)
	if again.SessionID != imported.SessionID || !again.Recovered {
		return errors.New("the second import brought another session")
	}
	return nil
}

func (p *partners) importParams(token didit.ShareToken) didit.ImportSharedSessionParams {
	return didit.ImportSharedSessionParams{
		Token:      token,
		Workflows:  p.workflows,
		Review:     didit.TrustSourceReview, // keep A's decision
		VendorData: p.vendorData,
	}
}

// whatGoesWrong shows errors as a caller meets them.
func (p *partners) whatGoesWrong(ctx context.Context) error {
	fmt.Println("\nwhat goes wrong")
	params := didit.ShareSessionParams{ForApplicationID: p.applicationB, TTL: time.Minute}
	_, err := p.a.ShareSession(ctx, p.unfinished, params)
	if err := expect(err, didit.ErrSessionNotShareable, "a session that is not finished"); err != nil {
		return err
	}
	_, err = p.a.ShareSession(ctx, p.user, didit.ShareSessionParams{ForApplicationID: "partner-b", TTL: time.Second, Status: didit.StatusExpired})
	if err := expect(err, didit.ErrInvalidParams, "params that cannot be right: nothing is sent"); err != nil {
		return err
	}
	shared, err := p.a.ShareSession(ctx, p.user, params)
	if err != nil {
		return err
	}
	// B has imported this session with other vendor data, so it is not found by these.
	second := p.importParams(shared.Token)
	second.VendorData = "somebody-else"
	_, err = p.b.ImportSharedSession(ctx, second)
	if err := expect(err, didit.ErrAlreadyImported, "a second import, under another name"); err != nil {
		return err
	}
	p.later(5 * time.Minute)
	expired := p.importParams(shared.Token)
	expired.VendorData = ""
	_, err = p.b.ImportSharedSession(ctx, expired)
	return expect(err, didit.ErrShareTokenExpired, "an expired token: nothing is sent")
}

func expect(err, want error, what string) error {
	if !errors.Is(err, want) {
		return fmt.Errorf("%s: got %w", what, err)
	}
	fmt.Printf("  %s:\n    %v\n", what, err)
	return nil
}

// embed sets both partners up on the stand-in.
func embed(server *didittest.Server, p *partners) {
	fmt.Println("on the embedded stand-in; -live calls Didit")
	a, b := server.AddApplication("Partner A"), server.AddApplication("Partner B")
	p.a, p.b = a.Client(), b.Client(didit.WithRetryWait(10*time.Millisecond, time.Second))
	p.applicationB = b.ID
	p.workflows = didit.Workflows{User: b.AddWorkflow(didit.KindUser), Business: b.AddWorkflow(didit.KindBusiness)}
	p.user = a.AddSession(didittest.SessionFixture{})
	p.business = a.AddSession(didittest.SessionFixture{Kind: didit.KindBusiness})
	p.unfinished = a.AddSession(didittest.SessionFixture{Status: didit.StatusInProgress})
	p.later = server.Advance
}

// connect sets both partners up on Didit.
func connect(p *partners) error {
	// Nothing is shared before everything that the import needs is here.
	if p.user == "" && p.business == "" || p.applicationB == "" ||
		p.user != "" && p.workflows.User == "" || p.business != "" && p.workflows.Business == "" {
		return errors.New("-live needs -application, -user or -business, and B's workflow of the same kind; see -h")
	}
	var err error
	if p.a, err = didit.NewClient(didit.WithAPIKey(os.Getenv("DIDIT_API_KEY"))); err != nil {
		return fmt.Errorf("DIDIT_API_KEY: %w", err)
	}
	if p.b, err = didit.NewClient(didit.WithAPIKey(os.Getenv("DIDIT_PARTNER_API_KEY")), didit.WithApplicationID(p.applicationB)); err != nil {
		return fmt.Errorf("DIDIT_PARTNER_API_KEY: %w", err)
	}
	fmt.Println("calling", didit.DefaultBaseURL)
	return nil
}
