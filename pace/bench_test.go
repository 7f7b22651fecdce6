package pace_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/didit-go/didit/pace"
)

// TestAllocations: a call that does not have to wait costs no memory.
func TestAllocations(t *testing.T) { //nolint:paralleltest // AllocsPerRun does not allow it
	p, ctx := pace.Adaptive(), t.Context()
	assert.Zero(t, testing.AllocsPerRun(1000, func() {
		_ = p.Wait(ctx)
		p.ObserveAnswer(ctx, through())
	}))
}

func BenchmarkWait(b *testing.B) {
	p := pace.Adaptive()
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	b.ReportAllocs()
	for b.Loop() {
		_ = p.Wait(ctx)
		p.ObserveAnswer(ctx, through())
	}
}

func BenchmarkWaitParallel(b *testing.B) {
	p := pace.Adaptive()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			_ = p.Wait(b.Context())
		}
	})
}
