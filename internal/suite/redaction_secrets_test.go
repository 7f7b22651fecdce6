package suite

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

// What is planted.
const (
	plantVendor   = "vendor-Kx93-oriane@mail.example"
	plantName     = "Oriane-Philippa Vasquelle-Brumelac"
	plantDocument = "XQ7712093K55QY"
	plantEmail    = "oriane.vasquelle.private@mail.example"
	plantComment  = "seen with her daughter Hilde on Sunday"
	plantLink     = "https://verify.didit.me/session/3FaJ9wLqX2MzTT"
	plantQuery    = "query-secret-7Yh2Lm0PzQ"
)

// plantForms lists every form in which a secret could be printed: whole, each half,
// and as the hex and decimal that %x and %d make of them.
func plantForms(secrets ...string) map[string]string {
	forms := map[string]string{}
	for _, s := range secrets {
		for _, part := range []string{s, s[:12], s[len(s)-12:]} {
			forms[strings.ToLower(part)] = s
			forms[hex.EncodeToString([]byte(part))] = s
			forms[strings.Trim(fmt.Sprintf("%d", []byte(part)), "[]")] = s
			forms[strings.ToLower(url.QueryEscape(part))] = s
		}
	}
	return forms
}

func noPlants(t testing.TB, what, text string, forms map[string]string) {
	t.Helper()
	text = strings.ToLower(text)
	for form, secret := range forms {
		if strings.Contains(text, form) {
			assert.Fail(t, "a secret was printed", "%s prints %q of %q: %.300s", what, form, secret, text)
			return
		}
	}
}

func allSecrets(token string) map[string]string {
	parts := strings.Split(token, ".")
	return plantForms(testkit.APIKey, token, parts[1], parts[2], plantVendor, plantName, plantDocument, plantEmail, plantComment, plantLink, plantQuery)
}

// leakyCalls are calls whose every string is a secret.
func leakyCalls(token string) []testkit.Call {
	return []testkit.Call{
		{Name: "ShareSession", Do: func(t testing.TB, c *didit.Client) error {
			_, err := c.ShareSession(t.Context(), testkit.SourceID, didit.ShareSessionParams{ForApplicationID: testkit.ApplicationB})
			return err
		}},
		{Name: "ImportSharedSession", Do: func(t testing.TB, c *didit.Client) error {
			_, err := c.ImportSharedSession(t.Context(), didit.ImportSharedSessionParams{Token: didit.NewShareToken(token), WorkflowID: testkit.WorkflowID,
				Review: didit.ReviewAgain, VendorData: plantVendor})
			return err
		}},
		{Name: "FindImportedSession", Do: func(t testing.TB, c *didit.Client) error {
			_, err := c.FindImportedSession(t.Context(), didit.FindImportedSessionParams{SourceSessionID: testkit.SourceID, SessionKind: didit.KindUser, VendorData: plantVendor})
			return err
		}},
		{Name: "GetSession", Do: func(t testing.TB, c *didit.Client) error {
			_, err := c.GetSession(t.Context(), testkit.SessionID)
			return err
		}},
		{Name: "ListSessions", Do: func(t testing.TB, c *didit.Client) error {
			for _, err := range c.ListSessions(t.Context(), didit.ListSessionsParams{VendorData: plantVendor, Search: plantName}) {
				if err != nil {
					return err
				}
			}
			return nil
		}},
		{Name: "ListReviews", Do: func(t testing.TB, c *didit.Client) error {
			for _, err := range c.ListReviews(t.Context(), testkit.SessionID) {
				if err != nil {
					return err
				}
			}
			return nil
		}},
		{Name: "CreateSession", Do: func(t testing.TB, c *didit.Client) error {
			_, err := c.CreateSession(t.Context(), didit.CreateSessionParams{WorkflowID: testkit.WorkflowID, VendorData: plantVendor, Callback: plantLink,
				Metadata: map[string]any{"a": []any{plantComment}}, ContactDetails: &didit.ContactDetails{Email: plantEmail},
				ExpectedDetails: &didit.ExpectedDetails{FirstName: plantName, DocumentNumber: plantDocument}})
			return err
		}},
		{Name: "UpdateSessionStatus", Do: func(t testing.TB, c *didit.Client) error {
			return c.UpdateSessionStatus(t.Context(), testkit.SessionID, didit.UpdateSessionStatusParams{NewStatus: didit.StatusDeclined, Comment: plantComment})
		}},
		{Name: "DeleteSession", Do: func(t testing.TB, c *didit.Client) error { return c.DeleteSession(t.Context(), testkit.SessionID) }},
		{Name: "SessionPDF", Do: func(t testing.TB, c *didit.Client) error {
			_, err := c.SessionPDF(t.Context(), testkit.SessionID, io.Discard)
			return err
		}},
		{Name: "Do", Do: func(t testing.TB, c *didit.Client) error {
			var out struct {
				SessionID int `json:"session_id"`
			}
			path := "/v3/people/" + plantDocument + "/" + url.PathEscape(plantComment) + "/?q=" + plantQuery + "&bad=%zz" + plantLink[8:] + "&n=" + url.QueryEscape(plantVendor)
			return c.Do(t.Context(), "POST", path, map[string]any{"mail": plantEmail, "names": []string{plantName}}, &out)
		}},
	}
}

// echo answers with all that was sent, as a server does that quotes it: in each
// kind of error body, in headers, in what is no JSON.
func echo(kind string) testkit.RoundTripper {
	return func(r *http.Request) (*http.Response, error) {
		var sent []byte
		if r.Body != nil {
			sent, _ = io.ReadAll(r.Body)
		}
		var values []string
		var walk func(any)
		walk = func(v any) {
			switch v := v.(type) {
			case string:
				values = append(values, v)
			case []any:
				for _, item := range v {
					walk(item)
				}
			case map[string]any:
				for _, item := range v {
					walk(item)
				}
			}
		}
		var body any
		_ = json.Unmarshal(sent, &body)
		walk(body)
		for _, v := range r.URL.Query() {
			values = append(values, v...)
		}
		values = append(values, strings.Split(strings.Trim(r.URL.Path, "/"), "/")...)
		values = append(values, r.Header.Get("X-Api-Key"), r.URL.RequestURI())
		all := strings.Join(values, " and ")
		text, _ := json.Marshal(all)
		answers := map[string]struct {
			status int
			body   string
		}{
			"detail":     {400, `{"detail":` + string(text) + `,"code":` + string(text) + `}`},
			"fields":     {400, `{"share_token":[` + string(text) + `],` + string(text) + `:[` + string(text) + `]}`},
			"nested":     {422, `{"a":[{"b":{"c":` + string(text) + `}}]}`},
			"list":       {403, `[` + string(text) + `]`},
			"upper case": {404, `{"message":` + strings.ToUpper(string(text)) + `}`},
			"401":        {401, `{"error":` + string(text) + `}`},
			"429":        {429, `{"detail":` + string(text) + `}`},
			"500":        {500, `{"detail":` + string(text) + `}`},
			"HTML":       {502, `<html>` + all},
			"text":       {400, string(text)},
			"garbage":    {200, all},
			"cut":        {200, `{"session_id":` + string(text)},
			"types":      {200, `{"session_id":` + string(text) + `,"results":[` + string(text) + `],"share_token":` + string(text) + `,"created_at":` + string(text) + `}`},
			"redirect":   {302, ``},
			"request id": {400, ``},
		}
		switch kind {
		case "url.Error":
			return nil, &url.Error{Op: "Post", URL: r.URL.String(), Err: errors.New(all)}
		case "error":
			return nil, fmt.Errorf("%s: %w", all, io.ErrUnexpectedEOF)
		}
		a := answers[kind]
		resp := testkit.Answer(r, a.status, a.body)
		if kind == "request id" {
			resp.Header.Set("X-Request-ID", r.Header.Get("X-Api-Key"))
		}
		resp.Header.Set("Location", "https://evil.example/?"+url.QueryEscape(all))
		resp.Header.Set("Retry-After", all)
		resp.Status = all
		return resp, nil
	}
}
