package bulk_test

import (
	"bytes"
	"fmt"
	"io"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/bulk"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/pace"
)

// TestTenThousand shares ten thousand sessions, and imports as many, at Didit's limit, with the client that the package
// recommends.
func TestTenThousand(t *testing.T) {
	t.Parallel()
	const n = 10_000
	shared := func(t *testing.T, w *world, limiter didit.Option) int {
		t.Helper()
		seen := map[string]bool{}
		for _, r := range collect(t, bulk.Share(t.Context(), w.client(w.a, limiter), bulk.Items(w.shares(n)...), bulk.Options{Total: n})) {
			require.NoError(t, r.Err)
			seen[r.Value.SessionID] = true
		}
		return len(seen)
	}
	imported := func(t *testing.T, w *world, limiter didit.Option) int {
		t.Helper()
		for _, r := range collect(t, bulk.Import(t.Context(), w.client(w.b, limiter), bulk.Items(w.imports(n)...), bulk.Options{Total: n})) {
			require.NoError(t, r.Err)
		}
		return w.copies()
	}
	for name, test := range map[string]struct {
		run    func(*testing.T, *world, didit.Option) int
		pacer  func() *pace.Pacer
		denied int64
	}{
		"shares, told":          {shared, func() *pace.Pacer { return pace.New(0, 0) }, 50},
		"shares, told nothing":  {shared, func() *pace.Pacer { return pace.Adaptive() }, 150},
		"imports, told":         {imported, func() *pace.Pacer { return pace.New(0, 0) }, 50},
		"imports, told nothing": {imported, func() *pace.Pacer { return pace.Adaptive() }, 150},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var denied atomic.Int64
				w := newWorld(t, didittest.WithRateLimits(didittest.DocumentedWritesPerMinute, didittest.DocumentedReadsPerMinute),
					didittest.WithHistory(0), didittest.WithObserver(func(r didittest.Request) {
						if r.Status == http.StatusTooManyRequests {
							denied.Add(1)
						}
					}))
				began := time.Now()
				done := test.run(t, w, didit.WithLimiter(test.pacer()))
				took := time.Since(began).Minutes()
				t.Logf("%d in %.2f minutes, %d denied", done, took, denied.Load())
				assert.Equal(t, n, done, "none is lost, none is twice")
				assert.Less(t, took, 1.02*n/didittest.DocumentedWritesPerMinute)
				assert.LessOrEqual(t, denied.Load(), test.denied)
			})
		})
	}
}

// TestNoLimit compares a run, with the client that the package recommends, with 64 goroutines that call by hand, at
// 20 ms a call.
func TestNoLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const n, workers = 10_000, 64
		client := instant(t, 20*time.Millisecond)
		began := time.Now()
		var next atomic.Int64
		var all sync.WaitGroup
		for range workers {
			all.Go(func() {
				for i := next.Add(1); i <= n; i = next.Add(1) {
					_, err := client.ShareSession(t.Context(), uuid(int(i)), share)
					assert.NoError(t, err)
				}
			})
		}
		all.Wait()
		byHand := time.Since(began)

		client = instant(t, 20*time.Millisecond, didit.WithLimiter(pace.Adaptive()))
		began = time.Now()
		for r := range bulk.Share(t.Context(), client, sessions(n), bulk.Options{Workers: workers}).All() {
			require.NoError(t, r.Err)
		}
		inBulk := time.Since(began)
		t.Logf("by hand %v, in bulk %v: %.1f %%", byHand, inBulk, 100*byHand.Seconds()/inBulk.Seconds())
		assert.LessOrEqual(t, inBulk.Seconds(), byHand.Seconds()/0.97)
	})
}

// TestMemory compares the heap at the end of runs of different lengths. It runs alone.
func TestMemory(t *testing.T) { //nolint:paralleltest // others would be measured as well
	most := 1_000_000
	if testing.Short() {
		most = 100_000
	}
	client := instant(t, 0)
	heap := func(n int) (bytes uint64) {
		i := 0
		before := live()
		for r := range bulk.Share(t.Context(), client, sessions(n), bulk.Options{Total: n, Progress: func(bulk.Progress) {}}).All() {
			require.NoError(t, r.Err)
			if i++; i == n {
				bytes = max(live(), before) - before
			}
		}
		require.Equal(t, n, i)
		return bytes
	}
	few, many := heap(1_000), heap(most)
	t.Logf("%d bytes at the end of 1,000 items, %d of %d: %.1f an item", few, many, most, float64(many-min(few, many))/float64(most))
	assert.Less(t, many, few+uint64(most)*40, "the ids, and nothing else")
}

// TestFileMemory loads a file of many records. It runs alone.
func TestFileMemory(t *testing.T) { //nolint:paralleltest // others would be measured as well
	const n = 100_000
	path := filepath.Join(t.TempDir(), "done.jsonl")
	var text bytes.Buffer
	for i := range n {
		fmt.Fprintf(&text, `{"id":%q,"session_id":%q,"state":"done","at":"2026-05-04T03:02:01Z"}`+"\n", uuid(i), uuid(n+i))
	}
	require.NoError(t, os.WriteFile(path, text.Bytes(), 0o600))
	text = bytes.Buffer{}
	before := live()
	f := open(t, path)
	bytes := live() - before
	t.Logf("%.1f bytes a record", float64(bytes)/n)
	assert.Less(t, bytes, uint64(60*n))
	_, ok, err := f.Lookup(t.Context(), uuid(n-1))
	require.NoError(t, err)
	assert.True(t, ok)
}

// live is the heap that is in use.
func live() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

var share = didit.ShareSessionParams{ForApplicationID: uuid(0)}

func uuid(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012x", n) }

// sessions are the input of a run, made as they are asked for.
func sessions(n int) iter.Seq2[bulk.ShareItem, error] {
	return func(yield func(bulk.ShareItem, error) bool) {
		for i := range n {
			if !yield(bulk.ShareItem{SessionID: uuid(i + 1), Params: share}, nil) {
				return
			}
		}
	}
}

// instant is a client whose shares are answered in memory after a while.
func instant(t *testing.T, service time.Duration, opts ...didit.Option) *didit.Client {
	t.Helper()
	client, err := didit.NewClient(append(opts, didit.WithAPIKey("key"), didit.WithMaxRetries(0),
		didit.WithHTTPClient(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			if service > 0 {
				time.Sleep(service)
			}
			id := strings.Split(r.URL.Path, "/")[3]
			body := `{"share_token":"token","session_id":"` + id + `","for_application_id":"` + uuid(0) + `","session_kind":"user"}`
			return &http.Response{
				StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}},
				Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r,
			}, nil
		})}))...)
	require.NoError(t, err)
	return client
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
