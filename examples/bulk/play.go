package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// facts are what both programs have to know. Real keys belong in the environment: see
// didit.NewClient.
type facts struct {
	BaseURL   string  `json:"base_url"`
	PerMinute int     `json:"per_minute"`
	A         partner `json:"a"`
	B         partner `json:"b"`
}

type partner struct {
	ID         string `json:"id"`
	APIKey     string `json:"api_key"`
	WorkflowID string `json:"workflow_id,omitempty"`
}

func readFacts(dir string) (*facts, error) {
	data, err := os.ReadFile(filepath.Join(dir, "partners.json")) //nolint:gosec // the caller's folder
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("nobody plays Didit for %s, see -serve: %w", dir, err)
	}
	if err != nil {
		return nil, err
	}
	f := new(facts)
	return f, json.Unmarshal(data, f)
}

// play starts the stand-in with two partners and a list of people, and writes to dir
// what a run needs.
func play(dir string, sessions, perMinute int) (*didittest.Server, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	server := didittest.NewServer(didittest.WithRateLimits(perMinute, 2*perMinute), didittest.WithHistory(0))
	if err := write(dir, server, sessions, perMinute); err != nil {
		server.Close()
		return nil, err
	}
	return server, nil
}

func write(dir string, server *didittest.Server, sessions, perMinute int) error {
	a, b := server.AddApplication("Partner A"), server.AddApplication("Partner B")
	list, err := os.OpenFile(filepath.Join(dir, "sessions.csv"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the caller's folder
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is of an earlier demonstration, whose sessions are gone: give another folder", dir)
	}
	if err != nil {
		return err
	}
	out := csv.NewWriter(list)
	rows := [][]string{{"session_id", "reference"}}
	for n := range sessions {
		rows = append(rows, []string{a.AddSession(didittest.SessionFixture{}), fmt.Sprintf("customer-%d", n+1)})
	}
	if err := errors.Join(out.WriteAll(rows), list.Close()); err != nil {
		return err
	}
	data, err := json.Marshal(facts{
		BaseURL: server.URL(), PerMinute: perMinute, A: partner{ID: a.ID, APIKey: a.APIKey},
		B: partner{ID: b.ID, APIKey: b.APIKey, WorkflowID: b.Workflow(didit.KindUser)},
	})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "partners.json"), data, 0o600)
}
