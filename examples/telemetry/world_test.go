package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

func TestMain(m *testing.M) {
	// As in a service that hands its traces on to others of its own.
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))
	goleak.VerifyTestMain(m)
}

// world is both partners on a stand-in, and everything that is told of B's calls.
type world struct {
	server     *didittest.Server
	appA, appB *didittest.Application
	client     *didit.Client // B's
	spans      *tracetest.InMemoryExporter
	provider   *sdktrace.TracerProvider
	registry   *prometheus.Registry
	log        bytes.Buffer
}

// newWorld instruments B's client. next is what it sends with, nil for the network.
func newWorld(t *testing.T, next http.RoundTripper) *world {
	t.Helper()
	w := &world{server: didittest.NewServer(), spans: tracetest.NewInMemoryExporter(), registry: prometheus.NewRegistry()}
	t.Cleanup(w.server.Close)
	w.appA, w.appB = w.server.AddApplication("Partner A"), w.server.AddApplication("Partner B")
	if next == nil {
		transport := new(http.Transport)
		t.Cleanup(transport.CloseIdleConnections)
		next = transport
	}
	w.provider = sdktrace.NewTracerProvider(sdktrace.WithSyncer(w.spans))
	tracing := NewTracing(w.provider)
	metrics, err := NewMetrics(w.registry)
	require.NoError(t, err)
	logger := slog.New(TraceIDs(slog.NewJSONHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))).With("service", "b")
	w.client = w.appB.Client(
		didit.WithCallHook(tracing.Call, metrics.Call),
		didit.WithHTTPClient(&http.Client{Transport: tracing.Transport(metrics.Transport(next))}),
		didit.WithLogger(logger), didit.WithRetryWait(0, 0), didit.WithMaxRetryAfter(0),
	)
	return w
}

// importParams is of a session that A has just shared.
func (w *world) importParams(vendorData string) didit.ImportSharedSessionParams {
	return didit.ImportSharedSessionParams{
		Token:      w.appA.Share(w.appA.AddSession(didittest.SessionFixture{}), w.appB, 0),
		WorkflowID: w.appB.Workflow(didit.KindUser), Review: didit.TrustSourceReview, VendorData: vendorData,
	}
}

// metrics is the page that Prometheus would fetch.
func (w *world) metrics(t *testing.T) string {
	t.Helper()
	page := httptest.NewRecorder()
	promhttp.HandlerFor(w.registry, promhttp.HandlerOpts{}).ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusOK, page.Code)
	return page.Body.String()
}

// told is everything that left the process about the calls.
func (w *world) told(t *testing.T) string {
	t.Helper()
	spans, err := json.Marshal(w.spans.GetSpans())
	require.NoError(t, err)
	return string(spans) + w.metrics(t) + w.log.String()
}
