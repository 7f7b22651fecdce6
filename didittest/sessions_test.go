package didittest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// [LIST]: newest first, limit and offset, next null at the end, companies counted to
// 100, "all" as two pages put together.
func TestList(t *testing.T) {
	t.Parallel()
	w := newWorld(t, didittest.WithMaxPageSize(60))
	for i := range 105 {
		w.a.AddSession(didittest.SessionFixture{Kind: didit.KindBusiness, VendorData: fmt.Sprintf("shop-%d", i), NoDecision: true})
	}
	for range 3 {
		w.a.AddSession(didittest.SessionFixture{Person: didittest.Person{Nationality: "ESP"}, Status: didit.StatusDeclined})
	}
	page := w.get("/v3/sessions/?limit=2")
	assert.InDelta(t, 3, page.body["count"], 0)
	assert.Nil(t, page.body["previous"])
	require.Len(t, page.results(), 2)
	assert.InDelta(t, 108, page.results()[0]["session_number"], 0)
	next, _ := page.body["next"].(string)
	assert.True(t, strings.HasPrefix(next, w.server.URL()+"/v3/sessions/?"))
	last := w.get(strings.TrimPrefix(next, w.server.URL()))
	assert.Len(t, last.results(), 1)
	assert.Nil(t, last.body["next"])
	assert.NotNil(t, last.body["previous"])

	companies := w.get("/v3/sessions/?session_kind=business&limit=200&offset=x")
	assert.InDelta(t, 100, companies.body["count"], 0)
	assert.Len(t, companies.results(), 60)
	assert.Contains(t, companies.results()[0], "company_name")
	all := w.get("/v3/sessions/?session_kind=all&limit=2")
	assert.Len(t, all.results(), 4, "up to twice the limit")
	assert.Equal(t, "user", all.results()[0]["session_kind"])
	assert.Len(t, w.get("/v3/sessions/").results(), 3, "people unless said")

	for query, want := range map[string]int{
		"session_kind=business&vendor_data=shop-7": 1, "vendor_data=nobody": 0, "status=Declined": 3, "status=Approved,In%20Review": 0,
		"workflow_id=" + w.a.Workflow(didit.KindUser): 3, "workflow_id=" + w.a.Workflow(didit.KindBusiness): 0, "country=ESP": 3, "country=FRA": 0,
		"document_type=Nothing": 0, "search=nobody-at-all": 0, "session_kind=business&search=SHOP-104": 1,
		"date_from=" + w.server.Now().Format(time.DateOnly) + "&date_to=" + w.server.Now().Format(time.DateOnly): 3,
		"date_to=2020-01-01": 0, "date_from=2099-01-01": 0, "didit_internal_id=00000000-0000-4000-8000-000000000000": 3,
	} {
		assert.Len(t, w.get("/v3/sessions/?"+query).results(), want, query)
	}
	for _, query := range []string{"session_kind=animal", "date_from=x", "date_to=x", "didit_internal_id=x"} {
		assert.Equal(t, 400, w.get("/v3/sessions/?"+query).status, query)
	}
}

// [LIST], [MCP]: without its last slash a path redirects, with the query kept. Unknown
// paths are the router's 404, in HTML.
func TestRouter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.get("/v3/sessions?limit=1")
	assert.Equal(t, 301, r.status)
	assert.Equal(t, "/v3/sessions/?limit=1", r.header.Get("Location"))
	for _, path := range []string{"/", "/v3/", "/v3/nothing/", "/v3/session//share/", "/v2/sessions/", "/v3/session/x/y/z/",
		"/v3/session/" + strings.ToUpper("6f1b0c52-7a53-4c2f-9d0e-2f1f4a1f0a01") + "/generate-pdf/"} {
		r := w.get(path)
		assert.Equal(t, 404, r.status, path)
		assert.Contains(t, r.header.Get("Content-Type"), "text/html")
	}
	r = w.do(http.MethodPut, "/v3/sessions/", w.a.APIKey, "")
	assert.Equal(t, 405, r.status)
	assert.Equal(t, http.MethodGet, r.header.Get("Allow"))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.server.URL()+"/v3/session/", strings.NewReader("a=b"))
	require.NoError(t, err)
	req.Header.Set("X-Api-Key", w.a.APIKey)
	resp, err := w.client.Do(req)
	require.NoError(t, err)
	resp.Body.Close()
	assert.Equal(t, 415, resp.StatusCode)
	assert.Equal(t, 413, w.do(http.MethodPost, "/v3/session/", w.a.APIKey, strings.Repeat(" ", 9<<20)).status)
}

// [CREATE]: what is answered, and the unfinished session that is returned instead.
func TestCreate(t *testing.T) {
	t.Parallel()
	for _, dialect := range didittest.Dialects() {
		w := newWorld(t, didittest.WithDialect(dialect))
		workflow := w.a.AddWorkflow(didit.KindBusiness)
		create := func(body string) reply { return w.do(http.MethodPost, "/v3/session/", w.a.APIKey, body) }
		r := create(`{"workflow_id":"` + workflow + `","vendor_data":"v","metadata":{"a":1},"callback":"https://a.example.com/x","language":"en"}`)
		require.Equal(t, 201, r.status, r.text)
		assert.Equal(t, "Not Started", r.body["status"])
		assert.Len(t, r.body["session_token"], 12)
		assert.Equal(t, workflow, r.body["workflow_id"])
		assert.NotEmpty(t, r.body["url"])
		again := create(`{"workflow_id":"` + workflow + `","vendor_data":"v"}`)
		assert.Equal(t, r.body["session_id"], again.body["session_id"], "[CREATE]: the unfinished one")
		assert.NotEqual(t, r.body["session_id"], create(`{"workflow_id":"` + workflow + `"}`).body["session_id"])
		for _, body := range []string{`{}`, `{"workflow_id":"x"}`, `{"workflow_id":"00000000-0000-4000-8000-000000000000"}`, `[]`,
			`{"workflow_id":"` + workflow + `","vendor_data":7}`, `{"workflow_id":"` + workflow + `","callback":"nowhere"}`} {
			assert.Equal(t, 400, create(body).status, body)
		}
	}
}

// [UPD]: three statuses, from six; the same one again.
func TestUpdateStatus(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	update := func(id, body string) reply {
		return w.do(http.MethodPatch, "/v3/session/"+id+"/update-status/", w.a.APIKey, body)
	}
	id := w.a.AddSession(didittest.SessionFixture{Status: didit.StatusInReview})
	r := update(id, `{"new_status":"Approved","comment":"fine"}`)
	assert.Equal(t, 200, r.status)
	assert.Equal(t, id, r.body["session_id"])
	record, _ := w.a.Session(id)
	assert.Equal(t, didit.StatusApproved, record.Status)
	assert.Equal(t, []string{"fine"}, record.Comments)
	assert.Equal(t, 200, update(id, `{"new_status":"Approved"}`).status, "nothing changes")
	assert.Equal(t, 200, update(id, `{"new_status":"Resubmitted","nodes_to_resubmit":[{"node_id":"n","feature":"OCR"}]}`).status)
	r = update(id, `{"new_status":"Resubmitted"}`)
	assert.Equal(t, 400, r.status)
	assert.Equal(t, "The new status is the same as the current status.", r.body["detail"])
	for _, body := range []string{`{}`, `{"new_status":"In Review"}`, `{"new_status":"Approved","send_email":true}`, `{"new_status":"Approved","nodes_to_resubmit":7}`,
		`{"new_status":"Approved","nodes_to_resubmit":[1]}`, `{"new_status":"Approved","nodes_to_resubmit":[{"node_id":1}]}`} {
		assert.Equal(t, 400, update(id, body).status, body)
	}
	assert.Equal(t, 400, update(w.a.AddSession(didittest.SessionFixture{Status: didit.StatusInProgress}), `{"new_status":"Approved"}`).status)
	assert.Equal(t, 404, update("00000000-0000-4000-8000-000000000000", `{"new_status":"Approved"}`).status)
}

// [DEL]: gone for good; 200 with a body, or 204 in the oldest pages.
func TestDelete(t *testing.T) {
	t.Parallel()
	for _, dialect := range didittest.Dialects() {
		w := newWorld(t, didittest.WithDialect(dialect))
		id := w.a.AddSession(didittest.SessionFixture{})
		path := "/v3/session/" + id + "/delete/"
		assert.Equal(t, 400, w.do(http.MethodDelete, path, w.a.APIKey, `{"face_retention_days":0}`).status)
		assert.Equal(t, 400, w.do(http.MethodDelete, path, w.a.APIKey, `{"deletion_instruction":"x"}`).status)
		r := w.do(http.MethodDelete, path, w.a.APIKey, `{"retain_face_embeddings":false,"deletion_instruction":"privacy_erasure"}`)
		if dialect == didittest.DialectSingular {
			assert.Equal(t, 204, r.status)
			assert.Empty(t, r.text)
		} else {
			assert.Equal(t, 200, r.status)
			assert.Equal(t, id, r.body["session_id"])
		}
		assert.Equal(t, 404, w.do(http.MethodDelete, path, w.a.APIKey, "").status)
		assert.Equal(t, 404, w.get("/v3/session/"+id+"/decision/").status)
		assert.Empty(t, w.a.Sessions())
	}
}

// [PDF]: a real one, for finished sessions.
func TestPDF(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for kind, name := range map[didit.SessionKind]string{didit.KindUser: "session_", didit.KindBusiness: "business_"} {
		id := w.a.AddSession(didittest.SessionFixture{Kind: kind})
		r := w.get("/v3/session/" + id + "/generate-pdf/")
		assert.Equal(t, 200, r.status)
		assert.Equal(t, "application/pdf", r.header.Get("Content-Type"))
		assert.Contains(t, r.header.Get("Content-Disposition"), name+id+".pdf")
		assert.True(t, strings.HasPrefix(r.text, "%PDF-"))
		assert.Contains(t, r.text, "%%EOF")
		unfinished := w.a.AddSession(didittest.SessionFixture{Kind: kind, Status: didit.StatusInProgress})
		assert.Equal(t, 403, w.get("/v3/session/"+unfinished+"/generate-pdf/").status)
	}
	assert.Equal(t, 404, w.get("/v3/session/00000000-0000-4000-8000-000000000000/generate-pdf/").status)
}

// [REV-L], [REV-C]: people's sessions only; a note by the newest page, a decision by
// the older one.
func TestReviews(t *testing.T) {
	t.Parallel()
	for _, dialect := range didittest.Dialects() {
		w := newWorld(t, didittest.WithDialect(dialect))
		id := w.a.AddSession(didittest.SessionFixture{Status: didit.StatusInReview})
		path := "/v3/sessions/" + id + "/reviews/"
		r := w.do(http.MethodPost, path, w.a.APIKey, `{"new_status":"Approved","comment":"seen"}`)
		assert.Equal(t, 201, r.status, r.text)
		record, _ := w.a.Session(id)
		assert.Equal(t, dialect == didittest.DialectNewest, record.Status == didit.StatusInReview)
		w.do(http.MethodPost, path, w.a.APIKey, `{"new_status":"Declined"}`)
		rows := w.get(path + "?limit=1").results()
		require.Len(t, rows, 1)
		assert.Equal(t, "Declined", rows[0]["new_status"], "newest first")
		rows = w.get(path + "?ordering=created_at").results()
		assert.Equal(t, "seen", rows[0]["comment"])
		assert.Equal(t, 400, w.do(http.MethodPost, path, w.a.APIKey, `{"new_status":"Lost"}`).status)
		assert.Equal(t, 400, w.do(http.MethodPost, path, w.a.APIKey, `{"new_status":"Approved","comment":"`+strings.Repeat("x", 10_001)+`"}`).status)
		company := "/v3/sessions/" + w.a.AddSession(didittest.SessionFixture{Kind: didit.KindBusiness}) + "/reviews/"
		assert.Equal(t, 404, w.get(company).status)
		assert.Equal(t, 404, w.do(http.MethodPost, company, w.a.APIKey, `{}`).status)
	}
}

// [RETR]: blocks are filled for what ran, null before; include=events adds.
func TestDecision(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, kind := range []didit.SessionKind{didit.KindUser, didit.KindBusiness} {
		for _, status := range []didit.SessionStatus{didit.StatusApproved, didit.StatusDeclined, didit.StatusInReview, didit.StatusNotStarted,
			didit.StatusInProgress, didit.StatusAwaitingUser, didit.StatusResubmitted, didit.StatusExpired, didit.StatusKYCExpired, didit.StatusAbandoned} {
			id := w.a.AddSession(didittest.SessionFixture{Kind: kind, Status: status, Company: didittest.Company{Name: "Nowhere Ltd"}})
			r := w.get("/v3/session/" + id + "/decision/?include=events")
			require.Equal(t, 200, r.status)
			assert.Equal(t, "sandbox", r.body["environment"])
			assert.Contains(t, r.body, "events")
			assert.Equal(t, string(status), r.body["status"])
			session, err := w.a.Client().GetSession(t.Context(), id)
			require.NoError(t, err)
			if status.Shareable() {
				assert.NotEmpty(t, append([]any{}, session.Decision.String()))
				assert.Equal(t, kind == didit.KindUser, len(session.IDVerifications) == 1)
				assert.Equal(t, kind == didit.KindBusiness, len(session.RegistryChecks) == 1)
			}
			if status == didit.StatusDeclined {
				assert.NotEmpty(t, session.AllWarnings(), "a refusal has a reason")
			}
		}
	}
}

// The framework trims texts: around vendor data nothing is kept, and white space alone is none.
func TestVendorDataIsTrimmed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	workflow := w.a.Workflow(didit.KindUser)
	r := w.do(http.MethodPost, "/v3/session/", w.a.APIKey, `{"workflow_id":"`+workflow+`","vendor_data":"\u00a0customer-1\u001f\n"}`)
	assert.Equal(t, "customer-1", r.body["vendor_data"])
	assert.Len(t, w.get("/v3/sessions/?vendor_data=customer-1%0a").results(), 1)
	r = w.do(http.MethodPost, "/v3/session/", w.a.APIKey, `{"workflow_id":"`+workflow+`","vendor_data":" \t"}`)
	assert.Nil(t, r.body["vendor_data"])
	assert.Len(t, w.get("/v3/sessions/?vendor_data=%20").results(), 2, "no filter")

	source := w.a.AddSession(didittest.SessionFixture{VendorData: "source-1"})
	r = w.redeem(w.share(source), didit.KindUser, `,"vendor_data":"customer-2\r\n"`)
	assert.Equal(t, "customer-2", r.body["vendor_data"])
	r = w.redeem(w.share(w.a.AddSession(didittest.SessionFixture{VendorData: "source-2"})), didit.KindUser, `,"vendor_data":"\n"`)
	assert.Equal(t, "source-2", r.body["vendor_data"], "as if it had been left out")
}
