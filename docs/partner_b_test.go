package docs_test

import (
	"context"
	"iter"
	"log"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/bulk"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/handoff"
	"github.com/didit-go/didit/pace"
)

func receive(self string, secrets handoff.Secrets, client *didit.Client, partnerA, workflow string, onboard func(ctx context.Context, reference, sessionID string) error) (http.Handler, error) {
	importer := handoff.Importer(client, handoff.ImportPolicy{
		Partners:  []string{partnerA}, // whose tokens you accept
		Workflows: didit.Workflows{User: workflow},
		Review:    didit.TrustSourceReview,
		// VendorData: nil takes the envelope's Reference
	}, func(ctx context.Context, e handoff.Envelope, s *didit.ImportedSession) error {
		return onboard(ctx, e.Reference, s.SessionID) // may be called again: the same person, the same session
	})
	handler, err := handoff.NewReceiver(self, secrets, importer) // at "/handoff", over https
	return handler, err
}

func pull(ctx context.Context, requester *handoff.Requester, importer func(context.Context, handoff.Envelope) (*handoff.Receipt, error), client *didit.Client, partnerA string) error {
	envelope, err := requester.Request(ctx, handoff.Request{ // requester, err := handoff.NewRequester("https://a.example/handoff", secret)
		ID: "ticket-42", FromApplicationID: partnerA, ForApplicationID: client.ApplicationID(),
		Reference: "customer-7", Purpose: "open an account",
	})
	if err != nil {
		return err // handoff.ErrRejected: A will not
	}
	_, err = importer(ctx, *envelope) // the importer from above checks and imports
	return err
}

func importMany(ctx context.Context, items iter.Seq2[bulk.ImportItem, error], file *bulk.File, onboard func(ctx context.Context, reference, sessionID string) error) error {
	client, err := didit.NewClient(didit.WithLimiter(pace.Adaptive()), didit.WithMaxRetries(0)) // bulk waits, not a worker
	if err != nil {
		return err
	}
	run := bulk.Import(ctx, client, items, bulk.Options{Checkpoint: file}) // each item has VendorData
	for result := range run.All() {
		if result.Err != nil {
			log.Println(result.Item.ID, result.Err) // tried again by the next run
		} else if onboard(ctx, result.Item.Params.VendorData, result.Value.SessionID) != nil {
			result.Redo()
		}
	}
	return run.Err()
}

// TestImportMany cannot be parallel: the guide's code calls Didit with the environment's
// key, and here the stand-in answers.
func TestImportMany(t *testing.T) {
	server := didittest.NewServer()
	defer server.Close()
	a, b := server.AddApplication("A"), server.AddApplication("B")
	before := http.DefaultTransport
	defer func() { http.DefaultTransport = before }()
	http.DefaultTransport = toStandIn{server}
	t.Setenv("DIDIT_API_KEY", b.APIKey)
	var items []bulk.ImportItem
	for _, reference := range []string{"customer-1", "customer-2"} {
		items = append(items, bulk.ImportItem{Params: didit.ImportSharedSessionParams{
			Token:      a.Share(a.AddSession(didittest.SessionFixture{}), b, 0),
			WorkflowID: b.Workflow(didit.KindUser), Review: didit.ReviewAgain, VendorData: reference,
		}})
	}
	onboarded := map[string]string{}
	onboard := func(_ context.Context, reference, sessionID string) error {
		onboarded[reference] = sessionID
		return nil
	}
	name := filepath.Join(t.TempDir(), "imported.jsonl")
	for range 2 { // the second run finds everything done
		file, err := bulk.OpenFile(name)
		require.NoError(t, err)
		require.NoError(t, importMany(t.Context(), bulk.Items(items...), file, onboard))
		require.NoError(t, file.Close())
	}
	assert.Len(t, onboarded, 2)
	assert.Len(t, b.Sessions(), 2)
}

// toStandIn sends what is for Didit to the stand-in.
type toStandIn struct{ *didittest.Server }

func (s toStandIn) RoundTrip(r *http.Request) (*http.Response, error) {
	to, err := url.Parse(s.URL())
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = to.Scheme, to.Host
	return s.HTTPClient().Transport.RoundTrip(r)
}
