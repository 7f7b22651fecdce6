package didittest

import (
	"fmt"
	"slices"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest/internal/random"
)

// Application is one of Didit's: a partner with keys, workflows and sessions of its own. Its exported fields do not change.
type Application struct {
	ID            string // UUID; what the other partner shares for
	Name          string
	APIKey        string // full access; starts with sk_test_didittest_
	WebhookSecret string // 43 URL-safe characters

	server *Server

	// Under the server's lock.
	workflows map[string]workflow
	defaults  [2]string  // the first workflow of each kind
	sessions  []*session // in the order of their numbers
	number    int64
	deleted   bool
	hook      hookTarget
}

type workflow struct {
	id, label string
	kind      didit.SessionKind
}

func kindIndex(kind didit.SessionKind) int {
	switch kind {
	case didit.KindUser:
		return 0
	case didit.KindBusiness:
		return 1
	}
	panic(fmt.Sprintf("didittest: no such kind of session: %q", kind))
}

// AddWorkflow adds a workflow for sessions of the kind and returns its id. It panics for another kind than user or business.
func (a *Application) AddWorkflow(kind didit.SessionKind) string {
	kindIndex(kind)
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	return a.addWorkflow(kind)
}

func (a *Application) addWorkflow(kind didit.SessionKind) string {
	w := workflow{id: random.UUID(), kind: kind, label: "Identity check"}
	if kind == didit.KindBusiness {
		w.label = "Company check"
	}
	a.workflows[w.id] = w
	if i := kindIndex(kind); a.defaults[i] == "" {
		a.defaults[i] = w.id
	}
	return w.id
}

// Workflow returns the id of the application's first workflow of the kind, which every application has.
func (a *Application) Workflow(kind didit.SessionKind) string {
	i := kindIndex(kind)
	a.server.mu.RLock()
	defer a.server.mu.RUnlock()
	return a.defaults[i]
}

// RemoveWorkflow deletes a workflow. Sessions that have it keep it; new ones cannot be attached to it.
func (a *Application) RemoveWorkflow(id string) {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	delete(a.workflows, id)
}

// Delete deletes the application: its keys are refused with the code application_deleted, and nothing can be shared for it.
func (a *Application) Delete() {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	a.deleted = true
}

// Sessions returns the application's sessions in the order of their numbers, deleted ones left out.
func (a *Application) Sessions() []SessionRecord {
	a.server.mu.RLock()
	defer a.server.mu.RUnlock()
	records := make([]SessionRecord, len(a.sessions))
	for i, one := range a.sessions {
		records[i] = one.record()
	}
	return records
}

// Session returns one of the application's sessions.
func (a *Application) Session(id string) (record SessionRecord, ok bool) {
	a.server.mu.RLock()
	defer a.server.mu.RUnlock()
	one := a.find(id)
	if one == nil {
		return SessionRecord{}, false
	}
	return one.record(), true
}

// find returns a session of the application, under the lock.
func (a *Application) find(id string) *session {
	if one := a.server.sessions[id]; one != nil && one.app == a {
		return one
	}
	return nil
}

// mustFind is find for the methods that tests call with ids of their own making. It unlocks before it panics.
func (a *Application) mustFind(id string, unlock func()) *session {
	one := a.find(id)
	if one == nil {
		unlock()
		panic(fmt.Sprintf("didittest: application %s has no session %s", a.Name, id))
	}
	return one
}

// SetStatus moves a session to a status, as its person or Didit would do, and sends status.updated if it changed. It panics if
// the session or the status is unknown.
func (a *Application) SetStatus(sessionID string, status didit.SessionStatus) {
	if err := a.setStatus(sessionID, status); err != nil {
		panic("didittest: " + err.Error())
	}
}

func (a *Application) setStatus(sessionID string, status didit.SessionStatus) error {
	if !statuses[status] {
		return unknownStatus(status)
	}
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	one := a.find(sessionID)
	if one == nil {
		return fmt.Errorf("application %s has no session %s", a.Name, sessionID)
	}
	if one.setStatus(status) {
		one.verdict = status
		one.blocks.reset()
		a.server.hooks.enqueue(one, EventStatusUpdated)
	}
	return nil
}

// DeleteSession deletes a session as the delete call does. It panics if there is no such session.
func (a *Application) DeleteSession(sessionID string) {
	a.server.mu.Lock()
	one := a.mustFind(sessionID, a.server.mu.Unlock)
	a.server.remove(one)
	a.server.mu.Unlock()
}

// Share makes a share token for another application without a call, whatever the session's status is and however odd the TTL
// (0 is Didit's default of one hour). It panics if there is no such session.
func (a *Application) Share(sessionID string, with *Application, ttl time.Duration) didit.ShareToken {
	a.server.mu.RLock()
	one := a.mustFind(sessionID, a.server.mu.RUnlock)
	kind := one.kind
	a.server.mu.RUnlock()
	if ttl == 0 {
		ttl = defaultTTL * time.Second
	}
	return didit.NewShareToken(a.server.mint(a, sessionID, kind, with.ID, ttl))
}

// Client returns a client of this server with the application's key and id and the server's HTTP client and clock; opts come
// after these and win. It panics if the options are refused.
func (a *Application) Client(opts ...didit.Option) *didit.Client {
	c, err := didit.NewClient(slices.Concat([]didit.Option{
		didit.WithBaseURL(a.server.URL()),
		didit.WithAPIKey(a.APIKey),
		didit.WithHTTPClient(a.server.HTTPClient()),
		didit.WithClock(a.server.Now),
		didit.WithApplicationID(a.ID),
	}, opts)...)
	if err != nil {
		panic("didittest: " + err.Error())
	}
	return c
}
