package suite

import (
	"flag"
	"testing"
)

var gate = flag.Bool("gate", false, "hold what calls allocate against their limits")

// TestBenchGate holds what a call allocates against the same call written by hand, in
// the same run: counts and bytes, which hardly vary. Times do on a shared machine, so
// they are for the benchmarks.
func TestBenchGate(t *testing.T) { //nolint:paralleltest // it measures
	if !*gate {
		t.Skip("make bench-gate runs it")
	}
	for _, limit := range []struct {
		name          string
		client, floor func(*testing.B)
		allocs, bytes int64 // beyond the floor's; negative: it has to be less
	}{
		{"share", shareClient, shareFloor, -6, -500},
		{"import", importClient, importFloor, 3, 3000},
		{"decision, beyond decoding it", decisionClient, decisionUnmarshal, 28, 4500},
	} {
		client, floor := testing.Benchmark(limit.client), testing.Benchmark(limit.floor)
		allocs, bytes := client.AllocsPerOp()-floor.AllocsPerOp(), client.AllocedBytesPerOp()-floor.AllocedBytesPerOp()
		t.Logf("%s: %d allocations and %d bytes; floor %d and %d", limit.name,
			client.AllocsPerOp(), client.AllocedBytesPerOp(), floor.AllocsPerOp(), floor.AllocedBytesPerOp())
		if allocs > limit.allocs {
			t.Errorf("%s: %+d allocations beside the floor, at most %+d", limit.name, allocs, limit.allocs)
		}
		if bytes > limit.bytes {
			t.Errorf("%s: %+d bytes beside the floor, at most %+d", limit.name, bytes, limit.bytes)
		}
	}
	// A client that lost connections would open one a call; how many are dialled at the start varies with the load.
	for _, failing := range []bool{false, true} {
		opened := testing.Benchmark(func(b *testing.B) { connections(b, failing) }).Extra["connections"]
		t.Logf("connections for 3,000 calls by 64 goroutines, failing %t: %.0f", failing, opened)
		if opened > 200 {
			t.Errorf("%.0f connections, at most 200", opened)
		}
	}
}
