package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"net/http"
	"strings"
	"sync"
)

// mac computes a text's HMAC-SHA256. The secret is in a closure, where no printer
// reaches it.
type mac func(text []byte, sum *[sha256.Size]byte)

func newMAC(secret string) mac {
	hashes := &sync.Pool{New: func() any { return hmac.New(sha256.New, []byte(secret)) }}
	return func(text []byte, sum *[sha256.Size]byte) {
		h, _ := hashes.Get().(hash.Hash)
		h.Reset()
		h.Write(text)
		h.Sum(sum[:0])
		hashes.Put(h)
	}
}

// signed returns the text whose signature fits: body, or its canonical form, which is
// made in buf.
func (v *Verifier) signed(header http.Header, body []byte, buf *[]byte) ([]byte, error) {
	raw, v2 := header.Get("X-Signature"), header.Get("X-Signature-V2")
	if raw == "" && v2 == "" {
		return nil, ErrMissingSignature
	}
	if v.fits(raw, body) {
		return body, nil
	}
	if v2 == "" {
		return nil, ErrSignature
	}
	text, duplicates, err := canonical((*buf)[:0], body)
	*buf = text
	switch {
	case err != nil, !v.fits(v2, text):
		return nil, ErrSignature
	case duplicates:
		return nil, errDuplicates
	}
	return text, nil
}

// fits compares a signature with each secret's, in constant time.
func (v *Verifier) fits(signature string, text []byte) bool {
	var given, sum [sha256.Size]byte
	signature = strings.TrimSpace(signature)
	if len(signature) != hex.EncodedLen(len(given)) {
		return false
	}
	if _, err := hex.Decode(given[:], []byte(signature)); err != nil {
		return false
	}
	fits := false
	for _, m := range v.macs {
		m(text, &sum)
		fits = hmac.Equal(given[:], sum[:]) || fits
	}
	return fits
}
