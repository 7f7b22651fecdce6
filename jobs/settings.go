package jobs

import (
	"context"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// queue is River's queue of the tickets' jobs.
const queue = "didit"

const (
	// attemptTimeout bounds one request, so that an import with all of its searches (75 s)
	// ends within jobTimeout.
	attemptTimeout = 15 * time.Second
	jobTimeout     = 90 * time.Second
	// rescueAfter is when a job whose worker died is given back. The default of an hour
	// would leave a person waiting for it. It has to be past the end of the longest run.
	rescueAfter = jobTimeout + 30*time.Second
	// maxAttempts is out of reach: a discarded job is a lost person. Waiting does not count
	// as an attempt anyway.
	maxAttempts = 10_000
	// softStop is how long a run may go on once the engine stops, stopTimeout how long the
	// engine waits for all of them.
	softStop    = 20 * time.Second
	stopTimeout = 30 * time.Second
	// keep is for what an operator has to see: cancelled and discarded jobs.
	keep = -1
)

var insertOpts = &river.InsertOpts{Queue: queue, MaxAttempts: maxAttempts}

// riverConfig is the configuration of a client of River's that works.
func riverConfig(schema string, workers int, logger *slog.Logger, w *river.Workers) *river.Config {
	return &river.Config{
		Schema:                      schema,
		Logger:                      logger,
		Workers:                     w,
		Queues:                      map[string]river.QueueConfig{queue: {MaxWorkers: workers}},
		JobTimeout:                  jobTimeout,
		RescueStuckJobsAfter:        rescueAfter,
		SoftStopTimeout:             softStop,
		MaxAttempts:                 maxAttempts,
		RetryPolicy:                 minutely{},
		CancelledJobRetentionPeriod: keep,
		DiscardedJobRetentionPeriod: keep,
		// A callback that ignores its context would keep its worker for ever.
		JobStuckHandler: func(_ context.Context, _ river.JobStuckHandlerParams) river.JobStuckHandlerResult {
			return river.JobStuckHandlerResult{AddWorkerSlot: true}
		},
	}
}

// minutely is when a job is tried again that has failed by itself: its worker died, or
// the database did not take its end.
type minutely struct{}

func (minutely) NextRetry(*rivertype.JobRow) time.Time { return time.Now().Add(time.Minute) }
