package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/didit-go/didit/webhook"
)

func (t *tool) signCommand() *cobra.Command {
	var delivery deliveryFlags
	c := &cobra.Command{
		Use:   "sign",
		Short: "Sign a body as Didit does, to test your receiver",
		Long: `Sign a body as Didit does, and print the headers. The timestamp inside the body
has to be fresh too when your receiver verifies it.`,
		Example: `  didit webhook sign <body >headers
  curl -H @headers --data-binary @body http://127.0.0.1:9000/webhook`,
		Args: arguments(),
		RunE: t.do(func(ctx context.Context, _ []string) error {
			secret, body, at, err := delivery.read(ctx, t)
			if err != nil {
				return err
			}
			header, err := webhook.Sign(secret, at, body)
			if err != nil {
				return err
			}
			return t.printHeader(header)
		}),
	}
	delivery.add(c)
	return c
}

// printHeader prints headers as HTTP has them, or as a JSON object.
func (t *tool) printHeader(header http.Header) error {
	var r record
	for name, values := range header {
		r = append(r, field{name, values[0]})
	}
	slices.SortFunc(r, func(a, b field) int { return strings.Compare(a.name, b.name) })
	if t.format == formatJSON {
		return writeJSON(t.out, r)
	}
	for _, f := range r {
		if _, err := fmt.Fprintf(t.out, "%s: %s\n", f.name, f.value); err != nil {
			return err
		}
	}
	return nil
}
