package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/didit-go/didit/webhook"
)

func (t *tool) verifyCommand() *cobra.Command {
	var delivery deliveryFlags
	var headers []string
	headerFile := ""
	c := &cobra.Command{
		Use:   "verify",
		Short: "Verify a delivery and show its event",
		Long: `Verify a delivery and show its event, without personal data. The body has to be
what was received, to the byte.`,
		Example: `  didit webhook verify --header-file headers <body
  didit webhook verify -H 'X-Signature-V2: ...' --at 2026-11-26T10:00:00Z <body`,
		Args: arguments(),
		RunE: t.do(func(ctx context.Context, _ []string) error {
			header, err := readHeader(headers, headerFile)
			if err != nil {
				return err
			}
			secret, body, at, err := delivery.read(ctx, t)
			if err != nil {
				return err
			}
			verifier, err := webhook.NewVerifier(secret, webhook.WithClock(func() time.Time { return at }))
			if err != nil {
				return err
			}
			event, err := verifier.Verify(header, body)
			if err != nil {
				return err
			}
			return t.print(record{
				{"verified", true}, {"event_id", event.ID}, {"type", event.Type}, {"test", event.Test},
				{"application_id", event.ApplicationID}, {"environment", event.Environment}, {"session_id", event.SessionID},
				{"session_kind", event.SessionKind}, {"status", event.Status}, {"workflow_id", event.WorkflowID}, {"timestamp", event.Timestamp},
			})
		}),
	}
	c.Flags().StringArrayVarP(&headers, "header", "H", nil, "a `header` of the delivery, as \"X-Signature: ...\"")
	c.Flags().StringVar(&headerFile, "header-file", "", "`file` with a header on each line, as \"webhook sign\" prints them")
	delivery.add(c)
	return c
}

// readHeader reads headers from lines and from a file. Lines of the file that are none, such
// as a request's first one, are passed over.
func readHeader(lines []string, path string) (http.Header, error) {
	for _, line := range lines {
		if !strings.Contains(line, ":") {
			return nil, usageError(`-H must be as "X-Signature: ..."`) // it may be a secret
		}
	}
	if path != "" {
		data, err := os.ReadFile(path) //nolint:gosec // the caller's own path
		if err != nil {
			return nil, usageError(fmt.Sprintf("--header-file: %v", err))
		}
		lines = append(lines, strings.Split(string(data), "\n")...)
	}
	header := http.Header{}
	for _, line := range lines {
		if name, value, ok := strings.Cut(line, ":"); ok {
			header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
		}
	}
	return header, nil
}
