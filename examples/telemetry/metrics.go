package main

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/didit-go/didit"
)

// Metrics counts the calls and attempts of a [didit.Client]: give Call to
// [didit.WithCallHook] and Transport to [didit.WithHTTPClient]. Labels are names of
// operations, outcomes and statuses, nothing that was sent.
type Metrics struct {
	calls     *prometheus.CounterVec
	durations *prometheus.HistogramVec
	attempts  *prometheus.CounterVec
}

// NewMetrics registers the metrics with r.
func NewMetrics(r prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "didit_calls_total",
			Help: "Calls, retries and searches included, by what became of them: ok, recovered, refused, not_sent, unknown, result_lost, already_imported.",
		}, []string{"operation", "outcome"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "didit_call_duration_seconds",
			Help:    "How long calls took, waits included. A walk of a list takes as long as its loop.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 150, 450}, // a call may wait for Retry-After
		}, []string{"operation", "outcome"}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "didit_attempts_total",
			Help: `Requests that went out, by the status of the answer: "429" where Didit limits the rate, "none" where no answer came.`,
		}, []string{"operation", "code"}),
	}
	return m, errors.Join(r.Register(m.calls), r.Register(m.durations), r.Register(m.attempts))
}

// Call is a [didit.CallHook].
func (m *Metrics) Call(ctx context.Context, operation string) (context.Context, func(didit.AuditOutcome, error)) {
	began := time.Now()
	return ctx, func(outcome didit.AuditOutcome, _ error) {
		m.calls.WithLabelValues(operation, string(outcome)).Inc()
		m.durations.WithLabelValues(operation, string(outcome)).Observe(time.Since(began).Seconds())
	}
}

// Transport counts each request that goes through next. (The instrumentation of
// promhttp leaves out those without an answer, which matter most here.)
func (m *Metrics) Transport(next http.RoundTripper) http.RoundTripper { return counting{m, next} }

type counting struct {
	metrics *Metrics
	next    http.RoundTripper
}

func (c counting) RoundTrip(req *http.Request) (*http.Response, error) {
	operation, _, ok := didit.OperationFromContext(req.Context())
	if !ok {
		operation = "other"
	}
	resp, err := c.next.RoundTrip(req)
	code := "none"
	if err == nil && resp != nil {
		code = strconv.Itoa(resp.StatusCode)
	}
	c.metrics.attempts.WithLabelValues(operation, code).Inc()
	return resp, err
}
