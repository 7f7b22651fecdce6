package didit_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
)

const (
	rootKey      = "sk_test_Zq8wN3vTt1LkYpR6xUe0BhCj5MdGfAs2WoIi7uE9rQy"
	rootSession  = "6f1b0c52-7a53-4c2f-9d0e-2f1f4a1f0a01"
	rootSource   = "0d7f9a3c-25c4-4e0c-8a55-96a1f0a7b002"
	rootPartner  = "5b1d4c1e-90f3-4a85-b7c8-1a52e9d0c003"
	rootWorkflow = "c2a7e8d4-3b16-4f0a-8e57-7f5c6b4d3004"
	rootOwn      = "e81fd0aa-4c37-4b7e-9a90-b5d62c1e4005"
)

// rootClient makes a client that does not wait between tries.
func rootClient(t testing.TB, rt http.RoundTripper, opts ...didit.Option) *didit.Client {
	t.Helper()
	all := []didit.Option{didit.WithAPIKey(rootKey), didit.WithRetryWait(0, 0), didit.WithHTTPClient(&http.Client{Transport: rt})}
	c, err := didit.NewClient(append(all, opts...)...)
	require.NoError(t, err)
	return c
}

// rootTrip is a RoundTripper made of a function.
type rootTrip func(r *http.Request) (*http.Response, error)

func (f rootTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func rootAnswer(r *http.Request, status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{},
		ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}
}

// rootSeen is one request as it arrived.
type rootSeen struct {
	method, url, body string
	header            http.Header
}

// rootRecorder answers every request alike and keeps what arrived.
func rootRecorder(seen *[]rootSeen, status int, body string) rootTrip {
	return func(r *http.Request) (*http.Response, error) {
		s := rootSeen{method: r.Method, url: r.URL.String(), header: r.Header.Clone()}
		if r.Body != nil {
			data, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			s.body = string(data)
		}
		*seen = append(*seen, s)
		return rootAnswer(r, status, body), nil
	}
}

// rootMock answers what is registered and fails the test for all else.
func rootMock(t testing.TB) *httpmock.MockTransport {
	t.Helper()
	m := httpmock.NewMockTransport()
	m.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
		assert.Fail(t, "unexpected request", "%s %s", r.Method, r.URL)
		return httpmock.NewStringResponse(http.StatusTeapot, ""), nil
	})
	return m
}

// rootServer serves on a real socket. No connection is used twice, so that net/http
// replays nothing by itself.
func rootServer(t testing.TB, h http.HandlerFunc) (*httptest.Server, *http.Transport) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	tr := &http.Transport{DisableKeepAlives: true}
	t.Cleanup(tr.CloseIdleConnections)
	return srv, tr
}

// rootToken is a share token as Didit's look: a header, claims, a signature.
func rootToken(claims string) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + enc([]byte(claims)) + "." + enc([]byte("Lr4vK8nDw0Pz7HsXyBqTmEgJcUaFo3iV"))
}

// rootClaims are claims of a token for rootPartner that ends an hour from now.
func rootClaims(now time.Time) string {
	return fmt.Sprintf(`{"session_id":%q,"session_kind":"user","from_application_id":%q,"for_application_id":%q,"iat":%d,"exp":%d}`,
		rootSource, rootOwn, rootPartner, now.Unix(), now.Add(time.Hour).Unix())
}

func rootFixture(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return string(data)
}

// rootFields lists the fields of a local refusal.
func rootFields(t testing.TB, err error) []string {
	t.Helper()
	var v *didit.ValidationError
	require.ErrorAs(t, err, &v)
	require.ErrorIs(t, err, didit.ErrInvalidParams)
	require.NotEmpty(t, v.Problems)
	var fields []string
	for _, p := range v.Problems {
		fields = append(fields, p.Field)
	}
	return fields
}

// unusable names the sentinel of a success whose body is of no use.
func unusable(body string) []string {
	if strings.HasPrefix(body, "{") || strings.HasPrefix(body, "[") {
		return rootNames("ResultLost")
	}
	return rootNames("OutcomeUnknown")
}

// rootCall is one operation by name.
type rootCall struct {
	name, method, path string // the path as it is on the wire
	success            string // an answer that is success
	do                 func(t testing.TB, c *didit.Client) error
}

// rootCalls are all operations. The import's token cannot be read, so that no look
// follows.
func rootCalls() []rootCall {
	return []rootCall{
		{"ShareSession", "POST", "/v3/session/" + rootSession + "/share/", `{"share_token":"opaque","for_application_id":"` + rootPartner + `"}`,
			func(t testing.TB, c *didit.Client) error {
				_, err := c.ShareSession(t.Context(), rootSession, didit.ShareSessionParams{ForApplicationID: rootPartner})
				return err
			}},
		{"ImportSharedSession", "POST", "/v3/session/import-shared/", `{"session_id":"` + rootSession + `","status":"Approved"}`,
			func(t testing.TB, c *didit.Client) error {
				_, err := c.ImportSharedSession(t.Context(), didit.ImportSharedSessionParams{
					Token: didit.NewShareToken(rootToken(rootClaims(time.Now()))), WorkflowID: rootWorkflow, Review: didit.ReviewAgain})
				return err
			}},
		{"GetSession", "GET", "/v3/session/" + rootSession + "/decision/", `{"session_id":"` + rootSession + `","status":"Approved"}`,
			func(t testing.TB, c *didit.Client) error {
				_, err := c.GetSession(t.Context(), rootSession)
				return err
			}},
		{"ListSessions", "GET", "/v3/sessions/?limit=50&offset=0&session_kind=user", `{"results":[],"next":null}`,
			func(t testing.TB, c *didit.Client) error {
				for _, err := range c.ListSessions(t.Context(), didit.ListSessionsParams{}) {
					if err != nil {
						return err
					}
				}
				return nil
			}},
		{"ListReviews", "GET", "/v3/sessions/" + rootSession + "/reviews/?limit=50&offset=0&ordering=created_at", `{"results":[],"next":null}`,
			func(t testing.TB, c *didit.Client) error {
				for _, err := range c.ListReviews(t.Context(), rootSession) {
					if err != nil {
						return err
					}
				}
				return nil
			}},
		{"CreateSession", "POST", "/v3/session/", `{"session_id":"` + rootSession + `","url":"https://verify.example/x"}`,
			func(t testing.TB, c *didit.Client) error {
				_, err := c.CreateSession(t.Context(), didit.CreateSessionParams{WorkflowID: rootWorkflow})
				return err
			}},
		{"UpdateSessionStatus", "PATCH", "/v3/session/" + rootSession + "/update-status/", `{"session_id":"` + rootSession + `"}`,
			func(t testing.TB, c *didit.Client) error {
				return c.UpdateSessionStatus(t.Context(), rootSession, didit.UpdateSessionStatusParams{NewStatus: didit.StatusApproved})
			}},
		{"DeleteSession", "DELETE", "/v3/session/" + rootSession + "/delete/", `{"session_id":"` + rootSession + `"}`,
			func(t testing.TB, c *didit.Client) error { return c.DeleteSession(t.Context(), rootSession) }},
		{"SessionPDF", "GET", "/v3/session/" + rootSession + "/generate-pdf/", "%PDF-1.7",
			func(t testing.TB, c *didit.Client) error {
				_, err := c.SessionPDF(t.Context(), rootSession, io.Discard)
				return err
			}},
		{"Do", "POST", "/v3/workflows/", `{}`,
			func(t testing.TB, c *didit.Client) error {
				return c.Do(t.Context(), "POST", "/v3/workflows/", map[string]string{"name": "kyc"}, nil)
			}},
	}
}

type rootEndless struct{}

func (rootEndless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// rootSentinels are all sentinels.
var rootSentinels = map[string]error{
	"ErrInvalidParams": didit.ErrInvalidParams, "ErrUnauthorized": didit.ErrUnauthorized, "ErrForbidden": didit.ErrForbidden,
	"ErrNotFound": didit.ErrNotFound, "ErrRateLimited": didit.ErrRateLimited, "ErrServer": didit.ErrServer,
	"ErrSessionNotShareable": didit.ErrSessionNotShareable, "ErrSelfShare": didit.ErrSelfShare,
	"ErrApplicationNotFound": didit.ErrApplicationNotFound, "ErrInvalidTTL": didit.ErrInvalidTTL,
	"ErrShareTokenInvalid": didit.ErrShareTokenInvalid, "ErrShareTokenExpired": didit.ErrShareTokenExpired,
	"ErrShareTokenForeign": didit.ErrShareTokenForeign, "ErrSourceSessionGone": didit.ErrSourceSessionGone,
	"ErrAlreadyImported": didit.ErrAlreadyImported, "ErrImportNotFound": didit.ErrImportNotFound,
	"ErrWorkflowNotFound": didit.ErrWorkflowNotFound, "ErrWorkflowKindMismatch": didit.ErrWorkflowKindMismatch,
	"ErrNotSent": didit.ErrNotSent, "ErrOutcomeUnknown": didit.ErrOutcomeUnknown, "ErrResultLost": didit.ErrResultLost,
	"ErrTokenNotSerializable": didit.ErrTokenNotSerializable,
}

// rootMatches names every sentinel that an error matches.
func rootMatches(err error) []string {
	names := []string{}
	for name, s := range rootSentinels {
		if errors.Is(err, s) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func rootNames(list string) []string {
	names := strings.Fields(list)
	for i := range names {
		names[i] = "Err" + names[i]
	}
	slices.Sort(names)
	if names == nil {
		names = []string{}
	}
	return names
}

type rootLimiter struct{ err error }

func (l *rootLimiter) Wait(context.Context) error { return l.err }

// rootList is a list that answers as Didit's does. Rows are numbers, newest first.
type rootList struct {
	rows   map[string][]int // by kind
	before func(page int)   // runs before each page
	next   string           // what next says where there is more
	pages  int
	offset []int // of each page
	limit  int
}

func rootRowID(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

func (l *rootList) RoundTrip(r *http.Request) (*http.Response, error) {
	if l.before != nil {
		l.before(l.pages)
	}
	l.pages++
	if r.URL.Path != "/v3/sessions/" || r.Host != "" && r.Host != "verification.didit.me" {
		return nil, errors.New("the key was carried elsewhere")
	}
	q := r.URL.Query()
	limit, err1 := strconv.Atoi(q.Get("limit"))
	offset, err2 := strconv.Atoi(q.Get("offset"))
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	l.offset, l.limit = append(l.offset, offset), limit
	rows := l.rows[q.Get("session_kind")]
	page := rows[min(offset, len(rows)):min(offset+limit, len(rows))]
	var b strings.Builder
	b.WriteString(`{"next":`)
	if offset+limit < len(rows) {
		b.WriteString(strconv.Quote(l.next))
	} else {
		b.WriteString("null")
	}
	b.WriteString(`,"results":[`)
	for i, n := range page {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"session_id":%q,"session_number":%d}`, rootRowID(n), n)
	}
	b.WriteString("]}")
	return rootAnswer(r, 200, b.String()), nil
}

func rootNumbers(from, to int) []int { // from downwards
	var all []int
	for n := from; n >= to; n-- {
		all = append(all, n)
	}
	return all
}

func rootWalk(t *testing.T, c *didit.Client, params didit.ListSessionsParams) []int {
	t.Helper()
	var got []int
	for row, err := range c.ListSessions(t.Context(), params) {
		require.NoError(t, err)
		got = append(got, int(row.SessionNumber))
	}
	return got
}
