package webhook_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log"
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
	receiver := httptest.NewServer(verifier.Handler(func(_ context.Context, e *webhook.Event) error {
		if e.ApplicationID != app.ID {
			return nil
		}
		fmt.Println(e.Type, e.SessionKind, e.Status, len(e.Session.IDVerifications))
		return nil
	}, webhook.WithDeduplication(webhook.NewMemoryStore(10_000))))
	defer receiver.Close()

	app.DeliverTo(receiver.URL)
	didits.RepeatWebhooks(1) // the delivery arrives twice
	app.SetStatus(app.AddSession(didittest.SessionFixture{Status: didit.StatusInProgress}), didit.StatusApproved)
	didits.Flush()
	// Output: status.updated user Approved 1
}

// SQLStore is a [webhook.DeliveryStore] that several machines share. Its table, in
// PostgreSQL's words:
//
//	CREATE TABLE didit_event (id text PRIMARY KEY, owner text NOT NULL, done boolean NOT NULL, until timestamptz NOT NULL)
type SQLStore struct{ DB *sql.DB }

var errNotOurs = errors.New("the reservation is another's by now")

// Reserve takes the row if it is new or its time has passed, in one statement.
func (s SQLStore) Reserve(ctx context.Context, id string, lease time.Duration) (webhook.Reservation, error) {
	r := webhook.Reservation{State: webhook.Acquired, EventID: id, Owner: rand.Text()}
	res, err := s.DB.ExecContext(ctx, `INSERT INTO didit_event (id, owner, done, until) VALUES ($1, $2, false, now() + $3 * interval '1 second')
		ON CONFLICT (id) DO UPDATE SET owner = $2, done = false, until = excluded.until WHERE didit_event.until < now()`,
		id, r.Owner, lease.Seconds())
	if err != nil {
		return webhook.Reservation{}, err
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return r, err
	}
	var done bool
	if err := s.DB.QueryRowContext(ctx, `SELECT done FROM didit_event WHERE id = $1`, id).Scan(&done); err != nil {
		return webhook.Reservation{}, err
	}
	if done {
		return webhook.Reservation{State: webhook.Done, EventID: id}, nil
	}
	return webhook.Reservation{State: webhook.InProgress, EventID: id}, nil
}

// Complete keeps the row for a day.
func (s SQLStore) Complete(ctx context.Context, r webhook.Reservation) error {
	return s.settle(ctx, `UPDATE didit_event SET done = true, until = now() + interval '24 hours' WHERE id = $1 AND owner = $2 AND NOT done`, r)
}

// Release gives the row back.
func (s SQLStore) Release(ctx context.Context, r webhook.Reservation) error {
	return s.settle(ctx, `DELETE FROM didit_event WHERE id = $1 AND owner = $2 AND NOT done`, r)
}

func (s SQLStore) settle(ctx context.Context, statement string, r webhook.Reservation) error {
	res, err := s.DB.ExecContext(ctx, statement, r.EventID, r.Owner)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(errNotOurs, err)
	}
	return nil
}

// A store on database/sql, for several machines: see SQLStore in this file.
func ExampleWithDeduplication() {
	var db *sql.DB // sql.Open with the driver of your choice
	verifier, err := webhook.NewVerifier("a-secret-of-43-characters-from-the-console")
	if err != nil {
		log.Fatal(err)
	}
	handler := verifier.Handler(func(context.Context, *webhook.Event) error { return nil }, webhook.WithDeduplication(SQLStore{db}))
	fmt.Println(handler != nil)
	// Output: true
}

// Sign makes a delivery for a test of one's own receiver.
func ExampleSign() {
	const secret = "a-secret-of-43-characters-from-the-console"
	now := time.Now()
	body := fmt.Appendf(nil, `{"event_id":"e1","webhook_type":"status.updated","timestamp":%d,"session_id":"6f1b0c52-7a53-4c2f-9d0e-2f1f4a1f0a01","status":"In Review"}`, now.Unix())
	header, err := webhook.Sign(secret, now, body)
	if err != nil {
		log.Fatal(err)
	}
	verifier, err := webhook.NewVerifier(secret)
	if err != nil {
		log.Fatal(err)
	}
	e, err := verifier.Verify(header, body)
	fmt.Println(e.ID, e.Status, err)
	// Output: e1 In Review <nil>
}
