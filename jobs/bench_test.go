package jobs_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/internal/dbtest"
	"github.com/didit-go/didit/jobs"
)

// atOnce answers every import at once, in memory.
func atOnce(r *http.Request) (*http.Response, error) {
	var asked struct {
		WorkflowID string `json:"workflow_id"`
		VendorData string `json:"vendor_data"`
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		return nil, err
	}
	text, err := json.Marshal(map[string]string{
		"session_id": uuid.NewString(), "status": "Approved", "workflow_id": asked.WorkflowID, "vendor_data": asked.VendorData,
	})
	return answer(r, http.StatusCreated, "application/json", string(text)), err
}

// BenchmarkImport is what an import costs as a job, with a Didit that answers at once:
// worked on, and ended with a row of the caller's. Compare it with direct. River fetches
// ten times a second, so workers bound it: 64 make the engine's own cost show.
func BenchmarkImport(b *testing.B) {
	server := didittest.NewServer()
	defer server.Close()
	from, to := server.AddApplication("Partner A"), server.AddApplication("Partner B")
	options := []didit.Option{
		didit.WithBaseURL(server.URL()), didit.WithAPIKey(to.APIKey), didit.WithApplicationID(to.ID),
		didit.WithHTTPClient(&http.Client{Transport: transport(atOnce)}),
	}
	next := func() didit.ImportSharedSessionParams {
		token := from.Share(from.AddSession(didittest.SessionFixture{}), to, 0)
		return didit.ImportSharedSessionParams{
			Token: token, WorkflowID: to.Workflow(didit.KindUser), Review: didit.TrustSourceReview, VendorData: "customer-7",
		}
	}
	b.Run("direct", func(b *testing.B) {
		client, err := didit.NewClient(options...)
		require.NoError(b, err)
		all := make([]didit.ImportSharedSessionParams, b.N)
		for i := range all {
			all[i] = next()
		}
		b.ResetTimer()
		for _, p := range all {
			_, err := client.ImportSharedSession(b.Context(), p)
			require.NoError(b, err)
		}
	})
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	sealer, err := jobs.NewSealer(key)
	require.NoError(b, err)
	for name, url := range map[string]string{"SQLite": "sqlite:" + filepath.Join(b.TempDir(), "jobs.db"), "PostgreSQL": dbtest.PostgreSQL(b)} {
		e, err := jobs.Open(b.Context(), url, jobs.Config{Options: options, Sealer: sealer, Imported: imported, Workers: 64})
		require.NoError(b, err)
		_, err = e.DB().ExecContext(b.Context(), `CREATE TABLE people (ticket TEXT NOT NULL PRIMARY KEY, session TEXT NOT NULL, imports BIGINT NOT NULL)`)
		require.NoError(b, err)
		done := 0
		b.Run(name, func(b *testing.B) {
			tx, err := e.DB().BeginTx(b.Context(), nil)
			require.NoError(b, err)
			for range b.N {
				ticket, err := e.ImportTx(b.Context(), tx, next())
				require.NoError(b, err)
				require.NoError(b, addPerson(b.Context(), tx, ticket))
			}
			require.NoError(b, tx.Commit())
			b.ResetTimer()
			require.NoError(b, e.Start(context.WithoutCancel(b.Context())))
			for {
				counts, err := e.Count(b.Context())
				require.NoError(b, err)
				if counts[jobs.StateDone] == done+b.N {
					break
				}
				time.Sleep(time.Millisecond)
			}
			done += b.N
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
			b.StopTimer()
			require.NoError(b, e.Stop(b.Context()))
		})
		require.NoError(b, e.Close())
	}
}
