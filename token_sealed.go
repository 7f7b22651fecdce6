package didit

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"strings"
)

// sealed is a text that no printer can show. Some follow pointers into unexported
// fields (go-spew, and testify's diff with it), and a closure would not do: tokens of
// the same text have to be equal for reflect.DeepEqual. So the text stands in memory
// under a key of this process, the same way each time.
//
// It hides a text from printing, not from who can read this process's memory.
type sealed struct {
	salt [sha256.Size]byte // of this text
	text []byte
}

var sealKey = func() (key [sha256.Size]byte) {
	_, _ = rand.Read(key[:]) // never fails
	return key
}()

// seal takes the text over.
func seal(text []byte) *sealed {
	s := &sealed{salt: sha256.Sum256(text), text: text}
	for i := 0; i < len(text); i += sha256.Size {
		stream := s.stream(i)
		for j := range min(sha256.Size, len(text)-i) {
			text[i+j] ^= stream[j]
		}
	}
	return s
}

func (s *sealed) open() string {
	var b strings.Builder
	b.Grow(len(s.text))
	for i := 0; i < len(s.text); i += sha256.Size {
		stream := s.stream(i)
		part := s.text[i:min(i+sha256.Size, len(s.text))]
		for j := range part {
			stream[j] ^= part[j]
		}
		b.Write(stream[:len(part)])
	}
	return b.String()
}

// stream is the part of the key stream of this process and this text that lies over
// the text from i on.
func (s *sealed) stream(i int) [sha256.Size]byte {
	var block [2*sha256.Size + 8]byte
	copy(block[:], sealKey[:])
	copy(block[sha256.Size:], s.salt[:])
	binary.LittleEndian.PutUint64(block[2*sha256.Size:], uint64(i)) //nolint:gosec // not negative
	return sha256.Sum256(block[:])
}
