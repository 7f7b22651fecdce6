package didittest_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
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

// [RATE]: a sliding window of 60 seconds per key, reads and writes apart.
func TestRateLimit(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	w := newWorld(t, didittest.WithRateLimits(1, 2), didittest.WithClock(func() time.Time { return at }))
	get := func(key string) reply { return w.do(http.MethodGet, "/v3/sessions/", key, "") }
	assert.Equal(t, 200, get(w.a.APIKey).status)
	w.server.Advance(20 * time.Second)
	assert.Equal(t, 200, get(w.a.APIKey).status)
	r := get(w.a.APIKey)
	assert.Equal(t, 429, r.status)
	assert.Equal(t, "40", r.header.Get("Retry-After"))
	assert.Equal(t, "2", r.header.Get("X-Ratelimit-Limit"))
	assert.Equal(t, "0", r.header.Get("X-Ratelimit-Remaining"))
	assert.Equal(t, fmt.Sprint(at.Add(time.Minute).Unix()), r.header.Get("X-Ratelimit-Reset"))
	assert.Equal(t, 200, get(w.b.APIKey).status, "another key")
	assert.Equal(t, 400, w.do(http.MethodPost, "/v3/session/", w.a.APIKey, "{}").status, "writes are counted apart")
	assert.Equal(t, 429, w.do(http.MethodPost, "/v3/session/", w.a.APIKey, "{}").status)
	w.server.Advance(40 * time.Second)
	assert.Equal(t, 200, get(w.a.APIKey).status)
	assert.Equal(t, 429, get(w.a.APIKey).status, "the window slides")
	for _, want := range []int{403, 403, 429} {
		assert.Equal(t, want, get("").status, "without a key the address counts")
	}
	for range 2 { // and with the proxy's header, its first hop
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.server.URL()+"/v3/sessions/", nil)
		require.NoError(t, err)
		req.Header.Set("X-Forwarded-For", "192.0.2.1, 10.0.0.1")
		resp, err := w.client.Do(req)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, 403, resp.StatusCode)
	}
}

// Over TLS, on a listener of the test's, with latency that ends with the client.
func TestServers(t *testing.T) {
	t.Parallel()
	s := didittest.NewTLSServer(didittest.WithLatency(time.Millisecond))
	defer s.Close()
	assert.True(t, strings.HasPrefix(s.URL(), "https://"))
	app := s.AddApplication("A")
	_, err := app.Client().GetSession(t.Context(), app.AddSession(didittest.SessionFixture{}))
	require.NoError(t, err)
	s.Close() // twice does no harm

	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "0.0.0.0:0")
	require.NoError(t, err)
	own := didittest.NewServer(didittest.WithListener(l), didittest.WithLatency(time.Hour))
	defer own.Close()
	assert.Contains(t, own.URL(), "http://127.0.0.1:")
	app = own.AddApplication("A")
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for len(own.Requests()) == 0 { // it has arrived
			select {
			case <-t.Context().Done():
				return
			default:
			}
		}
		cancel()
	})
	err = app.Client().DeleteSession(ctx, app.AddSession(didittest.SessionFixture{}))
	require.ErrorIs(t, err, context.Canceled)
	wg.Wait()
	assert.Len(t, app.Sessions(), 1, "not applied")
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

// Requests that arrive while the server closes get an answer or a broken connection, and under -race no report.
func TestCloseUnderLoad(t *testing.T) {
	t.Parallel()
	for range 20 {
		w := newWorld(t)
		id := w.a.AddSession(didittest.SessionFixture{})
		answered := make(chan struct{})
		var first sync.Once
		var clients sync.WaitGroup
		for range 8 {
			clients.Go(func() {
				for {
					if _, err := w.try(http.MethodGet, "/v3/session/"+id+"/decision/", w.a.APIKey, ""); err != nil {
						return
					}
					first.Do(func() { close(answered) })
				}
			})
		}
		<-answered
		w.server.Close()
		clients.Wait()
	}
}

// A token for tests that fake the answers themselves.
func TestToken(t *testing.T) {
	t.Parallel()
	claims, err := didittest.Token(didit.ShareClaims{}).Claims()
	require.NoError(t, err)
	assert.Equal(t, didit.KindUser, claims.SessionKind)
	assert.Len(t, claims.SessionID, 36)
	assert.Equal(t, time.Hour, claims.ExpiresAt.Sub(claims.IssuedAt))
	want := didit.ShareClaims{
		SessionID: "6f1b0c52-7a53-4c2f-9d0e-2f1f4a1f0a01", FromApplicationID: "5b1d4c1e-90f3-4a85-b7c8-1a52e9d0c00a",
		ForApplicationID: "5b1d4c1e-90f3-4a85-b7c8-1a52e9d0c00b", SessionKind: didit.KindBusiness,
		IssuedAt: time.Unix(1795521600, 0).UTC(), ExpiresAt: time.Unix(1795525200, 0).UTC(),
	}
	claims, err = didittest.Token(want).Claims()
	require.NoError(t, err)
	assert.Equal(t, want, claims)
}

// In a test: both partners, and the state between them.
func Example() {
	server := didittest.NewServer()
	defer server.Close()
	a, b := server.AddApplication("Partner A"), server.AddApplication("Partner B")
	ctx := context.Background()

	shared, err := a.Client().ShareSession(ctx, a.AddSession(didittest.SessionFixture{}), didit.ShareSessionParams{ForApplicationID: b.ID})
	if err != nil {
		log.Fatal(err)
	}
	server.Advance(2 * time.Hour) // the token expires
	_, err = b.Client().ImportSharedSession(ctx, didit.ImportSharedSessionParams{
		Token: shared.Token, WorkflowID: b.Workflow(didit.KindUser), Review: didit.ReviewAgain,
	})
	fmt.Println(err)
	fmt.Println(len(b.Sessions()))
	// Output:
	// didit: refused locally: Token has expired
	// 0
}

// In a partner's CI: the program under test is given a base URL and a key, and what
// it did is read from the record of requests.
func ExampleServer_Requests() {
	server := didittest.NewServer()
	defer server.Close()
	app := server.AddApplication("Partner A")
	id := app.AddSession(didittest.SessionFixture{})

	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, server.URL()+"/v3/session/"+id+"/decision/", nil)
	if err != nil {
		log.Fatal(err)
	}
	req.Header.Set("X-Api-Key", app.APIKey)
	resp, err := server.HTTPClient().Do(req) // the program under test
	if err != nil {
		log.Fatal(err)
	}
	_ = resp.Body.Close()

	for _, r := range server.Requests() {
		fmt.Println(r.Method, r.Operation, r.Status, r.Header.Get("X-Api-Key"))
	}
	// Output: GET GetSession 200 [masked]
}

// An answer gets lost after Didit acted on it.
func ExampleServer_Inject() {
	server := didittest.NewServer()
	defer server.Close()
	a, b := server.AddApplication("Partner A"), server.AddApplication("Partner B")
	lost := server.Inject(didittest.Fault{Operation: didittest.OpImportSharedSession, Kind: didittest.FaultAnswerLost})
	imported, err := b.Client().ImportSharedSession(context.Background(), didit.ImportSharedSessionParams{
		Token: a.Share(a.AddSession(didittest.SessionFixture{}), b, 0), WorkflowID: b.Workflow(didit.KindUser),
		Review: didit.ReviewAgain, VendorData: "customer-1",
	})
	fmt.Println(lost.Fired(), imported.Recovered, err)
	// Output: 1 true <nil>
}

// How many calls a second it answers, and how long it takes to start.
func BenchmarkServer(b *testing.B) {
	b.Run("calls", func(b *testing.B) {
		s := didittest.NewServer(didittest.WithHistory(0))
		defer s.Close()
		app := s.AddApplication("A")
		url := s.URL() + "/v3/session/" + app.AddSession(didittest.SessionFixture{}) + "/decision/"
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
				if err != nil {
					b.Error(err)
					return
				}
				req.Header.Set("X-Api-Key", app.APIKey)
				resp, err := s.HTTPClient().Do(req)
				if err != nil {
					b.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
	})
	b.Run("start", func(b *testing.B) {
		for b.Loop() {
			didittest.NewServer().Close()
		}
	})
}
