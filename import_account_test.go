package didit_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

const vendor = "customer-1"

// tokenOf makes a token with these claims; a nil value leaves one out.
func tokenOf(claims map[string]any) didit.ShareToken {
	now := time.Now()
	all := map[string]any{
		"session_id": testkit.SourceID, "session_kind": "user", "from_application_id": testkit.ApplicationA, "for_application_id": testkit.ApplicationB,
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	for name, value := range claims {
		if all[name] = value; value == nil {
			delete(all, name)
		}
	}
	payload, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return didit.NewShareToken(testkit.Token(string(payload)))
}

func expiredSince(d time.Duration) didit.ShareToken {
	end := time.Now().Add(-d)
	return tokenOf(map[string]any{"iat": end.Add(-time.Hour).Unix(), "exp": end.Unix()})
}

// bSession is one of Partner B's sessions, as the list and the decision show it. source
// "-" says that it is nobody's copy, "" leaves the key out.
type bSession struct {
	id, vendor, rowSource, source string
	number                        int
	created                       time.Time
	decision                      int    // another status than 200 for its decision
	decisionVendor                string // instead of vendor, in the decision
}

// account is Partner B's application at a made-up Didit: it answers
// imports as scripted and counts what arrived.
type account struct {
	sessions []bSession
	post     []func() (*http.Response, error) // one per import, the last one again and again
	list     func() (*http.Response, error)   // instead of the list, if set
	decision func() (*http.Response, error)   // instead of each decision, if set

	posts, lists int
	decisions    map[string]int
	body         map[string]any // of the last import
}

func answer(status int, body string) func() (*http.Response, error) {
	return func() (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{}, ContentLength: -1, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

func lost() (*http.Response, error) { return nil, io.ErrUnexpectedEOF }

func (a *account) RoundTrip(r *http.Request) (*http.Response, error) {
	switch path := r.URL.Path; {
	case r.Method == http.MethodPost && path == "/v3/session/import-shared/":
		if err := json.NewDecoder(r.Body).Decode(&a.body); err != nil {
			return nil, err
		}
		a.posts++
		return a.post[min(a.posts, len(a.post))-1]()
	case r.Method == http.MethodGet && path == "/v3/sessions/":
		a.lists++
		if a.list != nil {
			return a.list()
		}
		return a.page(r)
	case r.Method == http.MethodGet && strings.HasSuffix(path, "/decision/"):
		id := strings.Split(path, "/")[3]
		if a.decisions == nil {
			a.decisions = map[string]int{}
		}
		a.decisions[id]++
		if a.decision != nil {
			return a.decision()
		}
		return a.read(id)
	}
	return nil, errors.New("no such route")
}

func sourceJSON(source string) string {
	switch source {
	case "":
		return ""
	case "-":
		return `,"shared_from_session":null`
	}
	return fmt.Sprintf(`,"shared_from_session":%q`, source)
}

func (a *account) page(r *http.Request) (*http.Response, error) {
	q := r.URL.Query()
	var rows []string
	for _, s := range a.sessions {
		if v := q.Get("vendor_data"); v != "" && v != s.vendor {
			continue
		}
		created := ""
		if !s.created.IsZero() {
			created = s.created.UTC().Format(time.RFC3339Nano)
		}
		rows = append(rows, fmt.Sprintf(`{"session_id":%q,"session_kind":%q,"session_number":%d,"vendor_data":%q,"created_at":%q%s}`,
			s.id, q.Get("session_kind"), s.number, s.vendor, created, sourceJSON(s.rowSource)))
	}
	offset, err := strconv.Atoi(q.Get("offset"))
	if err != nil {
		return nil, err
	}
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil {
		return nil, err
	}
	next, end := "null", min(offset+limit, len(rows))
	if end < len(rows) {
		next = `"https://elsewhere.example/v3/sessions/"`
	}
	return answer(http.StatusOK, fmt.Sprintf(`{"count":%d,"next":%s,"results":[%s]}`, len(rows), next, strings.Join(rows[min(offset, end):end], ",")))()
}

func (a *account) read(id string) (*http.Response, error) {
	i := slices.IndexFunc(a.sessions, func(s bSession) bool { return s.id == id })
	if i < 0 || a.sessions[i].decision == http.StatusNotFound {
		return answer(http.StatusNotFound, `{"detail":"Not found."}`)()
	}
	s := a.sessions[i]
	if s.decision != 0 {
		return answer(s.decision, `{"detail":"no"}`)()
	}
	if s.decisionVendor != "" {
		s.vendor = s.decisionVendor
	}
	return answer(http.StatusOK, fmt.Sprintf(`{"session_id":%q,"session_kind":"user","session_number":%d,"status":"Approved","vendor_data":%q,"created_at":%q,`+
		`"id_verifications":[{"status":"Approved","first_name":"Ada"}]%s}`,
		s.id, s.number, s.vendor, s.created.UTC().Format(time.RFC3339Nano), sourceJSON(s.source)))()
}

func (a *account) client(t *testing.T, opts ...didit.Option) *didit.Client {
	t.Helper()
	c, err := didit.NewClient(append([]didit.Option{
		didit.WithAPIKey("sk_test_import"), didit.WithHTTPClient(&http.Client{Transport: a}), didit.WithApplicationID(testkit.ApplicationB),
	}, opts...)...)
	require.NoError(t, err)
	return c
}

// copyOf is the copy that an import makes.
func copyOf(vendor string) bSession {
	return bSession{id: testkit.CopyID, vendor: vendor, number: 7, source: testkit.SourceID, created: time.Now()}
}

func importParams(token didit.ShareToken) didit.ImportSharedSessionParams {
	return didit.ImportSharedSessionParams{Token: token, WorkflowID: testkit.WorkflowID, Review: didit.ReviewAgain, VendorData: vendor}
}

const (
	generic403  = `{"detail":"You do not have permission to perform this action."}`
	already403  = `{"detail":"This session has already been imported."}`
	badToken400 = `{"share_token":["The token is not valid."]}`
)

func posts(answers ...func() (*http.Response, error)) []func() (*http.Response, error) {
	return answers
}

// many makes sessions with the call's vendor data.
func many(n int, source string) []bSession {
	all := make([]bSession, n)
	for i := range all {
		all[i] = bSession{id: fmt.Sprintf("0d7f9a3c-25c4-4e0c-8a55-%012d", i), vendor: vendor, number: 10_000 - i, source: source, created: time.Now()}
	}
	return all
}

// rows makes the rows say what the decisions would.
func rows(all []bSession) []bSession {
	for i := range all {
		all[i].rowSource = all[i].source
	}
	return all
}

func resume(p *didit.ImportSharedSessionParams) { p.Resume = true }

func noVendor(p *didit.ImportSharedSessionParams) { p.VendorData = "" }

func resumeNoVendor(p *didit.ImportSharedSessionParams) { p.Resume, p.VendorData = true, "" }

// posting answers imports with these, and has these sessions.
func posting(post func() (*http.Response, error), sessions ...bSession) func(*account) {
	return func(a *account) { a.post, a.sessions = posts(post), sessions }
}

func has(sessions ...bSession) func(*account) { return func(a *account) { a.sessions = sessions } }

func tokenExpired(ago time.Duration) func() didit.ShareToken {
	return func() didit.ShareToken { return expiredSince(ago) }
}

func opaque() didit.ShareToken { return didit.NewShareToken("opaque") }

// made changes a copy.
func made(change func(*bSession)) bSession {
	s := copyOf(vendor)
	change(&s)
	return s
}

func from(source string) bSession {
	return made(func(s *bSession) { s.id, s.source = testkit.SecondCopyID, source })
}

const (
	wholeSearch = 10 * time.Second // four searches
	created201  = `{"session_id":"` + testkit.CopyID + `","status":"In Review"}`
)

func elseones() bSession { return made(func(s *bSession) { s.vendor = "somebody" }) }

func elseInRow() bSession {
	return made(func(s *bSession) { s.vendor, s.rowSource = "somebody", testkit.SourceID })
}

func unsourced() bSession { return made(func(s *bSession) { s.source = "" }) }
