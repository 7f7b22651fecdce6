package didittest

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/didit-go/didit"
)

// State is what GET /state shows.
type controlState struct {
	Run          string               `json:"run"` // another one each time the server starts
	BaseURL      string               `json:"base_url"`
	Clock        time.Time            `json:"clock"`
	Applications []controlApplication `json:"applications"`
	Sessions     []controlSession     `json:"sessions"` // newest first
	Tokens       []controlToken       `json:"tokens"`   // newest first
	Faults       []controlFault       `json:"faults"`   // that wait
	Operations   []Operation          `json:"operations"`
	Kinds        []FaultKind          `json:"kinds"`
	Statuses     []string             `json:"statuses"`
}

type controlApplication struct {
	ID            string            `json:"id"`
	Name          string            `json:"name"`
	APIKey        string            `json:"api_key"`
	WebhookSecret string            `json:"webhook_secret"`
	WebhookURL    string            `json:"webhook_url"`
	Workflows     map[string]string `json:"workflows"`
}

type controlSession struct {
	ID          string              `json:"id"`
	Application string              `json:"application"`
	Kind        didit.SessionKind   `json:"kind"`
	Status      didit.SessionStatus `json:"status"`
	Name        string              `json:"name"` // of who or what it is about, who does not exist
	Number      int64               `json:"number"`
	VendorData  string              `json:"vendor_data"`
	SharedFrom  string              `json:"shared_from_session"`
	CreatedAt   time.Time           `json:"created_at"`
}

type controlToken struct {
	Fingerprint string            `json:"fingerprint"`
	State       string            `json:"state"` // open, redeemed or expired
	SessionID   string            `json:"session_id"`
	Kind        didit.SessionKind `json:"kind"`
	From        string            `json:"from_application_id"`
	For         string            `json:"for_application_id"`
	IssuedAt    time.Time         `json:"issued_at"`
	ExpiresAt   time.Time         `json:"expires_at"`
	ImportedAs  string            `json:"imported_as"` // the copy's id
}

type controlFault struct {
	Operation   Operation `json:"operation"`
	Kind        FaultKind `json:"kind"`
	Times       int       `json:"times"` // that are left; below 0: without end
	Skip        int       `json:"skip"`  // calls that pass first
	Probability float64   `json:"probability"`
	Status      int       `json:"status"`
	Application string    `json:"application"`
	Fired       int       `json:"fired"`
}

func (c *control) state(*http.Request) (any, error) { return c.snapshot(), nil }

func (c *control) snapshot() *controlState {
	s := c.server
	now := s.Now()
	st := &controlState{
		Run: s.run, BaseURL: s.url, Clock: now, Sessions: []controlSession{}, Tokens: []controlToken{}, Operations: Operations(),
		Kinds: s.faultKinds(), Faults: s.faults.waiting(),
	}
	for status := range statuses {
		st.Statuses = append(st.Statuses, string(status))
	}
	slices.Sort(st.Statuses)
	s.mu.RLock()
	for _, a := range s.apps {
		st.Applications = append(st.Applications, a.forControl())
		for _, one := range a.sessions {
			name := one.subject.person.name()
			if one.kind == didit.KindBusiness {
				name = one.subject.company.Name
			}
			st.Sessions = append(st.Sessions, controlSession{
				one.id, a.ID, one.kind, one.status, name, one.number, one.vendorData, one.sharedFrom, one.createdAt,
			})
		}
	}
	s.mu.RUnlock()
	slices.SortStableFunc(st.Sessions, func(a, b controlSession) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.Number, a.Number))
	})
	for _, t := range slices.Backward(s.tokens.all()) {
		st.Tokens = append(st.Tokens, t.forControl(now))
	}
	return st
}

// forControl is under the server's lock.
func (a *Application) forControl() controlApplication {
	return controlApplication{
		a.ID, a.Name, a.APIKey, a.WebhookSecret, a.hook.url, map[string]string{"user": a.defaults[0], "business": a.defaults[1]},
	}
}

func (t *mintedToken) forControl(now time.Time) controlToken {
	state := "open"
	switch {
	case t.copy != "":
		state = "redeemed"
	case !now.Before(t.claims.ExpiresAt):
		state = "expired"
	}
	return controlToken{
		t.fingerprint, state, t.claims.SessionID, t.kind, t.claims.FromApplicationID, t.claims.ForApplicationID,
		t.claims.IssuedAt, t.claims.ExpiresAt, t.copy,
	}
}

// faultKinds are those that this server can show.
func (s *Server) faultKinds() []FaultKind {
	if s.tls {
		return append(FaultKinds(), HTTP2FaultKinds()...)
	}
	return FaultKinds()
}

// waiting are the faults that have calls left to spoil.
func (l *faultList) waiting() []controlFault {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := []controlFault{}
	for _, i := range l.list {
		if !i.stopped.Load() {
			f := &i.fault
			list = append(list, controlFault{f.Operation, f.Kind, i.left, i.skip, f.Probability, f.StatusCode, f.Application, i.Fired()})
		}
	}
	return list
}
