package didittest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest/internal/invent"
	"github.com/didit-go/didit/didittest/internal/random"
)

// SessionFixture describes a session for [Application.AddSession]. The zero value is an approved session of an invented
// person, with every block of its decision filled.
type SessionFixture struct {
	Kind       didit.SessionKind   // default user
	Status     didit.SessionStatus // default Approved
	VendorData string              // default none
	WorkflowID string              // default the application's first workflow of the kind
	Person     Person              // what is empty is filled from an invented person, another one for every session
	Company    Company             // likewise, for a session of a company
	Metadata   any                 // default none; must be JSON
	CreatedAt  time.Time           // default the server's time; the session's number follows the order of the calls anyway
	SharedFrom string              // the session that this one is a copy of, as if imported earlier; default none
	NoDecision bool                // leave every block null, whatever the status is
	// Patch is a JSON merge patch (RFC 7396) on the decision, for what no other field says: a failed liveness, a hit, an expired
	// document, a warning. A list is replaced as a whole, null takes a key away. It is applied wherever the decision is shown, in
	// the keys of the server's dialect, and a copy that is imported inherits it. Not for session_id, status and environment.
	Patch json.RawMessage
}

// Person is somebody who does not exist.
type Person struct {
	FirstName, LastName string
	DateOfBirth         string // YYYY-MM-DD
	Gender              string // M or F
	Nationality         string // ISO 3166-1 alpha-3, also of the document
	DocumentType        string // Passport, Identity Card, ...
	DocumentNumber      string
	Address             string
	Email, Phone        string
}

// Company is one that is not registered anywhere.
type Company struct {
	Name, RegistrationNumber string
	Country                  string // ISO 3166-1 alpha-3
	Address                  string
	Email, Phone             string
}

func (p Person) filled(n int64) Person { return Person(invent.Person(p).Fill(int(n))) }

func (c Company) filled(n int64) Company { return Company(invent.Company(c).Fill(int(n))) }

func (p Person) name() string { return p.FirstName + " " + p.LastName }

// subject is who a session is about; copies share it with their source.
type subject struct {
	person     Person
	company    Company
	noDecision bool
	patch      json.RawMessage // on the decision
}

// AddSession adds a session and returns its id. It sends no webhook. It panics for a kind, status, workflow, metadata or patch
// that cannot be.
func (a *Application) AddSession(f SessionFixture) string {
	id, err := a.addSession(f)
	if err != nil {
		panic("didittest: " + err.Error())
	}
	return id
}

func (a *Application) addSession(f SessionFixture) (id string, err error) {
	f.Kind = cmp.Or(f.Kind, didit.KindUser)
	f.Status = cmp.Or(f.Status, didit.StatusApproved)
	if err := f.check(); err != nil {
		return "", err
	}
	var metadata json.RawMessage
	if f.Metadata != nil {
		if metadata, err = json.Marshal(f.Metadata); err != nil {
			return "", fmt.Errorf("metadata: %w", err)
		}
	}
	one := &session{
		app: a, id: random.UUID(), kind: f.Kind, status: f.Status, verdict: f.Status, workflowID: f.WorkflowID, vendorData: f.VendorData,
		sharedFrom: f.SharedFrom, copied: f.SharedFrom != "", token: random.Secret()[:12], metadata: metadata, createdAt: f.CreatedAt,
	}
	if one.createdAt.IsZero() {
		one.createdAt = a.server.Now()
	}
	s := a.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if one.workflowID == "" {
		one.workflowID = a.defaults[kindIndex(f.Kind)]
	} else if w := a.workflows[one.workflowID]; w.kind != f.Kind {
		return "", fmt.Errorf("application %s has no workflow %s for kind %s", a.Name, one.workflowID, f.Kind)
	}
	s.add(one)
	one.subject = &subject{
		person:     f.Person.filled(one.number),
		company:    f.Company.filled(one.number),
		noDecision: f.NoDecision,
		patch:      slices.Clone(f.Patch),
	}
	if one.sharedFrom != "" {
		if _, there := s.imports[importKey{a.ID, one.sharedFrom}]; !there {
			s.imports[importKey{a.ID, one.sharedFrom}] = one.id
		}
	}
	return one.id, nil
}

// check says what of a fixture cannot be.
func (f *SessionFixture) check() error {
	if f.Kind != didit.KindUser && f.Kind != didit.KindBusiness {
		return fmt.Errorf("no such kind of session: %q; there are user and business", f.Kind)
	}
	if !statuses[f.Status] {
		return unknownStatus(f.Status)
	}
	if f.SharedFrom != "" && !random.IsUUID(f.SharedFrom) {
		return fmt.Errorf("SharedFrom is not an id: %q", f.SharedFrom)
	}
	if len(f.Patch) == 0 {
		return nil
	}
	var patch map[string]json.RawMessage
	if json.Unmarshal(f.Patch, &patch) != nil || patch == nil {
		return errors.New(`a patch is an object of JSON, for example {"liveness_checks": [{"status": "Declined", "score": 12}]}`)
	}
	for _, name := range []string{"session_id", "status", "environment"} {
		if _, there := patch[name]; there {
			return fmt.Errorf("a patch cannot change %s", name)
		}
	}
	return nil
}
