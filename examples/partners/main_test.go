package main

import (
	"context"
	"encoding/csv"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/handoff"
)

// TestMain lets the test's own binary be a side.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "-role" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout); err != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func TestWalk(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, run(t.Context(), nil, nil, &out))
	assert.Contains(t, out.String(), "both ledgers have both")
	assert.NotContains(t, out.String(), "whsec_")
}

func TestBadFlags(t *testing.T) {
	t.Parallel()
	require.Error(t, run(t.Context(), []string{"what"}, nil, io.Discard))
	require.Error(t, run(t.Context(), []string{"-role", "bank"}, strings.NewReader(""), io.Discard))
}

// lines is an output that may be read while it is written.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
	said chan struct{}
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, err := l.text.Write(p)
	if strings.Contains(string(p), "for a sender of your own") {
		close(l.said)
	}
	return n, err
}

// TestServe: with -serve it stays until a signal comes, and then both programs have ended.
func TestServe(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	out := &lines{said: make(chan struct{})}
	done := make(chan error, 1)
	go func() { done <- run(ctx, []string{"-serve"}, nil, out) }()
	select {
	case <-out.said:
	case err := <-done:
		require.FailNow(t, "it ended", "%v", err)
	}
	out.mu.Lock()
	text := out.text.String()
	out.mu.Unlock()
	_, after, _ := strings.Cut(text, "the bank          ")
	bank, _, _ := strings.Cut(after, "\n")
	s := &side{address: address{URL: bank}}
	_, err := s.call(t.Context(), http.MethodGet, "/", nil)
	require.NoError(t, err)
	cancel()
	require.NoError(t, <-done)
	_, err = s.call(t.Context(), http.MethodGet, "/", nil)
	require.Error(t, err, "the bank's program has ended")
}

func TestPages(t *testing.T) {
	t.Parallel()
	server := didittest.NewServer()
	defer server.Close()
	bank, fintech := server.AddApplication("Invented Bank"), server.AddApplication("Invented Fintech")
	configs := pair(server, bank, fintech)
	a, err := start(roleBank, configs[roleBank])
	require.NoError(t, err)
	defer a.end()
	b, err := start(roleFintech, configs[roleFintech])
	require.NoError(t, err)
	defer b.end()
	require.NoError(t, a.meet(b))
	require.NoError(t, b.meet(a))
	require.NoError(t, walk(t.Context(), a, b, fintech, io.Discard))

	_, err = b.handOver(t.Context(), "somebody", purposes[0])
	require.ErrorContains(t, err, "rejected")
	_, err = a.handOver(t.Context(), "customer-3", "anything")
	require.ErrorContains(t, err, "not a purpose")
	resp, err := http.Post(b.URL+"/handoff", "application/json", strings.NewReader("{}")) //nolint:noctx // a stranger
	require.NoError(t, err)
	resp.Body.Close()
	assert.Equal(t, http.StatusUnauthorized, resp.StatusCode)

	copied, err := fintech.Client().GetSession(t.Context(), fintech.Sessions()[0].ID)
	require.NoError(t, err)
	name := copied.IDVerifications[0].LastName
	require.NotEmpty(t, name)
	for _, s := range []*side{a, b} {
		for _, path := range []string{"/", "/?outcome=ok&partner=" + url.QueryEscape("Invented Bank"), "/ledger.csv", "/?partner=%22%3E%3Cscript%3E"} {
			text, err := s.call(t.Context(), http.MethodGet, path, nil)
			require.NoError(t, err)
			assert.NotContains(t, text, "<script")
			for _, c := range configs {
				for _, planted := range []string{c.APIKey, c.PushSecret, c.PullSecret, "eyJ", "whsec_"} {
					assert.NotContains(t, text, planted)
				}
			}
			assert.NotContains(t, text, name)
		}
	}
	rows := func(s *side, query string) [][]string {
		text, err := s.call(t.Context(), http.MethodGet, "/ledger.csv"+query, nil)
		require.NoError(t, err)
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		require.NoError(t, err)
		return rows[1:]
	}
	assert.Len(t, rows(a, ""), 3)
	assert.Len(t, rows(a, "?outcome=refused"), 1)
	assert.Len(t, rows(b, ""), 4)
	assert.Len(t, rows(b, "?outcome=ok&partner="+url.QueryEscape("Invented Bank")), 2)
	assert.Empty(t, rows(b, "?partner=nobody"))
	for _, r := range rows(b, "?outcome=ok") {
		assert.NotEmpty(t, r[7], "the copy is named")
	}
	page, err := b.call(t.Context(), http.MethodGet, "/?outcome=refused", nil)
	require.NoError(t, err)
	assert.Contains(t, page, "nobody that is known")
	assert.NotContains(t, page, "customer-1")

	// A page of somebody else's cannot press the button.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.URL+"/hand-over", strings.NewReader("reference=customer-3&purpose=open+an+account"))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", "https://elsewhere.example")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	resp, err = http.DefaultClient.Do(req)
	require.NoError(t, err)
	resp.Body.Close()
	assert.Equal(t, http.StatusForbidden, resp.StatusCode)
	assert.Len(t, fintech.Sessions(), 2)
}

func TestCSV(t *testing.T) {
	t.Parallel()
	book := &ledger{names: map[string]string{"a": "A"}, self: "b"}
	require.NoError(t, book.add(t.Context(), handoff.AuditEvent{FromApplicationID: "a", ForApplicationID: "b", Reference: `=HYPERLINK("x")`, Purpose: "a, \"b\""}))
	var out strings.Builder
	require.NoError(t, writeCSV(&out, book.find("A", "")))
	assert.Contains(t, out.String(), `"'=HYPERLINK(""x"")"`)
	assert.Contains(t, out.String(), `"a, ""b"""`)
}
