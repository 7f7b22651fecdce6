SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
TOOL := GOWORK=off go tool -modfile=tools/go.mod
COUNT ?= 6

.PHONY: help test race lint fmt fuzz bench bench-gate cover api release ci

help: ## this list
	@awk -F ': ## ' '/^[a-z-]+: ## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

test: ## run the tests
	go test work

race: ## run the tests with the race detector
	go test -race work

lint: ## run the linters
	$(TOOL) golangci-lint run

fmt: ## format the code
	$(TOOL) golangci-lint fmt

fuzz: ## run each fuzz target, FUZZTIME (3s) each
	.ci/run fuzz

bench: ## run the benchmarks COUNT (6) times, into bench.txt, and sum up
	go test -run '^$$' -bench . -benchmem -count $(COUNT) ./... | tee bench.txt | $(TOOL) benchstat -

bench-gate: ## fail where a call allocates more than it may, beside the same call by hand
	go test ./internal/suite -run TestBenchGate -count 1 -v -args -gate

cover: ## show the coverage, into cover.out
	go test -coverpkg ./... -coverprofile cover.out ./... && go tool cover -func cover.out

api: ## accept the exported API as it is
	go test ./internal/contract -run TestExportedAPI -update

release: ## rehearse a release for this machine's platform
	tools/release --dry-run --platforms host

ci: ## everything that has to hold before a change goes in
	.ci/run
