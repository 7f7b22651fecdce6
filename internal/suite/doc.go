// Package suite holds no code, only tests of the whole: what is sent again and when, that nothing secret is printed,
// imports under every fault of the stand-in, a model of two processes that import, a soak, hostile servers, and the
// benchmarks beside the same calls written by hand on net/http, with their limits.
//
//	go test ./internal/suite -run TestSoak -args -soak 10m
//	go test ./internal/suite -run '^$' -bench . -benchmem
//	go test ./internal/suite -run TestBenchGate -v -args -gate
package suite
