package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// printSpans prints each trace as a tree.
func printSpans(out io.Writer, spans tracetest.SpanStubs) {
	slices.SortStableFunc(spans, func(a, b tracetest.SpanStub) int { return a.StartTime.Compare(b.StartTime) })
	below := map[trace.SpanID]tracetest.SpanStubs{}
	for _, s := range spans {
		below[s.Parent.SpanID()] = append(below[s.Parent.SpanID()], s)
	}
	var level func(parent trace.SpanID, indent string)
	level = func(parent trace.SpanID, indent string) {
		for _, s := range below[parent] {
			text := indent + s.Name
			if !s.Parent.IsValid() {
				text += "  trace " + s.SpanContext.TraceID().String()
			}
			_, _ = fmt.Fprintf(out, "%s  %v\n", text+told(s.Attributes), s.EndTime.Sub(s.StartTime).Round(100*time.Microsecond))
			level(s.SpanContext.SpanID(), indent+"  ")
		}
	}
	level(trace.SpanID{}, "")
}

// told is what a reader looks for first.
func told(attributes []attribute.KeyValue) (text string) {
	set := attribute.NewSet(attributes...)
	for _, key := range []attribute.Key{"didit.outcome", "http.request.method", "url.full", "http.response.status_code"} {
		if v, ok := set.Value(key); ok {
			text += "  " + v.String()
		}
	}
	if set.HasValue("http.request.method") && !set.HasValue("http.response.status_code") {
		text += "  no answer"
	}
	return text
}

// printMetrics prints the page that Prometheus would fetch, without help and buckets.
func printMetrics(ctx context.Context, out io.Writer, registry *prometheus.Registry) error {
	page := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(page, httptest.NewRequestWithContext(ctx, http.MethodGet, "/metrics", nil))
	if page.Code != http.StatusOK {
		return fmt.Errorf("the page of the metrics answers %d", page.Code)
	}
	for line := range strings.Lines(page.Body.String()) {
		if strings.HasPrefix(line, "didit_") && !strings.Contains(line, "_bucket{") {
			_, _ = io.WriteString(out, line)
		}
	}
	return nil
}
