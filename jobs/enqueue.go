package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/didit-go/didit"
)

// ErrConflict is the error of an import whose session has a ticket already, with other
// vendor data, another workflow or another review. Nothing was enqueued.
var ErrConflict = errors.New("jobs: the session has a ticket with other params")

// Import enqueues an import, in a transaction of its own. See [Engine.ImportTx].
func (e *Engine) Import(ctx context.Context, p didit.ImportSharedSessionParams) (*Ticket, error) {
	return e.enqueueAlone(ctx, func(tx *sql.Tx) (*Ticket, error) { return e.ImportTx(ctx, tx, p) })
}

// ImportTx enqueues an import in the transaction of your own rows: either both are there
// after the commit, or neither. tx is one of [Engine.DB]'s.
//
// There is one ticket for each source session and application of yours. A second call
// returns the first's, whatever has become of it; a token that ends later takes the place
// of the one that an open ticket has. A ticket that was refused or stopped is opened anew
// by another token. Else other vendor data, another workflow or another review than the
// ticket has is [ErrConflict], and other vendor data always is once an import may have been
// sent: what that made is searched for by it. SourceSessionID and FromApplicationIDs stay
// those of the first call. Give vendor data: without it an import whose answer is lost cannot be
// found again.
//
// The error is a *[didit.ValidationError] where the params cannot be right. Params.Resume
// says that the token may have been sent before, outside of this engine.
func (e *Engine) ImportTx(ctx context.Context, tx *sql.Tx, p didit.ImportSharedSessionParams) (*Ticket, error) {
	return e.enqueueImport(ctx, sqlTx{&e.Admin, tx}, p)
}

// ImportPgxTx is [Engine.ImportTx] for who has a transaction of pgx, from a pool of their own
// on the engine's database. It fails on SQLite.
func (e *Engine) ImportPgxTx(ctx context.Context, tx pgx.Tx, p didit.ImportSharedSessionParams) (*Ticket, error) {
	if e.pgx == nil {
		return nil, errNoPgx
	}
	return e.enqueueImport(ctx, pgxTx{e, tx}, p)
}

// Share enqueues a share, in a transaction of its own. See [Engine.ShareTx].
func (e *Engine) Share(ctx context.Context, sessionID string, p didit.ShareSessionParams) (*Ticket, error) {
	return e.enqueueAlone(ctx, func(tx *sql.Tx) (*Ticket, error) { return e.ShareTx(ctx, tx, sessionID, p) })
}

// ShareTx enqueues a share in the transaction of your own rows: either both are there
// after the commit, or neither. tx is one of [Engine.DB]'s. The token is minted when the
// ticket's turn comes, and given to Config.Deliver.
//
// While a ticket of the same session and partner is open, a second call returns it, with
// the TTL and status of the first; once that has ended, it makes another.
//
// The error is a *[didit.ValidationError] where the params cannot be right.
func (e *Engine) ShareTx(ctx context.Context, tx *sql.Tx, sessionID string, p didit.ShareSessionParams) (*Ticket, error) {
	return e.enqueueShare(ctx, sqlTx{&e.Admin, tx}, sessionID, p)
}

// SharePgxTx is [Engine.ShareTx] for who has a transaction of pgx, from a pool of their own
// on the engine's database. It fails on SQLite.
func (e *Engine) SharePgxTx(ctx context.Context, tx pgx.Tx, sessionID string, p didit.ShareSessionParams) (*Ticket, error) {
	if e.pgx == nil {
		return nil, errNoPgx
	}
	return e.enqueueShare(ctx, pgxTx{e, tx}, sessionID, p)
}

var errNoPgx = errors.New("jobs: this engine's database is SQLite, which has no transactions of pgx")

// enqueueAlone runs f in a transaction of its own.
func (e *Engine) enqueueAlone(ctx context.Context, f func(*sql.Tx) (*Ticket, error)) (t *Ticket, err error) {
	err = e.database.inTx(ctx, func(tx *sql.Tx) error {
		t, err = f(tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

func (e *Engine) enqueueImport(ctx context.Context, tx enqueuer, p didit.ImportSharedSessionParams) (*Ticket, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	r := &row{
		Ticket: Ticket{Kind: KindImport}, tokenID: p.Token.Fingerprint(), begun: p.Resume,
		params: params{
			WorkflowID: p.WorkflowID, Workflows: p.Workflows, Review: p.Review, VendorData: strings.TrimSpace(p.VendorData),
			SourceSessionID: p.SourceSessionID, FromApplicationIDs: p.FromApplicationIDs,
		},
	}
	subject := "token " + r.tokenID // of a token that only Didit can read
	if claims, err := p.Token.Claims(); err == nil {
		if claims.ForApplicationID != "" && claims.ForApplicationID != e.client.ApplicationID() {
			return nil, refused("Token", "was minted for another application", didit.ErrShareTokenForeign)
		}
		subject, r.SourceSessionID, r.tokenEnds = claims.SessionID, claims.SessionID, claims.ExpiresAt
	}
	if find, err := p.FindParams(); err == nil {
		r.params.Find = &find
	}
	return e.enqueue(ctx, tx, r, subject, p.Token)
}

func (e *Engine) enqueueShare(ctx context.Context, tx enqueuer, sessionID string, p didit.ShareSessionParams) (*Ticket, error) {
	if e.config.Deliver == nil {
		return nil, errors.New("jobs: Share: Config.Deliver is required: nobody would get the token")
	}
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if _, err := uuid.Parse(sessionID); err != nil || len(sessionID) != len(uuid.Nil.String()) {
		return nil, refused("SessionID", "must be a UUID, as in 11111111-2222-3333-4444-555555555555", nil)
	}
	sessionID, partner := strings.ToLower(sessionID), strings.ToLower(p.ForApplicationID)
	if partner == e.client.ApplicationID() {
		return nil, refused("ForApplicationID", "is your own application", didit.ErrSelfShare)
	}
	r := &row{
		Ticket: Ticket{Kind: KindShare, SessionID: sessionID},
		params: params{ForApplicationID: partner, TTLSeconds: int64(p.TTL / time.Second), Status: p.Status},
	}
	return e.enqueue(ctx, tx, r, sessionID+" "+partner, didit.ShareToken{})
}

func refused(field, message string, sentinel error) error {
	return &didit.ValidationError{Problems: []didit.Problem{{Field: field, Message: message, Err: sentinel}}}
}

// enqueue inserts a ticket and its job, or returns the ticket that is there.
func (e *Engine) enqueue(ctx context.Context, tx enqueuer, r *row, subject string, token didit.ShareToken) (*Ticket, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("jobs: no random numbers: %w", err)
	}
	r.application, r.ID, r.State, r.CreatedAt = e.client.ApplicationID(), id.String(), StateQueued, instant(time.Now().UnixMilli())
	stored, err := json.Marshal(r.params)
	if err != nil {
		return nil, errors.New("jobs: the params cannot be stored as JSON")
	}
	if !token.IsZero() {
		r.token = e.config.Sealer.seal(r.ID, token)
	}
	for {
		inserted, err := tx.exec(ctx, insertTicket, subject, r.application, r.ID, string(r.Kind), string(stored), r.SessionID,
			r.SourceSessionID, string(r.State), r.token, r.tokenID, millis(r.tokenEnds), begunElsewhere*flag(r.begun), millis(r.CreatedAt))
		if err != nil {
			return nil, fmt.Errorf("jobs: the ticket could not be stored: %w", err)
		}
		if inserted == 1 {
			if err := addJob(ctx, tx, r); err != nil {
				return nil, err
			}
			return &r.Ticket, nil
		}
		there, err := scan(tx.row(ctx, selectSubject, r.application, subject, string(r.Kind)))
		switch {
		case errors.Is(err, sql.ErrNoRows):
			continue // a share that has ended meanwhile
		case err != nil:
			return nil, err
		case r.Kind == KindShare:
			return &there.Ticket, nil
		}
		return e.again(ctx, tx, there, r, stored, token)
	}
}

const (
	insertTicket = `INSERT INTO {didit}didit_tickets (subject, ` + columns + `)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '', $9, $10, $11, $12, 0, '', '', 0, 0, 0, $13, 0) ON CONFLICT DO NOTHING`

	selectSubject = `SELECT ` + columns + ` FROM {didit}didit_tickets
WHERE application_id = $1 AND subject = $2 AND kind = $3 AND (kind = 'import' OR ` + isOpen + `) {lock}`
)

// again is an import of a session that has a ticket.
func (e *Engine) again(ctx context.Context, tx enqueuer, there, r *row, stored []byte, token didit.ShareToken) (*Ticket, error) {
	other := there.tokenID != r.tokenID
	reopen := other && (there.State == StateRefused || there.State == StateStopped)
	what := there.params.conflict(r.params)
	if what != "" && !reopen || what == vendorData && there.begun {
		return nil, fmt.Errorf("%w: ticket %s, other %s", ErrConflict, there.ID, what)
	}
	if r.begun && (reopen || there.State.Open()) {
		if _, err := tx.exec(ctx, `UPDATE {didit}didit_tickets SET begun = $1 WHERE id = $2`, begunElsewhere, there.ID); err != nil {
			return nil, wrap("that it was begun could not be stored", err)
		}
	}
	if !reopen && (!other || !there.State.Open() || !r.tokenEnds.After(there.tokenEnds)) {
		return &there.Ticket, nil
	}
	sealed := e.config.Sealer.seal(there.ID, token)
	_, err := tx.exec(ctx, `UPDATE {didit}didit_tickets SET token = $1, token_id = $2, token_ends_ms = $3,
verdict = CASE WHEN session_id = '' THEN '' ELSE verdict END WHERE id = $4`,
		sealed, r.tokenID, millis(r.tokenEnds), there.ID)
	switch {
	case err != nil:
		return nil, wrap("the token could not be stored", err)
	case !reopen:
		return &there.Ticket, nil
	}
	// begun stays: what an earlier token may have made is searched for.
	_, err = tx.exec(ctx, `UPDATE {didit}didit_tickets SET params = $1, state = 'queued', reason = '', stop = 0, verdict = '', run = '', wait_ms = 0, done_ms = 0
WHERE id = $2`, string(stored), there.ID)
	if err != nil {
		return nil, wrap("the ticket could not be opened anew", err)
	}
	if err := addJob(ctx, tx, there); err != nil {
		return nil, err
	}
	there.State, there.Reason, there.WaitUntil, there.DoneAt = StateQueued, "", time.Time{}, time.Time{}
	return &there.Ticket, nil
}

// vendorData is what a copy is searched by: a ticket that may have one keeps it.
const vendorData = "vendor data"

// conflict names what differs between the params of two imports of one session.
func (p params) conflict(other params) string {
	switch {
	case p.VendorData != other.VendorData:
		return vendorData
	case !strings.EqualFold(p.WorkflowID, other.WorkflowID),
		!strings.EqualFold(p.Workflows.User, other.Workflows.User), !strings.EqualFold(p.Workflows.Business, other.Workflows.Business):
		return "workflow"
	case p.Review != other.Review:
		return "review"
	}
	return ""
}

// addJob gives a ticket a job of River's.
func addJob(ctx context.Context, tx enqueuer, r *row) error {
	id, err := tx.job(ctx, jobArgs(&r.Ticket), insertOpts(r.application))
	if err != nil {
		return wrap("the job could not be stored", err)
	}
	_, err = tx.exec(ctx, `UPDATE {didit}didit_tickets SET job_id = $1 WHERE id = $2`, id, r.ID)
	return wrap("the ticket could not be stored", err)
}
