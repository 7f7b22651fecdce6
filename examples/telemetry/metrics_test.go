package main

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

func TestMetrics(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	id := w.appB.AddSession(didittest.SessionFixture{})
	get := func() error {
		_, err := w.client.GetSession(t.Context(), id)
		return err
	}
	require.NoError(t, get())
	w.server.Inject(didittest.Fault{Operation: didittest.OpGetSession, Kind: didittest.FaultErrorBefore})
	require.NoError(t, get())
	w.server.Inject(didittest.Fault{Operation: didittest.OpGetSession, Kind: didittest.FaultRateLimited})
	require.ErrorIs(t, get(), didit.ErrRateLimited)
	w.server.Inject(didittest.Fault{Operation: didittest.OpImportSharedSession, Kind: didittest.FaultAnswerLost})
	imported, err := w.client.ImportSharedSession(t.Context(), w.importParams("customer-1"))
	require.NoError(t, err)
	assert.True(t, imported.Recovered)
	_, err = w.client.ShareSession(t.Context(), "no id", didit.ShareSessionParams{})
	require.ErrorIs(t, err, didit.ErrInvalidParams)

	require.NoError(t, testutil.GatherAndCompare(w.registry, strings.NewReader(`
# HELP didit_attempts_total Requests that went out, by the status of the answer: "429" where Didit limits the rate, "none" where no answer came.
# TYPE didit_attempts_total counter
didit_attempts_total{code="200",operation="GetSession"} 3
didit_attempts_total{code="200",operation="ListSessions"} 1
didit_attempts_total{code="429",operation="GetSession"} 1
didit_attempts_total{code="503",operation="GetSession"} 1
didit_attempts_total{code="none",operation="ImportSharedSession"} 1
# HELP didit_calls_total Calls, retries and searches included, by what became of them: ok, recovered, refused, not_sent, unknown, result_lost, already_imported.
# TYPE didit_calls_total counter
didit_calls_total{operation="GetSession",outcome="ok"} 2
didit_calls_total{operation="GetSession",outcome="refused"} 1
didit_calls_total{operation="ImportSharedSession",outcome="recovered"} 1
didit_calls_total{operation="ShareSession",outcome="refused"} 1
`), "didit_attempts_total", "didit_calls_total"))
	for _, line := range []string{
		`didit_call_duration_seconds_count{operation="GetSession",outcome="ok"} 2`,
		`didit_call_duration_seconds_count{operation="GetSession",outcome="refused"} 1`,
		`didit_call_duration_seconds_count{operation="ImportSharedSession",outcome="recovered"} 1`,
	} {
		assert.Contains(t, w.metrics(t), line)
	}
}

// Two clients of one process share their metrics; registering twice is an error.
func TestMetricsOnce(t *testing.T) {
	t.Parallel()
	r := prometheus.NewRegistry()
	_, err := NewMetrics(r)
	require.NoError(t, err)
	_, err = NewMetrics(r)
	require.Error(t, err)
}
