package didittest_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// Every fault, at the wire: what the client sees, and whether the call was applied.
func TestFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		fault   didittest.Fault
		status  int // 0: no answer
		applied bool
	}{
		{didittest.Fault{Kind: didittest.FaultAnswerLost}, 0, true},
		{didittest.Fault{Kind: didittest.FaultDropped}, 0, false},
		{didittest.Fault{Kind: didittest.FaultAppliedLate, Delay: time.Minute}, 0, false},
		{didittest.Fault{Kind: didittest.FaultErrorBefore}, 503, false},
		{didittest.Fault{Kind: didittest.FaultErrorBefore, StatusCode: 500}, 500, false},
		{didittest.Fault{Kind: didittest.FaultErrorAfter, StatusCode: 504}, 504, true},
		{didittest.Fault{Kind: didittest.FaultHTMLBefore}, 200, false},
		{didittest.Fault{Kind: didittest.FaultHTMLAfter, StatusCode: 502}, 502, true},
		{didittest.Fault{Kind: didittest.FaultTruncated}, 0, true},
		{didittest.Fault{Kind: didittest.FaultSlow, Delay: time.Millisecond}, 201, true},
		{didittest.Fault{Kind: didittest.FaultRateLimited, RetryAfter: 1500 * time.Millisecond}, 429, false},
		{didittest.Fault{Kind: didittest.FaultRateLimitedBare}, 429, false},
		{didittest.Fault{Kind: didittest.FaultRedirect, StatusCode: 308}, 308, false},
		{didittest.Fault{Kind: didittest.FaultHugeBody, Size: 1 << 20}, 201, true},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.fault.Kind, test.fault.StatusCode), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			test.fault.Operation = didittest.OpImportSharedSession
			token := w.share(w.a.AddSession(didittest.SessionFixture{}))
			injected := w.server.Inject(test.fault)
			r, err := w.try(http.MethodPost, "/v3/session/import-shared/", w.b.APIKey,
				`{"share_token":"`+token+`","workflow_id":"`+w.b.Workflow(didit.KindUser)+`"}`)
			assert.Equal(t, test.status == 0, err != nil)
			assert.Equal(t, test.status, r.status)
			assert.Equal(t, 1, injected.Fired())
			assert.Equal(t, test.applied, len(w.b.Sessions()) == 1)
			switch test.fault.Kind {
			case didittest.FaultRateLimited:
				assert.Equal(t, "2", r.header.Get("Retry-After"))
				assert.NotEmpty(t, r.header.Get("X-Ratelimit-Reset"))
			case didittest.FaultRateLimitedBare:
				assert.Empty(t, r.header.Get("Retry-After"))
			case didittest.FaultRedirect:
				assert.Equal(t, "https://elsewhere.example/v3/session/import-shared/", r.header.Get("Location"))
			case didittest.FaultHugeBody:
				assert.Len(t, r.text, 1<<20)
			case didittest.FaultHTMLBefore:
				assert.Contains(t, r.text, "<html>")
			}
			requests := w.server.Requests()
			assert.Equal(t, test.fault.Kind, requests[len(requests)-1].Fault)
			w.server.Advance(time.Minute)
			assert.Equal(t, test.applied || test.fault.Kind == didittest.FaultAppliedLate, len(w.b.Sessions()) == 1)
			again := w.redeem(token, didit.KindUser, "")
			assert.Equal(t, len(w.b.Sessions()) == 1 && again.status == 201, !test.applied && test.fault.Kind != didittest.FaultAppliedLate, "one call went wrong")
		})
	}
}

// Which calls a fault hits.
func TestFaultsAim(t *testing.T) {
	t.Parallel()
	w := newWorld(t, didittest.WithSeed(3))
	get := func(key string) int { return w.do(http.MethodGet, "/v3/sessions/", key, "").status }
	f := w.server.Inject(didittest.Fault{Operation: didittest.OpListSessions, Kind: didittest.FaultErrorBefore, Times: 2, Skip: 1, Application: w.a.ID})
	assert.Equal(t, []int{200, 200, 503, 503, 200}, []int{get(w.b.APIKey), get(w.a.APIKey), get(w.a.APIKey), get(w.a.APIKey), get(w.a.APIKey)})
	assert.Equal(t, 2, f.Fired())

	f = w.server.Inject(didittest.Fault{Operation: didittest.OpAny, Kind: didittest.FaultErrorBefore, Times: -1, Probability: 0.5})
	failed := 0
	for range 100 {
		if get(w.a.APIKey) == 503 {
			failed++
		}
	}
	assert.Equal(t, f.Fired(), failed)
	assert.Greater(t, failed, 20)
	assert.Less(t, failed, 80)
	f.Stop()
	assert.Equal(t, 200, get(w.a.APIKey))
}

// A fault that no call could meet would make a green test worthless.
func TestImpossibleFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t, didittest.WithSuccessStatus(didittest.OpDeleteSession, 204))
	const op = didittest.OpShareSession
	for _, f := range []didittest.Fault{
		{}, {Operation: "Nothing", Kind: didittest.FaultDropped}, {Operation: op, Kind: "odd"}, {Operation: op},
		{Operation: op, Kind: didittest.FaultErrorBefore, StatusCode: 404}, {Operation: op, Kind: didittest.FaultDropped, StatusCode: 500},
		{Operation: op, Kind: didittest.FaultDropped, Application: "x"}, {Operation: op, Kind: didittest.FaultDropped, Probability: 2},
		{Operation: op, Kind: didittest.FaultDropped, Skip: -1}, {Operation: op, Kind: didittest.FaultDropped, Delay: 1},
		{Operation: op, Kind: didittest.FaultAppliedLate}, {Operation: op, Kind: didittest.FaultDropped, RetryAfter: 1},
		{Operation: op, Kind: didittest.FaultDropped, Location: "x"}, {Operation: op, Kind: didittest.FaultDropped, Size: 1},
		{Operation: didittest.OpGetSession, Kind: didittest.FaultAppliedLate, Delay: 1},
		{Operation: didittest.OpDeleteSession, Kind: didittest.FaultTruncated},
		{Operation: op, Kind: didittest.FaultStreamReset}, {Operation: op, Kind: didittest.FaultStreamResetAfter},
		{Operation: op, Kind: didittest.FaultGoAway}, {Operation: op, Kind: didittest.FaultGoAwayAfter}, // no HTTP/2 without TLS
	} {
		assert.Panics(t, func() { w.server.Inject(f) }, "%+v", f)
	}
	server := didittest.NewTLSServer()
	defer server.Close()
	for _, f := range []didittest.Fault{
		{Operation: op, Kind: didittest.FaultStreamReset, ErrorCode: "NO_ERROR"},
		{Operation: op, Kind: didittest.FaultGoAway, ErrorCode: didittest.ErrorCodeProtocol},
	} {
		assert.Panics(t, func() { server.Inject(f) }, "%+v", f)
	}
}

// A call that is slow without end ends with its server.
func TestSlowEndsWithTheServer(t *testing.T) {
	t.Parallel()
	s := didittest.NewServer(didittest.WithObserver(func(didittest.Request) {}))
	app := s.AddApplication("A")
	id := app.AddSession(didittest.SessionFixture{})
	f := s.Inject(didittest.Fault{Operation: didittest.OpGetSession, Kind: didittest.FaultSlow})
	client := app.Client(didit.WithMaxRetries(0))
	done := make(chan error)
	go func() {
		_, err := client.GetSession(context.Background(), id) //nolint:usetesting // the server ends it
		done <- err
	}()
	for f.Fired() == 0 { // it is under way
	}
	s.Close()
	require.Error(t, <-done)
}
