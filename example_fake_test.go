package didit_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"

	"github.com/jarcoal/httpmock"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// A partner's own tests can fake single answers with httpmock: a transport of the
// test's own, never httpmock's global one.
func Example_fakeWithHTTPMock() {
	const sessionID, partner, workflow = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222",
		"33333333-3333-4333-8333-333333333333"
	mock := httpmock.NewMockTransport()
	mock.RegisterResponder("POST", didit.DefaultBaseURL+"/v3/session/"+sessionID+"/share/",
		httpmock.NewStringResponder(200, `{"share_token":"eyJ0.eyJ0.c2ln","for_application_id":"`+partner+`","session_kind":"user"}`))
	mock.RegisterResponder("POST", didit.DefaultBaseURL+"/v3/session/import-shared/",
		httpmock.NewStringResponder(201, `{"session_id":"44444444-4444-4444-8444-444444444444","status":"In Review"}`))
	client, err := didit.NewClient(didit.WithAPIKey("test"), didit.WithHTTPClient(&http.Client{Transport: mock}))
	if err != nil {
		log.Fatal(err)
	}

	shared, err := client.ShareSession(context.Background(), sessionID, didit.ShareSessionParams{ForApplicationID: partner})
	fmt.Println(shared.SessionKind, err)
	imported, err := client.ImportSharedSession(context.Background(), didit.ImportSharedSessionParams{
		Token: shared.Token, WorkflowID: workflow, Review: didit.ReviewAgain,
	})
	fmt.Println(imported.Status, err)
	// Output:
	// user <nil>
	// In Review <nil>
}

// A partner whose key may not import: the stand-in answers as Didit does. A fake of
// your own can return an *APIError made by hand, which matches by its status.
func Example_fakeA403() {
	server := didittest.NewServer()
	defer server.Close()
	appA, appB := server.AddApplication("Partner A"), server.AddApplication("Partner B")
	readOnly := appB.AddKey(didittest.KeyScope{Sessions: didittest.AccessRead, Decisions: didittest.AccessRead})
	client := appB.Client(didit.WithAPIKey(readOnly))
	_, err := client.ImportSharedSession(context.Background(), didit.ImportSharedSessionParams{
		Token:      appA.Share(appA.AddSession(didittest.SessionFixture{}), appB, 0),
		WorkflowID: appB.Workflow(didit.KindUser), Review: didit.ReviewAgain, VendorData: "customer-1",
	})
	fmt.Println(errors.Is(err, didit.ErrForbidden), didit.Retryable(err))

	byHand := fmt.Errorf("import: %w", &didit.APIError{StatusCode: 403})
	fmt.Println(errors.Is(byHand, didit.ErrForbidden))
	// Output:
	// true false
	// true
}
