package didittest_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// inbox is a receiver that answers as told and keeps what came.
type inbox struct {
	mu     sync.Mutex
	bodies []map[string]any
	status int
	*httptest.Server
}

func newInbox(t *testing.T) *inbox {
	t.Helper()
	in := &inbox{status: http.StatusOK}
	in.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		var body map[string]any
		_ = json.Unmarshal(data, &body)
		in.mu.Lock()
		defer in.mu.Unlock()
		in.bodies = append(in.bodies, body)
		if in.status == 0 {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(in.status)
	}))
	in.Config.ErrorLog = nil
	t.Cleanup(in.Close)
	return in
}

func (in *inbox) answer(status int) {
	in.mu.Lock()
	in.status = status
	in.mu.Unlock()
}

func (in *inbox) received() []map[string]any {
	in.mu.Lock()
	defer in.mu.Unlock()
	return append([]map[string]any(nil), in.bodies...)
}

// [HOOK]: the envelope, and the decision where there is one.
func TestWebhookEnvelope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := newInbox(t)
	w.a.DeliverTo(in.URL)
	id := w.a.AddSession(didittest.SessionFixture{Status: didit.StatusInProgress, VendorData: "v"})
	company := w.a.AddSession(didittest.SessionFixture{Kind: didit.KindBusiness, Status: didit.StatusInProgress})
	w.a.SetStatus(id, didit.StatusApproved)
	w.a.SetStatus(id, didit.StatusApproved) // no change, no event
	w.server.FlushWebhooks()
	w.a.SetStatus(id, didit.StatusResubmitted)
	w.a.SetStatus(company, didit.StatusInReview)
	w.a.Send(id, didittest.EventDataUpdated)
	w.a.SendTest()
	w.server.FlushWebhooks()
	got := in.received()
	require.Len(t, got, 5)
	first := got[0]
	assert.Equal(t, "status.updated", first["webhook_type"])
	assert.Equal(t, id, first["session_id"])
	assert.Equal(t, w.a.ID, first["application_id"])
	assert.Equal(t, "Approved", first["status"])
	assert.Equal(t, "sandbox", first["environment"])
	assert.Contains(t, first["decision"], "id_verifications")
	assert.NotContains(t, first, "session_kind")
	assert.Contains(t, got[1], "resubmit_info")
	assert.NotContains(t, got[1], "decision")
	assert.Equal(t, "business", got[2]["session_kind"])
	assert.Equal(t, company, got[2]["business_session_id"])
	assert.Equal(t, "user", got[3]["session_kind"], "data.updated names the kind")
	assert.NotContains(t, got[4], "event_id")
	assert.Equal(t, map[string]any{"test_webhook": true}, got[4]["metadata"])
	w.a.DeliverTo("")
	w.a.SetStatus(id, didit.StatusDeclined)
	w.a.SendTest()
	w.server.FlushWebhooks()
	assert.Len(t, in.received(), 5, "nobody to deliver to")
}

// [PROMPT]: two retries, a minute and four more minutes later, on 5xx, 404 and no
// answer; none on other 4xx.
func TestWebhookRetries(t *testing.T) {
	t.Parallel()
	for _, status := range []int{500, 404, 0, 400, 302} {
		w := newWorld(t)
		in := newInbox(t)
		w.a.DeliverTo(in.URL)
		in.answer(status)
		id := w.a.AddSession(didittest.SessionFixture{Status: didit.StatusInProgress})
		w.a.SetStatus(id, didit.StatusDeclined)
		counts := []int{}
		for _, d := range []time.Duration{0, 59 * time.Second, time.Second, 4*time.Minute - time.Second, time.Second, time.Hour} {
			w.server.Advance(d)
			w.server.FlushWebhooks()
			counts = append(counts, len(w.a.Deliveries()))
		}
		if status == 400 || status == 302 {
			assert.Equal(t, []int{1, 1, 1, 1, 1, 1}, counts, status)
			continue
		}
		assert.Equal(t, []int{1, 1, 2, 2, 3, 3}, counts, status)
		all := w.a.Deliveries()
		assert.Equal(t, all[0].EventID, all[2].EventID, "[SWH-L]: the same event")
		assert.Equal(t, 3, all[2].Attempt)

		// [SWH-R]: sent again by hand, with a fresh timestamp. [SWH-L]: the record.
		in.answer(200)
		w.a.Resend(all[0].EventID)
		w.server.FlushWebhooks()
		all = w.a.Deliveries()
		assert.Equal(t, all[0].EventID, all[3].EventID)
		assert.NotEqual(t, all[0].Header.Get("X-Timestamp"), all[3].Header.Get("X-Timestamp"))
		r := w.get("/v3/session/" + id + "/webhooks/")
		var entries []map[string]any
		require.NoError(t, json.Unmarshal([]byte(r.text), &entries))
		require.Len(t, entries, 4)
		assert.InDelta(t, 200, entries[0]["response_status"], 0, "newest first")
		assert.JSONEq(t, string(all[3].Body), entries[0]["request_body"].(string)) //nolint:errcheck,forcetypeassert // the test fails either way
		assert.Equal(t, 404, w.get("/v3/session/00000000-0000-4000-8000-000000000000/webhooks/").status)
	}
}

// Deliveries that are lost or repeated on the way, and those of a deleted session,
// which are dropped [CHG-OCT].
func TestWebhookMishaps(t *testing.T) {
	t.Parallel()
	w := newWorld(t, didittest.WithImportWebhooks(true), didittest.WithWebhookTimeout(time.Minute), didittest.WithWebhookTransport(&http.Transport{DisableKeepAlives: true}))
	in := newInbox(t)
	w.b.DeliverTo(in.URL)
	w.server.LoseWebhooks(1)
	w.server.RepeatWebhooks(1)
	require.Equal(t, 201, w.redeem(w.share(w.a.AddSession(didittest.SessionFixture{})), didit.KindUser, "").status)
	w.server.FlushWebhooks()
	assert.Empty(t, in.received())
	assert.True(t, w.b.Deliveries()[0].Lost)
	w.server.Advance(time.Minute)
	w.server.FlushWebhooks()
	assert.Len(t, in.received(), 2)

	in.answer(500)
	id := w.b.AddSession(didittest.SessionFixture{})
	w.b.Send(id, didittest.EventStatusUpdated)
	w.server.FlushWebhooks()
	w.b.DeleteSession(id)
	w.server.Advance(time.Hour)
	w.server.FlushWebhooks()
	assert.Len(t, in.received(), 3)

	w.b.DeliverTo("")
	w.b.Resend(w.b.Deliveries()[0].EventID)
	w.server.FlushWebhooks()
	assert.Len(t, in.received(), 3, "nobody to deliver to")
}

// [CHG-OCT]: a session that is deleted while its event is on its way gets no retry of it.
func TestWebhookOfDeletedSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.a.AddSession(didittest.SessionFixture{})
	receiver := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		w.a.DeleteSession(id)
		rw.WriteHeader(http.StatusInternalServerError)
	}))
	defer receiver.Close()
	w.a.DeliverTo(receiver.URL)
	w.a.Send(id, didittest.EventStatusUpdated)
	w.server.FlushWebhooks()
	w.server.Advance(time.Hour)
	w.server.FlushWebhooks()
	assert.Len(t, w.a.Deliveries(), 1)
}

// [PROMPT]: three signatures. Here they are made again by hand for a text whose
// canonical form is plain to see.
func TestWebhookSignatures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	in := newInbox(t)
	w.a.DeliverTo(in.URL)
	id := w.a.AddSession(didittest.SessionFixture{Status: didit.StatusInProgress, VendorData: "Zoë <&> 😀\u2028", NoDecision: true,
		Metadata: json.RawMessage(`{"b":2.0,"a":1.50,"c":1e23,"d":-0.0,"e":0.00001,"f":"\\u2028 \u2029"}`)})
	w.a.SetStatus(id, didit.StatusExpired)
	w.server.FlushWebhooks()
	d := w.a.Deliveries()[0]
	// As Python writes it: json.dumps(..., sort_keys=True, ensure_ascii=False), whole floats made int before.
	metadata := `{"a":1.5,"b":2,"c":99999999999999991611392,"d":0,"e":1e-05,"f":"\\u2028 ` + "\u2029" + `"}`
	sign := func(text string) string {
		h := hmac.New(sha256.New, []byte(w.a.WebhookSecret))
		_, _ = io.WriteString(h, text)
		return hex.EncodeToString(h.Sum(nil))
	}
	wire := string(d.Body)
	assert.Contains(t, wire, `"vendor_data":"Zo\u00eb <&> \ud83d\ude00\u2028"`, "ASCII only on the wire")
	assert.Less(t, strings.Index(wire, `"application_id"`), strings.Index(wire, `"created_at"`), "sorted")
	assert.Equal(t, sign(wire), d.Header.Get("X-Signature"))
	canonical := strings.Replace(wire, `"Zo\u00eb <&> \ud83d\ude00\u2028"`, "\"Zoë <&> 😀\u2028\"", 1)
	canonical = strings.Replace(canonical, `{"a":1.50,"b":2.0,"c":1e23,"d":-0.0,"e":0.00001,"f":"\\u2028 \u2029"}`, metadata, 1)
	assert.Contains(t, canonical, metadata)
	assert.Equal(t, sign(canonical), d.Header.Get("X-Signature-V2"))
	assert.Equal(t, sign(d.Header.Get("X-Timestamp")+":"+id+":Expired:status.updated"), d.Header.Get("X-Signature-Simple"))
	assert.Equal(t, "DiditWebhook/2.0 +https://didit.me", d.Header.Get("User-Agent"))

	w.a.Send(w.a.AddSession(didittest.SessionFixture{}), didittest.EventStatusUpdated)
	w.server.FlushWebhooks()
	assert.Contains(t, string(w.a.Deliveries()[1].Body), `"overall_score":91.0`, "[HOOK]: a receiver has to drop the fraction itself")
}
