package handoff

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// vectors are Standard Webhooks' own, of the tests of its libraries.
var vectors = []struct {
	secret, id, body, signature string
	at                          int64
}{
	{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", `{"test": 2432232314}`, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", 1614265330},
	{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", `{"test": 2432232315}`, "", 1614265330},
	{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJel", `{"test": 2432232314}`, "", 1614265330},
	{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", `{"test": 2432232314}`, "", 1614265331},
}

func TestVectors(t *testing.T) {
	t.Parallel()
	published := vectors[0].signature
	for _, v := range vectors {
		s, err := ParseSecret(v.secret)
		require.NoError(t, err)
		signed, err := sign([]Secret{s}, v.id, time.Unix(v.at, 0), []byte(v.body))
		require.NoError(t, err)
		assert.Equal(t, v.signature == published, signed[headerSignature][0] == published)
		for header, fits := range map[string]bool{
			published: v.signature == published,
			"v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,abc " + published: v.signature == published,
			"v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=":                     false,
			"v2" + published[2:]: false,
			published[3:]:        false,
			"v1,":                false,
			"":                   false,
		} {
			signed[headerSignature] = []string{header}
			read, err := readSignature(signed)
			require.NoError(t, err)
			_, ok := read.fits([]Secret{s}, []byte(v.body))
			assert.Equal(t, fits, ok, header)
		}
	}
}

func TestReadSignature(t *testing.T) {
	t.Parallel()
	good := func() http.Header {
		return http.Header{"Webhook-Id": {"a-1_Z"}, "Webhook-Timestamp": {"1614265330"}, "Webhook-Signature": {"v1,x"}}
	}
	_, err := readSignature(good())
	require.NoError(t, err)
	for name, values := range map[string][][]string{
		"Webhook-Id":        {nil, {}, {""}, {"a", "a"}, {"a.1"}, {"a 1"}, {"a\t1"}, {"ä"}, {"a,a"}, {string(make([]byte, 129))}},
		"Webhook-Timestamp": {nil, {"1614265330", "1614265330"}, {"+1614265330"}, {"01614265330"}, {"-1"}, {"0"}, {"1e9"}, {" 1614265330"}, {"1614265330.0"}, {"99999999999999999999"}},
		"Webhook-Signature": {nil, {"v1,x", "v1,x"}, {string(make([]byte, maxSignature+1))}},
	} {
		for _, value := range values {
			h := good()
			if h[name] = value; value == nil {
				delete(h, name)
			}
			_, err := readSignature(h)
			assert.ErrorIs(t, err, errHeaders, "%s %q", name, value)
		}
	}
}
