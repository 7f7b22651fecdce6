package didittest

import (
	"sync"

	"github.com/didit-go/didit"
)

// maxTokens is how many tokens are remembered. It bounds what is shown, not what can be redeemed.
const maxTokens = 1000

// mintedToken is a share token that was made here, and what became of it.
type mintedToken struct {
	text        string
	fingerprint string
	claims      didit.ShareClaims
	kind        didit.SessionKind // also where the token leaves it out
	copy        string            // the session that it was redeemed for
}

// tokenList remembers the last tokens, oldest first.
type tokenList struct {
	mu   sync.Mutex
	list []*mintedToken
}

func (l *tokenList) add(t *mintedToken) {
	t.fingerprint = didit.NewShareToken(t.text).Fingerprint()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.list) == maxTokens {
		l.list = append([]*mintedToken(nil), l.list[maxTokens/2:]...)
	}
	l.list = append(l.list, t)
}

// redeemed says what became of a token.
func (l *tokenList) redeemed(text, sessionID string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.list {
		if t.text == text {
			t.copy = sessionID
		}
	}
}

// all returns copies.
func (l *tokenList) all() []mintedToken {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]mintedToken, len(l.list))
	for i, t := range l.list {
		list[i] = *t
	}
	return list
}
