package handoff

import (
	"context"
	"encoding/json"
	"net/http"
)

// NewReceiver makes B's side of a push: a handler that gives each envelope to f, once.
// self is the id of this application. f is [Importer]'s function, or your own:
//
//   - A receipt ends the hand-off; a second delivery gets the same one. An empty ID is
//     filled in.
//   - An error that wraps [ErrRejected] ends it too, and is remembered.
//   - Any other error, and a panic, means that it may pass: the sender tries again, after
//     what the error asks for where it is one of package didit.
//
// f is not called for an envelope that has expired. Its context ends after 110 s and not
// when the sender hangs up. A delivery that comes meanwhile is answered 503.
//
// The error is a *[didit.ValidationError] that names every bad argument.
func NewReceiver(self string, secrets Secrets, f func(context.Context, Envelope) (*Receipt, error), opts ...Option) (http.Handler, error) {
	e, err := newEndpoint(self, secrets, f != nil, opts)
	if err != nil {
		return nil, err
	}
	e.accepts, e.action = typePush, AuditReceive
	e.handle = func(ctx context.Context, m *message) answer {
		receipt, err := f(ctx, *m.envelope())
		if err != nil {
			return failed(err)
		}
		if receipt == nil {
			return later(codeLater, "the callback returned neither a receipt nor an error", nil)
		}
		given := *receipt
		if given.ID == "" {
			given.ID = m.ID
		}
		if problem := given.problem(m.ID); problem != "" {
			return later(codeLater, "the callback's receipt "+problem, nil)
		}
		return received(&given, AuditOK)
	}
	return e, nil
}

func received(r *Receipt, outcome AuditOutcome) answer {
	body, err := json.Marshal(r)
	if err != nil {
		return later(codeLater, "the receipt could not be encoded", err)
	}
	return answer{status: http.StatusOK, body: body, receipt: r, outcome: outcome}
}

// repeated answers with the receipt that an earlier delivery got.
func repeated(id string, stored []byte) answer {
	r, err := readReceipt(stored)
	if err != nil || r.problem(id) != "" {
		return later(codeLater, "the replay store gave no receipt", err)
	}
	return received(r, AuditRepeated)
}
