package bulk

import (
	"context"
	"iter"

	"github.com/didit-go/didit"
)

// ShareItem is one session to be shared.
type ShareItem struct {
	ID        string // your own, unique in the run, and recorded; "" is SessionID
	SessionID string
	Params    didit.ShareSessionParams
}

// ShareResult is a share token, or why there is none.
type ShareResult = Result[ShareItem, didit.SharedSession]

// Share shares the sessions of a sequence with [didit.Client.ShareSession]. Nothing
// runs before [Run.All] is ranged over.
//
// A token is minted when its item's turn comes, and at most two for each worker wait
// for the loop. Tokens age from then on: deliver each in the body, rather than collect
// them.
//
// https://docs.didit.me/sessions-api/share-session/share
func Share(ctx context.Context, c *didit.Client, items iter.Seq2[ShareItem, error], o Options) *Run[ShareItem, didit.SharedSession] {
	return &Run[ShareItem, didit.SharedSession]{ctx: ctx, items: items, options: o, kind: sharing{c}}
}

// sharing is what a run of shares does with an item.
type sharing struct{ client *didit.Client }

func (sharing) id(i ShareItem) (string, error) {
	switch {
	case i.ID != "":
		return i.ID, nil
	case i.SessionID != "":
		return i.SessionID, nil
	}
	return "", refuse("SessionID", "is required")
}

// begin has nothing to record: a share that is made twice harms nobody.
func (sharing) begin(ShareItem, *Record) (*Record, error) { return nil, nil } //nolint:nilnil // see above

func (s sharing) call(ctx context.Context, i ShareItem, _ bool) (*didit.SharedSession, error) {
	return s.client.ShareSession(ctx, i.SessionID, i.Params)
}

func (sharing) done(v *didit.SharedSession) Record { return Record{SessionID: v.SessionID} }
