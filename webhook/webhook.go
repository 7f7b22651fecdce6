// Package webhook verifies, decodes and receives Didit's webhooks.
//
// Partner A learns by webhook that a session is finished and may be shared, Partner B
// what became of a copy that it reviews again. A receiver is one handler:
//
//	verifier, err := webhook.NewVerifier(os.Getenv("DIDIT_WEBHOOK_SECRET"))
//	if err != nil {
//		return err
//	}
//	http.Handle("POST /didit", verifier.Handler(
//		func(ctx context.Context, e *webhook.Event) error {
//			return inbox.Add(ctx, e.SessionID) // after an error Didit tries again
//		},
//		webhook.ForApplication(applicationID), // your own
//		webhook.LiveOnly(),
//		webhook.WithDeduplication(webhook.NewMemoryStore(10_000)),
//		webhook.WithLogger(slog.Default()),
//	))
//
// # Record, acknowledge, work elsewhere
//
// Didit hangs up after 5 seconds. After a 5xx, a 404 or no answer it tries again twice,
// about a minute and then four more minutes later, and then drops the event. So the
// callback only records which session to read. Other code does the work.
//
// # Late and lost events
//
// An event can come late, twice, after a newer one, or never. It is a reason to read
// a session, and not its state: read the session again with [didit.Client.GetSession]
// and store what that says, one reader per session at a time. Then an older event never
// overwrites a newer state. Event.Timestamp does not order events, because a resend
// carries a new one.
//
// What was never delivered is found by listing: go through [didit.Client.ListSessions]
// now and then, and compare with your records. examples/reconcile shows
// all of it.
//
// # What is believed
//
// Nothing of a delivery is used before its signature was verified, and then only the
// text that was signed. A signature does not say whom an event is for: ForApplication
// and LiveOnly leave out other applications' events, sandbox events and tests.
//
// Didit sends one event without a signature, kyb.registry_search.resolved. It is
// refused like everything that is not signed.
//
// Logs and printed values hold ids, types and statuses, never what is in a delivery.
//
// Signatures are those of Didit's public documentation and of a receiver that Didit
// publishes. They were not verified against the live service. No page says that a share
// or an import sends an event: do not wait for one.
//
// https://docs.didit.me/integration/webhooks
package webhook

import "errors"

// Why a delivery is refused, for [errors.Is]. No error quotes the delivery.
var (
	// ErrMissingSignature means that there is neither X-Signature-V2 nor X-Signature.
	// X-Signature-Simple alone does not count, because it leaves out the decision.
	ErrMissingSignature = errors.New("webhook: no signature that covers the body")
	// ErrSignature means that no signature fits, with the current or the previous
	// secret.
	ErrSignature = errors.New("webhook: the signature does not fit: another secret, or the body was changed on its way")
	// ErrStale means that the body's timestamp is missing, too old or ahead, or that an
	// X-Timestamp that was sent is unreadable, too old or ahead.
	ErrStale = errors.New("webhook: not fresh")
	// ErrMalformed means that the body is signed, but is not an event, or can be read
	// in two ways, or is too large to decode.
	ErrMalformed = errors.New("webhook: not an event")
)
