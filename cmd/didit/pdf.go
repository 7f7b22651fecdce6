package main

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"
)

func (t *tool) pdfCommand() *cobra.Command {
	return t.calling(&cobra.Command{
		Use:   "pdf SESSION FILE",
		Short: "Save a finished session's report",
		Long: `Save a finished session's report as a PDF, in a new file that only you can
read. The file "-" is standard output. The report is full of personal data.`,
		Example: `  didit pdf 11112222-3333-4444-5555-666677778888 report.pdf`,
		Args:    arguments("SESSION", "FILE"),
		RunE: t.do(func(ctx context.Context, args []string) error {
			return t.pdf(ctx, args[0], args[1])
		}),
	})
}

// pdf saves the report of a session. Half a report is not left behind.
func (t *tool) pdf(ctx context.Context, id, path string) error {
	client, err := t.client()
	if err != nil {
		return err
	}
	if path == "-" {
		if onTerminal(t.out) {
			return usageError("standard output is a terminal: redirect it, or give a file")
		}
		_, err := client.SessionPDF(ctx, id, t.out)
		return err
	}
	file, err := newFile("FILE", path)
	if err != nil {
		return err
	}
	n, err := client.SessionPDF(ctx, id, file)
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return t.print(record{{"session_id", id}, {"file", path}, {"bytes", n}})
}
