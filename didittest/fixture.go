package didittest

import (
	"encoding/json"
	"fmt"
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
}

// AddSession adds a session and returns its id. It sends no webhook. It panics for a kind, status, workflow or metadata that
// cannot be.
func (a *Application) AddSession(f SessionFixture) string {
	if f.Kind == "" {
		f.Kind = didit.KindUser
	}
	if f.Status == "" {
		f.Status = didit.StatusApproved
	}
	kindIndex(f.Kind)
	mustStatus(f.Status)
	if f.SharedFrom != "" && !random.IsUUID(f.SharedFrom) {
		panic(fmt.Sprintf("didittest: SharedFrom is not an id: %q", f.SharedFrom))
	}
	var metadata json.RawMessage
	if f.Metadata != nil {
		b, err := json.Marshal(f.Metadata)
		if err != nil {
			panic("didittest: metadata: " + err.Error())
		}
		metadata = b
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
	if one.workflowID == "" {
		one.workflowID = a.defaults[kindIndex(f.Kind)]
	} else if w := a.workflows[one.workflowID]; w.kind != f.Kind {
		s.mu.Unlock()
		panic(fmt.Sprintf("didittest: application %s has no workflow %s for kind %s", a.Name, one.workflowID, f.Kind))
	}
	s.add(one)
	one.subject = &subject{
		person:     f.Person.filled(one.number),
		company:    f.Company.filled(one.number),
		noDecision: f.NoDecision,
	}
	if one.sharedFrom != "" {
		if _, there := s.imports[importKey{a.ID, one.sharedFrom}]; !there {
			s.imports[importKey{a.ID, one.sharedFrom}] = one.id
		}
	}
	s.mu.Unlock()
	return one.id
}
