package didittest

import (
	"net/http"
	"slices"
	"time"

	"github.com/didit-go/didit"
)

// Access is what a scoped key may do with a resource. The zero value is nothing.
type Access string

// The accesses.
const (
	AccessNone      Access = ""
	AccessRead      Access = "read"
	AccessReadWrite Access = "read_write"
)

// KeyScope limits a key made by [Application.AddKey]. The zero value may do nothing.
type KeyScope struct {
	// Sessions covers list, PDF, reviews and webhook logs by reading, share, import, create, update and delete by writing.
	// Without writing, links to sessions are null. Didit does not say which resource grants share and import; this is the
	// stand-in's reading.
	Sessions Access
	// Decisions covers reading a decision.
	Decisions Access
	// Media covers images, videos and PDFs: without reading, their links are null and the PDF is refused.
	Media Access
	// Workflows limits the key to sessions of these workflows; others answer 404. Empty: all.
	Workflows []string
	// ApprovedOnly limits the key to approved sessions; others answer 404.
	ApprovedOnly bool
	// ExpiresAt ends the key at this time on the server's clock. Zero: never.
	ExpiresAt time.Time
}

// apiKey is one key. What is in it changes only by RevokeKey, under the server's lock.
type apiKey struct {
	app     *Application
	full    bool
	scope   KeyScope
	revoked bool
}

// AddKey makes a second key with the given limits and returns it.
func (a *Application) AddKey(scope KeyScope) string {
	for _, access := range []Access{scope.Sessions, scope.Decisions, scope.Media} {
		if access != AccessNone && access != AccessRead && access != AccessReadWrite {
			panic("didittest: unknown access " + string(access))
		}
	}
	scope.Workflows = slices.Clone(scope.Workflows)
	text := newKey()
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	a.server.keys[text] = &apiKey{app: a, scope: scope}
	return text
}

// RevokeKey ends a key, the application's first one or one of AddKey. It panics if the key is not the application's.
func (a *Application) RevokeKey(key string) {
	a.server.mu.Lock()
	k := a.server.keys[key]
	if k == nil || k.app != a {
		a.server.mu.Unlock()
		panic("didittest: the key is not of application " + a.Name)
	}
	k.revoked = true
	a.server.mu.Unlock()
}

// authenticate finds the key's application, or the answer that refuses it.
func (s *Server) authenticate(r *http.Request, op *operation) (*apiKey, *answer) {
	text := r.Header.Get("X-Api-Key")
	if text == "" {
		if s.cfg.dialect == DialectSingular {
			a := detail(http.StatusUnauthorized, textOldBadKey)
			return nil, &a
		}
		a := forbidden()
		return nil, &a
	}
	s.mu.RLock()
	k := s.keys[text]
	bad := k == nil || k.revoked
	gone := !bad && k.app.deleted
	s.mu.RUnlock()
	switch {
	case bad:
		a := s.badKey(op, "Invalid API key.")
		return nil, &a
	case !k.full && !k.scope.ExpiresAt.IsZero() && !s.Now().Before(k.scope.ExpiresAt):
		a := s.badKey(op, textKeyExpired)
		return nil, &a
	case gone:
		a := jsonAnswer(http.StatusForbidden, obj{"detail": "This application has been deleted.", "code": "application_deleted"})
		return k, &a
	case !op.allows(k):
		a := forbidden()
		return k, &a
	}
	return k, nil
}

// badKey is the answer to a key that is wrong, revoked or expired: the pages of three ages give three.
func (s *Server) badKey(op *operation, text string) answer {
	switch s.cfg.dialect {
	case DialectDecision:
		if op.name == OpShareSession {
			return detail(http.StatusUnauthorized, text)
		}
		return forbidden()
	case DialectSingular:
		return detail(http.StatusUnauthorized, textOldBadKey)
	}
	return detail(http.StatusUnauthorized, text)
}

// What a key may do, by the names that the table of operations has for it.

func (k *apiKey) reads() bool { return k.full || k.scope.Sessions != AccessNone }

func (k *apiKey) writes() bool { return k.full || k.scope.Sessions == AccessReadWrite }

func (k *apiKey) decisions() bool { return k.full || k.scope.Decisions != AccessNone }

func (k *apiKey) deliveries() bool { return k.reads() && k.decisions() }

func (k *apiKey) reports() bool { return k.reads() && k.media() }

// links says whether the key sees links to sessions.
func (k *apiKey) links() bool { return k.writes() }

// media says whether the key sees links to images, videos and PDFs.
func (k *apiKey) media() bool { return k.full || k.scope.Media != AccessNone }

// sees says whether a session is within the key's limits.
func (k *apiKey) sees(one *session) bool {
	if k.full {
		return true
	}
	if k.scope.ApprovedOnly && one.status != didit.StatusApproved {
		return false
	}
	return len(k.scope.Workflows) == 0 || slices.Contains(k.scope.Workflows, one.workflowID)
}
