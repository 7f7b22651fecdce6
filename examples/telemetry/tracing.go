package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/didit-go/didit"
)

// Tracing makes a span of each call of a [didit.Client], and below it one of each
// attempt: give Call to [didit.WithCallHook] and Transport to [didit.WithHTTPClient].
// A search for a lost import is attempts of other operations below the import's call.
type Tracing struct {
	provider trace.TracerProvider
	tracer   trace.Tracer
}

// NewTracing makes spans with the tracers of provider.
func NewTracing(provider trace.TracerProvider) *Tracing {
	return &Tracing{provider, provider.Tracer("github.com/didit-go/didit")}
}

// Call is a [didit.CallHook]. What was recovered is no error.
func (t *Tracing) Call(ctx context.Context, operation string) (context.Context, func(didit.AuditOutcome, error)) {
	ctx, span := t.tracer.Start(ctx, "didit."+operation, trace.WithAttributes(attribute.String("didit.operation", operation)))
	return ctx, func(outcome didit.AuditOutcome, err error) {
		span.SetAttributes(attribute.String("didit.outcome", string(outcome)))
		if err != nil {
			// The errors of didit hold no key, token or vendor data.
			span.SetStatus(codes.Error, err.Error())
			span.SetAttributes(semconv.ErrorTypeKey.String(string(outcome)))
		}
		span.End()
	}
}

// Transport makes a span of each request that goes through next, with otelhttp. It sees
// neither the URL, whose path holds ids and whose query holds vendor data, nor the texts
// of errors, which may quote what a peer sent.
func (t *Tracing) Transport(next http.RoundTripper) http.RoundTripper {
	return veil{otelhttp.NewTransport(unveil{next},
		otelhttp.WithTracerProvider(t.provider),
		// Didit is another company: no trace id and no baggage is for its eyes.
		otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator()),
		otelhttp.WithSpanNameFormatter(func(_ string, req *http.Request) string {
			operation, _ := called(req)
			return "didit." + operation + " attempt"
		}),
	)}
}

// called is the operation and the path template of a request. [didit.Client.Do] has
// only the path that it was given, which may hold ids.
func called(req *http.Request) (operation, template string) {
	operation, template, ok := didit.OperationFromContext(req.Context())
	switch {
	case !ok:
		return "other", ""
	case operation == "Do":
		return operation, ""
	}
	return operation, template
}

// veil stands in front of otelhttp. It is given the template in place of the URL.
type veil struct{ next http.RoundTripper }

type sentURL struct{}

func (v veil) RoundTrip(req *http.Request) (*http.Response, error) {
	sent := req.URL
	_, template := called(req)
	req = req.WithContext(context.WithValue(req.Context(), sentURL{}, sent))
	// Opaque is printed as it is; a Path would have its braces escaped.
	req.URL = &url.URL{Scheme: sent.Scheme, Host: sent.Host, Opaque: "//" + sent.Host + template}
	resp, err := v.next.RoundTrip(req)
	if q, ok := err.(quiet); ok { //nolint:errorlint // unveil made it, nobody wrapped it
		err = q.err // the client tells failures apart by it
	}
	return resp, err
}

// unveil stands behind otelhttp: what is sent is what was asked for.
type unveil struct{ next http.RoundTripper }

func (u unveil) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	operation, template := called(req)
	trace.SpanFromContext(ctx).SetAttributes(attribute.String("didit.operation", operation), semconv.URLTemplate(template))
	req = req.WithContext(ctx)
	req.URL, _ = ctx.Value(sentURL{}).(*url.URL)
	resp, err := u.next.RoundTrip(req)
	if resp != nil && resp.Body != nil {
		resp.Body = quietBody{resp.Body}
	}
	return resp, quieten(err)
}

// quiet is an error whose text is its type.
type quiet struct{ err error }

func (q quiet) Error() string     { return q.ErrorType() }
func (q quiet) ErrorType() string { return fmt.Sprintf("%T", q.err) } // what otelhttp records as error.type
func (q quiet) Unwrap() error     { return q.err }

func quieten(err error) error {
	if err == nil || err == io.EOF { //nolint:errorlint // readers return io.EOF itself
		return err
	}
	return quiet{err}
}

type quietBody struct{ io.ReadCloser }

func (b quietBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	return n, quieten(err)
}

// TraceIDs adds the ids of trace and span to each line that is logged with a context
// that has them. The line of a call has those of the call's span.
func TraceIDs(next slog.Handler) slog.Handler { return traceIDs{next} }

type traceIDs struct{ slog.Handler }

func (h traceIDs) Handle(ctx context.Context, r slog.Record) error {
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		r = r.Clone()
		r.AddAttrs(slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

func (h traceIDs) WithAttrs(attrs []slog.Attr) slog.Handler {
	return traceIDs{h.Handler.WithAttrs(attrs)}
}
func (h traceIDs) WithGroup(name string) slog.Handler { return traceIDs{h.Handler.WithGroup(name)} }
