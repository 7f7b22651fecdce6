package didit_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"time"

	"github.com/jarcoal/httpmock"

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
	// Didit is away for the first delivery, and the look after it fails too.
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

// What a later look needs is stored before the import, as JSON. After a crash any
// process can look.
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

// Bad params are refused before anything is sent, all at once.
func ExampleClient_ShareSession_refused() {
	client, err := didit.NewClient(didit.WithAPIKey("test"))
	if err != nil {
		log.Fatal(err)
	}
	_, err = client.ShareSession(context.Background(), "session-1", didit.ShareSessionParams{TTL: time.Second, Status: didit.StatusExpired})
	if invalid, ok := errors.AsType[*didit.ValidationError](err); ok {
		for _, p := range invalid.Problems {
			fmt.Println(p.Field)
		}
	}
	fmt.Println(errors.Is(err, didit.ErrSessionNotShareable))
	// Output:
	// sessionID
	// ForApplicationID
	// TTL
	// Status
	// true
}

// The record of who got whose data: one event per call, as JSON.
func ExampleWithAuditHook() {
	server := didittest.NewServer()
	defer server.Close()
	appA, appB := server.AddApplication("Partner A"), server.AddApplication("Partner B")
	client := appA.Client(didit.WithAuditHook(func(_ context.Context, e didit.AuditEvent) error {
		fmt.Printf("%s %s: %s\n", e.Action, e.Outcome, cmp.Or(e.Reason, e.TTL.String()))
		return nil
	}))
	sessionID := appA.AddSession(didittest.SessionFixture{})
	_, _ = client.ShareSession(context.Background(), sessionID, didit.ShareSessionParams{ForApplicationID: appB.ID, TTL: time.Minute})
	_, _ = client.ShareSession(context.Background(), sessionID, didit.ShareSessionParams{ForApplicationID: appA.ID})
	// Output:
	// share ok: 1m0s
	// share refused: a session cannot be shared with its own application
}

func ExampleClient_GetSession() {
	server := didittest.NewServer()
	defer server.Close()
	app := server.AddApplication("Partner A")
	id := app.AddSession(didittest.SessionFixture{Person: didittest.Person{FirstName: "Ada", LastName: "Quill"}})

	session, err := app.Client().GetSession(context.Background(), id)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(session.Status, session.Status.Shareable())
	if document := session.PrimaryIDVerification(); document != nil {
		fmt.Println(document.FirstName, document.LastName)
	}
	fmt.Println(len(session.AllWarnings()) == 0)
	// Output:
	// Approved true
	// Ada Quill
	// true
}

func ExampleClient_ListSessions() {
	server := didittest.NewServer()
	defer server.Close()
	app := server.AddApplication("Partner A")
	app.AddSession(didittest.SessionFixture{VendorData: "customer-1"})
	app.AddSession(didittest.SessionFixture{Kind: didit.KindBusiness, VendorData: "shop-1", Status: didit.StatusDeclined})

	for row, err := range app.Client().ListSessions(context.Background(), didit.ListSessionsParams{SessionKind: didit.KindAll}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(row.SessionKind, row.VendorData, row.Status)
	}
	// Output:
	// user customer-1 Approved
	// business shop-1 Declined
}

func ExampleClient_CreateSession() {
	server := didittest.NewServer()
	defer server.Close()
	app := server.AddApplication("Partner A")
	created, err := app.Client().CreateSession(context.Background(), didit.CreateSessionParams{
		WorkflowID: app.Workflow(didit.KindUser),
		VendorData: "customer-1",
		Callback:   "https://shop.example.com/verified",
		Metadata:   map[string]string{"plan": "basic"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(created.Status, created.SessionURL != "") // send the person to SessionURL
	// Output: Not Started true
}

func ExampleClient_UpdateSessionStatus() {
	server := didittest.NewServer()
	defer server.Close()
	app := server.AddApplication("Partner A")
	id := app.AddSession(didittest.SessionFixture{Status: didit.StatusInReview})
	err := app.Client().UpdateSessionStatus(context.Background(), id, didit.UpdateSessionStatusParams{
		NewStatus: didit.StatusApproved, Comment: "address confirmed by phone",
	})
	fmt.Println(err, app.Sessions()[0].Status)
	// Output: <nil> Approved
}

func ExampleClient_DeleteSession() {
	server := didittest.NewServer()
	defer server.Close()
	app := server.AddApplication("Partner A")
	id := app.AddSession(didittest.SessionFixture{})
	fmt.Println(app.Client().DeleteSession(context.Background(), id))
	fmt.Println(errors.Is(app.Client().DeleteSession(context.Background(), id), didit.ErrNotFound))
	// Output:
	// <nil>
	// true
}

func ExampleClient_SessionPDF() {
	server := didittest.NewServer()
	defer server.Close()
	app := server.AddApplication("Partner A")
	n, err := app.Client().SessionPDF(context.Background(), app.AddSession(didittest.SessionFixture{}), io.Discard)
	fmt.Println(n > 0, err)
	// Output: true <nil>
}

// Any other endpoint, with the same errors, limits and redaction.
func ExampleClient_Do() {
	server := didittest.NewServer()
	defer server.Close()
	app := server.AddApplication("Partner A")
	id := app.AddSession(didittest.SessionFixture{})
	var reviews struct {
		Count int `json:"count"`
	}
	err := app.Client().Do(context.Background(), http.MethodGet, "/v3/sessions/"+id+"/reviews/?limit=10", nil, &reviews)
	fmt.Println(reviews.Count, err)
	// Output: 0 <nil>
}

// Spans and metrics belong in a RoundTripper: it sees every attempt, and the context
// tells which call it is for.
func ExampleOperationFromContext() {
	server := didittest.NewServer()
	defer server.Close()
	app := server.AddApplication("Partner A")
	count := roundTripper(func(r *http.Request) (*http.Response, error) {
		operation, template, _ := didit.OperationFromContext(r.Context())
		fmt.Println(operation, template)
		return http.DefaultTransport.RoundTrip(r)
	})
	client := app.Client(didit.WithHTTPClient(&http.Client{Transport: count}))
	_, _ = client.GetSession(context.Background(), app.AddSession(didittest.SessionFixture{}))
	http.DefaultClient.CloseIdleConnections()
	// Output: GetSession /v3/session/{id}/decision/
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
