package didit_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

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
