// Package jobs shares and imports on many machines: as jobs on [River], which are stored in
// a SQLite file or in PostgreSQL and outlive every process that works on them.
//
// [Engine.ImportTx] enqueues an import in the transaction of your own row, and
// Config.Imported changes that row in the transaction that ends the ticket, so that it
// changes exactly once, whatever dies in between:
//
//	sealer, err := jobs.NewSealer(key) // 32 random bytes, the same on every machine
//	engine, err := jobs.Open(ctx, "postgres://didit@db/bank", jobs.Config{
//		Options: []didit.Option{didit.WithApplicationID(id)}, // and DIDIT_API_KEY
//		Sealer:  sealer,
//		Imported: func(ctx context.Context, tx *sql.Tx, t *jobs.Ticket, s *didit.ImportedSession) error {
//			_, err := tx.ExecContext(ctx, `UPDATE customers SET session = $1 WHERE ticket = $2`, s.SessionID, t.ID)
//			return err
//		},
//	})
//	err = engine.Start(ctx) // until then tickets are stored, and stay queued
//
// # What a ticket goes through
//
// A [Ticket] is queued, running and, where something stood in the way, waiting; it ends
// done, refused or stopped. The ticket decides and not River's job: a job that was
// discarded, deleted or cancelled behind the engine's back is put back within a minute,
// and of two that work on one ticket only one ends it.
//
// What may pass, waits without a worker: a limit, an outage, an import whose outcome is
// open. Where the API key is refused, or lacks a right, the queue is paused and no ticket
// ends. Only what Didit refuses of the token or the params is the last word, and a token
// that ended before its ticket's turn came. An import that was begun is searched for, until
// 10 minutes after its token's end.
//
// A worker that dies is noticed after two minutes, and its ticket is worked on within three.
// The clocks of the machines have to agree to within 30 s. The mark that a request may have
// reached Didit is written before it is sent: the next run searches before it sends.
//
// # What is stored
//
// Share tokens are sealed (AES-256-GCM, bound to their ticket) and removed when the ticket
// ends. The rows hold ids, vendor data and the params, and nothing else about a person; a
// job holds the ticket's id. Tickets are kept for good: a second import of a session finds
// its first one.
//
// For the record of who got whose data give [didit.WithAuditHook] among Config.Options.
//
// Didit's side of it is on https://docs.didit.me/sessions-api/share-session.
//
// [River]: https://riverqueue.com
package jobs
