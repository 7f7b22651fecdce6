package main

import (
	"context"
	"database/sql"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/jobs"
)

// fintech is partner B, with its engine and a table of its own on the same database.
type fintech struct {
	*jobs.Engine
	workflow string
	bank     string // the application that it accepts people from
}

// customersTable is B's own. imports counts how often a row was changed by Imported: once.
const customersTable = `CREATE TABLE IF NOT EXISTS customers (
	reference TEXT NOT NULL PRIMARY KEY, -- what both partners call the person
	ticket TEXT NOT NULL UNIQUE,
	state TEXT NOT NULL,
	session TEXT NOT NULL,
	imports BIGINT NOT NULL
)`

func (f *fintech) makeTable(ctx context.Context) error {
	_, err := f.DB().ExecContext(ctx, customersTable)
	return err
}

// fintech opens B's engine.
func (s *settings) fintech(ctx context.Context) (*fintech, error) {
	config, err := s.config(s.b)
	if err != nil {
		return nil, err
	}
	config.Imported = func(ctx context.Context, tx *sql.Tx, t *jobs.Ticket, copied *didit.ImportedSession) error {
		_, err := tx.ExecContext(ctx, `UPDATE customers SET state = 'imported', session = $1, imports = imports + 1 WHERE ticket = $2`, copied.SessionID, t.ID)
		return err
	}
	config.Refused = func(ctx context.Context, tx *sql.Tx, t *jobs.Ticket, _ error) error {
		_, err := tx.ExecContext(ctx, `UPDATE customers SET state = 'refused' WHERE ticket = $1`, t.ID)
		return err
	}
	e, err := jobs.Open(ctx, s.database, config)
	if err != nil {
		return nil, err
	}
	return &fintech{e, s.workflow, s.a.id}, nil
}

// takeIn has a token imported, in the transaction that adds the customer: either both are
// there, or neither. A token that is delivered twice changes nothing.
func (f *fintech) takeIn(ctx context.Context, reference string, shared *didit.SharedSession) error {
	tx, err := f.DB().BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	ticket, err := f.ImportTx(ctx, tx, didit.ImportSharedSessionParams{
		Token: shared.Token, WorkflowID: f.workflow, Review: didit.TrustSourceReview, VendorData: reference,
		SourceSessionID: shared.SessionID, FromApplicationIDs: []string{f.bank},
	})
	if err != nil {
		return err
	}
	if err := addCustomer(ctx, tx, reference, ticket.ID); err != nil {
		return err
	}
	return tx.Commit()
}

func addCustomer(ctx context.Context, tx *sql.Tx, reference, ticket string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO customers (reference, ticket, state, session, imports) VALUES ($1, $2, 'expected', '', 0) ON CONFLICT (reference) DO NOTHING`, reference, ticket)
	return err
}

// work imports until ctx ends, and then finishes what is under way.
func (s *settings) work(ctx context.Context) error {
	b, err := s.fintech(ctx)
	if err != nil {
		return err
	}
	defer b.Close() //nolint:errcheck,contextcheck // this process ends
	if err := b.Start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	<-ctx.Done()
	return b.Stop(context.WithoutCancel(ctx))
}
