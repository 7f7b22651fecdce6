package bulk_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/didit-go/didit/bulk"
	"github.com/didit-go/didit/didittest"
)

func TestProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, didittest.WithLatency(2*time.Second))
		items := w.shares(120)
		checkpoint := &memory{records: map[string]bulk.Record{}}
		for _, i := range items[:20] {
			checkpoint.records[i.SessionID] = bulk.Record{ID: i.SessionID, State: bulk.Done}
		}
		items[50].SessionID = "no session"
		var seen []bulk.Progress
		inside := false
		began := time.Now()
		run := bulk.Share(t.Context(), w.client(w.a), bulk.Items(items...), bulk.Options{
			Workers: 1, Total: 120, Checkpoint: checkpoint,
			Progress: func(p bulk.Progress) {
				assert.False(t, inside, "one at a time")
				inside = true
				synctest.Wait() // on a goroutine of its own: nobody waits for it
				inside = false
				seen = append(seen, p)
			},
		})
		collect(t, run) // 99 calls of 2 s
		took := time.Since(began)
		assert.InDelta(t, took.Seconds()*10, len(seen), 2)
		first, middle, last := seen[0], seen[1000], seen[len(seen)-1]
		assert.Equal(t, 20, first.Skipped)
		assert.Equal(t, time.Duration(-1), first.Left, "not known yet")
		assert.InDelta(t, 30, middle.PerMinute, 1)
		assert.InDelta(t, (took - middle.Elapsed).Seconds(), middle.Left.Seconds(), 10)
		assert.Equal(t, []int{120, 99, 20, 1, 0}, []int{last.Total, last.Done, last.Skipped, last.Failed, last.Waiting})
		assert.Zero(t, last.Left)
		assert.Equal(t, took, last.Elapsed)
	})
}

// TestProgressWithoutTotal also covers a Progress that is slow: the run does not wait for it, but at its end.
func TestProgressWithoutTotal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, didittest.WithLatency(time.Second))
		var seen []bulk.Progress
		run := bulk.Share(t.Context(), w.client(w.a), bulk.Items(w.shares(60)...), bulk.Options{
			Workers: 1, Progress: func(p bulk.Progress) { seen = append(seen, p); time.Sleep(20 * time.Second) },
		})
		var delivered time.Time
		began := time.Now()
		for range run.All() {
			delivered = time.Now()
		}
		assert.Equal(t, time.Minute, delivered.Sub(began))
		for _, p := range seen {
			assert.Equal(t, time.Duration(-1), p.Left)
		}
		last := seen[len(seen)-1]
		assert.Equal(t, 60, last.Done)
		assert.Zero(t, last.Total)
	})
}
