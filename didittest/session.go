package didittest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/didit-go/didit"
)

// SessionRecord is what the server holds of a session, for assertions.
type SessionRecord struct {
	ID            string
	ApplicationID string
	Kind          didit.SessionKind
	Status        didit.SessionStatus
	WorkflowID    string
	VendorData    string
	SharedFrom    string // the source session of an imported copy
	Number        int64  // counted per application, from 1
	Metadata      json.RawMessage
	Comments      []string  // of reviews and status updates, oldest first
	CreatedAt     time.Time // on the server's clock
}

// sessionLife is how long after its creation a session expires (the import page's sample).
const sessionLife = 7 * 24 * time.Hour

// session is one verification. Everything is under the server's lock, but for subject, which never changes.
type session struct {
	app        *Application
	id         string
	kind       didit.SessionKind
	status     didit.SessionStatus
	workflowID string
	vendorData string
	sharedFrom string
	number     int64
	token      string // of the person's link; empty: there is no link
	callback   string
	metadata   json.RawMessage
	expected   json.RawMessage
	contact    json.RawMessage
	createdAt  time.Time
	listedAt   time.Time
	subject    *subject
	copied     bool                // made by an import: blocks that Didit does not name as cloned are left out
	verdict    didit.SessionStatus // what the checks came to; a manual decision and a copy's review leave it
	reviews    []review
	blocks     blockCache
}

// review is one entry of a session's history.
type review struct {
	id        string
	actor     string // API_KEY or CONSOLE_USER
	previous  didit.SessionStatus
	status    didit.SessionStatus
	comment   string
	createdAt time.Time
}

func (o *session) record() SessionRecord {
	r := SessionRecord{
		ID: o.id, ApplicationID: o.app.ID, Kind: o.kind, Status: o.status, WorkflowID: o.workflowID, VendorData: o.vendorData,
		SharedFrom: o.sharedFrom, Number: o.number, Metadata: o.metadata, CreatedAt: o.createdAt,
	}
	for _, rv := range o.reviews {
		if rv.comment != "" {
			r.Comments = append(r.Comments, rv.comment)
		}
	}
	return r
}

func (o *session) setStatus(status didit.SessionStatus) (changed bool) {
	changed = o.status != status
	o.status = status
	return changed
}

// url is the person's link, null for keys that may not write sessions.
func (o *session) url(links bool) any {
	if o.token == "" || !links {
		return nil
	}
	return o.app.server.url + "/verify/" + o.token
}

// statuses are the ten that sessions have on the wire.
var statuses = map[didit.SessionStatus]bool{
	didit.StatusNotStarted: true, didit.StatusInProgress: true, didit.StatusAwaitingUser: true, didit.StatusInReview: true,
	didit.StatusApproved: true, didit.StatusDeclined: true, didit.StatusResubmitted: true, didit.StatusExpired: true,
	didit.StatusKYCExpired: true, didit.StatusAbandoned: true,
}

// unknownStatus names the ten.
func unknownStatus(status didit.SessionStatus) error {
	return fmt.Errorf("no such status: %q; there are %s", status, join(slices.Sorted(maps.Keys(statuses))))
}

// join lists names, for errors.
func join[T ~string](names []T) string {
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = string(name)
	}
	return strings.Join(texts, ", ")
}

// finished says that a session may be shared.
func finished(status didit.SessionStatus) bool {
	return status == didit.StatusApproved || status == didit.StatusDeclined || status == didit.StatusInReview
}

// add files a session under the lock.
func (s *Server) add(one *session) {
	one.app.number++
	one.number = one.app.number
	one.app.sessions = append(one.app.sessions, one)
	s.sessions[one.id] = one
}

// remove deletes a session under the lock. Its tokens fail from now on, and deliveries that wait are dropped.
func (s *Server) remove(one *session) {
	delete(s.sessions, one.id)
	list := one.app.sessions
	for i, other := range list {
		if other == one {
			// A new slice: a list that is being read keeps the old one.
			one.app.sessions = append(append(make([]*session, 0, len(list)-1), list[:i]...), list[i+1:]...)
			break
		}
	}
	if one.sharedFrom != "" && s.cfg.reimport {
		delete(s.imports, importKey{one.app.ID, one.sharedFrom})
	}
	s.hooks.drop(one.id)
}

// stamp is how Didit writes an instant.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

// nullable is a text that is null when it is empty.
func nullable(s string) any {
	if s == "" {
		return nil
	}
	return s
}
