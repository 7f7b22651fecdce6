package webhook_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/webhook"
)

// A receiver, with Didit played by the stand-in.
func Example() {
	didits := didittest.NewServer()
	defer didits.Close()
	app := didits.AddApplication("Partner A")

	verifier, err := webhook.NewVerifier(app.WebhookSecret)
	if err != nil {
		log.Fatal(err)
	}
	receiver := httptest.NewServer(verifier.Handler(
		func(_ context.Context, e *webhook.Event) error {
			fmt.Println(e.Type, e.SessionKind, e.Status, len(e.Session.IDVerifications))
			return nil // in real life: record the session's id, and work elsewhere
		},
		webhook.ForApplication(app.ID),
		webhook.WithDeduplication(webhook.NewMemoryStore(10_000)),
		webhook.WithLogger(slog.New(slog.DiscardHandler)), // yours
	))
	defer receiver.Close()

	app.DeliverTo(receiver.URL)
	didits.RepeatWebhooks(1) // the delivery arrives twice
	app.SetStatus(app.AddSession(didittest.SessionFixture{Status: didit.StatusInProgress}), didit.StatusApproved)
	didits.FlushWebhooks()
	// Output: status.updated user Approved 1
}

// Where the handler does not fit, in a function as a service for instance, a delivery is
// verified by hand. The body has to be what was received, to the byte.
func ExampleVerifier_Verify() {
	const secret = "a-secret-of-43-characters-from-the-console"
	header, body := delivery(secret)

	verifier, err := webhook.NewVerifier(secret)
	if err != nil {
		log.Fatal(err)
	}
	e, err := verifier.Verify(header, body)
	switch {
	case errors.Is(err, webhook.ErrMalformed):
		fmt.Println("400:", err)
	case err != nil:
		fmt.Println("401:", err)
	default:
		fmt.Println(e.Type, e.SessionID, e.Status)
	}

	_, err = verifier.Verify(header, append(body, '!'))
	fmt.Println("401:", err)
	// Output:
	// status.updated 6f1b0c52-7a53-4c2f-9d0e-2f1f4a1f0a01 In Review
	// 401: webhook: the signature does not fit: another secret, or the body was changed on its way
}

// delivery plays Didit.
func delivery(secret string) (http.Header, []byte) {
	now := time.Now()
	body := fmt.Appendf(nil, `{"event_id":"e1","webhook_type":"status.updated","timestamp":%d,"session_id":"6f1b0c52-7a53-4c2f-9d0e-2f1f4a1f0a01","status":"In Review"}`, now.Unix())
	header, err := webhook.Sign(secret, now, body)
	if err != nil {
		log.Fatal(err)
	}
	return header, body
}

// Sign makes a delivery for a test of your own receiver.
func ExampleSign() {
	const secret = "a-secret-of-43-characters-from-the-console"
	verifier, err := webhook.NewVerifier(secret)
	if err != nil {
		log.Fatal(err)
	}
	receiver := verifier.Handler(func(_ context.Context, e *webhook.Event) error {
		fmt.Println("approved:", e.SessionID)
		return nil
	})

	now := time.Now()
	body := fmt.Appendf(nil, `{"event_id":"e1","webhook_type":"status.updated","timestamp":%d,"session_id":"6f1b0c52-7a53-4c2f-9d0e-2f1f4a1f0a01","status":"Approved"}`, now.Unix())
	header, err := webhook.Sign(secret, now, body)
	if err != nil {
		log.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/didit", bytes.NewReader(body))
	r.Header = header
	answer := httptest.NewRecorder()
	receiver.ServeHTTP(answer, r)
	fmt.Println(answer.Code)
	// Output:
	// approved: 6f1b0c52-7a53-4c2f-9d0e-2f1f4a1f0a01
	// 200
}
