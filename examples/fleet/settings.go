package main

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"os"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/jobs"
)

// settings are what the processes of a fleet have to know. Keys do not belong into
// arguments, so they stand in the environment. In earnest A and B are two companies, and
// neither knows the other's key.
type settings struct {
	database string
	didit    string // base URL; empty: Didit's own
	a, b     partner
	workflow string // B's, that the copies are attached to
	sealing  []byte // the key that encrypts share tokens at rest: the same in every process
}

type partner struct{ id, key string }

// environment names the settings.
func (s *settings) environment() map[string]*string {
	return map[string]*string{
		"DIDIT_BASE_URL":               &s.didit,
		"DIDIT_APPLICATION_ID":         &s.b.id,
		"DIDIT_API_KEY":                &s.b.key,
		"DIDIT_PARTNER_APPLICATION_ID": &s.a.id, // enqueue alone needs A's
		"DIDIT_PARTNER_API_KEY":        &s.a.key,
		"FLEET_WORKFLOW":               &s.workflow,
	}
}

const sealingKey = "FLEET_SEALING_KEY" // 32 bytes in base64

func readSettings(database string) (*settings, error) {
	s := &settings{database: database}
	for name, value := range s.environment() {
		*value = os.Getenv(name)
	}
	var err error
	if s.sealing, err = base64.StdEncoding.DecodeString(os.Getenv(sealingKey)); err != nil {
		return nil, fmt.Errorf("%s is not base64", sealingKey)
	}
	return s, nil
}

// environ is the environment of a process that is told the settings.
func (s *settings) environ() []string {
	env := append(os.Environ(), sealingKey+"="+base64.StdEncoding.EncodeToString(s.sealing))
	for name, value := range s.environment() {
		env = append(env, name+"="+*value)
	}
	return env
}

// config is what both partners' engines have in common.
func (s *settings) config(p partner) (jobs.Config, error) {
	sealer, err := jobs.NewSealer(s.sealing)
	if err != nil {
		return jobs.Config{}, err
	}
	return jobs.Config{
		Sealer: sealer, Options: s.options(p),
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}, nil
}

// options are those of a partner's client.
func (s *settings) options(p partner) []didit.Option {
	options := []didit.Option{didit.WithAPIKey(p.key), didit.WithApplicationID(p.id)}
	if s.didit != "" {
		options = append(options, didit.WithBaseURL(s.didit))
	}
	return options
}
