package suite

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

const benchKey = "sk_test_bench_0000000000000000000000000000000000"

var errBench = errors.New("not what was asked for")

// benchCall is one call, by the client and by hand, and what both are answered.
type benchCall struct {
	name   string
	path   string // of its request
	answer canned
	client func(ctx context.Context, c *didit.Client) error
	floor  func(ctx context.Context, f floor) error
}

func benchCalls(tb testing.TB) []benchCall {
	tb.Helper()
	return []benchCall{shareCall(), importCall(), decisionCall(tb), listCall(tb)}
}

func benchToken() string {
	now := time.Now().Unix()
	claims := fmt.Sprintf(`{"session_id":%q,"session_kind":"user","from_application_id":%q,"for_application_id":%q,"iat":%d,"exp":%d}`,
		testkit.SourceID, testkit.ApplicationA, testkit.ApplicationB, now, now+3600)
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode([]byte(claims)) + "." + encode([]byte(strings.Repeat("s", 32)))
}

func usableToken(token string) bool {
	return token != "" && len(token) <= 8<<10 && strings.Trim(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") == ""
}

func shareCall() benchCall {
	const path = "/v3/session/" + testkit.SourceID + "/share/"
	return benchCall{
		"share", path,
		canned{http.StatusOK, fmt.Appendf(nil, `{"share_token":%q,"for_application_id":%q,"session_kind":"user"}`, benchToken(), testkit.ApplicationB)},
		func(ctx context.Context, c *didit.Client) error {
			s, err := c.ShareSession(ctx, testkit.SourceID, didit.ShareSessionParams{ForApplicationID: testkit.ApplicationB, TTL: time.Hour})
			if err == nil && s.Token.IsZero() {
				return errBench
			}
			return err
		},
		func(ctx context.Context, f floor) error {
			in := struct {
				ForApplicationID string `json:"for_application_id"`
				TTL              int    `json:"ttl_in_seconds"`
			}{testkit.ApplicationB, 3600}
			var out struct {
				ShareToken       string `json:"share_token"`
				ForApplicationID string `json:"for_application_id"`
				SessionKind      string `json:"session_kind"`
			}
			_, err := f.call(ctx, http.MethodPost, path, in, &out)
			if err == nil && !usableToken(out.ShareToken) {
				return errBench
			}
			return err
		},
	}
}

func importCall() benchCall {
	const path = "/v3/session/import-shared/"
	token := benchToken()
	return benchCall{
		"import", path,
		canned{http.StatusCreated, fmt.Appendf(nil, `{"session_id":%q,"session_number":43762,"session_url":null,"status":"Approved","workflow_id":%q,`+
			`"vendor_data":"customer-1","created_at":"2026-05-17T10:00:00Z","expires_at":"2026-05-24T10:00:00Z"}`, testkit.CopyID, testkit.WorkflowID)},
		func(ctx context.Context, c *didit.Client) error {
			_, err := c.ImportSharedSession(ctx, didit.ImportSharedSessionParams{Token: didit.NewShareToken(token),
				WorkflowID: testkit.WorkflowID, Review: didit.TrustSourceReview, VendorData: "customer-1"})
			return err
		},
		func(ctx context.Context, f floor) error {
			payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
			if err != nil || !usableToken(token) {
				return errBench
			}
			var claims struct {
				SessionID         string `json:"session_id"`
				SessionKind       string `json:"session_kind"`
				FromApplicationID string `json:"from_application_id"`
				ForApplicationID  string `json:"for_application_id"`
				IssuedAt          int64  `json:"iat"`
				ExpiresAt         int64  `json:"exp"`
			}
			if err := json.Unmarshal(payload, &claims); err != nil || time.Now().Unix() > claims.ExpiresAt {
				return errBench
			}
			in := struct {
				ShareToken  string `json:"share_token"`
				WorkflowID  string `json:"workflow_id"`
				TrustReview bool   `json:"trust_review"`
				VendorData  string `json:"vendor_data,omitempty"`
			}{token, testkit.WorkflowID, true, "customer-1"}
			var out struct {
				SessionID     string    `json:"session_id"`
				SessionNumber int64     `json:"session_number"`
				SessionURL    string    `json:"session_url"`
				Status        string    `json:"status"`
				WorkflowID    string    `json:"workflow_id"`
				VendorData    string    `json:"vendor_data"`
				CreatedAt     time.Time `json:"created_at"`
				ExpiresAt     time.Time `json:"expires_at"`
			}
			_, err = f.call(ctx, http.MethodPost, path, in, &out)
			if err == nil && out.SessionID == claims.SessionID {
				return errBench
			}
			return err
		},
	}
}

func decisionBody(tb testing.TB) (body []byte, id string) {
	tb.Helper()
	body, err := os.ReadFile("../../testdata/decision_user.json")
	if err != nil {
		tb.Fatal(err)
	}
	var head struct {
		SessionID string `json:"session_id"`
	}
	if err := json.Unmarshal(body, &head); err != nil {
		tb.Fatal(err)
	}
	return body, head.SessionID
}

// decisionCall is by hand into the client's own type: hand-written structs for 15 KB
// would be the author's choice.
func decisionCall(tb testing.TB) benchCall {
	tb.Helper()
	body, id := decisionBody(tb)
	path := "/v3/session/" + id + "/decision/"
	return benchCall{
		"decision", path, canned{http.StatusOK, body},
		func(ctx context.Context, c *didit.Client) error {
			_, err := c.GetSession(ctx, id)
			return err
		},
		func(ctx context.Context, f floor) error {
			var s didit.Session
			raw, err := f.call(ctx, http.MethodGet, path, nil, &s)
			s.Raw = raw
			return err
		},
	}
}

const benchRows = 50

// listCall is one full page, which is the last: the client reads no other.
func listCall(tb testing.TB) benchCall {
	tb.Helper()
	page, err := os.ReadFile("../../testdata/list_user.json")
	if err != nil {
		tb.Fatal(err)
	}
	var list struct {
		Results []map[string]any `json:"results"`
	}
	if err := json.Unmarshal(page, &list); err != nil {
		tb.Fatal(err)
	}
	rows := make([]map[string]any, benchRows)
	for i := range rows {
		rows[i] = maps.Clone(list.Results[0])
		rows[i]["session_id"] = fmt.Sprintf("6f1b0c52-7a53-4c2f-9d0e-%012d", i)
	}
	body, err := json.Marshal(map[string]any{"count": benchRows, "next": nil, "previous": nil, "results": rows})
	if err != nil {
		tb.Fatal(err)
	}
	return benchCall{
		"list", "/v3/sessions/", canned{http.StatusOK, body},
		func(ctx context.Context, c *didit.Client) error {
			n := 0
			for _, err := range c.ListSessions(ctx, didit.ListSessionsParams{}) {
				if err != nil {
					return err
				}
				n++
			}
			if n != benchRows {
				return errBench
			}
			return nil
		},
		func(ctx context.Context, f floor) error {
			var out struct {
				Next    *string                `json:"next"`
				Results []didit.SessionSummary `json:"results"`
			}
			_, err := f.call(ctx, http.MethodGet, "/v3/sessions/?session_kind=user&limit=50&offset=0", nil, &out)
			if err == nil && len(out.Results) != benchRows {
				return errBench
			}
			return err
		},
	}
}
