package jobs

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/didit-go/didit"
)

// imports makes one run of an import.
func (r *run) imports() error {
	if r.verdict.SessionID != "" {
		if err := r.claim(false); err != nil {
			return err
		}
		return r.imported(r.known())
	}
	if r.stop {
		return r.stopImport()
	}
	if err := r.limited(); err != nil {
		return err
	}
	token, err := r.e.config.Sealer.open(r.ID, r.token)
	switch {
	case errors.Is(err, errKeyGone):
		return err
	case err != nil:
		return r.unreadable(err)
	}
	p := didit.ImportSharedSessionParams{
		Token: token, WorkflowID: r.params.WorkflowID, Workflows: r.params.Workflows, Review: r.params.Review, VendorData: r.params.VendorData,
		SourceSessionID: r.params.SourceSessionID, FromApplicationIDs: r.params.FromApplicationIDs, Resume: r.begun,
	}
	if err := r.claim(true); err != nil {
		return err
	}
	s, err := r.e.client.ImportSharedSession(r.ctx, p)
	if err != nil {
		return r.notImported(err)
	}
	return r.took(s)
}

// notImported is an import without a copy.
func (r *run) notImported(err error) error {
	// A run that sent nothing leaves no reason for the next one to search, and none is left
	// where a search has told that there is no copy, long after the token's end.
	invalid := errors.Is(err, didit.ErrInvalidParams)
	if !r.begun && (invalid || errors.Is(err, didit.ErrNotSent) || isAnswer(err)) || r.begun && invalid && errors.Is(err, didit.ErrShareTokenExpired) {
		if err := r.unbegin(); err != nil {
			return err
		}
	}
	if r.ctx.Err() != nil {
		return err
	}
	return r.failed(err)
}

// isAnswer reports whether Didit has plainly refused, so that nothing was made.
func isAnswer(err error) bool {
	_, call := errors.AsType[*didit.CallError](err)
	_, api := errors.AsType[*didit.APIError](err)
	return api && !call
}

// took keeps the copy, and tells the callback of it.
func (r *run) took(s *didit.ImportedSession) error {
	r.SessionID = s.SessionID
	if r.e.config.Imported != nil {
		err := r.keep(verdict{SessionID: s.SessionID, Recovered: s.Recovered, Earlier: s.Earlier, Duplicates: s.Duplicates})
		if err != nil {
			return err
		}
	}
	return r.imported(s, nil)
}

// imported ends the ticket with its copy.
func (r *run) imported(s *didit.ImportedSession, err error) error {
	if err != nil {
		return err
	}
	var callback func(context.Context, *sql.Tx) error
	if f := r.e.config.Imported; f != nil {
		callback = func(ctx context.Context, tx *sql.Tx) error { return f(ctx, tx, &r.Ticket, s) }
	}
	return r.end(StateDone, "", callback)
}

// known is the copy that an earlier run has kept the id of. It is read again: no personal
// data is in the row.
func (r *run) known() (*didit.ImportedSession, error) {
	v := r.verdict
	r.SessionID = v.SessionID
	s := &didit.ImportedSession{Recovered: v.Recovered, Earlier: v.Earlier, Duplicates: v.Duplicates}
	found, err := r.e.client.GetSession(r.ctx, v.SessionID)
	switch {
	case err == nil:
		s.Session = *found
	case r.ctx.Err() != nil || after(err) == wait:
		return nil, &waiting{reason: "the copy could not be read: " + told(err), wait: didit.RetryAfter(err)}
	case after(err) == pause:
		return nil, r.failed(err)
	default:
		// It is there, or was; the callback gets what is known of it.
		s.SessionID, s.VendorData, s.WorkflowID = v.SessionID, r.params.VendorData, r.params.WorkflowID
	}
	if s.SharedFromSession == "" {
		s.SharedFromSession = r.SourceSessionID
	}
	return s, nil
}

// unreadable is a sealed token that somebody has changed.
func (r *run) unreadable(err error) error {
	r.e.config.Logger.ErrorContext(r.ctx, "didit jobs: a sealed token cannot be opened: its row was changed", "ticket", r.ID, "error", err)
	if err := r.claim(false); err != nil {
		return err
	}
	return r.searchThen(func() error {
		return r.refuse(verdict{Code: "token_invalid", Reason: "the sealed token was changed and cannot be opened; import the session with another one"})
	})
}

// stopImport ends an import that an operator wants to end: once it is known whether a copy
// was made. One that was made is the caller's.
func (r *run) stopImport() error {
	if err := r.claim(false); err != nil {
		return err
	}
	if r.begun && r.params.Find == nil {
		return r.end(StateStopped, "stopped by an operator; whether a copy was made cannot be searched for: the token's claims cannot be read", nil)
	}
	reason := "stopped by an operator; no copy was made"
	if r.begun {
		reason = "stopped by an operator; no copy was found"
	}
	return r.searchThen(func() error { return r.end(StateStopped, reason, nil) })
}

// searchThen searches for the copy that an earlier run may have made, and calls none where
// there is none.
func (r *run) searchThen(none func() error) error {
	if !r.begun || r.params.Find == nil {
		return none()
	}
	s, err := r.e.client.FindImportedSession(r.ctx, *r.params.Find)
	switch {
	case err == nil:
		return r.took(s)
	case errors.Is(err, didit.ErrImportNotFound):
		return none()
	case r.ctx.Err() != nil:
		return err
	case after(err) == refuse:
		return &waiting{reason: "whether a copy was made could not be found out: " + told(err), wait: time.Hour, err: err}
	}
	return r.failed(err)
}
