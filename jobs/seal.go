package jobs

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/didit-go/didit"
)

// Sealer encrypts share tokens at rest, with AES-256-GCM. A token that is sealed for one
// ticket does not open for another.
type Sealer struct{ keys []sealingKey }

// sealingKey keeps the key in its functions, where no printer reaches it.
type sealingKey struct {
	id   string // the first bytes of the key's hash, in hex: stands before what it sealed
	seal func(dst, nonce, plaintext, additional []byte) []byte
	open func(dst, nonce, ciphertext, additional []byte) ([]byte, error)
}

// keyLength is that of AES-256.
const keyLength = 32

// sealVersion is the first byte of what was sealed.
const sealVersion = 1

// keyIDLength is how many bytes of a key's hash tell it from others. With the version they
// are the head of what was sealed.
const (
	keyIDLength = 8
	headLength  = 1 + keyIDLength
)

// NewSealer makes a Sealer of keys of 32 random bytes. The first one seals and all of
// them open, so a key is rotated by a new one in front of it, and removed once no open
// ticket was sealed with it ([Open] tells). A key of another length is an error. Keep them
// outside of the database.
func NewSealer(keys ...[]byte) (*Sealer, error) {
	if len(keys) == 0 {
		return nil, errors.New("jobs: NewSealer: at least one key is required")
	}
	s := new(Sealer)
	for i, key := range keys {
		if len(key) != keyLength {
			return nil, fmt.Errorf("jobs: NewSealer: key %d must have 32 bytes, it has %d; decode one that is text, as hex and base64 are", i+1, len(key))
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, errors.New("jobs: NewSealer: a key is no good for AES")
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, errors.New("jobs: NewSealer: a key is no good for AES-GCM")
		}
		sum := sha256.Sum256(append([]byte("didit jobs key\x00"), key...))
		s.keys = append(s.keys, sealingKey{hex.EncodeToString(sum[:keyIDLength]), aead.Seal, aead.Open})
	}
	return s, nil
}

// errKeyGone is a token that was sealed with a key that is not here. Another machine may
// have it.
var errKeyGone = errors.New("jobs: the token was sealed with a key that this process does not have")

// errSealBroken is a token that does not open with the key that sealed it.
var errSealBroken = errors.New("jobs: the sealed token was changed and cannot be opened")

func (s *Sealer) seal(ticketID string, t didit.ShareToken) []byte {
	key := s.keys[0]
	id, _ := hex.DecodeString(key.id) // it is hex
	head := append([]byte{sealVersion}, id...)
	return key.seal(head, nil, []byte(t.Reveal()), additional(head, ticketID))
}

func (s *Sealer) open(ticketID string, sealed []byte) (didit.ShareToken, error) {
	id, ok := keyID(sealed)
	if !ok {
		return didit.ShareToken{}, errSealBroken
	}
	i := slices.IndexFunc(s.keys, func(k sealingKey) bool { return k.id == id })
	if i < 0 {
		return didit.ShareToken{}, errKeyGone
	}
	head, rest := sealed[:headLength], sealed[headLength:]
	text, err := s.keys[i].open(nil, nil, rest, additional(head, ticketID))
	if err != nil {
		return didit.ShareToken{}, errSealBroken
	}
	return didit.NewShareToken(string(text)), nil
}

// has reports whether the key of what was sealed is here.
func (s *Sealer) has(sealed []byte) bool {
	id, ok := keyID(sealed)
	return !ok || slices.ContainsFunc(s.keys, func(k sealingKey) bool { return k.id == id })
}

// keyID names the key that sealed a token. Without one it was not sealed by a Sealer.
func keyID(sealed []byte) (id string, ok bool) {
	if len(sealed) < headLength || sealed[0] != sealVersion {
		return "", false
	}
	return hex.EncodeToString(sealed[1:headLength]), true
}

// additional is what a token is bound to.
func additional(head []byte, ticketID string) []byte {
	return append(slices.Clip(head), ticketID...)
}
