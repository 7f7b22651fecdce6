package didittest_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// The tags in brackets name the pages of docs.didit.me that a rule is from:
// [SHARE] and [IMPORT] sessions-api/share-session, [CHG-OCT] changelog/october-2026,
// [LIST] sessions-api/list-sessions, [ERR] integration/api-errors, [RATE]
// integration/rate-limiting, [HOOK] integration/webhooks, and so on.

func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	require.Len(t, parts, 3)
	head, err := base64.RawURLEncoding.DecodeString(parts[0])
	require.NoError(t, err)
	assert.JSONEq(t, `{"alg":"HS256","typ":"JWT"}`, string(head))
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(t, err)
	var claims map[string]any
	require.NoError(t, json.Unmarshal(payload, &claims))
	return claims
}

// [SHARE]: a JWT with the documented claims; the TTL is 3600 unless said.
func TestShareToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, kind := range []didit.SessionKind{didit.KindUser, didit.KindBusiness} {
		session := w.a.AddSession(didittest.SessionFixture{Kind: kind})
		for body, life := range map[string]float64{"": 3600, `,"ttl_in_seconds":60`: 60, `,"ttl_in_seconds":86400`: 86400} {
			r := w.do(http.MethodPost, "/v3/session/"+session+"/share/", w.a.APIKey, `{"for_application_id":"`+w.b.ID+`"`+body+`}`)
			require.Equal(t, 200, r.status)
			assert.Equal(t, w.b.ID, r.body["for_application_id"])
			assert.Equal(t, string(kind), r.body["session_kind"])
			claims := claimsOf(t, r.body["share_token"].(string)) //nolint:errcheck,forcetypeassert // the test fails either way
			assert.Equal(t, session, claims["session_id"])
			assert.Equal(t, string(kind), claims["session_kind"])
			assert.Equal(t, w.a.ID, claims["from_application_id"])
			assert.Equal(t, w.b.ID, claims["for_application_id"])
			assert.InDelta(t, life, claims["exp"].(float64)-claims["iat"].(float64), 0) //nolint:errcheck,forcetypeassert // likewise
		}
	}
}

// [SHARE] bounds and states; [SHARE-P] the text; the field errors are the stand-in's own.
func TestShareRefusals(t *testing.T) {
	t.Parallel()
	for _, dialect := range didittest.Dialects() {
		w := newWorld(t, didittest.WithDialect(dialect))
		gone := w.server.AddApplication("gone")
		gone.Delete()
		session := w.a.AddSession(didittest.SessionFixture{})
		share := func(session, body string) reply {
			return w.do(http.MethodPost, "/v3/session/"+session+"/share/", w.a.APIKey, body)
		}
		for _, status := range []didit.SessionStatus{
			didit.StatusNotStarted, didit.StatusInProgress, didit.StatusAwaitingUser, didit.StatusResubmitted, didit.StatusExpired,
			didit.StatusKYCExpired, didit.StatusAbandoned,
		} {
			r := share(w.a.AddSession(didittest.SessionFixture{Status: status}), `{"for_application_id":"`+w.b.ID+`"}`)
			assert.Equal(t, 400, r.status)
			assert.True(t, strings.HasPrefix(r.body["detail"].(string), "Only finished sessions")) //nolint:errcheck,forcetypeassert // the test fails either way
			assert.Contains(t, r.text, "can be shared.")
		}
		for _, ttl := range []string{"59", "86401", "0", `"x"`, "1.5", "true"} {
			r := share(session, `{"for_application_id":"`+w.b.ID+`","ttl_in_seconds":`+ttl+`}`)
			assert.Equal(t, 400, r.status, ttl)
			assert.Contains(t, r.body, "ttl_in_seconds")
		}
		r := share(session, `{"for_application_id":"`+w.b.ID+`","ttl_in_seconds":"3600"}`)
		assert.Equal(t, dialect == didittest.DialectSingular, r.status == 200, "a string of digits is the oldest sample's")
		for _, id := range []string{"", "x", w.a.ID, gone.ID, "00000000-0000-4000-8000-000000000000"} {
			assert.Equal(t, 400, share(session, `{"for_application_id":"`+id+`"}`).status, id)
		}
		assert.Equal(t, 400, share(session, `{}`).status)
		assert.Equal(t, 400, share(session, `[`).status)
		assert.Equal(t, 404, share("00000000-0000-4000-8000-000000000000", `{"for_application_id":"`+w.b.ID+`"}`).status)
		assert.Equal(t, 404, share(w.b.AddSession(didittest.SessionFixture{}), `{"for_application_id":"`+w.b.ID+`"}`).status, "another's")
		assert.Equal(t, 200, share(session, `{"for_application_id":"`+strings.ToUpper(w.b.ID)+`","unknown":1}`).status, "unknown fields are ignored")
	}
}

// [IMPORT]: an own session, once; trust_review and vendor_data as documented.
func TestImport(t *testing.T) {
	t.Parallel()
	for _, dialect := range didittest.Dialects() {
		w := newWorld(t, didittest.WithDialect(dialect), didittest.WithSourceInRows(true))
		for _, kind := range []didit.SessionKind{didit.KindUser, didit.KindBusiness} {
			for more, want := range map[string]didit.SessionStatus{"": didit.StatusInReview, `,"trust_review":false`: didit.StatusInReview,
				`,"trust_review":true,"vendor_data":"v"`: didit.StatusDeclined} {
				source := w.a.AddSession(didittest.SessionFixture{Kind: kind, Status: didit.StatusDeclined, VendorData: "A's"})
				token := w.share(source)
				r := w.redeem(token, kind, more)
				require.Equal(t, 201, r.status, r.text)
				id, _ := r.body["session_id"].(string)
				assert.NotEqual(t, source, id)
				assert.Equal(t, string(want), r.body["status"])
				record, ok := w.b.Session(id)
				require.True(t, ok)
				assert.Equal(t, source, record.SharedFrom)
				assert.Equal(t, kind, record.Kind)
				assert.Equal(t, map[bool]string{true: "v", false: "A's"}[strings.Contains(more, "vendor")], record.VendorData)
				switch {
				case dialect == didittest.DialectNewest:
					assert.Len(t, r.body, 8, "the short object of the newest sample")
				case dialect == didittest.DialectSingular && kind == didit.KindUser:
					assert.Contains(t, r.body, "id_verification")
				default:
					assert.Equal(t, source, r.body["shared_from_session"])
				}
				decision := w.do(http.MethodGet, "/v3/session/"+id+"/decision/", w.b.APIKey, "")
				assert.Equal(t, source, decision.body["shared_from_session"])
				rows := w.do(http.MethodGet, "/v3/sessions/?session_kind="+string(kind), w.b.APIKey, "").results()
				assert.Equal(t, source, rows[0]["shared_from_session"])

				again := w.redeem(token, kind, more)
				assert.Equal(t, 403, again.status, "once")
				assert.Equal(t, 403, w.redeem(w.share(source), kind, more).status, "a second token does not help")
			}
		}
	}
}

// The three generations of refusals: [CHG-OCT] 400 under share_token, before that 401, 403 and 404.
func TestImportRefusals(t *testing.T) {
	t.Parallel()
	for _, dialect := range didittest.Dialects() {
		w := newWorld(t, didittest.WithDialect(dialect))
		newest := dialect == didittest.DialectNewest
		check := func(r reply, older int, what string) {
			t.Helper()
			if newest {
				assert.Equal(t, 400, r.status, what)
				assert.Contains(t, r.body, "share_token", what)
			} else {
				assert.Equal(t, older, r.status, what)
				assert.Contains(t, r.body, "detail", what)
			}
		}
		good := w.share(w.a.AddSession(didittest.SessionFixture{}))
		check(w.redeem("no.token.this", didit.KindUser, ""), 401, "malformed")
		check(w.redeem(didittest.Token(didit.ShareClaims{ForApplicationID: w.b.ID}).Reveal(), didit.KindUser, ""), 401, "signed by nobody")
		third := w.server.AddApplication("C")
		r := w.do(http.MethodPost, "/v3/session/import-shared/", third.APIKey, `{"share_token":"`+good+`","workflow_id":"`+third.Workflow(didit.KindUser)+`"}`)
		check(r, 403, "foreign")
		source := w.a.AddSession(didittest.SessionFixture{})
		orphan := w.share(source)
		w.a.DeleteSession(source)
		check(w.redeem(orphan, didit.KindUser, ""), 404, "source gone")
		assert.Equal(t, 400, w.redeem(good, didit.KindBusiness, "").status, "a workflow of the other kind")
		r = w.do(http.MethodPost, "/v3/session/import-shared/", w.b.APIKey, `{"share_token":"`+good+`","workflow_id":"`+w.a.Workflow(didit.KindUser)+`"}`)
		assert.Equal(t, 404, r.status, "another's workflow")
		for _, body := range []string{`{}`, `{"share_token":"` + good + `"}`, `{"share_token":"` + good + `","workflow_id":"x"}`,
			`{"share_token":7,"workflow_id":"` + w.b.Workflow(didit.KindUser) + `"}`} {
			assert.Equal(t, 400, w.do(http.MethodPost, "/v3/session/import-shared/", w.b.APIKey, body).status, body)
		}
		assert.Equal(t, 400, w.redeem(good, didit.KindUser, `,"trust_review":"maybe"`).status)
		w.server.Advance(59 * time.Minute)
		assert.Equal(t, 201, w.redeem(good, didit.KindUser, "").status, "what was refused left the token as good as it was")
		late := w.share(w.a.AddSession(didittest.SessionFixture{}))
		w.server.Advance(61 * time.Minute)
		check(w.redeem(late, didit.KindUser, ""), 401, "expired")
	}
}

// What the documentation leaves open is the test's to choose.
func TestOpenFacts(t *testing.T) {
	t.Parallel()
	t.Run("tokens without a kind", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, didittest.WithoutTokenKind())
		token := w.share(w.a.AddSession(didittest.SessionFixture{}))
		assert.NotContains(t, claimsOf(t, token), "session_kind")
		assert.Equal(t, 201, w.redeem(token, didit.KindUser, "").status)
		company := w.share(w.a.AddSession(didittest.SessionFixture{Kind: didit.KindBusiness}))
		assert.Equal(t, 400, w.redeem(company, didit.KindBusiness, "").status, "[IMPORT]: taken for a person's")
	})
	t.Run("trust_review required, vendor data not inherited, plain errors", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, didittest.WithTrustReviewRequired(true), didittest.WithInheritedVendorData(false), didittest.WithPlainFieldErrors(true),
			didittest.WithSuccessStatus(didittest.OpImportSharedSession, 200), didittest.WithSourceInDecision(false))
		token := w.share(w.a.AddSession(didittest.SessionFixture{VendorData: "A's"}))
		r := w.redeem(token, didit.KindUser, "")
		assert.Equal(t, 400, r.status)
		assert.IsType(t, "", r.body["trust_review"])
		r = w.redeem(token, didit.KindUser, `,"trust_review":true`)
		assert.Equal(t, 200, r.status)
		assert.Nil(t, r.body["vendor_data"])
		id, _ := r.body["session_id"].(string)
		assert.NotContains(t, w.do(http.MethodGet, "/v3/session/"+id+"/decision/", w.b.APIKey, "").body, "shared_from_session")
	})
	t.Run("again after the copy was deleted", func(t *testing.T) {
		t.Parallel()
		for _, again := range []bool{false, true} {
			w := newWorld(t, didittest.WithReimport(again))
			source := w.a.AddSession(didittest.SessionFixture{})
			id, _ := w.redeem(w.share(source), didit.KindUser, "").body["session_id"].(string)
			w.b.DeleteSession(id)
			assert.Equal(t, again, w.redeem(w.share(source), didit.KindUser, "").status == 201)
		}
	})
	t.Run("a second import", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, didittest.WithRepeatedImports(true))
		token := w.share(w.a.AddSession(didittest.SessionFixture{}))
		assert.Equal(t, []int{201, 201}, []int{w.redeem(token, didit.KindUser, "").status, w.redeem(token, didit.KindUser, "").status})
		assert.Len(t, w.b.Sessions(), 2)
	})
	t.Run("sessions that were not imported", func(t *testing.T) {
		t.Parallel()
		for _, null := range []bool{false, true} {
			w := newWorld(t, didittest.WithNullSource(null))
			source, there := w.get("/v3/session/" + w.a.AddSession(didittest.SessionFixture{}) + "/decision/").body["shared_from_session"]
			assert.Equal(t, null, there)
			assert.Nil(t, source)
		}
	})
	t.Run("the list lags", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, didittest.WithListLag(10*time.Second))
		id, _ := w.redeem(w.share(w.a.AddSession(didittest.SessionFixture{})), didit.KindUser, "").body["session_id"].(string)
		list := func() int { return len(w.do(http.MethodGet, "/v3/sessions/", w.b.APIKey, "").results()) }
		assert.Zero(t, list())
		assert.Equal(t, 200, w.do(http.MethodGet, "/v3/session/"+id+"/decision/", w.b.APIKey, "").status)
		w.server.Advance(11 * time.Second)
		assert.Equal(t, 1, list())
	})
	for name, bad := range map[string]func(){
		"operation": func() { didittest.WithSuccessStatus("Nothing", 200) },
		"status":    func() { didittest.WithSuccessStatus(didittest.OpShareSession, 400) },
		"no body":   func() { didittest.WithSuccessStatus(didittest.OpShareSession, 204) },
		"dialect":   func() { didittest.WithDialect("latin") },
		"rate":      func() { didittest.WithRateLimit(-1) },
		"latency":   func() { didittest.WithLatency(-1) },
		"clock":     func() { didittest.WithClock(nil) },
		"listener":  func() { didittest.WithListener(nil) },
		"history":   func() { didittest.WithHistory(-1) },
		"lag":       func() { didittest.WithListLag(-1) },
		"page":      func() { didittest.WithMaxPageSize(-1) },
		"timeout":   func() { didittest.WithWebhookTimeout(0) },
	} {
		assert.Panics(t, bad, name)
	}
}

// [GUIDE]: fixtures of the past, sessions that came from elsewhere.
func TestFixtures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	source := w.a.AddSession(didittest.SessionFixture{})
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	id := w.b.AddSession(didittest.SessionFixture{SharedFrom: source, CreatedAt: at, Metadata: map[string]int{"n": 1}, VendorData: "v",
		Person: didittest.Person{FirstName: "Ada"}, NoDecision: true})
	assert.Equal(t, 403, w.redeem(w.share(source), didit.KindUser, "").status, "as if imported earlier")
	record, ok := w.b.Session(id)
	require.True(t, ok)
	assert.Equal(t, at, record.CreatedAt)
	assert.JSONEq(t, `{"n":1}`, string(record.Metadata))
	assert.Nil(t, w.do(http.MethodGet, "/v3/session/"+id+"/decision/", w.b.APIKey, "").body["id_verifications"])
	_, ok = w.a.Session(id)
	assert.False(t, ok)
	for name, bad := range map[string]func(){
		"kind":     func() { w.a.AddSession(didittest.SessionFixture{Kind: "animal"}) },
		"status":   func() { w.a.AddSession(didittest.SessionFixture{Status: "Lost"}) },
		"workflow": func() { w.a.AddSession(didittest.SessionFixture{WorkflowID: w.a.Workflow(didit.KindBusiness)}) },
		"metadata": func() { w.a.AddSession(didittest.SessionFixture{Metadata: func() {}}) },
		"source":   func() { w.a.AddSession(didittest.SessionFixture{SharedFrom: "x"}) },
		"share":    func() { w.a.Share(id, w.b, 0) },
		"set":      func() { w.a.SetStatus(source, "Lost") },
		"key":      func() { w.a.RevokeKey("x") },
		"scope":    func() { w.a.AddKey(didittest.KeyScope{Sessions: "all"}) },
		"time":     func() { w.server.Advance(-1) },
		"client":   func() { w.a.Client(didit.WithMaxRetries(-1)) },
		"event":    func() { w.a.Send(source, "x") },
		"url":      func() { w.a.DeliverTo("x") },
		"resend":   func() { w.a.Resend("x") },
	} {
		assert.Panics(t, bad, name)
	}
	w.a.RemoveWorkflow(w.a.Workflow(didit.KindUser))
	assert.Len(t, w.server.Applications(), 2)
}
