package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/didit-go/didit"
)

func (t *tool) shareCommand() *cobra.Command {
	var params didit.ShareSessionParams
	var reveal bool
	var tokenFile string
	c := t.calling(&cobra.Command{
		Use:   "share SESSION",
		Short: "Mint a share token for a partner's application",
		Long: `Mint a share token, with which one other application may import a copy of a
finished session, once. It is a bearer copy of a person's identity file and
cannot be revoked: keep its time to live short.

The token goes to a file that only you can read, or with --reveal to standard
output. It may be run again: each run mints another token.`,
		Example: `  didit share 11112222-3333-4444-5555-666677778888 \
    --for 99990000-aaaa-bbbb-cccc-ddddeeeeffff --ttl 10m --token-file token`,
		Args: arguments("SESSION"),
		RunE: t.do(func(ctx context.Context, args []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			return t.share(ctx, client, args[0], params, tokenFile)
		}),
	})
	f := c.Flags()
	f.StringVar(&params.ForApplicationID, "for", "", "`id` of the partner's application, required")
	f.DurationVar(&params.TTL, "ttl", didit.DefaultTTL, "how long the token lives, 1m to 24h")
	f.BoolVar(&reveal, "reveal", false, "print the token")
	f.StringVar(&tokenFile, "token-file", "", "new `file` for the token, of mode 0600")
	c.MarkFlagsOneRequired("reveal", "token-file")
	c.MarkFlagsMutuallyExclusive("reveal", "token-file")
	return c
}

// share mints a token and puts it into the file, or prints it where there is none.
func (t *tool) share(ctx context.Context, client *didit.Client, id string, params didit.ShareSessionParams, tokenFile string) error {
	var file *os.File
	if tokenFile != "" {
		var err error
		if file, err = newFile("--token-file", tokenFile); err != nil {
			return err
		}
	}
	shared, err := client.ShareSession(ctx, id, params)
	token := ""
	switch {
	case file == nil && err == nil:
		token = shared.Token.Reveal()
	case file == nil:
	case err != nil:
		return errors.Join(err, file.Close(), os.Remove(tokenFile))
	default:
		_, err = file.WriteString(shared.Token.Reveal() + "\n")
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		return err
	}
	return t.print(append(shareRecord(shared), field{"share_token", token}, field{"token_file", tokenFile}))
}

// shareRecord is a share without its token.
func shareRecord(s *didit.SharedSession) record {
	return record{
		{"session_id", s.SessionID}, {"session_kind", s.SessionKind}, {"for_application_id", s.ForApplicationID},
		{"expires_at", s.ExpiresAt().Truncate(time.Second)}, {"token_fingerprint", s.Token.Fingerprint()},
	}
}
