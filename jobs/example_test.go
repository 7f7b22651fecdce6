package jobs_test

import (
	"context"
	"database/sql"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/jobs"
)

// An import that is enqueued with a row of your own, and ends in the transaction that
// changes the row.
func Example() {
	ctx := context.Background()
	server := didittest.NewServer()
	defer server.Close()
	a, b := server.AddApplication("Partner A"), server.AddApplication("Partner B")
	dir, err := os.MkdirTemp("", "didit")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // the example is over

	sealer, err := jobs.NewSealer([]byte("32 random bytes, from your vault"))
	if err != nil {
		log.Fatal(err)
	}
	options := []didit.Option{didit.WithBaseURL(server.URL()), didit.WithAPIKey(b.APIKey), didit.WithApplicationID(b.ID)}
	engine, err := openEngine(ctx, "sqlite:"+filepath.Join(dir, "jobs.db"), options, sealer)
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close() //nolint:errcheck // the example is over
	if err := engine.Start(ctx); err != nil {
		log.Fatal(err)
	}
	if _, err := engine.DB().ExecContext(ctx, `CREATE TABLE customers (name TEXT, ticket TEXT, session TEXT)`); err != nil {
		log.Fatal(err)
	}

	tx, err := engine.DB().BeginTx(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}
	ticket, err := engine.ImportTx(ctx, tx, didit.ImportSharedSessionParams{
		Token: a.Share(a.AddSession(didittest.SessionFixture{}), b, 0), WorkflowID: b.Workflow(didit.KindUser),
		Review: didit.TrustSourceReview, VendorData: "customer-1",
	})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO customers (name, ticket) VALUES ('customer-1', $1)`, ticket.ID); err != nil {
		log.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		log.Fatal(err)
	}

	for ticket.State.Open() {
		time.Sleep(10 * time.Millisecond)
		if ticket, err = engine.Ticket(ctx, ticket.ID); err != nil {
			log.Fatal(err)
		}
	}
	var session string
	if err := engine.DB().QueryRowContext(ctx, `SELECT session FROM customers`).Scan(&session); err != nil {
		log.Fatal(err)
	}
	fmt.Println(ticket.State, session == b.Sessions()[0].ID)
	// Output: done true
}

func openEngine(ctx context.Context, databaseURL string, options []didit.Option, sealer *jobs.Sealer) (*jobs.Engine, error) {
	engine, err := jobs.Open(ctx, databaseURL, jobs.Config{ // "sqlite:jobs.db" or "postgres://user@host/name"
		Options: options, // of your client, WithApplicationID included
		Sealer:  sealer,  // encrypts share tokens at rest
		Imported: func(ctx context.Context, tx *sql.Tx, t *jobs.Ticket, s *didit.ImportedSession) error {
			_, err := tx.ExecContext(ctx, `UPDATE customers SET session = $1 WHERE ticket = $2`, s.SessionID, t.ID)
			return err
		},
	})
	return engine, err
}
