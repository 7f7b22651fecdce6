package didit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// The answer to an import is lost. The client finds the copy that Didit had made.
func ExampleClient_ImportSharedSession_lostAnswer() {
	server := didittest.NewServer()
	defer server.Close()
	appA, appB := server.AddApplication("Partner A"), server.AddApplication("Partner B")
	token := appA.Share(appA.AddSession(didittest.SessionFixture{}), appB, 0)
	server.Inject(didittest.Fault{Operation: didittest.OpImportSharedSession, Kind: didittest.FaultAnswerLost})

	imported, err := appB.Client().ImportSharedSession(context.Background(), didit.ImportSharedSessionParams{
		Token: token, WorkflowID: appB.Workflow(didit.KindUser), Review: didit.ReviewAgain, VendorData: "customer-1",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("recovered:", imported.Recovered)
	fmt.Println("copies:", len(appB.Sessions()))
	// Output:
	// recovered: true
	// copies: 1
}

// A worker of a job queue: from the second delivery on it resumes, and it goes on
// while the error says so.
func ExampleClient_ImportSharedSession_jobQueue() {
	server := didittest.NewServer()
	defer server.Close()
	appA, appB := server.AddApplication("Partner A"), server.AddApplication("Partner B")
	token := appA.Share(appA.AddSession(didittest.SessionFixture{}), appB, 0)
	client := appB.Client(didit.WithRetryWait(0, 0))
	// Didit is away for the first delivery, and the search after it fails too.
	server.Inject(didittest.Fault{Operation: didittest.OpImportSharedSession, Kind: didittest.FaultAnswerLost})
	server.Inject(didittest.Fault{Operation: didittest.OpListSessions, Kind: didittest.FaultErrorBefore, Times: 20})

	for delivery := 1; ; delivery++ {
		imported, err := client.ImportSharedSession(context.Background(), didit.ImportSharedSessionParams{
			Token: token, WorkflowID: appB.Workflow(didit.KindUser), Review: didit.ReviewAgain, VendorData: "customer-1",
			Resume: delivery > 1,
		})
		if err != nil && didit.Retryable(err) {
			fmt.Println("delivery", delivery, "again later, unknown:", errors.Is(err, didit.ErrOutcomeUnknown))
			continue // a real queue waits a minute
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("delivery", delivery, "done, recovered:", imported.Recovered)
		return
	}
	// Output:
	// delivery 1 again later, unknown: true
	// delivery 2 done, recovered: true
}

// What a later search needs is stored before the import, as JSON. After a crash any
// process can search.
func ExampleClient_FindImportedSession() {
	server := didittest.NewServer()
	defer server.Close()
	appA, appB := server.AddApplication("Partner A"), server.AddApplication("Partner B")
	params := didit.ImportSharedSessionParams{
		Token:      appA.Share(appA.AddSession(didittest.SessionFixture{}), appB, 0),
		WorkflowID: appB.Workflow(didit.KindUser), Review: didit.ReviewAgain, VendorData: "customer-1",
	}
	find, err := params.FindParams()
	if err != nil {
		log.Fatal(err)
	}
	stored, err := json.Marshal(find)
	if err != nil {
		log.Fatal(err)
	}
	_, err = appB.Client().FindImportedSession(context.Background(), find)
	fmt.Println("before:", errors.Is(err, didit.ErrImportNotFound))

	if _, err := appB.Client().ImportSharedSession(context.Background(), params); err != nil {
		log.Fatal(err)
	}
	var later didit.FindImportedSessionParams
	if err := json.Unmarshal(stored, &later); err != nil {
		log.Fatal(err)
	}
	found, err := appB.Client().FindImportedSession(context.Background(), later)
	fmt.Println("after:", found.VendorData, err)
	// Output:
	// before: true
	// after: customer-1 <nil>
}
