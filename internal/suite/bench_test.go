package suite

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/didit-go/didit"
)

// The benchmarks hold every call against its floor: the same call written by hand
// on net/http and encoding/json, on the same bytes, with the same deadline and the
// same check of the token. Ratios and counts are what they are for; absolute times
// mean nothing on a shared machine.
//
//	go test -run '^$' -bench . -benchmem ./internal/suite

// BenchmarkMemory answers from memory: what is left is what a call costs itself.
func BenchmarkMemory(b *testing.B) {
	for _, call := range benchCalls(b) {
		b.Run(call.name, func(b *testing.B) {
			beside(b, func(b *testing.B, goroutines int) { call.runFloor(b, goroutines, memoryFloor(call)) },
				func(b *testing.B, goroutines int) { call.runClient(b, goroutines, memoryClient(b, call)) })
		})
	}
	b.Run("decision/unmarshal", decisionUnmarshal)
}

// decisionUnmarshal decodes a decision into the client's type and keeps a copy of the
// bytes, as Raw does: what is above it is the call.
func decisionUnmarshal(b *testing.B) {
	body, _ := decisionBody(b)
	b.ReportAllocs()
	for b.Loop() {
		s := new(didit.Session)
		if err := json.Unmarshal(body, s); err != nil {
			b.Fatal(err)
		}
		s.Raw = bytes.Clone(body)
	}
}

// beside runs the floor and then the client, by one goroutine and by 64. The client's
// time is told as a ratio as well.
func beside(b *testing.B, floor, client func(b *testing.B, goroutines int)) {
	b.Helper()
	for _, load := range []struct {
		name       string
		goroutines int
	}{{"serial", 1}, {"64", 64}} {
		b.Run(load.name, func(b *testing.B) {
			var least float64 // of one call, in ns
			b.Run("floor", func(b *testing.B) {
				floor(b, load.goroutines)
				least = nsPerOp(b)
			})
			b.Run("client", func(b *testing.B) {
				client(b, load.goroutines)
				if least > 0 { // else the floor was not asked for
					b.ReportMetric(nsPerOp(b)/least, "x-floor")
				}
			})
		})
	}
}

func nsPerOp(b *testing.B) float64 {
	b.Helper()
	return float64(b.Elapsed().Nanoseconds()) / float64(b.N)
}

func (call benchCall) runClient(b *testing.B, goroutines int, c *didit.Client) {
	b.Helper()
	repeat(b, goroutines, func(ctx context.Context) error { return call.client(ctx, c) })
}

func (call benchCall) runFloor(b *testing.B, goroutines int, f floor) {
	b.Helper()
	repeat(b, goroutines, func(ctx context.Context) error { return call.floor(ctx, f) })
}

func repeat(b *testing.B, goroutines int, call func(context.Context) error) {
	b.Helper()
	ctx := b.Context()
	b.ReportAllocs()
	if goroutines == 1 {
		for b.Loop() {
			if err := call(ctx); err != nil {
				b.Fatal(err)
			}
		}
		return
	}
	b.SetParallelism(max(1, goroutines/runtime.GOMAXPROCS(0)))
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := call(ctx); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// canned answers every request from memory.
type canned struct {
	status int
	body   []byte
}

func (c canned) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
	}
	return &http.Response{
		StatusCode: c.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        http.Header{"Content-Type": {"application/json"}},
		ContentLength: int64(len(c.body)), Body: io.NopCloser(bytes.NewReader(c.body)), Request: r,
	}, nil
}

func memoryClient(tb testing.TB, call benchCall) *didit.Client {
	tb.Helper()
	return benchClient(tb, didit.DefaultBaseURL, call.answer)
}

func memoryFloor(call benchCall) floor {
	return floor{didit.DefaultBaseURL, &http.Client{Transport: call.answer}}
}

func benchClient(tb testing.TB, base string, rt http.RoundTripper) *didit.Client {
	tb.Helper()
	c, err := didit.NewClient(didit.WithAPIKey(benchKey), didit.WithBaseURL(base), didit.WithHTTPClient(&http.Client{Transport: rt}))
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// floor is a client written by hand.
type floor struct {
	base string
	http *http.Client
}

func (f floor) call(ctx context.Context, method, path string, in, out any) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var body io.Reader
	if in != nil {
		data, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, f.base+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-Api-Key", benchKey)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "floor")
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := f.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		return nil, errors.New(resp.Status)
	}
	return data, json.Unmarshal(data, out)
}
