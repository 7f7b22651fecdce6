package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/didit-go/didit"
)

// mac signs a text. The secret is in a closure, where no printer reaches it.
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

// Sign returns the headers of a delivery of body at a time, for tests and simulators:
// all three signatures and X-Timestamp. The body's own timestamp has to be fresh too.
// It fails for a secret under 16 bytes, and with ErrMalformed for a body without a
// canonical form.
func Sign(secret string, at time.Time, body []byte) (http.Header, error) {
	s := settings{}
	if s.secret("secret", secret); len(s.problems) > 0 {
		return nil, &didit.ValidationError{Problems: s.problems}
	}
	text, err := Canonical(nil, body)
	if err != nil {
		return nil, fmt.Errorf("%w: it has no canonical form", ErrMalformed)
	}
	var e envelope
	if err := e.decode(text); err != nil {
		return nil, err
	}
	m := newMAC(s.secrets[0])
	sign := func(text []byte) []string {
		var sum [sha256.Size]byte
		m(text, &sum)
		return []string{hex.EncodeToString(sum[:])}
	}
	simple := strings.Join([]string{strings.Trim(string(e.Timestamp), `"`), e.SessionID, string(e.Status), e.Type}, ":")
	return http.Header{
		"Content-Type":       {"application/json"},
		"X-Timestamp":        {strconv.FormatInt(at.Unix(), 10)},
		"X-Signature":        sign(body),
		"X-Signature-V2":     sign(text),
		"X-Signature-Simple": sign([]byte(simple)),
	}, nil
}
