package main

import (
	"cmp"
	"iter"
	"strings"
	"time"

	"github.com/didit-go/didit"
)

// chooseTokens passes on one row for each id. The results of "didit bulk share" have
// several where a share failed and was made good, or where a run was killed after it had
// written a token.
//
// Rows of failed shares are passed over. Of several tokens of one session the first that
// has not expired counts, so that nothing has to be read ahead; expired ones wait for the
// end of the list. Two sessions under one id are left to package bulk, which refuses the
// second.
func chooseTokens(rows iter.Seq2[row, error], unshared *int) iter.Seq2[row, error] {
	type key struct{ id, session string }
	return func(yield func(row, error) bool) {
		sessions := map[string]string{} // by the ids of the rows that were passed on
		expired := map[key]row{}
		failed := map[string]bool{} // the ids of failed shares
		for r, err := range rows {
			token := didit.NewShareToken(r["share_token"])
			claims, unread := token.Claims()
			id := strings.Clone(cmp.Or(r["id"], claims.SessionID)) // a part of a row keeps all of it
			session, told := sessions[id]
			switch {
			case err != nil:
			case token.IsZero() && r["error"] != "":
				failed[cmp.Or(id, strings.Clone(r["session_id"]))] = true
				continue
			case unread != nil:
			case session == claims.SessionID:
				continue
			case !told && !claims.ExpiresAt.IsZero() && claims.ExpiresAt.Before(time.Now()):
				expired[key{id, claims.SessionID}] = r
				continue
			case !told:
				sessions[id] = claims.SessionID
			}
			if !yield(r, err) {
				return
			}
		}
		for k, r := range expired {
			if sessions[k.id] == k.session {
				continue
			}
			sessions[k.id] = k.session
			if !yield(r, nil) {
				return
			}
		}
		for id := range failed {
			if sessions[id] == "" {
				*unshared++
			}
		}
	}
}
