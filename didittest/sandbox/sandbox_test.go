package sandbox

import (
	"context"
	"errors"
	"flag"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// configure makes the Config that the flags say.
func configure(t *testing.T, args ...string) *Config {
	t.Helper()
	cfg := new(Config)
	flags := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	cfg.Flags(flags)
	require.NoError(t, flags.Parse(args))
	return cfg
}

// TestServe: ready is told once, and what it says ends the sandbox.
func TestServe(t *testing.T) {
	t.Parallel()
	told := 0
	stop := errors.New("stop")
	err := Serve(t.Context(), configure(t), io.Discard, func(out Output) error {
		told++
		assert.Len(t, out.Applications, 2)
		return stop
	})
	require.ErrorIs(t, err, stop)
	ctx, cancel := context.WithCancel(t.Context())
	require.NoError(t, Serve(ctx, configure(t), io.Discard, func(Output) error {
		told++
		cancel()
		return nil
	}))
	assert.Equal(t, 2, told)
}

func TestFlagError(t *testing.T) {
	t.Parallel()
	for flag, args := range map[string][]string{
		"addr": {"-addr", "0.0.0.0:0"}, "control": {"-control", "0.0.0.0:0"}, "dialect": {"-dialect", "latin"},
		"rate-limit": {"-rate-limit", "-1"}, "realistic": {"-realistic", "-rate-limit", "3"}, "url": {"-url", "sandbox"},
		"webhooks": {"-webhooks", "here"}, "fault": {"-fault", "GetSession:applied-late"},
	} {
		err := Serve(t.Context(), configure(t, args...), io.Discard, func(Output) error { return nil })
		var bad *FlagError
		require.ErrorAs(t, err, &bad, flag)
		assert.Equal(t, flag, bad.Flag)
		assert.ErrorContains(t, err, "-"+flag+" ")
	}
}

func TestWelcome(t *testing.T) {
	t.Parallel()
	text := Output{BaseURL: "http://127.0.0.1:1", ControlURL: "http://127.0.0.1:2", Applications: []Application{{APIKey: "sk_test_didittest_x"}}}.Welcome()
	assert.Contains(t, text, "http://127.0.0.1:2/")
	assert.Contains(t, text, "curl -H 'x-api-key: sk_test_didittest_x' 'http://127.0.0.1:1/v3/sessions/?limit=1'")
}
