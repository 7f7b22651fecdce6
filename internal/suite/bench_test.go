package suite

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/didit-go/didit"
)

// The benchmarks hold every call against its floor: the same call written by hand
// on net/http and encoding/json, on the same bytes, with the same deadline and the
// same check of the token. Ratios and counts are what they are for; absolute times
// mean nothing on a shared machine.
//
//	go test -run '^$' -bench . -benchmem

const (
	benchSource   = "6f1b0c52-7a53-4c2f-9d0e-2f1f4a1f0a01"
	benchOwn      = "0d7f9a3c-25c4-4e0c-8a55-96a1f0a7b002"
	benchApp      = "5b1d4c1e-90f3-4a85-b7c8-1a52e9d0c003"
	benchWorkflow = "c2a7e8d4-3b16-4f0a-8e57-7f5c6b4d3004"
	benchKey      = "sk_test_bench_0000000000000000000000000000000000"
)

// canned answers every request from memory.
type canned struct {
	status int
	body   []byte
}

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
	}
	return &http.Response{
		StatusCode: c.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        http.Header{"Content-Type": {"application/json"}},
		ContentLength: int64(len(c.body)), Body: io.NopCloser(bytes.NewReader(c.body)), Request: r,
	}, nil
}

func benchToken() string {
	now := time.Now().Unix()
	claims := fmt.Sprintf(`{"session_id":%q,"session_kind":"user","from_application_id":%q,"for_application_id":%q,"iat":%d,"exp":%d}`,
		benchSource, benchOwn, benchApp, now, now+3600)
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode([]byte(claims)) + "." + encode(bytes.Repeat([]byte("s"), 32))
}

func benchClient(b *testing.B, rt http.RoundTripper) *didit.Client {
	b.Helper()
	c, err := didit.NewClient(didit.WithAPIKey(benchKey), didit.WithHTTPClient(&http.Client{Transport: rt}))
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// floor is a client written by hand.
type floor struct{ http *http.Client }

func (f floor) call(ctx context.Context, method, path string, in, out any) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, didit.DefaultBaseURL+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-Api-Key", benchKey)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "floor")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := f.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		return nil, errors.New(resp.Status)
	}
	return data, json.Unmarshal(data, out)
}

func usableToken(token string) bool {
	return token != "" && len(token) <= 8<<10 && strings.Trim(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") == ""
}

func BenchmarkShare(b *testing.B) {
	b.Run("client", shareClient)
	b.Run("floor", shareFloor)
}

func sharedAnswer() canned {
	return canned{http.StatusOK, fmt.Appendf(nil, `{"share_token":%q,"for_application_id":%q,"session_kind":"user"}`, benchToken(), benchApp)}
}

func shareClient(b *testing.B) {
	ctx := b.Context()
	c := benchClient(b, sharedAnswer())
	b.ReportAllocs()
	for b.Loop() {
		s, err := c.ShareSession(ctx, benchSource, didit.ShareSessionParams{ForApplicationID: benchApp, TTL: time.Hour})
		if err != nil || s.Token.IsZero() {
			b.Fatal(err)
		}
	}
}

func shareFloor(b *testing.B) {
	ctx := b.Context()
	f := floor{&http.Client{Transport: sharedAnswer()}}
	b.ReportAllocs()
	for b.Loop() {
		in := struct {
			ForApplicationID string `json:"for_application_id"`
			TTL              int    `json:"ttl_in_seconds"`
		}{benchApp, 3600}
		var out struct {
			ShareToken       string `json:"share_token"`
			ForApplicationID string `json:"for_application_id"`
			SessionKind      string `json:"session_kind"`
		}
		if _, err := f.call(ctx, http.MethodPost, "/v3/session/"+benchSource+"/share/", in, &out); err != nil || !usableToken(out.ShareToken) {
			b.Fatal(err)
		}
	}
}

func BenchmarkImport(b *testing.B) {
	b.Run("client", importClient)
	b.Run("floor", importFloor)
}

func importedAnswer() canned {
	return canned{http.StatusCreated, fmt.Appendf(nil, `{"session_id":%q,"session_number":43762,"session_url":null,"status":"Approved","workflow_id":%q,`+
		`"vendor_data":"customer-1","created_at":"2026-05-17T10:00:00Z","expires_at":"2026-05-24T10:00:00Z"}`, benchOwn, benchWorkflow)}
}

func importClient(b *testing.B) {
	ctx, token := b.Context(), benchToken()
	c := benchClient(b, importedAnswer())
	b.ReportAllocs()
	for b.Loop() {
		_, err := c.ImportSharedSession(ctx, didit.ImportSharedSessionParams{Token: didit.NewShareToken(token),
			WorkflowID: benchWorkflow, Review: didit.TrustSourceReview, VendorData: "customer-1"})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func importFloor(b *testing.B) {
	ctx, token := b.Context(), benchToken()
	f := floor{&http.Client{Transport: importedAnswer()}}
	b.ReportAllocs()
	for b.Loop() {
		payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
		if err != nil || !usableToken(token) {
			b.Fatal(err)
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
			b.Fatal(err)
		}
		in := struct {
			ShareToken  string `json:"share_token"`
			WorkflowID  string `json:"workflow_id"`
			TrustReview bool   `json:"trust_review"`
			VendorData  string `json:"vendor_data,omitempty"`
		}{token, benchWorkflow, true, "customer-1"}
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
		if _, err := f.call(ctx, http.MethodPost, "/v3/session/import-shared/", in, &out); err != nil || out.SessionID == benchSource {
			b.Fatal(err)
		}
	}
}

// BenchmarkDecision reads a decision of 12 KB. "unmarshal" decodes the same bytes
// into the same type and keeps a copy of them, as Raw does.
func BenchmarkDecision(b *testing.B) {
	b.Run("client", decisionClient)
	b.Run("floor", decisionFloor)
	b.Run("unmarshal", decisionUnmarshal)
}

func decisionBody(b *testing.B) (body []byte, id string) {
	b.Helper()
	body, err := os.ReadFile("../../testdata/decision_user.json")
	if err != nil {
		b.Fatal(err)
	}
	var head struct {
		SessionID string `json:"session_id"`
	}
	if err := json.Unmarshal(body, &head); err != nil {
		b.Fatal(err)
	}
	return body, head.SessionID
}

func decisionClient(b *testing.B) {
	ctx := b.Context()
	body, id := decisionBody(b)
	c := benchClient(b, canned{http.StatusOK, body})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.GetSession(ctx, id); err != nil {
			b.Fatal(err)
		}
	}
}

func decisionFloor(b *testing.B) {
	ctx := b.Context()
	body, id := decisionBody(b)
	f := floor{&http.Client{Transport: canned{http.StatusOK, body}}}
	b.ReportAllocs()
	for b.Loop() {
		var s didit.Session
		raw, err := f.call(ctx, http.MethodGet, "/v3/session/"+id+"/decision/", nil, &s)
		if err != nil || len(raw) == 0 {
			b.Fatal(err)
		}
	}
}

func decisionUnmarshal(b *testing.B) {
	body, _ := decisionBody(b)
	b.ReportAllocs()
	for b.Loop() {
		s := new(didit.Session)
		if err := json.Unmarshal(body, s); err != nil {
			b.Fatal(err)
		}
		s.Raw = bytes.Clone(body)
	}
}
