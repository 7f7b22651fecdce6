package didit

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/didit-go/didit/internal/transport"
)

const (
	clockSkew = 5 * time.Minute // how far two clocks may be apart
	// maxLifetime is the longest life that a token of Didit's has, and some minutes. One
	// that claims to live longer is not Didit's.
	maxLifetime = maxTTL + clockSkew
)

// search finds the copies of one source among your own sessions. It may be run again:
// what it has read once it does not read again.
type search struct {
	c      *Client
	params FindImportedSessionParams
	since  time.Time // a session without a source that is older is no copy; without vendor data the walk ends there
	budget budget    // of all runs together; zero: none

	used budget
	read map[string]*decided // decisions that were read, by id

	// What the last run saw.
	copies  []*Session // of the source
	unknown []string   // ids of sessions whose source cannot be told
	broken  error      // of the first decision that could not be read
	passing bool       // something failed that may not fail the next time
	others  []string   // see nameOthers
}

// decided is a session as its decision shows it, or why it cannot be read for good.
type decided struct {
	*Session
	sourceKnown bool
	err         error
}

// budget is what searches may cost.
type budget struct {
	pages, decisions int
	time             time.Duration
}

var importBudget = budget{pages: 25, decisions: 500, time: time.Minute}

// walkLimit is where one run stops without having failed; 0: nowhere.
type walkLimit struct{ pages, decisions int }

var (
	allPages = walkLimit{}
	onePage  = walkLimit{pages: 1, decisions: 20}
)

var errSearchSpent = transport.BadAnswer("was not found within 25 pages, 500 decisions and 60 s; the search was cut short")

// spent reports whether a budget is used up.
func (s *search) spent() bool {
	return s.budget != budget{} && (s.used.pages >= s.budget.pages || s.used.decisions >= s.budget.decisions)
}

// run walks the list. Without an error it reached the end, or its limit.
func (s *search) run(ctx context.Context, limit walkLimit) error {
	s.copies, s.unknown, s.broken, s.passing = nil, nil, nil, false
	bounded, end := s.bound(ctx)
	defer end()
	err := s.walk(bounded, limit)
	if bounded.Err() != nil && ctx.Err() == nil {
		err, s.passing = errSearchSpent, true // slow servers may be faster the next time
	}
	s.passing = s.passing || passing(err)
	return err
}

// bound gives a walk the time that the budget has left, and counts what it takes.
func (s *search) bound(ctx context.Context) (bounded context.Context, end func()) {
	if s.budget.time == 0 {
		return ctx, func() {}
	}
	began := time.Now()
	bounded, cancel := context.WithTimeout(ctx, s.budget.time-s.used.time)
	return bounded, func() {
		cancel()
		s.used.time += time.Since(began)
	}
}

func (s *search) walk(ctx context.Context, limit walkLimit) error {
	p := s.pages(s.params.VendorData)
	seen := make(map[string]bool)
	before := s.used.decisions
	for n := 1; !p.done; n++ {
		if s.budget.pages > 0 && s.used.pages >= s.budget.pages {
			return errSearchSpent
		}
		s.used.pages++
		rows, err := p.next(ctx)
		if err != nil {
			return err
		}
		older := 0
		for _, r := range rows {
			if s.params.VendorData == "" && !r.CreatedAt.IsZero() && r.CreatedAt.Before(s.since) {
				older++
				continue
			}
			if seen[r.SessionID] {
				continue
			}
			seen[r.SessionID] = true
			if limit.decisions > 0 && s.used.decisions-before >= limit.decisions {
				return nil
			}
			if err := s.see(ctx, r); err != nil {
				s.unknown = append(s.unknown, r.SessionID)
				return err
			}
		}
		// Newest first, as it seems: the order is not documented, so one older row proves nothing.
		if n == limit.pages || older > 0 && older == len(rows) {
			return nil
		}
	}
	return nil
}

func (s *search) pages(vendorData string) pages {
	p := pages{c: s.c, q: listQuery{SessionKind: s.params.SessionKind, VendorData: vendorData, Limit: defaultPageSize}}
	if s.params.WorkflowID != "" {
		p.q.WorkflowIDs = []string{s.params.WorkflowID}
	}
	return p
}

// see tells whether a row is a copy. An error ends the walk; a decision that cannot
// be read does not.
func (s *search) see(ctx context.Context, r row) error {
	if r.sourceKnown && !s.isSource(r.SharedFromSession) {
		return nil
	}
	d, err := s.decision(ctx, r.SessionID)
	switch {
	case err != nil && (ctx.Err() != nil || errors.Is(err, errSearchSpent)):
		return err
	case errors.Is(err, ErrNotFound):
		return nil // deleted meanwhile
	case err != nil:
		s.broken, s.passing = cmp.Or(s.broken, err), s.passing || passing(err)
		s.unknown = append(s.unknown, r.SessionID)
		return nil
	}
	created := r.CreatedAt
	if created.IsZero() {
		created = d.CreatedAt
	}
	switch source := s.isSource(d.SharedFromSession); {
	case d.sourceKnown && source, !d.sourceKnown && r.sourceKnown:
		one := *d.Session
		one.SharedFromSession = s.params.SourceSessionID
		one.SessionKind = cmp.Or(one.SessionKind, s.params.SessionKind)
		one.VendorData = cmp.Or(one.VendorData, r.VendorData)
		one.SessionNumber = cmp.Or(one.SessionNumber, r.SessionNumber)
		if one.CreatedAt.IsZero() {
			one.CreatedAt = r.CreatedAt
		}
		s.copies = append(s.copies, &one)
	case d.sourceKnown && !r.sourceKnown:
	case !d.sourceKnown && !created.IsZero() && created.Before(s.since):
		// Didit leaves the source out of what was not imported: too old to be this token's.
	default: // it cannot be told, or row and decision contradict each other
		s.unknown = append(s.unknown, r.SessionID)
	}
	return nil
}

// decision reads a session, once.
func (s *search) decision(ctx context.Context, id string) (*decided, error) {
	if d := s.read[id]; d != nil {
		return d, d.err
	}
	if s.budget.decisions > 0 && s.used.decisions >= s.budget.decisions {
		return nil, errSearchSpent
	}
	s.used.decisions++
	r := readSession(id)
	r.inner = true
	err := s.c.call(ctx, opGet, &r.request)
	if err != nil && !denied(err) {
		return nil, err // it may be there the next time
	}
	if s.read == nil {
		s.read = make(map[string]*decided)
	}
	s.read[id] = &decided{r.session, r.sourceKnown, err}
	return s.read[id], err
}

func (s *search) isSource(id string) bool { return strings.EqualFold(id, s.params.SourceSessionID) }

// choose returns the copy that may be returned: one with the call's vendor data, the
// lowest number first. A token's claims prove no right to any other: nobody but Didit
// can verify them.
func (s *search) choose() *ImportedSession {
	var yours []*Session
	for _, one := range s.copies {
		if s.params.VendorData != "" && trimText(one.VendorData) == s.params.VendorData {
			yours = append(yours, one)
		}
	}
	if len(yours) == 0 {
		return nil
	}
	slices.SortStableFunc(yours, func(a, b *Session) int {
		// A number that is missing is no low one.
		return cmp.Compare(uint64(a.SessionNumber-1), uint64(b.SessionNumber-1)) //nolint:gosec // wraps on purpose
	})
	found := &ImportedSession{Session: *yours[0], Recovered: true}
	for _, one := range yours[1:] {
		found.Duplicates = append(found.Duplicates, one.SessionID)
	}
	return found
}

// candidates are the ids of what may be the copy, where none may be returned.
func (s *search) candidates() []string {
	var all []string
	for _, one := range s.copies {
		all = append(all, one.SessionID)
	}
	for _, id := range slices.Concat(s.others, s.unknown) {
		if !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all
}

// complete reports whether the last run saw all that there is to see with this key.
func (s *search) complete(err error) bool {
	return err == nil && (s.broken == nil || denied(s.broken))
}

// otherPages is how many pages nameOthers reads at most.
const otherPages = 10

// nameOthers walks the list without the filter for copies under other vendor data.
// It reads no decisions, so it finds them only where rows carry their source. What
// cuts it short makes it merely shorter.
func (s *search) nameOthers(ctx context.Context) {
	ctx, end := s.bound(ctx)
	defer end()
	p := s.pages("")
	for n := 0; n < otherPages && !p.done; n++ {
		rows, err := p.next(ctx)
		if err != nil {
			return
		}
		carried := false
		for _, r := range rows {
			carried = carried || r.sourceKnown
			if r.sourceKnown && s.isSource(r.SharedFromSession) {
				s.others = append(s.others, r.SessionID)
			}
		}
		if !carried && len(rows) > 0 {
			return
		}
	}
}

// denied reports whether a search failed because this key may not make it.
func denied(err error) bool {
	return errors.Is(err, ErrUnauthorized) || errors.Is(err, ErrForbidden)
}

// passing reports whether a search failed in a way that may not last: no answer, one
// that broke off, 5xx and 429.
func passing(err error) bool {
	if call, ok := errors.AsType[*CallError](err); ok {
		failure, _ := errors.AsType[*transport.Failure](call.Err)
		return call.Outcome != OutcomeResultLost || failure != nil && failure.Cut()
	}
	api, ok := errors.AsType[*APIError](err)
	return ok && (api.StatusCode >= 500 || api.StatusCode == http.StatusTooManyRequests)
}
