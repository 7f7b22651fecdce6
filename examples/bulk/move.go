package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/bulk"
	"github.com/didit-go/didit/pace"
)

// move shares and imports what is left of the list in dir.
func move(ctx context.Context, dir string, out *os.File) (err error) {
	facts, err := readFacts(dir)
	if err != nil {
		return err
	}
	done, err := bulk.OpenFile(filepath.Join(dir, "done.jsonl"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done.Close()) }()
	results, err := openResults(filepath.Join(dir, "results.csv"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, results.close()) }()
	left, earlier, err := count(ctx, dir, done)
	if err != nil {
		return err
	}
	a, err := facts.A.client(facts)
	if err != nil {
		return err
	}
	b, err := facts.B.client(facts)
	if err != nil {
		return err
	}
	shares := bulk.Share(ctx, a, facts.items(dir), bulk.Options{Checkpoint: imported{done}})
	line := newProgressLine(out, earlier)
	imports := bulk.Import(ctx, b, facts.tokens(shares), bulk.Options{Checkpoint: done, Total: left, Progress: line.show}) //nolint:contextcheck // Share was given it
	for r := range imports.All() {
		if errors.Is(r.Err, context.Canceled) {
			continue // interrupted: the next run goes on with it
		}
		if err := results.add(r); err != nil {
			return err // the result is not recorded: the next run finds the copy
		}
	}
	line.end()
	if err := errors.Join(shares.Err(), imports.Err()); err != nil {
		return fmt.Errorf("not all is done, start it again: %w", err)
	}
	_, err = fmt.Fprintln(out, "results are in", results.path)
	return err
}

// imported lets the shares skip what was imported, and record nothing: a token that was
// minted is worth nothing until it is redeemed.
type imported struct{ bulk.Checkpoint }

func (imported) Record(context.Context, bulk.Record) error { return nil }

// items are the sessions of the list. The reference of a person is the item's id.
func (f *facts) items(dir string) iter.Seq2[bulk.ShareItem, error] {
	return func(yield func(bulk.ShareItem, error) bool) {
		for row, err := range readList(filepath.Join(dir, "sessions.csv")) {
			if !yield(bulk.ShareItem{
				ID: row.reference, SessionID: row.sessionID,
				Params: didit.ShareSessionParams{ForApplicationID: f.B.ID, TTL: time.Hour},
			}, err) {
				return
			}
		}
	}
}

// tokens are what the shares bring.
func (f *facts) tokens(shares *bulk.Run[bulk.ShareItem, didit.SharedSession]) iter.Seq2[bulk.ImportItem, error] {
	return func(yield func(bulk.ImportItem, error) bool) {
		for r := range shares.All() {
			item := bulk.ImportItem{ID: r.Item.ID}
			if r.Err == nil {
				item.Params = didit.ImportSharedSessionParams{
					Token: r.Value.Token, WorkflowID: f.B.WorkflowID, Review: didit.TrustSourceReview, VendorData: r.Item.ID,
					SourceSessionID: r.Item.SessionID, FromApplicationIDs: []string{f.A.ID},
				}
			} else {
				r.Err = &shareError{r.Item.ID, r.Err}
			}
			if !yield(item, r.Err) {
				return
			}
		}
	}
}

// count says how many rows are left, and how many were imported in earlier runs.
func count(ctx context.Context, dir string, done bulk.Checkpoint) (left, earlier int, err error) {
	for row, err := range readList(filepath.Join(dir, "sessions.csv")) {
		var record bulk.Record
		if err == nil {
			if record, _, err = done.Lookup(ctx, row.reference); err != nil {
				return 0, 0, err
			}
		}
		if record.State == bulk.Done {
			earlier++
		} else {
			left++ // one that cannot be read is a result as well
		}
	}
	return left, earlier, nil
}

// client is a partner's, as the documentation of package bulk recommends it.
func (p partner) client(f *facts) (*didit.Client, error) {
	return didit.NewClient(didit.WithBaseURL(f.BaseURL), didit.WithAPIKey(p.APIKey), didit.WithApplicationID(p.ID),
		didit.WithMaxRetries(0), didit.WithLimiter(pace.New(f.PerMinute, 2*f.PerMinute)))
}
