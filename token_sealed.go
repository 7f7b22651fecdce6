package didit

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
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

func seal(text string, sum [sha256.Size]byte) *sealed {
	s := &sealed{salt: sum, text: []byte(text)}
	s.cross(s.text)
	return s
}

func (s *sealed) open() string {
	text := make([]byte, len(s.text))
	copy(text, s.text)
	s.cross(text)
	return string(text)
}

// cross lays a key stream of this process and this text over the text, or takes it
// off again.
func (s *sealed) cross(text []byte) {
	var block [2*sha256.Size + 8]byte
	copy(block[:], sealKey[:])
	copy(block[sha256.Size:], s.salt[:])
	for i := 0; i < len(text); i += sha256.Size {
		binary.LittleEndian.PutUint64(block[2*sha256.Size:], uint64(i)) //nolint:gosec // not negative
		stream := sha256.Sum256(block[:])
		for j := range min(sha256.Size, len(text)-i) {
			text[i+j] ^= stream[j]
		}
	}
}
