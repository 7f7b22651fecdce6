package handoff

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/didit-go/didit"
)

// ImportPolicy says which envelopes are imported, and how.
type ImportPolicy struct {
	// Partners are the applications that are accepted; none: all that the receiver has
	// secrets for.
	Partners  []string
	Workflows didit.Workflows    // one for each kind that is accepted
	Review    didit.ReviewPolicy // required: it is a compliance decision
	// VendorData is your own reference for the person or company, the same for every
	// delivery; nil: the envelope's Reference. An error that wraps [ErrRejected] rejects
	// the envelope.
	VendorData func(Envelope) (string, error)
}

// Importer returns the receiver's whole job, for [NewReceiver], or for an envelope that
// came another way. An envelope is rejected unless it is for c's application, from a
// partner that is accepted, of a kind that has a workflow, and in agreement with its
// token; so is one whose token Didit will not redeem. Then the session is imported,
// exactly once: an envelope that comes again gets the same session.
//
// done, nil for nobody, is told of the session before the receipt is given; Earlier says
// there that the copy is of long ago. Where done fails, it is told again at the next
// delivery; where its error wraps ErrRejected, the sender is told so, though the copy is
// there.
//
// While the outcome of an import is open, the error is Didit's, and the receiver answers
// that it may pass. Only one import of a source session is under way at a time in this
// process; several machines need a lock of their own.
//
// It panics for a nil client, a policy without Review or without workflows.
//
// https://docs.didit.me/sessions-api/share-session/import
func Importer(c *didit.Client, p ImportPolicy, done func(context.Context, Envelope, *didit.ImportedSession) error) func(context.Context, Envelope) (*Receipt, error) {
	switch {
	case c == nil:
		panic("handoff: Importer without a client")
	case p.Review == "":
		panic("handoff: ImportPolicy without Review: it is a decision that has no default")
	case p.Workflows == didit.Workflows{}:
		panic("handoff: ImportPolicy without Workflows")
	}
	im := &importer{client: c, policy: p, done: done}
	im.policy.Partners = slices.Clone(p.Partners)
	return im.receive
}

type importer struct {
	client   *didit.Client
	policy   ImportPolicy
	done     func(context.Context, Envelope, *didit.ImportedSession) error
	underWay sync.Map // source sessions
}

// rejection is an ErrRejected with a reason in fixed words.
type rejection struct {
	reason string
	err    error
}

func (r *rejection) Error() string { return ErrRejected.Error() + ": " + r.reason }

func (r *rejection) Unwrap() []error {
	if r.err == nil {
		return []error{ErrRejected}
	}
	return []error{ErrRejected, r.err}
}

var errUnderWay = errors.New("handoff: another import of the source session is under way")

func (im *importer) receive(ctx context.Context, e Envelope) (*Receipt, error) {
	if reason := im.refusal(&e); reason != "" {
		return nil, &rejection{reason: reason}
	}
	vendorData := e.Reference
	if im.policy.VendorData != nil {
		var err error
		if vendorData, err = im.policy.VendorData(e); err != nil {
			return nil, err
		}
	}
	if strings.TrimSpace(vendorData) == "" {
		return nil, &rejection{reason: "it has no reference: without vendor data a lost import cannot be found"}
	}
	source := strings.ToLower(e.SourceSessionID)
	if _, busy := im.underWay.LoadOrStore(source, true); busy {
		return nil, errUnderWay
	}
	defer im.underWay.Delete(source)
	s, err := im.client.ImportSharedSession(ctx, didit.ImportSharedSessionParams{
		Token: e.Token, Workflows: im.policy.Workflows, Review: im.policy.Review, VendorData: vendorData,
		SourceSessionID: e.SourceSessionID, FromApplicationIDs: []string{e.FromApplicationID},
		Resume: true, // an earlier delivery may have reached Didit, in another process even
	})
	if err != nil {
		return nil, verdict(ctx, err)
	}
	if im.done != nil {
		if err := im.done(ctx, e, s); err != nil {
			return nil, fmt.Errorf("handoff: imported, but done failed: %w", err)
		}
	}
	return &Receipt{ID: e.ID, Status: StatusImported, SessionID: s.SessionID}, nil
}

// refusal says what is wrong with an envelope before anything is sent.
func (im *importer) refusal(e *Envelope) string {
	same := func(id string) bool { return strings.EqualFold(strings.TrimSpace(id), e.FromApplicationID) }
	workflow := map[didit.SessionKind]string{didit.KindUser: im.policy.Workflows.User, didit.KindBusiness: im.policy.Workflows.Business}
	switch self := im.client.ApplicationID(); {
	case self != "" && !strings.EqualFold(self, e.ForApplicationID):
		return "it is for another application"
	case len(im.policy.Partners) > 0 && !slices.ContainsFunc(im.policy.Partners, same):
		return "it is from a partner that is not accepted"
	case workflow[e.SessionKind] == "":
		return "there is no workflow for its kind of session"
	}
	if _, err := e.Token.Claims(); err != nil {
		return "its token's claims cannot be read"
	}
	if field := e.contradiction(); field != "" {
		return "its token names another " + field
	}
	return ""
}

// verdict tells a refusal of this token, which is the last word, from what may pass: an
// open outcome, a limit, a key or a workflow that somebody has to mend.
func verdict(ctx context.Context, err error) error {
	if errors.Is(err, didit.ErrShareTokenInvalid) && (isFirst(ctx) || !didit.Retryable(err)) {
		return &rejection{reason: "its token cannot be redeemed", err: err}
	}
	if errors.Is(err, didit.ErrAlreadyImported) && !didit.Retryable(err) {
		return &rejection{reason: "its session was imported before, for somebody else", err: err}
	}
	return err
}
