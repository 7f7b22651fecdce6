package didit_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

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
