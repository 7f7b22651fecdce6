package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/baggage"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// Planted in everything that a call sends, and that a peer may quote.
const (
	plantedVendor = "vendor-Zw91x"
	plantedText   = "Oriane Vasquelle" // an invented person
)

// Nothing that was sent, or that a peer sent, is in a span, a metric or a line.
func TestNothingIsTold(t *testing.T) {
	t.Parallel()
	// A peer that quotes what it was sent, in the ways that net/http would print.
	quoting := func(req *http.Request) (*http.Response, error) {
		sent := req.URL.String() + " " + req.Header.Get("X-Api-Key") + " " + plantedText
		if req.Body != nil {
			body, _ := io.ReadAll(req.Body)
			sent += string(body)
		}
		if req.Method == http.MethodGet {
			return nil, errors.New("malformed HTTP response " + sent)
		}
		return &http.Response{
			StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req, Header: http.Header{"X-Sent": {sent}},
			Body: io.NopCloser(io.MultiReader(strings.NewReader("{"), failing{errors.New("http2: GOAWAY with debug " + sent)})),
		}, nil
	}
	for name, next := range map[string]http.RoundTripper{"a stand-in": nil, "a peer that quotes": roundTrip(quoting)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, next)
			member, err := baggage.NewMember("customer", plantedVendor)
			require.NoError(t, err)
			bag, err := baggage.New(member)
			require.NoError(t, err)
			ctx := baggage.ContextWithBaggage(t.Context(), bag)
			params := w.importParams(plantedVendor)
			w.server.ResetRequests()
			w.server.Inject(didittest.Fault{Operation: didittest.OpImportSharedSession, Kind: didittest.FaultAnswerLost})

			imported, failed := w.client.ImportSharedSession(ctx, params)
			assert.Equal(t, next == nil, failed == nil)
			id := w.appB.AddSession(didittest.SessionFixture{VendorData: plantedVendor})
			_, _ = w.client.GetSession(ctx, id)
			for _, err := range w.client.ListSessions(ctx, didit.ListSessionsParams{VendorData: plantedVendor}) {
				_ = err
			}
			_ = w.client.Do(ctx, http.MethodGet, "/v3/users/"+plantedVendor+"/?search="+plantedVendor, nil, nil)
			cancelled, cancel := context.WithCancelCause(ctx)
			cancel(errors.New(plantedText + " hung up"))
			_, _ = w.client.GetSession(cancelled, id)

			claims, err := params.Token.Claims()
			require.NoError(t, err)
			told := w.told(t)
			require.Contains(t, told, "didit.ListSessions attempt")
			for what, planted := range map[string]string{
				"the key": w.appB.APIKey, "the token": params.Token.Reveal(), "the vendor data": plantedVendor, "a text of the peer's": plantedText,
			} {
				assert.NotContains(t, told, planted, what)
			}
			ids := []string{id, claims.SessionID}
			if imported != nil {
				ids = append(ids, imported.SessionID)
			}
			spans, err := json.Marshal(w.spans.GetSpans())
			require.NoError(t, err)
			for _, id := range ids {
				assert.NotContains(t, string(spans)+w.metrics(t), id, "ids are for the log alone")
			}
			for _, r := range w.server.Requests() {
				assert.Empty(t, r.Header.Get("Traceparent"))
				assert.Empty(t, r.Header.Get("Baggage"))
			}
		})
	}
}

// Otelhttp by itself does tell, so the test above can fail.
func TestOtelhttpAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	transport := new(http.Transport)
	t.Cleanup(transport.CloseIdleConnections)
	alone := otelhttp.NewTransport(transport, otelhttp.WithTracerProvider(w.provider))
	client := w.appB.Client(didit.WithHTTPClient(&http.Client{Transport: alone}))
	for _, err := range client.ListSessions(t.Context(), didit.ListSessionsParams{VendorData: plantedVendor}) {
		require.NoError(t, err)
	}
	assert.Contains(t, w.told(t), plantedVendor)
	assert.NotEmpty(t, w.server.Requests()[0].Header.Get("Traceparent"))
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
