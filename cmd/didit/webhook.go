package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"
)

func (t *tool) webhookCommand() *cobra.Command {
	return parent(&cobra.Command{
		Use:   "webhook",
		Short: "Verify a webhook's delivery, or sign one",
	}, t.verifyCommand(), t.signCommand())
}

const (
	secretVariable = "DIDIT_WEBHOOK_SECRET" //nolint:gosec // the name of a variable
	secretFlag     = "--secret-file"        //nolint:gosec // the name of a flag
)

// deliveryFlags are what both need: the secret, the body and the time.
type deliveryFlags struct {
	secretFile, bodyFile string
	at                   timeFlag
}

func (d *deliveryFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&d.secretFile, "secret-file", "", "`file` with the destination's secret, instead of "+secretVariable)
	f.StringVar(&d.bodyFile, "body-file", "", "`file` with the body, to the byte; default: standard input")
	f.Var(&d.at, "at", "`time` of the delivery; default: now")
}

// read reads the secret and the body, and takes the clock where no time was given.
func (d *deliveryFlags) read(ctx context.Context, t *tool) (secret string, body []byte, at time.Time, err error) {
	if secret, err = readSecret(secretFlag, d.secretFile, secretVariable); err != nil {
		return "", nil, at, err
	}
	body, err = t.read(ctx, "--body-file", d.bodyFile)
	if at = time.Time(d.at); at.IsZero() {
		at = time.Now()
	}
	return secret, body, at, err
}
