package handoff

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/route"
	"github.com/didit-go/didit/internal/setting"
)

const (
	secretPrefix = "whsec_"
	minSecret    = 24 // bytes of key
	maxSecrets   = 3  // at once, for rotation
)

// Secret is what two partners sign the messages of one direction with. It cannot be
// printed, encoded or taken apart. The zero Secret is refused everywhere. Any number of
// goroutines may use it.
type Secret struct {
	key func() []byte // a closure, where no printer reaches it
}

// ParseSecret reads a secret: "whsec_" and the base64 of at least 24 random bytes, as
// `echo "whsec_$(openssl rand -base64 32)"` makes. White space around it is trimmed. The
// error is a *[didit.ValidationError] that does not quote it.
func ParseSecret(text string) (Secret, error) {
	var p problems
	text = strings.TrimSpace(text)
	encoded, prefixed := strings.CutPrefix(text, secretPrefix)
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	switch {
	case text == "":
		p.add("secret", "is empty: is the variable set?", nil)
	case setting.Pasted(text) != "":
		p.add("secret", setting.Pasted(text), nil)
	case !prefixed:
		p.add("secret", `must start with "whsec_", as echo "whsec_$(openssl rand -base64 32)" makes it`, nil)
	case err != nil || strings.ContainsAny(encoded, "\r\n"):
		p.add("secret", `must be base64 after "whsec_"`, nil)
	case len(key) < minSecret:
		p.add("secret", fmt.Sprintf("must have at least %d bytes", minSecret), nil)
	}
	if err := p.err(); err != nil {
		return Secret{}, err
	}
	return Secret{key: func() []byte { return key }}, nil
}

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.key == nil }

// same compares in constant time.
func (s Secret) same(other Secret) bool {
	return !s.IsZero() && !other.IsZero() && subtle.ConstantTimeCompare(s.key(), other.key()) == 1
}

// Secrets are the secrets of each partner, by the id of the partner's application: up
// to three at once, so that one can be replaced without a gap. The application that a
// message names as its sender must own the secret that fits.
type Secrets map[string][]Secret

// checked copies the secrets under ids in lower case.
func (s Secrets) checked(p *problems, self string) Secrets {
	if len(s) == 0 {
		p.add("secrets", "must name at least one partner", nil)
	}
	owned := make(Secrets, len(s))
	for id, list := range s {
		partner, ok := route.UUID(strings.TrimSpace(id))
		_, twice := owned[partner]
		switch {
		case !ok:
			p.add("secrets", `must have the partners' application ids as keys: UUIDs, such as "0b8fa2ee-7ea8-4b5c-a4f1-7d30ab3f6c21"`, nil)
		case twice:
			p.add("secrets", "must name a partner once", nil)
		case partner == self:
			p.add("secrets", "must not have your own application as a partner", didit.ErrSelfShare)
		case len(list) == 0 || len(list) > maxSecrets:
			p.add("secrets", fmt.Sprintf("must have 1 to %d for each partner", maxSecrets), nil)
		}
		for _, secret := range list {
			for other, theirs := range owned {
				if other != partner && slices.ContainsFunc(theirs, secret.same) {
					p.add("secrets", "must differ between partners: who knows one could speak for the other", nil)
				}
			}
			if secret.IsZero() {
				p.add("secrets", "must not have the zero Secret", nil)
			}
		}
		owned[partner] = slices.Clone(list)
	}
	return owned
}
