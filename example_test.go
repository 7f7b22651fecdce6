package didit_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// Partner A shares a finished verification, Partner B imports it. A and B are two
// applications of the stand-in here.
func Example() {
	server := didittest.NewServer()
	defer server.Close()
	appA, appB := server.AddApplication("Partner A"), server.AddApplication("Partner B")
	sessionID := appA.AddSession(didittest.SessionFixture{})
	ctx := context.Background()

	a, b := appA.Client(), appB.Client()
	shared, err := a.ShareSession(ctx, sessionID, didit.ShareSessionParams{ForApplicationID: appB.ID, TTL: 10 * time.Minute})
	if err != nil {
		log.Fatal(err)
	}
	text := shared.Token.Reveal() // goes to Partner B over a channel of their own

	imported, err := b.ImportSharedSession(ctx, didit.ImportSharedSessionParams{
		Token:      didit.NewShareToken(text),
		WorkflowID: appB.Workflow(didit.KindUser),
		Review:     didit.TrustSourceReview,
		VendorData: "customer-1",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(imported.SessionKind, imported.Status, imported.SharedFromSession == sessionID)
	// Output: user Approved true
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
