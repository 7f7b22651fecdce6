package didittest_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// In a test: both partners, and the state between them.
func Example() {
	server := didittest.NewServer()
	defer server.Close()
	a, b := server.AddApplication("Partner A"), server.AddApplication("Partner B")
	ctx := context.Background()

	shared, err := a.Client().ShareSession(ctx, a.AddSession(didittest.SessionFixture{}), didit.ShareSessionParams{ForApplicationID: b.ID})
	if err != nil {
		log.Fatal(err)
	}
	server.Advance(2 * time.Hour) // the token expires
	_, err = b.Client().ImportSharedSession(ctx, didit.ImportSharedSessionParams{
		Token: shared.Token, WorkflowID: b.Workflow(didit.KindUser), Review: didit.ReviewAgain,
	})
	fmt.Println(err)
	fmt.Println(len(b.Sessions()))
	// Output:
	// didit: refused locally: Token has expired
	// 0
}

// In a partner's CI: the program under test is given a base URL and a key, and what
// it did is read from the record of requests.
func ExampleServer_Requests() {
	server := didittest.NewServer()
	defer server.Close()
	app := server.AddApplication("Partner A")
	id := app.AddSession(didittest.SessionFixture{})

	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, server.URL()+"/v3/session/"+id+"/decision/", nil)
	if err != nil {
		log.Fatal(err)
	}
	req.Header.Set("X-Api-Key", app.APIKey)
	resp, err := server.HTTPClient().Do(req) // the program under test
	if err != nil {
		log.Fatal(err)
	}
	_ = resp.Body.Close()

	for _, r := range server.Requests() {
		fmt.Println(r.Method, r.Operation, r.Status, r.Header.Get("X-Api-Key"))
	}
	// Output: GET GetSession 200 [masked]
}

// An answer gets lost after Didit acted on it.
func ExampleServer_Inject() {
	server := didittest.NewServer()
	defer server.Close()
	a, b := server.AddApplication("Partner A"), server.AddApplication("Partner B")
	lost := server.Inject(didittest.Fault{Operation: didittest.OpImportSharedSession, Kind: didittest.FaultAnswerLost})
	imported, err := b.Client().ImportSharedSession(context.Background(), didit.ImportSharedSessionParams{
		Token: a.Share(a.AddSession(didittest.SessionFixture{}), b, 0), WorkflowID: b.Workflow(didit.KindUser),
		Review: didit.ReviewAgain, VendorData: "customer-1",
	})
	fmt.Println(lost.Fired(), imported.Recovered, err)
	// Output: 1 true <nil>
}
