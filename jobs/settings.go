package jobs

import (
	"context"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// queue is River's queue of an application's jobs. Each has one of its own: the engine of
// another application, on the same database, has another key.
func queue(applicationID string) string { return queuePrefix + applicationID }

const queuePrefix = "didit-"

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

func insertOpts(applicationID string) *river.InsertOpts {
	return &river.InsertOpts{Queue: queue(applicationID), MaxAttempts: maxAttempts}
}

// riverConfig is the configuration of a client of River's that works.
func riverConfig(schema, applicationID string, workers int, logger *slog.Logger, w *river.Workers) *river.Config {
	return &river.Config{
		Schema:                      schema,
		Logger:                      logger,
		Workers:                     w,
		Queues:                      map[string]river.QueueConfig{queue(applicationID): {MaxWorkers: workers}},
		JobTimeout:                  jobTimeout,
		RescueStuckJobsAfter:        rescueAfter,
		SoftStopTimeout:             softStop,
		MaxAttempts:                 maxAttempts,
		RetryPolicy:                 soon{},
		CancelledJobRetentionPeriod: keep,
		DiscardedJobRetentionPeriod: keep,
		// A callback that ignores its context would keep its worker for ever.
		JobStuckHandler: func(_ context.Context, _ river.JobStuckHandlerParams) river.JobStuckHandlerResult {
			return river.JobStuckHandlerResult{AddWorkerSlot: true}
		},
	}
}

// soon is when a job is tried again that River had to take up: its worker died, which was
// waited for long enough, or the database did not take its end.
type soon struct{}

func (soon) NextRetry(job *rivertype.JobRow) time.Time {
	return time.Now().Add(min(time.Second<<min(len(job.Errors), 6), time.Minute))
}
