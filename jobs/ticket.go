package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/didit-go/didit"
)

// Ticket is one share or one import: what it is of, how far it is, and what became of
// it. It holds no token, vendor data or personal data, and may be printed and stored.
type Ticket struct {
	ID              string    `json:"id"` // of letters, digits and dashes: good as the ID of a handoff.Envelope
	Kind            Kind      `json:"kind"`
	State           State     `json:"state"`
	SessionID       string    `json:"session_id,omitempty"`        // share: the session; import: the copy, once known
	SourceSessionID string    `json:"source_session_id,omitempty"` // import: what is copied, where the token says so
	Reason          string    `json:"reason,omitempty"`            // why it waits, or was refused or stopped; in words of this package alone
	WaitUntil       time.Time `json:"wait_until,omitzero"`         // zero unless it waits
	CreatedAt       time.Time `json:"created_at"`
	DoneAt          time.Time `json:"done_at,omitzero"` // when it ended; zero while it is open
	Attempts        int       `json:"attempts"`         // runs so far
}

// Kind is what a ticket is for.
type Kind string

// The kinds.
const (
	KindShare  Kind = "share"
	KindImport Kind = "import"
)

// State is how far a ticket is. The first three are open, the others are its end.
type State string

// The states.
const (
	StateQueued  State = "queued"  // the next free worker takes it
	StateRunning State = "running" // a worker has it
	StateWaiting State = "waiting" // it is tried again at WaitUntil
	StateDone    State = "done"    // shared and delivered, or imported, and the callback took it
	StateRefused State = "refused" // will not be tried again
	StateStopped State = "stopped" // an operator's
)

// Open reports whether a ticket in this state may still change.
func (s State) Open() bool {
	return s == StateQueued || s == StateRunning || s == StateWaiting
}

// ErrNoTicket is the error of an id that no ticket has.
var ErrNoTicket = errors.New("jobs: there is no such ticket")

// row is a ticket as it is stored.
type row struct {
	Ticket
	application string // whose it is
	params      params
	token       []byte // sealed
	tokenID     string
	tokenEnds   time.Time
	begun       bool
	stop        bool
	verdict     verdict
	owner       string // the run that has it
	jobID       int64
}

// params are what a ticket was enqueued with, but for the token. Their JSON is a stored
// format.
type params struct {
	WorkflowID         string             `json:"workflow_id,omitempty"`
	Workflows          didit.Workflows    `json:"workflows,omitzero"`
	Review             didit.ReviewPolicy `json:"review,omitempty"`
	VendorData         string             `json:"vendor_data,omitempty"`
	SourceSessionID    string             `json:"source_session_id,omitempty"`
	FromApplicationIDs []string           `json:"from_application_ids,omitempty"`

	// Find is what the copy is searched by where the token cannot be opened; nil where its
	// claims cannot be read.
	Find *didit.FindImportedSessionParams `json:"find,omitempty"`

	ForApplicationID string              `json:"for_application_id,omitempty"`
	TTLSeconds       int64               `json:"ttl_seconds,omitempty"`
	Status           didit.SessionStatus `json:"status,omitempty"`
}

const columns = `application_id, id, kind, params, session_id, source_session_id, state, reason, token, token_id, token_ends_ms, begun, stop, verdict, run, attempts, job_id, wait_ms, created_ms, done_ms`

// scan reads the columns. With a *damagedError the Ticket is there all the same.
func scan(from interface{ Scan(...any) error }) (*row, error) {
	var (
		r                                    row
		stored, verdict                      string
		begun, stop, ends, wait, made, ended int64
	)
	err := from.Scan(&r.application, &r.ID, &r.Kind, &stored, &r.SessionID, &r.SourceSessionID, &r.State, &r.Reason, &r.token, &r.tokenID, &ends,
		&begun, &stop, &verdict, &r.owner, &r.Attempts, &r.jobID, &wait, &made, &ended)
	if err != nil {
		return nil, wrap("the ticket could not be read", err)
	}
	if json.Unmarshal([]byte(stored), &r.params) != nil || verdict != "" && json.Unmarshal([]byte(verdict), &r.verdict) != nil {
		err = &damagedError{r.ID} // the Ticket is whole
	}
	r.begun, r.stop = begun != 0, stop != 0
	r.tokenEnds, r.WaitUntil, r.CreatedAt, r.DoneAt = instant(ends), instant(wait), instant(made), instant(ended)
	return &r, err
}

// damagedError is a row that somebody has changed. No other ticket is the worse for it.
type damagedError struct{ id string }

func (e *damagedError) Error() string {
	return fmt.Sprintf("jobs: the row of ticket %s was changed and cannot be read", e.id)
}

func isDamaged(err error) bool {
	_, damaged := errors.AsType[*damagedError](err)
	return damaged
}

// instant is the time of stored milliseconds.
func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// millis is a time as it is stored.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// flag is a bool as it is stored.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// read returns the ticket of an id; a transaction may lock it.
func (d *database) read(ctx context.Context, q interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}, id, lock string) (*row, error) {
	r, err := scan(q.QueryRowContext(ctx, d.text(`SELECT `+columns+` FROM {didit}didit_tickets WHERE id = $1 `+lock), id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNoTicket
	}
	return r, err
}

// Ticket returns the ticket of an id. The error is [ErrNoTicket] where there is none.
func (a *Admin) Ticket(ctx context.Context, id string) (*Ticket, error) {
	r, err := a.database.read(ctx, a.database.shared, id, "")
	if err != nil && !isDamaged(err) {
		return nil, err
	}
	return &r.Ticket, nil
}

// Tickets yields the tickets in a state, oldest first; "" is every state. It ends with
// the first error. The sequence may be ranged over again, and reads again.
func (a *Admin) Tickets(ctx context.Context, state State) iter.Seq2[*Ticket, error] {
	const page = 200
	query := `SELECT ` + columns + ` FROM {didit}didit_tickets WHERE id > $1`
	if state != "" {
		query += ` AND state = $2`
	}
	query += ` ORDER BY id LIMIT ` + strconv.Itoa(page) // an id begins with the time when it was made
	return func(yield func(*Ticket, error) bool) {
		last := ""
		for {
			args := []any{last}
			if state != "" {
				args = append(args, string(state))
			}
			tickets, err := a.page(ctx, query, args)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, t := range tickets {
				if !yield(t, nil) {
					return
				}
				last = t.ID
			}
			if len(tickets) < page {
				return
			}
		}
	}
}

func (a *Admin) page(ctx context.Context, query string, args []any) (tickets []*Ticket, err error) {
	rows, err := a.database.shared.QueryContext(ctx, a.database.text(query), args...)
	if err != nil {
		return nil, unread(err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	for rows.Next() {
		r, err := scan(rows)
		if err != nil && !isDamaged(err) {
			return nil, err
		}
		tickets = append(tickets, &r.Ticket)
	}
	return tickets, unread(rows.Err())
}

// Count returns how many tickets are in each state; a state that none is in is not there.
func (a *Admin) Count(ctx context.Context) (map[State]int, error) {
	rows, err := a.database.shared.QueryContext(ctx, a.database.text(`SELECT state, COUNT(*) FROM {didit}didit_tickets GROUP BY state`))
	if err != nil {
		return nil, unread(err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	count := make(map[State]int)
	for rows.Next() {
		var (
			state State
			n     int
		)
		if err := rows.Scan(&state, &n); err != nil {
			return nil, unread(err)
		}
		count[state] = n
	}
	return count, unread(rows.Err())
}

func unread(err error) error { return wrap("the tickets could not be read", err) }
