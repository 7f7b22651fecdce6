package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/pace"
)

// Config says what an engine works with.
type Config struct {
	// Options are those of this application's client, [didit.WithApplicationID] included.
	// The engine paces the client ([pace.Adaptive], unless you give a limiter), bounds an
	// attempt to 15 s (a longer bound outlasts a run) and turns the client's own retries
	// off: it waits itself, without holding a worker.
	Options []didit.Option
	// Sealer encrypts share tokens at rest. It is required, with the same keys in every
	// process.
	Sealer *Sealer
	// Imported is called once a copy is there, in the transaction that ends the ticket:
	// what you change in tx is changed exactly once. Where it fails it is called again,
	// and the import is not made again. A copy that was deleted in between has its id alone,
	// and what was asked for. nil: nobody is told.
	//
	// On SQLite tx holds the only writer. Write with tx alone, enqueue with ImportTx and
	// ShareTx; reading through [Engine.DB] waits for nothing, a call of [Engine.River]'s would
	// wait for itself.
	Imported func(ctx context.Context, tx *sql.Tx, t *Ticket, s *didit.ImportedSession) error
	// Deliver hands a token over to the partner, at least once, before a share's ticket
	// ends. Where it fails it is called again, with the same token while that lives. An
	// error that wraps [handoff.ErrRejected] is the partner's last word. It is required for
	// shares.
	Deliver func(ctx context.Context, t *Ticket, s *didit.SharedSession) error
	// Refused is called for a ticket that will not be tried again, in the transaction that
	// ends it, as Imported is. The error matches the sentinel of package didit that says
	// why. nil: nobody is told.
	Refused func(ctx context.Context, tx *sql.Tx, t *Ticket, err error) error
	// Workers is how many tickets this process works on at a time; 0: 8.
	Workers int
	// Register adds workers for jobs of your own, in queues that you add with
	// [Engine.River]'s Queues. Register the same in every process: any of them may be the
	// one that discards stuck jobs of kinds that it does not know. nil: none.
	Register func(*river.Workers)
	// Logger gets what the engine and River have to say; nil: silent.
	Logger *slog.Logger
}

// Engine runs the tickets of one application on a database. Any number of goroutines may
// use it, but Start, Stop and Close are called by one at a time. Any number of processes may
// have an engine on the same database.
type Engine struct {
	Admin
	config Config
	client *didit.Client
	pacer  *pace.Pacer           // the client's, unless Options have a limiter
	pgx    *river.Client[pgx.Tx] // inserts alone; nil on SQLite

	working         context.Context //nolint:containedctx // of the last Start: has its end begun?
	stopReconciling context.CancelFunc
	background      sync.WaitGroup
}

// Open connects to a database and makes or migrates the tables: "sqlite:path/to/file" for
// a file on this machine, which several of its processes may share, or
// "postgres://user@host/name" for many machines, in a schema of its own, "didit". It
// starts nothing but connections; [Engine.Start] begins the work, and an engine that only
// enqueues does without.
//
// It fails, and changes nothing, where the database cannot be reached or is of a newer
// release. It fails, too, where open tickets of the application were sealed with a key that
// the Sealer does not have. It may be called by any number of processes at once.
func Open(ctx context.Context, databaseURL string, cfg Config) (*Engine, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Workers == 0 {
		cfg.Workers = 8
	}
	switch {
	case cfg.Sealer == nil || len(cfg.Sealer.keys) == 0:
		return nil, errors.New("jobs: Open: Config.Sealer is required: make one with NewSealer")
	case cfg.Workers < 0 || cfg.Workers > river.QueueNumWorkersMax:
		return nil, fmt.Errorf("jobs: Open: Config.Workers must be 1 to %d", river.QueueNumWorkersMax)
	}
	pacer := pace.Adaptive()
	options := []didit.Option{didit.WithLimiter(pacer), didit.WithAttemptTimeout(attemptTimeout)}
	options = append(options, cfg.Options...)
	client, err := didit.NewClient(append(options, didit.WithMaxRetries(0), didit.WithMaxRetryAfter(0))...)
	if err != nil {
		return nil, fmt.Errorf("jobs: Open: Config.Options: %w", err)
	}
	if client.ApplicationID() == "" {
		return nil, errors.New("jobs: Open: Config.Options must have WithApplicationID: a ticket is one of an application's")
	}
	d, err := openDatabase(ctx, databaseURL, cfg.Workers+8, true)
	if err != nil {
		return nil, err
	}
	e := &Engine{Admin: Admin{database: d}, config: cfg, client: client, pacer: pacer}
	if err := e.open(ctx); err != nil {
		_ = d.close()
		return nil, err
	}
	cfg.Logger.InfoContext(ctx, "didit jobs: opened", "database", d, "workers", cfg.Workers)
	return e, nil
}

func (e *Engine) open(ctx context.Context) (err error) {
	logger := e.config.Logger
	if err := e.database.migrate(ctx, logger); err != nil {
		return err
	}
	if err := e.checkKeys(ctx); err != nil {
		return err
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker[importJob]{engine: e})
	river.AddWorker(workers, &worker[shareJob]{engine: e})
	if e.config.Register != nil {
		e.config.Register(workers)
	}
	e.river, err = river.NewClient(e.database.driver, riverConfig(e.database.schema, e.client.ApplicationID(), e.config.Workers, logger, workers))
	if err != nil {
		return fmt.Errorf("jobs: Open: %w", err)
	}
	if e.database.schema != "" {
		e.pgx, err = river.NewClient(riverpgxv5.New(nil), &river.Config{Schema: e.database.schema, Logger: logger})
		if err != nil {
			return fmt.Errorf("jobs: Open: %w", err)
		}
	}
	return nil
}

// checkKeys fails where an open ticket was sealed with a key that is not here.
func (e *Engine) checkKeys(ctx context.Context) error {
	rows, err := e.database.shared.QueryContext(ctx, e.database.text(
		`SELECT DISTINCT SUBSTR(token, 1, `+strconv.Itoa(headLength)+`) FROM {didit}didit_tickets WHERE application_id = $1 AND token IS NOT NULL AND `+isOpen), e.client.ApplicationID())
	if err != nil {
		return fmt.Errorf("jobs: Open: the tickets could not be read: %w", err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	for rows.Next() {
		var head []byte
		if err := rows.Scan(&head); err != nil {
			return fmt.Errorf("jobs: Open: the tickets could not be read: %w", err)
		}
		if !e.config.Sealer.has(head) {
			return errors.New("jobs: Open: open tickets have tokens that were sealed with a key which Config.Sealer does not have: give it as a further key to NewSealer")
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("jobs: Open: the tickets could not be read: %w", err)
	}
	return nil
}

// Start begins the work, and resumes the queue if a refused key has paused it, not if an
// operator has. Without it tickets are stored and stay queued. The engine stops when ctx
// ends, as [Engine.Stop] stops it, and may be started again; a second Start while it works
// does no harm. After a Stop that was cut off it waits until what was under way has ended,
// or ctx has.
func (e *Engine) Start(ctx context.Context) error {
	if err := e.reconcile(ctx); err != nil {
		return fmt.Errorf("jobs: Start: %w", err)
	}
	if err := e.resumePaused(ctx); err != nil {
		return fmt.Errorf("jobs: Start: the queue that a refused key has paused could not be resumed: %w", err)
	}
	if e.working != nil && e.working.Err() != nil {
		// River would not begin while it still ends, and say nothing.
		select {
		case <-e.river.Stopped():
		case <-ctx.Done():
			return fmt.Errorf("jobs: Start: what was under way has not ended yet: %w", ctx.Err())
		}
	}
	if err := e.river.Start(ctx); err != nil {
		return fmt.Errorf("jobs: Start: %w", err)
	}
	if e.stopReconciling != nil {
		e.stopReconciling() // of an earlier Start
	}
	ctx, e.stopReconciling = context.WithCancel(ctx)
	e.working = ctx
	e.background.Go(func() { e.reconcileEveryMinute(ctx) })
	return nil
}

// Stop ends the work: nothing new is begun, what is under way has 20 s to finish and is
// handed back after that. It returns within 30 s, or when ctx ends, whichever is first;
// what has not ended by then is cut off. The engine can still be asked and enqueue.
func (e *Engine) Stop(ctx context.Context) error {
	if e.stopReconciling == nil {
		return nil
	}
	e.stopReconciling()
	e.background.Wait()
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	err := e.river.Stop(ctx)
	if err != nil {
		_ = e.river.StopAndCancel(ctx) // ctx has ended: it only cuts off
		return fmt.Errorf("jobs: Stop: what is under way was cut off: %w", err)
	}
	return nil
}

// Close ends the work without waiting for it, and the connections. After [Engine.Stop] it
// only does the latter. It may be called again.
func (e *Engine) Close() error {
	ended, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if e.stopReconciling != nil {
		e.stopReconciling()
		e.background.Wait()
		_ = e.river.StopAndCancel(ended)
	}
	return e.Admin.Close()
}
