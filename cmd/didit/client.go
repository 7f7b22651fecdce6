package main

import (
	"fmt"
	"log/slog"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/didit-go/didit"
)

// clientFlags say how Didit is called.
type clientFlags struct {
	baseURL, keyFile, application string
	verbose                       bool
}

// calling adds the flags of a command that calls Didit.
func (t *tool) calling(c *cobra.Command) *cobra.Command {
	f := c.Flags()
	f.StringVar(&t.api.baseURL, "base-url", didit.DefaultBaseURL, "`URL` of the server: Didit, or a sandbox")
	f.StringVar(&t.api.keyFile, "key-file", "", "`file` with the API key, instead of DIDIT_API_KEY")
	f.StringVar(&t.api.application, "application", "", "`id` of the application that the key belongs to; with DIDIT_API_KEY it is in DIDIT_APPLICATION_ID")
	f.BoolVarP(&t.api.verbose, "verbose", "v", false, "log the calls on standard error")
	return c
}

// client makes a client as the flags say; more comes after them and wins.
func (t *tool) client(more ...didit.Option) (*didit.Client, error) {
	opts := []didit.Option{didit.WithBaseURL(t.api.baseURL), didit.WithUserAgent("didit-cli")}
	if t.api.keyFile != "" {
		key, err := os.ReadFile(t.api.keyFile)
		if err != nil {
			return nil, usageError(fmt.Sprintf("--key-file: %v", err))
		}
		opts = append(opts, didit.WithAPIKey(string(key)))
	}
	if t.api.application != "" {
		opts = append(opts, didit.WithApplicationID(t.api.application))
	}
	if t.api.verbose {
		opts = append(opts, didit.WithLogger(slog.New(slog.NewTextHandler(t.errs, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	}
	return didit.NewClient(slices.Concat(opts, t.options, more)...)
}
