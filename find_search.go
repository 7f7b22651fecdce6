package didit

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/didit-go/didit/internal/route"
	"github.com/didit-go/didit/internal/transport"
)

// maxLifetime is the longest life that a token of Didit's has, and some minutes. One
// that claims to live longer is not Didit's.
const (
	clockSkew   = 5 * time.Minute
	maxLifetime = maxTTL + clockSkew
)

func (c ShareClaims) find(vendorData string, now time.Time) (FindImportedSessionParams, error) {
	id, ok := route.UUID(c.SessionID)
	var p problems
	switch {
	case !ok:
		p.add("Token", "names no session", ErrShareTokenInvalid)
	case c.SessionKind != KindUser && c.SessionKind != KindBusiness:
		p.add("Token", "names a kind of session that cannot be looked for", ErrShareTokenInvalid)
	case c.ExpiresAt.IsZero():
		p.add("Token", "does not say when it expires", ErrShareTokenInvalid)
	case c.IssuedAt.IsZero() && c.ExpiresAt.Sub(now) > maxLifetime, !c.IssuedAt.IsZero() && c.ExpiresAt.Sub(c.IssuedAt) > maxLifetime:
		p.add("Token", "claims to live longer than 24 h", ErrShareTokenInvalid)
	}
	after := c.IssuedAt
	if after.IsZero() {
		after = c.ExpiresAt.Add(-maxTTL)
	}
	if after.After(now) {
		after = now
	}
	return FindImportedSessionParams{SourceSessionID: id, SessionKind: c.SessionKind, VendorData: vendorData, CreatedAfter: after}, p.err()
}

// sameText compares vendor data, around which Didit may trim.
func sameText(a, b string) bool { return strings.TrimSpace(a) == strings.TrimSpace(b) }

// look is the search for a copy among our own sessions.
type look struct {
	c     *Client
	find  FindImportedSessionParams
	token ShareToken // none for FindImportedSession

	pages, reads int                  // so far, all searches together
	took         time.Duration        // likewise
	read         map[string]*readCopy // decisions that were read, by id

	// What the last search saw.
	copies     []*Session // of the source
	unassigned []string   // ids of sessions whose source cannot be told
	unclaimed  []string   // ids of copies that choose left
}

type readCopy struct {
	*Session
	sourceKnown bool
}

const (
	maxLookPages = 25
	maxLookReads = 500
	maxLookTime  = time.Minute

	walkOnePage = 1
	walkAll     = maxLookPages + 1 // the budget ends it first
)

// spent reports whether nothing more may be read.
func (l *look) spent() bool {
	return l.pages >= maxLookPages || l.reads >= maxLookReads || l.took >= maxLookTime
}

var errLookSpent = transport.Unfit("was not found within 25 pages, 500 decisions and 60 s; the search was cut short")

func (l *look) oldest() time.Time { return l.find.CreatedAfter.Add(-clockSkew) }

// search walks the list. Without an error it reached the end, or as many pages as
// were asked for.
func (l *look) search(ctx context.Context, pages int) error {
	l.copies, l.unassigned, l.unclaimed = nil, nil, nil
	if l.c.logger != nil {
		l.c.logger.LogAttrs(ctx, slog.LevelInfo, "didit: looking for the imported copy",
			slog.String("token", l.token.Fingerprint()), slog.String("source_session_id", l.find.SourceSessionID))
	}
	began := time.Now()
	bounded, cancel := context.WithTimeout(ctx, maxLookTime-l.took)
	err := l.walk(bounded, pages)
	if bounded.Err() != nil && ctx.Err() == nil {
		err = errLookSpent
	}
	cancel()
	l.took += time.Since(began)
	return err
}

func (l *look) walk(ctx context.Context, pagesLeft int) error {
	p := pages{c: l.c, q: listQuery{SessionKind: l.find.SessionKind, VendorData: l.find.VendorData, Limit: defaultPageSize}}
	if l.find.WorkflowID != "" {
		p.q.WorkflowIDs = []string{l.find.WorkflowID}
	}
	seen := make(map[string]bool)
	for ; !p.done; pagesLeft-- {
		if pagesLeft == 0 {
			return nil
		}
		if l.pages >= maxLookPages {
			return errLookSpent
		}
		l.pages++
		rows, err := p.next(ctx)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if l.find.VendorData == "" && !r.CreatedAt.IsZero() && r.CreatedAt.Before(l.oldest()) {
				return nil // newest first: all that follow are older
			}
			if seen[r.SessionID] {
				continue
			}
			seen[r.SessionID] = true
			if err := l.see(ctx, r); err != nil {
				l.unassigned = append(l.unassigned, r.SessionID)
				return err
			}
		}
	}
	return nil
}

// see tells whether a row is the copy.
func (l *look) see(ctx context.Context, r row) error {
	if r.sourceKnown && !l.isSource(r.SharedFromSession) {
		return nil
	}
	d := l.read[r.SessionID]
	if d == nil {
		if l.reads >= maxLookReads {
			return errLookSpent
		}
		l.reads++
		s, known, err := l.c.readSession(ctx, r.SessionID)
		if errors.Is(err, ErrNotFound) {
			return nil // deleted meanwhile
		}
		if err != nil {
			return err
		}
		d = &readCopy{s, known}
		if l.read == nil {
			l.read = make(map[string]*readCopy)
		}
		l.read[r.SessionID] = d
	}
	switch {
	case d.sourceKnown && !l.isSource(d.SharedFromSession):
	case d.sourceKnown || r.sourceKnown:
		s := *d.Session
		s.SharedFromSession = l.find.SourceSessionID
		if s.SessionKind == "" {
			s.SessionKind = l.find.SessionKind
		}
		l.copies = append(l.copies, &s)
	default:
		l.unassigned = append(l.unassigned, r.SessionID)
	}
	return nil
}

func (l *look) isSource(id string) bool { return strings.EqualFold(id, l.find.SourceSessionID) }

// choose returns the copy with the lowest number of those that may be returned, or
// nil. All others become candidates then.
func (l *look) choose(ours func(*Session) bool) *ImportedSession {
	slices.SortStableFunc(l.copies, func(a, b *Session) int { return int(a.SessionNumber - b.SessionNumber) })
	i := slices.IndexFunc(l.copies, ours)
	var duplicates []string
	for j, s := range l.copies {
		if j != i {
			duplicates = append(duplicates, s.SessionID)
		}
	}
	if i < 0 {
		l.unclaimed = duplicates
		return nil
	}
	return &ImportedSession{Session: *l.copies[i], Recovered: true, Duplicates: duplicates}
}

// candidates lists our sessions that may be the copy.
func (l *look) candidates() []string { return slices.Concat(l.unclaimed, l.unassigned) }
