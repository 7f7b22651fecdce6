package webhook

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/didit-go/didit"
)

// Sign returns the headers of a delivery of body at a time, for tests and simulators:
// X-Timestamp and all three signatures. The body's own timestamp has to be fresh too
// when the delivery is verified. The error is a *[didit.ValidationError] for a secret
// that [NewVerifier] refuses, and ErrMalformed for a body without a canonical form.
//
// https://docs.didit.me/integration/webhooks
func Sign(secret string, at time.Time, body []byte) (http.Header, error) {
	secret, problem := checkSecret(secret)
	if problem != "" {
		return nil, &didit.ValidationError{Problems: []didit.Problem{{Field: "secret", Message: problem}}}
	}
	text, err := Canonical(nil, body)
	if err != nil {
		return nil, fmt.Errorf("%w: it has no canonical form", ErrMalformed)
	}
	var e envelope
	if err := e.decode(text); err != nil {
		return nil, err
	}
	m := newMAC(secret)
	sign := func(text []byte) []string {
		var sum [sha256.Size]byte
		m(text, &sum)
		return []string{hex.EncodeToString(sum[:])}
	}
	simple := strings.Join([]string{strings.Trim(string(e.Timestamp), `"`), e.SessionID, string(e.Status), string(e.Type)}, ":")
	return http.Header{
		"Content-Type":       {"application/json"},
		"X-Timestamp":        {strconv.FormatInt(at.Unix(), 10)},
		"X-Signature":        sign(body),
		"X-Signature-V2":     sign(text),
		"X-Signature-Simple": sign([]byte(simple)),
	}, nil
}
