package bulk

import (
	"context"
	"iter"
	"strings"

	"github.com/didit-go/didit"
)

// ImportItem is one share token to be redeemed.
type ImportItem struct {
	ID     string // your own, unique in the run, and recorded; "" is the token's source session
	Params didit.ImportSharedSessionParams
}

// ImportResult is your own copy of a session, or why there is none.
type ImportResult = Result[ImportItem, didit.ImportedSession]

// Import imports the sessions of a sequence with [didit.Client.ImportSharedSession].
// Nothing runs before [Run.All] is ranged over.
//
// An item is tried again with Resume. With a Checkpoint every item needs VendorData:
// without it nothing that was lost is found again, so such an item is refused. The
// token of an item may be another one in the next run, as long as its source session
// and the vendor data are the same.
//
// Two items of one source session under different ids are two imports. Didit is
// documented to refuse the second.
//
// https://docs.didit.me/sessions-api/share-session/import
func Import(ctx context.Context, c *didit.Client, items iter.Seq2[ImportItem, error], o Options) *Run[ImportItem, didit.ImportedSession] {
	return &Run[ImportItem, didit.ImportedSession]{ctx: ctx, items: items, options: o, kind: importing{c}}
}

// importing is what a run of imports does with an item.
type importing struct{ client *didit.Client }

func (importing) id(i ImportItem) (string, error) {
	if i.ID != "" {
		return i.ID, nil
	}
	claims, err := i.Params.Token.Claims()
	return claims.SessionID, err
}

// begin refuses what could not be sent, so that it is not recorded as begun. The session of a
// share's record is the token's source, that of an import's is the copy.
func (importing) begin(i ImportItem, known *Record) (*Record, error) {
	p := i.Params
	claims, _ := p.Token.Claims() // those that cannot be read are no error
	switch {
	case known == nil:
	case known.SessionID != "" && strings.EqualFold(known.SessionID, claims.SessionID):
		return nil, refuse("Options.Checkpoint", "is of a run of shares: give imports one of their own")
	case known.State == Done:
		return nil, nil //nolint:nilnil // nothing follows
	default:
		p.Resume = true
	}
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if strings.TrimSpace(p.VendorData) == "" {
		return nil, refuse("VendorData", "is required with a Checkpoint: without it an import whose answer is lost is not found again")
	}
	return &Record{SourceSessionID: claims.SessionID}, nil
}

func (im importing) call(ctx context.Context, i ImportItem, resume bool) (*didit.ImportedSession, error) {
	p := i.Params
	p.Resume = p.Resume || resume
	return im.client.ImportSharedSession(ctx, p)
}

func (importing) done(v *didit.ImportedSession) Record {
	return Record{SessionID: v.SessionID, SourceSessionID: v.SharedFromSession}
}
