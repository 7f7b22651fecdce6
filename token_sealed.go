package didit

import (
	"crypto/rand"
	"crypto/subtle"
	mathrand "math/rand/v2"
	"sync"
)

// sealKey is of this process.
var sealKey = func() (key [32]byte) {
	_, _ = rand.Read(key[:]) // never fails
	return key
}()

// streams are used again: one has 300 bytes.
var streams = sync.Pool{New: func() any { return new(mathrand.ChaCha8) }}

// seal makes of a token's text, where it stands, what no printer can show, and of that
// the text again. Some printers follow pointers into unexported fields (go-spew, and
// testify's diff with it), and a closure would not do: tokens of the same text have to
// be equal for reflect.DeepEqual. So the text stands in memory under a key of this
// process, the same way each time.
//
// It hides a text from printing, not from who can read this process's memory.
func seal(text []byte, id tokenID) {
	seed := sealKey
	subtle.XORBytes(seed[:], seed[:], id[:])
	stream := streams.Get().(*mathrand.ChaCha8) //nolint:errcheck,forcetypeassert // the pool holds nothing else
	defer streams.Put(stream)
	stream.Seed(seed)
	var part [256]byte
	for len(text) > 0 {
		n, _ := stream.Read(part[:min(len(part), len(text))]) // never fails
		subtle.XORBytes(text, text[:n], part[:])
		text = text[n:]
	}
}

// tokenID is the beginning of a text's SHA-256.
type tokenID [8]byte
