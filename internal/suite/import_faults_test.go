package suite

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// deliveries counts what arrived at the stand-in for an operation.
func deliveries(server *didittest.Server, op didittest.Operation) int {
	n := 0
	for _, r := range server.Requests() {
		if r.Operation == op {
			n++
		}
	}
	return n
}

// faultOutcome is what a call comes to whose first attempt meets a fault.
type faultOutcome struct {
	read, share int           // deliveries, where the call succeeds; negative: it fails after that many
	imported    didit.Outcome // of a first import; "ok" where it succeeds
	status      int           // of the APIError that it fails with instead
	recovered   bool
}

var faultOutcomes = map[didittest.FaultKind]faultOutcome{
	didittest.FaultAnswerLost:      {2, 2, "ok", 0, true},
	didittest.FaultDropped:         {2, 2, didit.OutcomeUnknown, 0, false},
	didittest.FaultAppliedLate:     {0, 2, didit.OutcomeUnknown, 0, false},
	didittest.FaultErrorBefore:     {2, 2, didit.OutcomeUnknown, 0, false},
	didittest.FaultErrorAfter:      {2, 2, "ok", 0, true},
	didittest.FaultHTMLBefore:      {2, 2, didit.OutcomeUnknown, 0, false},
	didittest.FaultHTMLAfter:       {2, 2, "ok", 0, true},
	didittest.FaultTruncated:       {2, 2, "ok", 0, true},
	didittest.FaultSlow:            {2, 2, "ok", 0, true},
	didittest.FaultRateLimited:     {-1, -1, "", http.StatusTooManyRequests, false}, // with WithMaxRetryAfter(0)
	didittest.FaultRateLimitedBare: {-1, -1, "", http.StatusTooManyRequests, false},
	didittest.FaultRedirect:        {-1, -1, "", http.StatusFound, false},

	didittest.FaultStreamReset:      {2, 2, didit.OutcomeUnknown, 0, false},
	didittest.FaultStreamResetAfter: {2, 2, "ok", 0, true},
	didittest.FaultGoAway:           {2, 2, didit.OutcomeUnknown, 0, false},
	didittest.FaultGoAwayAfter:      {2, 2, "ok", 0, true},

	didittest.FaultHugeBody: {-1, -1, "ok", 0, true}, // the same answer would come again
}

// TestFaults: every fault of the stand-in in the first attempt of a share, an import
// and a read, in every dialect, with and without vendor data. Deliveries are counted
// at the server. After any outcome, calling again brings the one copy.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, dialect := range didittest.Dialects() {
		for name, newServer := range protocols {
			for _, kind := range faultKinds(name) {
				for _, data := range []string{"customer-1", ""} {
					t.Run(fmt.Sprintf("%s/%s/%s/vendor=%t", name, dialect, kind, data != ""), func(t *testing.T) {
						t.Parallel()
						testFault(t, newServer(didittest.WithDialect(dialect)), kind, data)
					})
				}
			}
		}
	}
}

const http1, http2 = "HTTP/1", "HTTP/2"

var protocols = map[string]func(...didittest.Option) *didittest.Server{http1: didittest.NewServer, http2: didittest.NewTLSServer}

// faultKinds are those that can occur over a protocol.
func faultKinds(protocol string) []didittest.FaultKind {
	if protocol == http2 {
		return append(didittest.FaultKinds(), didittest.HTTP2FaultKinds()...)
	}
	return didittest.FaultKinds()
}

func testFault(t *testing.T, server *didittest.Server, kind didittest.FaultKind, data string) {
	defer server.Close()
	appA, appB := server.AddApplication("A"), server.AddApplication("B")
	source := appA.AddSession(didittest.SessionFixture{VendorData: "known-to-A"})
	opts := []didit.Option{didit.WithRetryWait(0, 0), didit.WithMaxRetryAfter(0)}
	if kind == didittest.FaultSlow {
		opts = append(opts, didit.WithAttemptTimeout(500*time.Millisecond))
	}
	a, b := appA.Client(opts...), appB.Client(opts...)
	inject := func(op didittest.Operation) *didittest.Injected {
		server.ResetRequests()
		f := didittest.Fault{Operation: op, Kind: kind}
		if kind == didittest.FaultAppliedLate {
			f.Delay = 30 * time.Second
		}
		if kind == didittest.FaultHugeBody {
			f.Size = 17 << 20
		}
		return server.Inject(f)
	}
	want := faultOutcomes[kind]

	injected := inject(didittest.OpShareSession)
	shared, err := a.ShareSession(t.Context(), source, didit.ShareSessionParams{ForApplicationID: appB.ID})
	checkDeliveries(t, "share", deliveries(server, didittest.OpShareSession), want.share, err)
	assert.Equal(t, 1, injected.Fired())
	if err != nil {
		shared, err = a.ShareSession(t.Context(), source, didit.ShareSessionParams{ForApplicationID: appB.ID})
		require.NoError(t, err)
	}

	if kind != didittest.FaultAppliedLate {
		injected = inject(didittest.OpGetSession)
		_, err = a.GetSession(t.Context(), source)
		checkDeliveries(t, "read", deliveries(server, didittest.OpGetSession), want.read, err)
		assert.Equal(t, 1, injected.Fired())
	}

	injected = inject(didittest.OpImportSharedSession)
	params := didit.ImportSharedSessionParams{
		Token: shared.Token, WorkflowID: appB.Workflow(didit.KindUser), Review: didit.TrustSourceReview, VendorData: data,
	}
	s, err := b.ImportSharedSession(t.Context(), params)
	assert.Equal(t, 1, injected.Fired())
	assert.Equal(t, 1, deliveries(server, didittest.OpImportSharedSession), "one call sends one import that may have arrived")
	switch {
	case want.imported == "ok" && data == "":
		var call *didit.CallError
		require.ErrorAs(t, err, &call)
		assert.Equal(t, []string{appB.Sessions()[0].ID}, call.Candidates, "without vendor data the copy is only named")
	case want.imported == "ok":
		require.NoError(t, err)
		assert.Equal(t, want.recovered, s.Recovered)
	case want.imported != "":
		var call *didit.CallError
		require.ErrorAs(t, err, &call)
		assert.Equal(t, want.imported, call.Outcome)
	default:
		var api *didit.APIError
		require.ErrorAs(t, err, &api)
		assert.Equal(t, want.status, api.StatusCode)
	}

	server.Advance(time.Minute) // what was under way has arrived
	params.Resume = true
	again, err := b.ImportSharedSession(t.Context(), params)
	require.Len(t, appB.Sessions(), 1, "one copy")
	if err != nil && data == "" {
		require.ErrorIs(t, err, didit.ErrAlreadyImported)
		assert.False(t, didit.Retryable(err))
		return
	}
	require.NoError(t, err)
	assert.Equal(t, appB.Sessions()[0].ID, again.SessionID)
	assert.Equal(t, source, again.SharedFromSession)
	assert.Equal(t, didit.StatusApproved, again.Status)
	if s != nil {
		assert.Equal(t, s.SessionID, again.SessionID)
	}
}

func checkDeliveries(t *testing.T, call string, got, want int, err error) {
	t.Helper()
	if want < 0 {
		require.Error(t, err, call)
		want = -want
	} else {
		require.NoError(t, err, call)
	}
	assert.Equal(t, want, got, "deliveries of the %s", call)
}
