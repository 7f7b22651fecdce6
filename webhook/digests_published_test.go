package webhook_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/webhook"
)

// Didit publishes eight deliveries with their digests, for its own receiver:
// https://github.com/didit-protocol/plugin-wordpress (tests/fixtures). Here each is
// built from its values.
const (
	publishedSecret  = "wh_test_secret_9f2c4b8e1a7d"
	publishedSession = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
	publishedTime    = 1774970000
	simpleApproved   = "d831dd64f6c1801e214d9c114fe24167baee695a879404771d3d5dbfb10fdf75"
)

type object = map[string]any

var published = map[string]struct {
	raw, v2, simple string
	status          string
	with            object // beside the envelope
}{
	"approved": {
		raw:    "c8abe0c1a9e1e8325e83b789f4d1c398a3c9a5cd727424b642d4a93036be8977",
		v2:     "c8abe0c1a9e1e8325e83b789f4d1c398a3c9a5cd727424b642d4a93036be8977",
		simple: simpleApproved, status: "Approved",
		with: object{
			"metadata": object{"wp_user_id": 42},
			"decision": decided(object{
				"id_verifications": []object{{"node_id": "id_verification_1", "status": "Approved", "warnings": []any{}}}, "reviews": []any{},
			}),
		},
	},
	"names outside of ASCII": {
		raw:    "b7b49a28ae4118438ef4d0f0fd603c4387cc39adf3ed451da18dc521c1d3e7eb",
		v2:     "7e416d66763a1f7e228ab0d94677f87152ad58560f0c71e8db7eb6b16faf7009",
		simple: simpleApproved, status: "Approved",
		with: object{"decision": decided(object{"id_verifications": []object{{
			"node_id": "id_verification_1", "status": "Approved",
			"first_name": "José", "last_name": "Müller-Ünlü", "place_of_birth": "北京",
		}}})},
	},
	"empty objects": {
		raw:    "413856e88122d544ad3aeebd48d05b2aa322aba01cd057fe40038bbe4417a1ab",
		v2:     "413856e88122d544ad3aeebd48d05b2aa322aba01cd057fe40038bbe4417a1ab",
		simple: simpleApproved, status: "Approved",
		with: object{"metadata": object{}, "decision": decided(object{"reviews": []any{}, "risk_view": object{
			"countries": object{"risk_scores": object{}}, "crimes": object{"risk_scores": object{}}, "custom_list": object{},
		}})},
	},
	"slashes": {
		raw:    "f6e69e9b8df6930ca47970e31eb1d9cc499e80acd77253269bef908ac2a07dff",
		v2:     "f6e69e9b8df6930ca47970e31eb1d9cc499e80acd77253269bef908ac2a07dff",
		simple: simpleApproved, status: "Approved",
		with: object{"decision": decided(object{"id_verifications": []object{{
			"node_id": "id_verification_1", "front_image": "https://media.didit.me/sessions/abc/front.jpg?sig=a/b+c",
		}}})},
	},
	"floats": {
		raw:    "44bc5a7be5137ee5ea7f58ed7471724c1fbeb496ea4672c46a898172e710bbfa",
		v2:     "44bc5a7be5137ee5ea7f58ed7471724c1fbeb496ea4672c46a898172e710bbfa",
		simple: simpleApproved, status: "Approved",
		with: object{"decision": decided(object{
			"liveness_checks": []object{{"node_id": "liveness_1", "score": 95.4, "threshold": json.Number("100.0")}},
			"face_matches":    []object{{"node_id": "face_match_1", "score": 96.15, "threshold": json.Number("0.0")}},
		})},
	},
	"keys of digits": {
		raw:    "814093217ff957aba2147b407873f704d0b09553e2861dd870f8eb09aafcef19",
		v2:     "814093217ff957aba2147b407873f704d0b09553e2861dd870f8eb09aafcef19",
		simple: simpleApproved, status: "Approved",
		with: object{"metadata": object{"9": "nine", "10": "ten", "2": "two", "wp_user_id": 42}},
	},
	"all types": {
		raw:    "7684b0af2983b3bdd613999ecb443f79e0ff99a2438bd5ba53257aec7ac8f303",
		v2:     "7684b0af2983b3bdd613999ecb443f79e0ff99a2438bd5ba53257aec7ac8f303",
		simple: simpleApproved, status: "Approved",
		with: object{"decision": decided(object{
			"reviews": []any{}, "warnings": []object{{"risk": "b"}, {"risk": "a"}},
			"expiration_date": nil, "is_sandbox": false, "nfc_available": true,
		})},
	},
	"declined": {
		raw:    "1b132d6284727cc34cb259add34355e547fe103c65475a8d6286462edf909b63",
		v2:     "1b132d6284727cc34cb259add34355e547fe103c65475a8d6286462edf909b63",
		simple: "ea157dba351b4c0f93fdaacd85059d494fd7696b3993c7a6707c2593d0fb4c74", status: "Declined",
		with: object{"metadata": object{"wp_user_id": 42}},
	},
}

func decided(with object) object {
	with["session_id"], with["status"] = publishedSession, "Approved"
	return with
}

// TestPublishedDigests holds both signatures against Didit's own, for the body as it is
// sent and for one that something on the way has written anew.
func TestPublishedDigests(t *testing.T) {
	t.Parallel()
	require.Len(t, published, 8)
	for name, d := range published {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			event := object{
				"event_id": "9c0c8b8a-1111-4222-9333-444444444444", "webhook_type": "status.updated",
				"timestamp": publishedTime, "created_at": publishedTime - 6,
				"application_id": "11111111-2222-3333-4444-555555555555", "environment": "live",
				"session_id": publishedSession, "status": d.status,
				"workflow_id": "22222222-3333-4444-5555-666666666666", "workflow_version": 4, "vendor_data": "wp-42",
			}
			maps.Copy(event, d.with)
			var anew bytes.Buffer // spaces, floats as they were, characters as they are
			e := json.NewEncoder(&anew)
			e.SetEscapeHTML(false)
			e.SetIndent("", " ")
			require.NoError(t, e.Encode(event))
			canonical, err := webhook.Canonical(nil, anew.Bytes())
			require.NoError(t, err)
			sent := asciiOnly(canonical)

			own, err := webhook.Sign(publishedSecret, time.Unix(publishedTime, 0), sent)
			require.NoError(t, err)
			assert.Equal(t, d.raw, own.Get("X-Signature"))
			assert.Equal(t, d.v2, own.Get("X-Signature-V2"))
			assert.Equal(t, d.simple, own.Get("X-Signature-Simple"))

			v, err := webhook.NewVerifier(publishedSecret, webhook.WithClock(func() time.Time { return time.Unix(publishedTime+60, 0) }))
			require.NoError(t, err)
			raw, v2 := http.Header{"X-Signature": {d.raw}}, http.Header{"X-Signature-V2": {d.v2}}
			for _, header := range []http.Header{raw, v2} {
				got, err := v.Verify(header, sent)
				require.NoError(t, err, "without X-Timestamp")
				assert.Equal(t, d.status, string(got.Status))
				assert.Equal(t, publishedSession, got.SessionID)
				header.Set("X-Timestamp", fmt.Sprint(publishedTime))
				_, err = v.Verify(header, sent)
				require.NoError(t, err, "with it")
			}
			_, err = v.Verify(v2, anew.Bytes())
			require.NoError(t, err, "V2 holds for a body that was written anew")
			_, err = v.Verify(raw, anew.Bytes())
			require.ErrorIs(t, err, webhook.ErrSignature, "the raw one does not")
		})
	}
}

// asciiOnly escapes what is not ASCII, as the body on the wire has it.
func asciiOnly(text []byte) []byte {
	var out []byte
	for _, r := range string(text) {
		if r < 0x80 {
			out = append(out, byte(r))
		} else {
			out = fmt.Appendf(out, `\u%04x`, r) // none of the published ones needs a pair
		}
	}
	return out
}
