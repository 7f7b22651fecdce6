package didit_test

import (
	"context"
	"errors"
	"iter"
	"log"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/bulk"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/pace"
)

// TestREADME runs the code of the README. That each block of it stands here, or in the
// test of the module that it needs, is tested for all pages in internal/contract.
func TestREADME(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
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
	require.NoError(t, readmeImport(t.Context(), appB.Client(), sent, appB.Workflow(didit.KindUser)))
	require.NoError(t, readmeTest(t.Context()))

	file, err := bulk.OpenFile(filepath.Join(t.TempDir(), "shared.jsonl"))
	require.NoError(t, err)
	t.Setenv("DIDIT_API_KEY", appA.APIKey)
	delivered := 0
	items := bulk.Items(bulk.ShareItem{SessionID: appA.AddSession(didittest.SessionFixture{}), Params: didit.ShareSessionParams{ForApplicationID: appB.ID}})
	require.NoError(t, readmeBulk(t.Context(), items, file, func(*didit.SharedSession) error { delivered++; return nil }))
	assert.Equal(t, 1, delivered)
	require.NoError(t, file.Close())
}

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

func readmeImport(ctx context.Context, client *didit.Client, text, workflowID string) error {
	params := didit.ImportSharedSessionParams{
		Token:      didit.NewShareToken(text),
		WorkflowID: workflowID,        // yours, of the same kind; or one per kind in Workflows
		Review:     didit.ReviewAgain, // or TrustSourceReview: keep A's decision
		VendorData: "customer-1",      // your own reference, one for each person: only by it a lost import is found
	}
	for {
		imported, err := client.ImportSharedSession(ctx, params)
		if err == nil {
			log.Println("imported as", imported.SessionID, imported.Status)
			return nil
		}
		if !didit.Retryable(err) {
			return err
		}
		params.Resume = true // this token may have reached Didit: search before sending
		select {
		case <-time.After(didit.RetryAfter(err)):
		case <-ctx.Done():
			return err
		}
	}
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

func readmeBulk(ctx context.Context, items iter.Seq2[bulk.ShareItem, error], file *bulk.File, send func(*didit.SharedSession) error) error {
	client, err := didit.NewClient(didit.WithLimiter(pace.Adaptive()), didit.WithMaxRetries(0)) // bulk waits, not a worker
	if err != nil {
		return err
	}
	run := bulk.Share(ctx, client, items, bulk.Options{Checkpoint: file}) // file, err := bulk.OpenFile("shared.jsonl")
	for result := range run.All() {
		if result.Err != nil {
			log.Println(result.Item.SessionID, result.Err)
		} else if send(result.Value) != nil {
			result.Redo() // not recorded as done: shared again by the next run
		}
	}
	return run.Err()
}
