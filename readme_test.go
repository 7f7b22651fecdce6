package didit_test

import (
	"context"
	"errors"
	"log"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/webhook"
)

// TestRecordedTable: the table of what is recorded when data is shared names all of it.
func TestRecordedTable(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("docs/importing.md")
	require.NoError(t, err)
	for field := range reflect.TypeFor[didit.AuditEvent]().Fields() {
		assert.Contains(t, string(doc), "`"+field.Name+"`")
	}
}

// TestREADME: every Go block of the README stands in this file, where it is compiled
// and run.
func TestREADME(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	own, err := os.ReadFile("readme_test.go")
	require.NoError(t, err)
	code := squeeze(string(own))
	blocks := strings.Split(string(readme), "```go\n")[1:]
	require.Len(t, blocks, 4)
	for _, block := range blocks {
		block, _, _ = strings.Cut(block, "```")
		assert.Contains(t, code, squeeze(block))
	}
	assert.LessOrEqual(t, strings.Count(string(readme), "\n"), 200, "lines")

	server := didittest.NewServer()
	defer server.Close()
	appA, appB := server.AddApplication("Partner A"), server.AddApplication("Partner B")
	// The snippets call Didit with the key of the environment; here the stand-in answers.
	before := http.DefaultTransport
	defer func() { http.DefaultTransport = before }()
	http.DefaultTransport = roundTripper(func(r *http.Request) (*http.Response, error) {
		to, err := url.Parse(server.URL())
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.URL.Scheme, r.URL.Host = to.Scheme, to.Host
		return server.HTTPClient().Transport.RoundTrip(r)
	})
	log.SetOutput(t.Output())
	defer log.SetOutput(os.Stderr)

	sent := ""
	t.Setenv("DIDIT_API_KEY", appA.APIKey)
	require.NoError(t, readmeShare(t.Context(), appA.AddSession(didittest.SessionFixture{}), appB.ID, func(text string) error {
		sent = text
		return nil
	}))
	t.Setenv("DIDIT_API_KEY", appB.APIKey)
	require.NoError(t, readmeImport(t.Context(), sent, appB.Workflow(didit.KindUser)))
	require.NoError(t, readmeTest(t.Context()))
	t.Setenv("DIDIT_WEBHOOK_SECRET", appA.WebhookSecret)
	handler, err := readmeWebhook(func(context.Context, string) error { return nil })
	require.NoError(t, err)
	assert.NotNil(t, handler)
}

// squeeze makes one space of all white space.
func squeeze(code string) string { return strings.Join(strings.Fields(code), " ") }

func readmeShare(ctx context.Context, sessionID, partnerB string, sendToPartner func(string) error) error {
	client, err := didit.NewClient() // the key is in DIDIT_API_KEY, its application in DIDIT_APPLICATION_ID
	if err != nil {
		return err
	}
	shared, err := client.ShareSession(ctx, sessionID, didit.ShareSessionParams{
		ForApplicationID: partnerB,         // Partner B's application id
		TTL:              10 * time.Minute, // 60 s to 24 h; one hour if 0
	})
	if err != nil {
		return err
	}
	log.Println("shared", shared.SessionID, "until", shared.ExpiresAt())
	return sendToPartner(shared.Token.Reveal()) // a bearer copy of the person's file
}

func readmeImport(ctx context.Context, text, workflowID string) error {
	client, err := didit.NewClient()
	if err != nil {
		return err
	}
	imported, err := client.ImportSharedSession(ctx, didit.ImportSharedSessionParams{
		Token:      didit.NewShareToken(text),
		WorkflowID: workflowID,        // yours, of the same kind; or one per kind in Workflows
		Review:     didit.ReviewAgain, // or TrustSourceReview: keep A's decision
		VendorData: "customer-1",      // your own reference: only with it a lost import is returned
	})
	if err != nil {
		return err // didit.Retryable(err): again after didit.RetryAfter(err), with Resume
	}
	log.Println("imported as", imported.SessionID, imported.Status)
	return nil
}

func readmeTest(ctx context.Context) error {
	server := didittest.NewServer()
	defer server.Close()
	a, b := server.AddApplication("A"), server.AddApplication("B")
	session := a.AddSession(didittest.SessionFixture{})
	server.Inject(didittest.Fault{Operation: didittest.OpImportSharedSession, Kind: didittest.FaultAnswerLost})

	shared, err := a.Client().ShareSession(ctx, session, didit.ShareSessionParams{ForApplicationID: b.ID})
	if err != nil {
		return err
	}
	imported, err := b.Client().ImportSharedSession(ctx, didit.ImportSharedSessionParams{
		Token: shared.Token, WorkflowID: b.Workflow(didit.KindUser), Review: didit.ReviewAgain, VendorData: "customer-1",
	})
	// err == nil: imported is the one copy, imported.Recovered is true
	if err == nil && !imported.Recovered {
		return errors.New("not recovered")
	}
	return err
}

// readmeWebhook is compiled; package webhook has the tests of what it does.
func readmeWebhook(enqueue func(context.Context, string) error) (http.Handler, error) {
	verifier, err := webhook.NewVerifier(os.Getenv("DIDIT_WEBHOOK_SECRET"))
	if err != nil {
		return nil, err
	}
	return verifier.Handler(func(ctx context.Context, e *webhook.Event) error {
		if !e.Status.Shareable() {
			return nil
		}
		return enqueue(ctx, e.SessionID) // answer within 5 s, work elsewhere, and read the session anew there
	}, webhook.WithDeduplication(webhook.NewMemoryStore(10_000)), webhook.LiveOnly()), nil
}
