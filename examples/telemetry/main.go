// Telemetry plays both partners' share and import with OpenTelemetry and Prometheus,
// and prints the trace, the lines of the log and the page of the metrics:
//
//	go run ./examples/telemetry
//
// It runs on the embedded stand-in, without a key and without a network. The first
// answer to the share is a 503, and the answer to the import is lost and recovered.
// tracing.go and metrics.go are for your own service, as they are.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "telemetry:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	server := didittest.NewServer()
	defer server.Close()
	appA, appB := server.AddApplication("Partner A"), server.AddApplication("Partner B")
	server.Inject(didittest.Fault{Operation: didittest.OpShareSession, Kind: didittest.FaultErrorBefore})
	server.Inject(didittest.Fault{Operation: didittest.OpImportSharedSession, Kind: didittest.FaultAnswerLost})

	spans := tracetest.NewInMemoryExporter() // yours sends them to a collector
	_, _ = fmt.Fprintln(out, "the logs")
	a, err := newService("partner-a", server.URL(), appA, spans, out)
	if err != nil {
		return err
	}
	defer a.close()
	b, err := newService("partner-b", server.URL(), appB, spans, out)
	if err != nil {
		return err
	}
	defer b.close()

	token, err := a.handOver(ctx, appA.AddSession(didittest.SessionFixture{}), appB.ID)
	if err != nil {
		return err
	}
	if err := b.takeOver(ctx, token, appB.Workflow(didit.KindUser)); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(out, "\nthe traces")
	printSpans(out, spans.GetSpans())
	for _, s := range []*service{a, b} {
		_, _ = fmt.Fprintf(out, "\nthe metrics of %s\n", s.name)
		if err := printMetrics(ctx, out, s.registry); err != nil {
			return err
		}
	}
	return nil
}

// service is one partner's.
type service struct {
	name     string
	tracer   trace.Tracer
	registry *prometheus.Registry
	client   *didit.Client
	close    func()
}

// newService puts a client, its spans, its metrics and its log together.
func newService(name, baseURL string, app *didittest.Application, spans sdktrace.SpanExporter, log io.Writer) (*service, error) {
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithSyncer(spans), // yours: WithBatcher, and Shutdown when the service ends
		sdktrace.WithResource(resource.NewSchemaless(semconv.ServiceName(name))),
	)
	tracing := NewTracing(provider)
	registry := prometheus.NewRegistry()
	metrics, err := NewMetrics(registry)
	if err != nil {
		return nil, err
	}
	// The client's own transport, which this one is in place of, keeps as many connections.
	base := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 128, IdleConnTimeout: 90 * time.Second}
	client, err := didit.NewClient(
		didit.WithBaseURL(baseURL), didit.WithAPIKey(app.APIKey), didit.WithApplicationID(app.ID),
		didit.WithCallHook(tracing.Call, metrics.Call),
		didit.WithHTTPClient(&http.Client{Transport: tracing.Transport(metrics.Transport(base))}),
		didit.WithLogger(slog.New(TraceIDs(slog.NewTextHandler(log, &slog.HandlerOptions{ReplaceAttr: short})))),
		didit.WithRetryWait(10*time.Millisecond, time.Second),
	)
	return &service{name, provider.Tracer(name), registry, client, base.CloseIdleConnections}, err
}

// short leaves out what makes the lines of this example long.
func short(_ []string, a slog.Attr) slog.Attr {
	switch a.Key {
	case slog.TimeKey, "host", "session_id", "source_session_id", "request_id", "span_id":
		return slog.Attr{}
	}
	return a
}

// handOver stands for a request to partner A's own service.
func (s *service) handOver(ctx context.Context, sessionID, partner string) (_ didit.ShareToken, err error) {
	ctx, span := s.tracer.Start(ctx, "hand over", trace.WithSpanKind(trace.SpanKindServer))
	defer func() { endSpan(span, err) }()
	shared, err := s.client.ShareSession(ctx, sessionID, didit.ShareSessionParams{ForApplicationID: partner, TTL: 10 * time.Minute})
	if err != nil {
		return didit.ShareToken{}, err
	}
	return shared.Token, nil
}

// takeOver stands for a request to partner B's.
func (s *service) takeOver(ctx context.Context, token didit.ShareToken, workflow string) (err error) {
	ctx, span := s.tracer.Start(ctx, "take over", trace.WithSpanKind(trace.SpanKindServer))
	defer func() { endSpan(span, err) }()
	imported, err := s.client.ImportSharedSession(ctx, didit.ImportSharedSessionParams{
		Token: token, WorkflowID: workflow, Review: didit.TrustSourceReview, VendorData: "customer-4711",
	})
	if err == nil && !imported.Recovered {
		err = errors.New("no answer was lost")
	}
	return err
}

func endSpan(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
	}
	span.End()
}
