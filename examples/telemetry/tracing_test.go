package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/bulk"
	"github.com/didit-go/didit/didittest"
)

// span is what matters of one, and those below it.
type span struct {
	name, url, outcome string
	status             int64
	failed             bool
	below              []span
}

// tree puts spans in the order in which they began.
func tree(stubs tracetest.SpanStubs) []span {
	slices.SortStableFunc(stubs, func(a, b tracetest.SpanStub) int { return a.StartTime.Compare(b.StartTime) })
	var level func(parent trace.SpanID) []span
	level = func(parent trace.SpanID) (spans []span) {
		for _, s := range stubs {
			if s.Parent.SpanID() != parent {
				continue
			}
			attributes := attribute.NewSet(s.Attributes...)
			text := func(key attribute.Key) string { v, _ := attributes.Value(key); return v.AsString() }
			status, _ := attributes.Value("http.response.status_code")
			_, path, _ := strings.Cut(strings.TrimPrefix(text("url.full"), "http://"), "/")
			spans = append(spans, span{
				name: s.Name, url: path, outcome: text("didit.outcome"), status: status.AsInt64(),
				failed: s.Status.Code == codes.Error, below: level(s.SpanContext.SpanID()),
			})
		}
		return spans
	}
	return level(trace.SpanID{})
}

// attempt is the span of one that was answered.
func attempt(operation, path string, status int64) span {
	return span{name: "didit." + operation + " attempt", url: path, status: status, failed: status >= 400}
}

func TestSpans(t *testing.T) {
	t.Parallel()
	const sharePath, importPath, listPath, readPath = "v3/session/{id}/share/", "v3/session/import-shared/", "v3/sessions/", "v3/session/{id}/decision/"
	for name, test := range map[string]struct {
		faults []didittest.Fault
		call   func(ctx context.Context, w *world) error
		want   span
	}{
		"a share that is tried again": {
			faults: []didittest.Fault{{Operation: didittest.OpShareSession, Kind: didittest.FaultErrorBefore}},
			call: func(ctx context.Context, w *world) error {
				_, err := w.client.ShareSession(ctx, w.appB.AddSession(didittest.SessionFixture{}), didit.ShareSessionParams{ForApplicationID: w.appA.ID})
				return err
			},
			want: span{name: "didit.ShareSession", outcome: "ok", below: []span{
				attempt("ShareSession", sharePath, 503), attempt("ShareSession", sharePath, 200),
			}},
		},
		"an import whose answer is lost": {
			faults: []didittest.Fault{{Operation: didittest.OpImportSharedSession, Kind: didittest.FaultAnswerLost}},
			call: func(ctx context.Context, w *world) error {
				_, err := w.client.ImportSharedSession(ctx, w.importParams("customer-1"))
				return err
			},
			want: span{name: "didit.ImportSharedSession", outcome: "recovered", below: []span{
				{name: "didit.ImportSharedSession attempt", url: importPath, failed: true},
				attempt("ListSessions", listPath, 200), attempt("GetSession", readPath, 200),
			}},
		},
		"an import whose answer breaks off": {
			faults: []didittest.Fault{{Operation: didittest.OpImportSharedSession, Kind: didittest.FaultTruncated}},
			call: func(ctx context.Context, w *world) error {
				_, err := w.client.ImportSharedSession(ctx, w.importParams("customer-1"))
				return err
			},
			want: span{name: "didit.ImportSharedSession", outcome: "recovered", below: []span{
				{name: "didit.ImportSharedSession attempt", url: importPath, status: 201, failed: true},
				attempt("ListSessions", listPath, 200), attempt("GetSession", readPath, 200),
			}},
		},
		"a read that is told to wait": {
			faults: []didittest.Fault{{Operation: didittest.OpGetSession, Kind: didittest.FaultRateLimited}},
			call: func(ctx context.Context, w *world) error {
				_, err := w.client.GetSession(ctx, w.appB.AddSession(didittest.SessionFixture{}))
				return err
			},
			want: span{name: "didit.GetSession", outcome: "refused", failed: true, below: []span{attempt("GetSession", readPath, 429)}},
		},
		"a read refused locally": {
			call: func(ctx context.Context, w *world) error {
				_, err := w.client.GetSession(ctx, "no id")
				return err
			},
			want: span{name: "didit.GetSession", outcome: "refused", failed: true},
		},
		"a walk of two pages": {
			call: func(ctx context.Context, w *world) error {
				for range 3 {
					w.appB.AddSession(didittest.SessionFixture{})
				}
				for _, err := range w.client.ListSessions(ctx, didit.ListSessionsParams{PageSize: 2}) {
					if err != nil {
						return err
					}
				}
				return nil
			},
			want: span{name: "didit.ListSessions", outcome: "ok", below: []span{
				attempt("ListSessions", listPath, 200), attempt("ListSessions", listPath, 200),
			}},
		},
		"any other call, whose path may hold ids": {
			call: func(ctx context.Context, w *world) error {
				return w.client.Do(ctx, http.MethodGet, "/v3/session/"+w.appB.AddSession(didittest.SessionFixture{})+"/decision/", nil, nil)
			},
			want: span{name: "didit.Do", outcome: "ok", below: []span{attempt("Do", "", 200)}},
		},
		"a share by bulk": {
			call: func(ctx context.Context, w *world) error {
				items := []bulk.ShareItem{{SessionID: w.appB.AddSession(didittest.SessionFixture{}), Params: didit.ShareSessionParams{ForApplicationID: w.appA.ID}}}
				for r := range bulk.Share(ctx, w.client, all(items), bulk.Options{}).All() {
					if r.Err != nil {
						return r.Err
					}
				}
				return nil
			},
			want: span{name: "didit.ShareSession", outcome: "ok", below: []span{attempt("ShareSession", sharePath, 200)}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, nil)
			for _, f := range test.faults {
				w.server.Inject(f)
			}
			ctx, own := w.provider.Tracer("test").Start(t.Context(), "the service's own")
			err := test.call(ctx, w)
			own.End()
			assert.Equal(t, test.want.failed, err != nil, "%v", err)
			assert.Equal(t, []span{{name: "the service's own", below: []span{test.want}}}, tree(w.spans.GetSpans()))
		})
	}
}

func all[T any](items []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}

// The line of a call has its trace and its span; what is logged without one has none.
func TestTraceIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	_, err := w.client.GetSession(t.Context(), w.appB.AddSession(didittest.SessionFixture{}))
	require.NoError(t, err)
	var line map[string]any
	require.NoError(t, json.Unmarshal(w.log.Bytes(), &line))
	spans := w.spans.GetSpans()
	call := spans[slices.IndexFunc(spans, func(s tracetest.SpanStub) bool { return s.Name == "didit.GetSession" })]
	assert.Equal(t, call.SpanContext.TraceID().String(), line["trace_id"])
	assert.Equal(t, call.SpanContext.SpanID().String(), line["span_id"])
	assert.Equal(t, "b", line["service"])
}

// The veil changes nothing for the client: it tells failures apart as without it.
func TestErrorsPassThrough(t *testing.T) {
	t.Parallel()
	for _, cause := range []error{
		errors.New("Proxy Authentication Required"), // net/http's own text for a refused CONNECT
		errors.New("http2: server sent GOAWAY and closed the connection"),
		io.ErrUnexpectedEOF, http.ErrHandlerTimeout, context.DeadlineExceeded,
	} {
		t.Run(cause.Error(), func(t *testing.T) {
			t.Parallel()
			next := roundTrip(func(*http.Request) (*http.Response, error) { return nil, cause })
			bare, err := didit.NewClient(didit.WithAPIKey("sk_test_invented"), didit.WithHTTPClient(&http.Client{Transport: next}), didit.WithRetryWait(0, 0))
			require.NoError(t, err)
			const id = "11111111-1111-4111-8111-111111111111"
			_, want := bare.GetSession(t.Context(), id)
			_, got := newWorld(t, next).client.GetSession(t.Context(), id)
			require.Error(t, want)
			require.EqualError(t, got, want.Error())
			assert.Equal(t, errors.Is(want, cause), errors.Is(got, cause))
		})
	}
}
