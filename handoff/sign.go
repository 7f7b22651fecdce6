package handoff

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// The headers of a signed message, in the form that net/http keeps them in.
var (
	headerID        = http.CanonicalHeaderKey(standardwebhooks.HeaderWebhookID)
	headerTimestamp = http.CanonicalHeaderKey(standardwebhooks.HeaderWebhookTimestamp)
	headerSignature = http.CanonicalHeaderKey(standardwebhooks.HeaderWebhookSignature)
)

const (
	maxID        = 128
	maxSignature = 1 << 10
)

// Why a message was not accepted before it was read. They are for the log: the other
// side is told nothing.
var (
	errHeaders   = errors.New("it does not have exactly one good webhook-id, webhook-timestamp and webhook-signature")
	errSignature = errors.New("no signature fits")
	errStale     = errors.New("its timestamp is too far from the clock")
)

// sign returns the headers of a message, signed with each of the secrets.
func sign(secrets []Secret, id string, at time.Time, body []byte) (http.Header, error) {
	signatures := make([]string, 0, len(secrets))
	for _, s := range secrets {
		signature, err := s.webhook().Sign(id, at, body)
		if err != nil {
			return nil, err
		}
		signatures = append(signatures, signature)
	}
	return http.Header{
		headerID:        {id},
		headerTimestamp: {strconv.FormatInt(at.Unix(), 10)},
		headerSignature: {strings.Join(signatures, " ")},
	}, nil
}

// webhook is the library's signer. It is wrapped, because alone it takes an empty
// secret, several headers, any id (one with a dot makes what is signed ambiguous) and
// its own clock.
func (s Secret) webhook() *standardwebhooks.Webhook {
	w, _ := standardwebhooks.NewWebhookRaw(s.key()) // never fails
	return w
}

// signature is what the headers of a message say.
type signature struct {
	id     string
	at     time.Time
	header http.Header // the three alone
}

// readSignature takes exactly one of each header, in the one way that each can be written.
func readSignature(h http.Header) (signature, error) {
	id, timestamp, signatures := h[headerID], h[headerTimestamp], h[headerSignature]
	if len(id) != 1 || len(timestamp) != 1 || len(signatures) != 1 ||
		!isID(id[0]) || len(signatures[0]) > maxSignature {
		return signature{}, errHeaders
	}
	seconds, err := strconv.ParseInt(timestamp[0], 10, 64)
	if err != nil || seconds <= 0 || strconv.FormatInt(seconds, 10) != timestamp[0] {
		return signature{}, errHeaders
	}
	return signature{
		id: id[0], at: time.Unix(seconds, 0),
		header: http.Header{headerID: id, headerTimestamp: timestamp, headerSignature: signatures},
	}, nil
}

// isID reports whether s is 1 to 128 of A-Z, a-z, 0-9, "_" and "-". No dot: the text
// that is signed is "id.timestamp.body".
func isID(s string) bool {
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return s != "" && len(s) <= maxID
}

// fits returns the first of the secrets that signed the body. All are tried, whichever
// it is.
func (s signature) fits(secrets []Secret, body []byte) (by Secret, ok bool) {
	for _, secret := range secrets {
		if secret.webhook().VerifyIgnoringTimestamp(body, s.header) == nil && !ok {
			by, ok = secret, true
		}
	}
	return by, ok
}

// fresh reports whether the message was signed within tolerance of now.
func (s signature) fresh(now time.Time, tolerance time.Duration) bool {
	return !s.at.Before(now.Add(-tolerance)) && !s.at.After(now.Add(tolerance))
}
