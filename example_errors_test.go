package didit_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/didit-go/didit"
)

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
