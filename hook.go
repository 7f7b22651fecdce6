package didit

import "context"

// CallHook runs around each call of a client's methods, retries and searches included,
// for spans and metrics. It is given the name of the method, "ShareSession", as the log
// has it. It returns the context that the call goes on with, and a function that is
// given what became of the call at its end: the outcome, and the error that the caller
// gets, nil for AuditOK and AuditRecovered.
//
// Params that are refused locally are calls too. A walk of [Client.ListSessions] or
// [Client.ListReviews] is one call, from its first request to its end.
//
// Both functions run on the calling goroutine; any number of calls use a hook at once.
// A nil context leaves the call its own; a nil function is not called.
type CallHook func(ctx context.Context, operation string) (context.Context, func(AuditOutcome, error))
