package docs_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

func share(ctx context.Context, client *didit.Client, id, partnerB string) (*didit.SharedSession, error) {
	shared, err := client.ShareSession(ctx, id, didit.ShareSessionParams{ForApplicationID: partnerB, TTL: 10 * time.Minute})
	return shared, err
}

func takeOver(ctx context.Context, client *didit.Client, text, workflow string) (*didit.ImportedSession, error) {
	imported, err := client.ImportSharedSession(ctx, didit.ImportSharedSessionParams{
		Token: didit.NewShareToken(text), WorkflowID: workflow,
		Review:     didit.ReviewAgain, // trust_review false, always sent
		VendorData: "customer-1",
	})
	return imported, err
}

func find(ctx context.Context, client *didit.Client, source string, found func(string)) error {
	copied, err := client.FindImportedSession(ctx, didit.FindImportedSessionParams{
		SourceSessionID: source, SessionKind: didit.KindUser, VendorData: "customer-1",
	})
	if errors.Is(err, didit.ErrImportNotFound) {
		return nil // it was never imported
	}
	if err == nil {
		found(copied.SessionID)
	}
	return err
}

func TestMigrated(t *testing.T) {
	t.Parallel()
	server := didittest.NewServer()
	defer server.Close()
	a, b := server.AddApplication("A"), server.AddApplication("B")
	source := a.AddSession(didittest.SessionFixture{})
	found := ""
	keep := func(id string) { found = id }

	require.NoError(t, find(t.Context(), b.Client(), source, keep))
	assert.Empty(t, found)
	shared, err := share(t.Context(), a.Client(), source, b.ID)
	require.NoError(t, err)
	imported, err := takeOver(t.Context(), b.Client(), shared.Token.Reveal(), b.Workflow(didit.KindUser))
	require.NoError(t, err)
	assert.Equal(t, didit.StatusInReview, imported.Status)
	require.NoError(t, find(t.Context(), b.Client(), source, keep))
	assert.Equal(t, imported.SessionID, found)
}
