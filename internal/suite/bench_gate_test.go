package suite

import (
	"debug/buildinfo"
	"flag"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

var gate = flag.Bool("gate", false, "hold what calls allocate, connections and the size of a program against their limits")

// TestBenchGate holds what a call allocates against the same call written by hand, in
// the same run: counts and bytes, which hardly vary. Times do on a shared machine, so
// they are for the benchmarks. docs/speed.md says what the figures are.
func TestBenchGate(t *testing.T) { //nolint:paralleltest // it measures
	if !*gate {
		t.Skip("make bench-gate runs it")
	}
	handEvent := func(b *testing.B) { webhookFloor(b, true) }
	byRaw := func(b *testing.B) { webhookClient(b, "X-Signature") }
	byCanonical := func(b *testing.B) { webhookClient(b, "X-Signature-V2") }
	share, imports, decision, list := shareCall(), importCall(), decisionCall(t), listCall(t)
	for _, limit := range []struct {
		name          string
		client, floor func(*testing.B)
		allocs, bytes int64 // beyond the floor's; negative: it has to be less
	}{
		{"share", inMemory(share), byHand(share), -9, -1340},
		{"import", inMemory(imports), byHand(imports), -2, 800},
		{"decision, beyond decoding it", inMemory(decision), decisionUnmarshal, 25, 3000},
		{"page of a list", inMemory(list), byHand(list), 80, -33_000},
		{"webhook, raw signature", byRaw, handEvent, 2, 18_500},
		{"webhook, canonical signature", byCanonical, handEvent, 3, 10_000},
	} {
		client, floor := testing.Benchmark(limit.client), testing.Benchmark(limit.floor)
		allocs, bytes := client.AllocsPerOp()-floor.AllocsPerOp(), client.AllocedBytesPerOp()-floor.AllocedBytesPerOp()
		t.Logf("%s: %d allocations and %d bytes, %+d and %+d beside the floor", limit.name,
			client.AllocsPerOp(), client.AllocedBytesPerOp(), allocs, bytes)
		if allocs > limit.allocs {
			t.Errorf("%s: %+d allocations beside the floor, at most %+d", limit.name, allocs, limit.allocs)
		}
		if bytes > limit.bytes {
			t.Errorf("%s: %+d bytes beside the floor, at most %+d", limit.name, bytes, limit.bytes)
		}
	}
	for _, failing := range []bool{false, true} {
		const most = 130
		opened := math.Inf(1)
		for try := 0; try < 8 && opened > most; try++ { // how many are dialled at the start varies with the machine's load
			opened = min(opened, testing.Benchmark(func(b *testing.B) { connections(b, failing) }).Extra["connections"])
		}
		t.Logf("connections for 3,000 calls by 64 goroutines, failing %t: %.0f", failing, opened)
		if opened > most {
			t.Errorf("%.0f connections, at most %d", opened, most)
		}
	}
}

func inMemory(call benchCall) func(*testing.B) {
	return func(b *testing.B) { call.runClient(b, 1, memoryClient(b, call)) }
}

func byHand(call benchCall) func(*testing.B) {
	return func(b *testing.B) { call.runFloor(b, 1, memoryFloor(call)) }
}

// TestBenchGateSize holds a stripped program that shares, imports and reads against one
// that does so by hand.
func TestBenchGateSize(t *testing.T) {
	t.Parallel()
	if !*gate {
		t.Skip("make bench-gate runs it")
	}
	const mostKB, mostModules = 990, 4
	build := func(name string) (file string, size int64) {
		file = filepath.Join(t.TempDir(), name)
		cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", file, "./testdata/program/"+name)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", name, err, out)
		}
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		return file, info.Size()
	}
	client, size := build("client")
	_, floor := build("floor")
	info, err := buildinfo.ReadFile(client)
	if err != nil {
		t.Fatal(err)
	}
	kb, modules := (size-floor)/1000, 1+len(info.Deps) // with its own
	t.Logf("a stripped program: %d KB over one by hand, %d modules", kb, modules)
	if kb > mostKB {
		t.Errorf("%d KB over a program by hand, at most %d", kb, mostKB)
	}
	if modules > mostModules {
		t.Errorf("%d modules, at most %d", modules, mostModules)
	}
}
